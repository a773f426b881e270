"""Rules changed while events flow, and windows brought back from a file: the same as if it had always been so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.window.engine import WindowEngine
from flow.window.warming import Warming
from tests.flow.window import twin
from tests.flow.window.streams import W, pushed, rule_set, simple_rules, sorted_edges, streams
from tests.flow.window.test_engine import END
from tests.flow.window.twin import Event, TwinEdge

SETS = st.lists(simple_rules(), min_size=1, max_size=8)


def after(edges: list[TwinEdge], moment: int) -> list[TwinEdge]:
    return [e for e in edges if e.ts > moment]


def split(events: list[Event], cut: int, later: int) -> tuple[list[Event], list[Event], int]:
    """The events up to a moment, those after it, the moment: some time after an event."""
    moment = events[min(cut, len(events) - 1)]["ts"] + later
    return [e for e in events if e["ts"] <= moment], [e for e in events if e["ts"] > moment], moment


@settings(max_examples=25, deadline=None)
@given(streams(), SETS, SETS, st.integers(0, 13), st.sampled_from([0, 1, *W]), st.sampled_from([0, 330]))
def test_swapped_rules_are_as_if_they_had_run_from_the_start(
    events: list[Event], one: list[tuple[str, str]], two: list[tuple[str, str]], cut: int, later: int, offset: int
) -> None:
    first, rest, moment = split(events, cut, later)
    other = rule_set(two, offset=offset)
    engine = WindowEngine(rule_set(one))
    pushed(engine, first, moment)
    engine = engine.swap(other)
    assert sorted_edges(pushed(engine, rest, END)) == after(twin.edges(events, other, END), moment)


@settings(max_examples=15, deadline=None)
@given(streams(), SETS, SETS, st.integers(0, 13), st.integers(0, 13))
def test_rules_are_warmed_beside_the_running_engine(
    events: list[Event], one: list[tuple[str, str]], two: list[tuple[str, str]], start: int, end: int
) -> None:
    before, rest, began = split(events, min(start, end), 0)
    meanwhile, rest, moment = split(rest, max(end - len(before), 0), 1) if rest else ([], [], began)
    now, other = rule_set(one), rule_set(two)
    engine = WindowEngine(now)
    pushed(engine, before, began)
    warming = Warming(engine, other)
    edges = pushed(engine, meanwhile, moment)
    warming.run()
    assert [e for e in twin.edges(events, now, moment) if e.ts > began] == sorted_edges(edges)
    engine = warming.finish()
    assert sorted_edges(pushed(engine, rest, END)) == after(twin.edges(events, other, END), moment)


@settings(max_examples=15, deadline=None)
@given(streams(), SETS, SETS, st.integers(0, 13), st.sampled_from([0, 1, *W]))
def test_a_saved_engine_goes_on_where_it_stopped(
    tmp_path_factory: pytest.TempPathFactory,
    events: list[Event],
    one: list[tuple[str, str]],
    two: list[tuple[str, str]],
    cut: int,
    later: int,
) -> None:
    first, rest, moment = split(events, cut, later)
    path = tmp_path_factory.mktemp("saved") / "windows.arrow"
    engine = WindowEngine(rule_set(one))
    pushed(engine, first, moment)
    engine.save(path)
    for chosen in (engine.rules, rule_set(two)):
        again = WindowEngine.restore(path, chosen)
        assert again.now == moment
        assert sorted_edges(pushed(again, rest, END)) == after(twin.edges(events, chosen, END), moment)


def test_a_file_that_holds_no_windows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "windows.arrow"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="replay the journal"):
        WindowEngine.restore(path, rule_set([("merchant", "orders_1h > 1")]))


def test_rules_that_need_nothing_new_are_taken_over_without_replay() -> None:
    engine = WindowEngine(rule_set([("merchant", "orders_1h > 1 AND refund_rate_24h > 0.5")]))
    assert engine.covers(rule_set([("merchant", "orders_24h > 5"), ("merchant", "orders_1h = 7")]))
    assert not Warming(engine, rule_set([("merchant", "orders_1h > 3")])).replays
    assert not engine.covers(rule_set([("merchant", "orders_5m > 5")]))
    assert not engine.covers(rule_set([("buyer", "orders_1h > 5")]))
    assert not engine.covers(rule_set([("merchant", "orders_1h > 1")], offset=60))
