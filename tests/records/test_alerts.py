"""Alerts are on record once, whatever is judged again; they can be found, and people's words on them are audited."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from records.alerts import (
    Filters,
    Position,
    PositionMoved,
    Step,
    Switch,
    act,
    advance,
    load,
    newest_told,
    note_switch,
    page,
    position,
    switches,
    told_after,
    total,
)
from records.audit import entries
from records.database import reading

NOW = 1_772_400_000_000


def step(alert_id: str = "a1", status: str = "final", times: int = 1, **changes: object) -> Step:
    """A step of an alert."""
    made = Step(
        alert_id, "VOL", "v1", "merchant", "M1", NOW, "high", "active", status, times, (), json.dumps({"id": alert_id})
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def judge(engine: Engine, before: int, after: int, *steps: Step) -> int:
    """Keep steps with the position they came from; how many were new."""
    with engine.begin() as connection:
        return advance(connection, before, Position(after, 0), steps, NOW)


def test_what_is_judged_again_adds_nothing(engine: Engine) -> None:
    steps = [step("a1", "provisional"), step("a2"), step("a1", "confirmed")]
    assert judge(engine, 0, 10, *steps) == 3
    assert judge(engine, 10, 12, *steps, step("a3")) == 1
    with reading(engine) as connection:
        assert position(connection) == Position(12, 0)
        told = told_after(connection, 0, 10)
        assert [(t.alert.alert_id, t.status) for t in told] == [
            ("a1", "provisional"),
            ("a2", "final"),
            ("a1", "confirmed"),
            ("a3", "final"),
        ]
        assert [t.seq for t in told_after(connection, told[2].seq, 10)] == [told[3].seq] == [newest_told(connection)]
        row = load(connection, "a1")
        assert row is not None and row.status == "confirmed"


def test_a_position_that_another_process_moved_keeps_nothing(engine: Engine) -> None:
    judge(engine, 0, 10, step("a1"))
    with pytest.raises(PositionMoved):
        judge(engine, 0, 5, step("a2"))
    with reading(engine) as connection:
        assert position(connection).position == 10
        assert load(connection, "a2") is None


def test_what_was_settled_stays_settled_and_repeats_are_counted(engine: Engine) -> None:
    judge(engine, 0, 1, step("a", "provisional"), step("b", "provisional"), step("c"))
    judge(engine, 1, 2, step("a", "confirmed"), step("b", "withdrawn"), step("c", "repeat", 2), step("c", "repeat", 3))
    judge(engine, 2, 3, step("a", "provisional", 1), step("a", "withdrawn"))
    with reading(engine) as connection:
        rows = {r.alert_id: (r.status, r.times) for r in page(connection, Filters(), 10)}
        assert rows == {"a": ("confirmed", 1), "b": ("withdrawn", 1), "c": ("final", 3)}


def test_alerts_are_found_by_filters_and_page_by_page(engine: Engine) -> None:
    made = [step(f"a{i}", ts=NOW + i // 2, severity="low" if i % 3 else "high", key_id=f"M{i}") for i in range(7)]
    judge(engine, 0, 1, *made, step("s", mode="shadow"))
    with reading(engine) as connection:
        seen: list[str] = []
        before = None
        while rows := page(connection, Filters(), 2, before):
            seen += [r.alert_id for r in rows]
            before = (rows[-1].ts, rows[-1].alert_id)
        assert seen == ["a6", "a5", "a4", "a3", "a2", "a1", "a0"]
        assert total(connection, Filters(severity="high")) == 3
        assert [r.alert_id for r in page(connection, Filters(key_id="M3"), 9)] == ["a3"]
        assert total(connection, Filters(since=NOW + 1, until=NOW + 3)) == 4
        assert total(connection, Filters(shadow=True)) == 8


def test_people_acknowledge_put_off_and_assign(engine: Engine) -> None:
    judge(engine, 0, 1, step("a"), step("b"))
    with engine.begin() as connection:
        act(connection, "a", "acknowledge", "key:1", NOW)
        again = act(connection, "a", "acknowledge", "key:2", NOW + 5)
        assert again is not None and (again.acknowledged_by, again.acknowledged_ts) == ("key:1", NOW)
        act(connection, "b", "snooze", "key:1", NOW, NOW + 100)
        act(connection, "b", "assign", "key:1", NOW, "li.na")
        assert act(connection, "none", "acknowledge", "key:1", NOW) is None
        assert [r.alert_id for r in page(connection, Filters(now=NOW + 99), 9)] == ["a"]
        assert [r.alert_id for r in page(connection, Filters(now=NOW + 100, acknowledged=False), 9)] == ["b"]
        assert [r.alert_id for r in page(connection, Filters(assigned_to="li.na", snoozed=True), 9)] == ["b"]
        assert [e.action for e in entries(connection, "alert:b")] == ["alert.assign", "alert.snooze"]
        assert len(entries(connection, "alert:a")) == 1


def test_switches_of_rules_are_kept_in_order(engine: Engine) -> None:
    made = [Switch(0, NOW, "v1", "x"), Switch(7, NOW + 1, "v2", "y")]
    with engine.begin() as connection:
        for one in made:
            note_switch(connection, one)
    with reading(engine) as connection:
        assert switches(connection) == made
