"""``ringfence rules``: exit codes, places of problems, two people, and one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from jobs import rule_trial
from policy.dry_run import Fired, WouldHaveFired
from policy.publish import SHIPPED
from tests.policy.sets import RULE, with_limit

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs ``ringfence rules ...`` over an empty home, with a journal on which each rule fires twice."""

    def over_the_journal(*_: object) -> WouldHaveFired:
        return lambda rules, _from, _to: Fired(9, {(r.code, "K1"): 2 for r in rules.rules})

    monkeypatch.setattr(rule_trial, "over_the_journal", over_the_journal)
    return lambda *words: CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "rules", *map(str, words)])


def file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    return path


def said(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_good_set_is_told_so(call: Call, tmp_path: Path) -> None:
    done = call("check", file(tmp_path, RULE), "--strict", "--json")
    assert done.exit_code == 0
    assert (said(done)["ok"], said(done)["rules"], said(done)["tests"]) == (True, 1, 2)


def test_the_shipped_rules_are_good(call: Call) -> None:
    assert call("check", SHIPPED, "--strict").exit_code == 0


def test_a_bad_set_ends_with_one_and_says_what_and_where(call: Call, tmp_path: Path) -> None:
    path = file(tmp_path, RULE.replace("orders_24h > 20", "order_24h > 20").replace('"6h"', '"soon"'))
    done = call("check", path)
    assert done.exit_code == 1
    first, second, last = done.stdout.splitlines()
    assert first.startswith(f"{path}: line 4, column 9: VOL: rule[0].when: there is no fact 'order_24h'")
    assert second.endswith("[bad_duration]")
    assert last == "2 problems"
    as_json = call("check", path, "--json")
    assert as_json.exit_code == 1
    assert [(p["code"], p["line"]) for p in said(as_json)["problems"]] == [("unknown_fact", 4), ("bad_duration", 7)]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_ends_with_two(call: Call, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.toml"
    if content is not None:
        path.write_bytes(content)
    done = call("check", path)
    assert done.exit_code == 2 or isinstance(done.exception, FileNotFoundError)


def test_facts_are_listed_with_type_unit_window_and_meaning(call: Call) -> None:
    facts = said(call("facts", "orders_24h", "--kind", "merchant", "--json"))["facts"]
    assert [(f["name"], f["type"], f["unit"], f["window_ms"]) for f in facts] == [
        ("orders_24h", "integer", "orders", 86_400_000)
    ]
    assert facts[0]["meaning_en"]
    assert {f["kind"] for f in said(call("facts", "--json"))["facts"]} == {"merchant", "account", "buyer", "device"}


def test_a_set_goes_into_force_by_two_people_and_comes_back_by_one(call: Call, tmp_path: Path) -> None:
    shipped = said(call("show", "--json"))
    made = said(call("draft", file(tmp_path, with_limit(10)), "--by", "ada", "--json"))
    tried = call("dry-run", made["draft"])
    assert tried.exit_code == 0
    assert "over 9 events, would have fired 2 times on 1 merchant; the current set" in tried.stdout
    own = call("publish", made["draft"], "--by", "Ada")
    assert (own.exit_code, "same_person" in own.stderr) == (2, True)
    assert call("publish", made["draft"], "--by", "bob").exit_code == 0
    assert said(call("show", "--json"))["text"] == with_limit(10)
    assert call("rollback", "--by", "ada", "--why", "noise").exit_code == 0
    assert said(call("show", "--json"))["version"] == shipped["version"]
    assert said(call("show", "--version", made["version"], "--json"))["text"] == with_limit(10)
    history = said(call("history", "--json"))
    assert [p["how"] for p in history["publications"]] == ["rollback", "publish", "shipped"]
    assert [d["state"] for d in history["drafts"]] == ["approved"]


def test_a_draft_that_fails_its_check_ends_with_one_and_is_not_kept(call: Call, tmp_path: Path) -> None:
    done = call("draft", file(tmp_path, RULE.replace("= 21", "= 1")), "--by", "ada")
    assert done.exit_code == 1
    assert "[test_failed]" in done.stdout
    assert said(call("history", "--json"))["drafts"] == []


def test_who_does_it_must_be_said(call: Call, tmp_path: Path) -> None:
    path = file(tmp_path, with_limit(10))
    assert call("draft", path).exit_code == 2
    for name in ("", "  ", "x" * 101, "a\x00b"):
        assert call("draft", path, "--by", name).exit_code == 2
    assert call("publish", 1).exit_code == 2
    assert call("rollback").exit_code == 2


def test_a_draft_can_be_withdrawn(call: Call, tmp_path: Path) -> None:
    call("draft", file(tmp_path, with_limit(10)), "--by", "ada")
    assert call("withdraw", 1, "--by", "ada").exit_code == 0
    assert call("publish", 1, "--by", "bob").exit_code == 2
