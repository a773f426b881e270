"""The pages on rules and facts are current."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from flow.facts import MEASURES, catalogue
from flow.facts_page import PAGE, page
from policy.check import check
from tests.policy.test_language import REFUSED

RULES_PAGE = Path(__file__).parent.parent.parent / "docs" / "rules.md"


def test_the_page_of_facts_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m flow.facts_page"


def test_the_page_of_facts_has_every_measure() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", page(), re.MULTILINE)) == set(MEASURES)


def test_the_set_shown_on_the_page_of_rules_passes_the_strict_check() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", RULES_PAGE.read_text("utf-8"), re.DOTALL)
    assert tomllib.loads(shown)
    report = check(shown, catalogue(), strict=True)
    assert report.problems == report.warnings == ()


def test_every_code_that_refuses_a_condition_is_on_the_page_of_rules() -> None:
    told = RULES_PAGE.read_text("utf-8")
    assert {code for _, code, _ in REFUSED if f"`{code}`" not in told} == set()
