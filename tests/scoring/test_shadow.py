"""A challenger in the shadow scores what the champion scores, on record, and changes no decision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.home import Home
from jobs.promotion import leave_shadow, promote_model, promote_to_shadow, roll_back
from jobs.shadow import compare_shadow
from records import decisions
from records.database import open_records
from records.shadow import asked_versions, side_by_side
from scoring.registry import RegistryError, serving, shadow
from tests.api.town import promote_model as train_and_promote
from tests.scoring.homes import refreshed_home, scored


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """v1 serves, v2 is kept."""
    home = refreshed_home(tmp_path)
    train_and_promote(home, "v2")
    promote_model(home, "v1")
    return home


def _answer(home: Home, decision_id: str) -> dict[str, object]:
    row = decisions.load(open_records(home.records_url), decision_id)
    assert row is not None
    found: dict[str, object] = json.loads(row.answer)
    return {k: v for k, v in found.items() if k not in ("decision_id", "latency_ms")}


def test_both_scores_are_on_record_and_the_decision_is_the_champions(home: Home) -> None:
    alone = scored(home, "A1")
    promote_to_shadow(home, "v2")
    beside = scored(home, "A2")
    assert _answer(home, alone) == _answer(home, beside)
    (row,) = side_by_side(open_records(home.records_url), "v2")
    assert (row.decision_id, row.champion_version, row.shadow.fault) == (beside, "v1", None)
    promote_model(home, "v2")  # what it said in the shadow is what it says when it serves
    assert _answer(home, scored(home, "A3"))["score"] == row.shadow.score


def test_a_retry_is_scored_once(home: Home) -> None:
    promote_to_shadow(home, "v2")
    assert scored(home, "A1") == scored(home, "A1")
    assert compare_shadow(home).decisions == 1


def test_the_comparison_says_how_often_and_how_far_they_differ(home: Home) -> None:
    promote_to_shadow(home, "v2")
    for i, merchant in enumerate(("M1", "M2", "M3", "M1", "M2", "M3")):
        scored(home, f"A{i}", merchant, 1000 * 10**i)
    found = compare_shadow(home)
    assert (found.version, found.decisions, found.scored, found.champions) == ("v2", 6, 6, {"v1": 6})
    assert found.difference is not None
    assert found.outcomes is None
    assert any("too few" in line for line in found.lines())
    assert found.moved is not None
    assert sum(found.levels.values()) == round(found.moved * 6)


def test_a_challenger_that_cannot_be_opened_is_told_on_record_and_the_champion_serves_on(home: Home) -> None:
    promote_to_shadow(home, "v2")
    file = home.models / "versions" / "v2" / "model.json"
    file.write_text(file.read_text("utf-8") + " ", "utf-8")
    scored(home, "A1")
    found = compare_shadow(home)
    assert (found.scored, found.faults) == (0, {"wrong_hash": 1})


def test_a_challenger_of_another_feature_set_is_told_on_record(home: Home) -> None:
    train_and_promote(home, "v3", feature_set_version="000000000000")
    promote_model(home, "v1")
    promote_to_shadow(home, "v3")
    scored(home, "A1")
    assert compare_shadow(home).faults == {"other_feature_set": 1}


def test_the_champion_cannot_be_its_own_shadow_and_a_promoted_challenger_leaves_it(home: Home) -> None:
    with pytest.raises(RegistryError, match="same_model"):
        promote_to_shadow(home, "v1")
    promote_to_shadow(home, "v2")
    promote_model(home, "v2")
    assert shadow(home.models) is None
    now = serving(home.models)
    assert now is not None
    assert now.version == "v2"
    assert roll_back(home) == "v1"


def test_another_promotion_or_rollback_leaves_the_shadow_in_place(home: Home) -> None:
    train_and_promote(home, "v3")
    promote_to_shadow(home, "v2")
    assert roll_back(home) == "v1"
    beside = shadow(home.models)
    assert beside is not None
    assert beside.version == "v2"
    assert leave_shadow(home) == "v2"
    with pytest.raises(RegistryError, match="no_shadow"):
        leave_shadow(home)


def test_without_a_challenger_there_is_nothing_to_compare(home: Home) -> None:
    scored(home, "A1")
    assert asked_versions(open_records(home.records_url)) == []
    with pytest.raises(RegistryError, match="no_shadow"):
        compare_shadow(home)
