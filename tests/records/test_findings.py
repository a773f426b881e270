"""Findings over time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from graph.findings.finding import EdgeRef, Finding, Member
from graph.findings.lineage import keep_ids
from records.errors import RecordsError
from records.findings import finding_from_text, finding_to_text, history, load_findings, save_findings


def _ring(id_: str, *buyers: str, score: float = 0.5) -> Finding:
    return Finding(
        kind="fake_order_ring",
        id=id_,
        score=score,
        members=(Member("Merchant", "M1", "shop"), *(Member("Buyer", b, "buyer") for b in buyers)),
        edges=(EdgeRef("PLACED", "e1", "Buyer:b1", "Orders:o1", 5, None),),
        numbers={"orders": 3, "share": 0.25, "currency": "CNY"},
        first_ts=1,
        last_ts=None,
        text_en="A ring",
        text_zh="团伙",
        evidence={"window": [1, 2]},
    )


def test_findings_come_back_as_they_were_in_their_order(engine: Engine) -> None:
    saved = [_ring("b", "b1"), _ring("a", "b2", score=0.9)]
    with engine.begin() as connection:
        assert load_findings(connection) == []
        save_findings(connection, saved, [], "000001")
        assert load_findings(connection) == saved
        assert load_findings(connection, "000001") == saved


def test_an_unchanged_finding_is_kept_once_and_a_changed_one_again(engine: Engine) -> None:
    first, changed = _ring("a", "b1"), _ring("a", "b1", "b2", score=0.8)
    with engine.begin() as connection:
        for version, finding in (("000001", first), ("000002", first), ("000003", changed)):
            save_findings(connection, [finding], [], version)
        assert connection.execute(text("SELECT count(*) FROM finding_states")).scalar() == 2
        told = history(connection, "a")
    assert [(s.graph_version, s.finding) for s in told.sightings] == [("000001", first), ("000003", changed)]


def test_saving_a_version_again_replaces_it(engine: Engine) -> None:
    with engine.begin() as connection:
        fresh, events = keep_ids([_ring("a", "b1")], [], 1)
        save_findings(connection, fresh, events, "000001")
        save_findings(connection, fresh, events, "000001")
        assert load_findings(connection) == fresh
        assert [t.event for t in history(connection, "a").events] == events


def test_a_merge_is_told_from_the_side_of_each_id(engine: Engine) -> None:
    before, born = keep_ids([_ring("a", "b1", "b2"), _ring("c", "b3", "b4")], [], 1)
    joined = [replace(_ring("x", "b1", "b2", "b3", "b4"), text_en="both")]
    after, merged = keep_ids(joined, before, 2)
    with engine.begin() as connection:
        save_findings(connection, before, born, "000001")
        save_findings(connection, after, merged, "000002")
        told = {i: [(t.graph_version, t.event) for t in history(connection, i).events] for i in ("a", "c")}
    assert any(e.kind == "merge" for e in merged)
    for id_ in ("a", "c"):
        assert told[id_] == [("000001", e) for e in born if id_ in e.new_ids] + [("000002", e) for e in merged]


def test_an_id_never_seen_has_no_history_and_an_unknown_version_is_an_error(engine: Engine) -> None:
    with engine.begin() as connection:
        told = history(connection, "nobody")
        assert (told.sightings, told.events) == ((), ())
        with pytest.raises(RecordsError, match="999999"):
            load_findings(connection, "999999")


def test_two_findings_of_one_id_are_refused(engine: Engine) -> None:
    with engine.begin() as connection, pytest.raises(ValueError, match="share the id a"):
        save_findings(connection, [_ring("a", "b1"), _ring("a", "b2")], [], "000001")


@settings(max_examples=50, deadline=None)
@given(
    numbers=st.dictionaries(
        st.text(max_size=5),
        st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(max_size=5),
        max_size=4,
    ),
    score=st.floats(0, 1),
)
def test_any_finding_is_written_and_read_back_equal(numbers: dict[str, float | int | str], score: float) -> None:
    finding = replace(_ring("a", "b1", score=score), numbers=numbers)
    assert finding_from_text(finding_to_text(finding)) == finding
