"""``ringfence replay``: a decision or events, never both, and exit codes that a program can act on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli.main import app
from jobs.home import Home
from tests.scoring.homes import refreshed_home, scored


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return refreshed_home(tmp_path / "home")


def _run(home: Home, *words: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home.root), *words])


def test_equal_is_0_different_1_and_not_to_be_recomputed_2(home: Home) -> None:
    decision = scored(home)
    same = _run(home, "replay", decision, "--json")
    assert same.exit_code == 0, same.output
    assert json.loads(same.stdout)["equal"] is True
    shutil.rmtree(home.models / "versions" / "v1")
    gone = _run(home, "replay", decision)
    assert gone.exit_code == 2
    assert "no_model" in gone.output


@pytest.mark.parametrize(
    "words", [("replay",), ("replay", "D1", "--from", "0"), ("replay", "--from", "0", "--to", "1")]
)
def test_a_call_that_names_neither_or_both_is_refused(home: Home, words: tuple[str, ...]) -> None:
    assert _run(home, *words).exit_code == 2


def test_explain_and_shadow_answer_programs_too(home: Home) -> None:
    decision = scored(home)
    told = json.loads(_run(home, "explain", decision, "--json").stdout)
    assert told["decision_id"] == decision
    assert set(told) >= {"concepts", "reasons", "questions", "graph_version"}
    assert _run(home, "explain", decision).exit_code == 0
    assert _run(home, "shadow").exception is not None  # no challenger: the last place in main says no_shadow
