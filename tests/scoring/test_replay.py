"""A decision recomputed: from its record, and from landing as of then; what differs is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from graph.model import landing_schemas, node_schema
from graph.store.questions import questions
from jobs.evidence import questions_for
from jobs.explain import explain_decision
from jobs.home import Home
from jobs.look import LookError
from jobs.published import Published
from jobs.refresh import refresh
from jobs.replay import ReplayError, replay_decision
from landing.tables import Landing
from records.database import open_records
from scoring.concepts import CONCEPTS
from tests.api.town import AS_OF, DAY, NOW, rows
from tests.api.town import promote_model as train_and_promote
from tests.scoring.homes import refreshed_home, scored


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return refreshed_home(tmp_path)


def _change(home: Home, statement: str, **values: object) -> None:
    with open_records(home.records_url).begin() as connection:
        connection.execute(text(statement), values)


def _features(home: Home, decision_id: str) -> dict[str, float | None]:
    with open_records(home.records_url).begin() as connection:
        found = connection.execute(text("SELECT features FROM decisions WHERE decision_id = :d"), {"d": decision_id})
        return dict(json.loads(str(found.scalar())))


def _orders(home: Home, known: int) -> None:
    """Three hundred orders of M1, taken in now and said to have been known at a time."""
    landing = Landing(home.landing, landing_schemas())
    ids = [f"X{i}" for i in range(300)]
    said = {"known_ts": known, "updated_ts": known}
    with landing.begin("late", "test", "town") as batch:
        batch.add(
            "Orders",
            rows(
                node_schema("Orders"),
                *({"id": i, "ts": AS_OF - 9 * DAY, "amount": 5, "currency": "CNY", **said} for i in ids),
            ),
        )
        from graph.model import edge_schema

        sold = [
            {
                "id": f"s{i}",
                "src_kind": "Orders",
                "src": i,
                "dst_kind": "Merchant",
                "dst": "M1",
                "ts": AS_OF - 9 * DAY,
                **said,
            }
            for i in ids
        ]
        batch.add("SOLD_BY", rows(edge_schema("SOLD_BY"), *sold))


def test_a_decision_replays_to_the_last_bit_both_ways(home: Home) -> None:
    done = replay_decision(home, scored(home))
    assert [c.way for c in done.checks] == ["from the record", "from landing"]
    assert all(c.trouble is None and c.differences == () for c in done.checks), done.lines()
    assert done.exit_code == 0


def test_what_landing_learnt_and_what_was_published_since_changes_nothing(home: Home) -> None:
    decision = scored(home)
    _orders(home, AS_OF - DAY)  # a file that came late, of facts said to have been known then
    refresh(home, NOW + DAY, AS_OF + DAY, store=False)
    train_and_promote(home, "v2")
    assert replay_decision(home, decision).exit_code == 0


def test_without_the_position_on_record_a_late_file_shows_and_a_note_says_so(home: Home) -> None:
    decision = scored(home)
    _orders(home, AS_OF - DAY)
    _change(home, "UPDATE decisions SET landing_position = NULL")
    done = replay_decision(home, decision)
    record, landing = done.checks
    assert record.differences == ()
    assert "orders_90d" in {d.what for d in landing.differences}
    assert "was not kept" in landing.notes[0]
    assert done.exit_code == 1


def test_a_changed_record_is_told_number_by_number(home: Home) -> None:
    decision = scored(home)
    features = _features(home, decision)
    features["asked"] = 123.0
    _change(home, "UPDATE decisions SET features = :f, score = 0.5", f=json.dumps(features))
    done = replay_decision(home, decision)
    assert "score" in {d.what for d in done.checks[0].differences}
    told = {d.what: (d.on_record, d.recomputed) for d in done.checks[1].differences}
    assert told["asked"] == (123.0, 500_000.0)
    assert any("asked: on record 123.0, now 500000.0" in line for line in done.lines())
    assert done.exit_code == 1


def test_the_model_is_found_by_its_hash_whatever_its_folder_is_called(home: Home) -> None:
    decision = scored(home)
    shutil.move(home.models / "versions" / "v1", home.models / "versions" / "renamed")
    assert replay_decision(home, decision).exit_code == 0
    shutil.rmtree(home.models / "versions" / "renamed")
    done = replay_decision(home, decision)
    assert "no_model" in str(done.checks[0].trouble)
    assert done.exit_code == 2


def test_features_of_another_program_cannot_be_recomputed_but_the_record_can(home: Home) -> None:
    decision = scored(home)
    _change(home, "UPDATE decisions SET feature_set_version = 'older'")
    record, landing = replay_decision(home, decision).checks
    assert (record.trouble, record.differences) == (None, ())
    assert "other_feature_set" in str(landing.trouble)
    assert replay_decision(home, decision, landing=False).exit_code == 0


def test_a_merchant_without_graph_data_replays_too(home: Home) -> None:
    done = replay_decision(home, scored(home, merchant="M9"))
    assert done.exit_code == 0, done.lines()


def test_a_decision_that_is_not_on_record_is_an_error(home: Home) -> None:
    with pytest.raises(ReplayError, match="no_decision"):
        replay_decision(home, "nothing")
    with pytest.raises(LookError, match="nothing"):
        explain_decision(home, "nothing")


def test_an_explanation_adds_up_and_asks_questions_of_the_catalogue_with_their_parameters(home: Home) -> None:
    done = explain_decision(home, scored(home))
    assert done.graph_version == done.decided_on
    assert sum(done.concepts.values()) != 0
    version = Published(home.snapshots).current()
    every = [(f"{c.code}.x", c.code, feature) for c in CONCEPTS for feature in ("x", "money_to_buyers_share_90d")]
    found = questions_for(every, "M1", version)
    assert {q.code.partition(".")[0] for q in found} >= {"fake_orders", "fund_flow", "guarantees", "operations"}
    for q in found:
        assert {n for n, _ in questions()[q.name].params} == set(q.params), q.name
    assert questions_for(every, "nobody", version) == []
