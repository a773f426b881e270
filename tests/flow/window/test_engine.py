"""The engine says what its twin says, whatever comes and however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.window.engine import WindowEngine
from tests.flow.window import twin
from tests.flow.window.streams import (
    START,
    pushed,
    rule_set,
    rules_of_any_kind,
    simple_rules,
    sorted_edges,
    streams,
)
from tests.flow.window.twin import Event, TwinEdge

END = START + 10**12
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def order(at: int, merchant: str = "M1", buyer: str = "B1", event_id: str | None = None, amount: int = 5) -> Event:
    """An order so many ms after the start."""
    named = {"merchant_id": merchant, "buyer_id": buyer, "amount": amount, "currency": "CNY"}
    return {"event_id": event_id or f"e{at}", "type": "order", "ts": START + at, **named}


def run(engine: WindowEngine, events: list[Event], cuts: list[int], end: int) -> list[TwinEdge]:
    """Push events in pieces cut at these places; a cut between equal times moves behind them."""
    found, start = [], 0
    for cut in [*sorted(cuts), len(events)]:
        while start < cut < len(events) and events[cut]["ts"] == events[cut - 1]["ts"]:
            cut += 1
        if cut > start and cut < len(events):
            found += pushed(engine, events[start:cut], events[cut]["ts"] - 1)
            start = cut
    return sorted_edges(found + pushed(engine, events[start:], end))


RULES = st.lists(st.one_of(simple_rules(), simple_rules(), rules_of_any_kind), min_size=1, max_size=12)
CUTS = st.lists(st.integers(1, 13), max_size=3)
OFFSETS = st.sampled_from([0, 480, -210])


def compared(events: list[Event], rules: list[tuple[str, str]], cuts: list[int], offset: int) -> int:
    """The engine's edges beside the twin's; how many there are. All memory is free again at the end."""
    chosen = rule_set(rules, offset=offset)
    engine = WindowEngine(chosen, capacity=4)
    found = run(engine, events, cuts, END)
    assert found == twin.edges(events, chosen, END)
    left = engine.figures()
    assert left["held"] == 0 and not any(n for name, n in left.items() if name.endswith("_ids"))
    return len(found)


@settings(max_examples=30, deadline=None)
@given(streams(), RULES, CUTS, OFFSETS)
def test_edges_are_those_of_the_twin(
    events: list[Event], rules: list[tuple[str, str]], cuts: list[int], offset: int
) -> None:
    compared(events, rules, cuts, offset)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(streams(24), RULES, CUTS, OFFSETS)
def test_edges_are_those_of_the_twin_in_many_streams(
    events: list[Event], rules: list[tuple[str, str]], cuts: list[int], offset: int
) -> None:
    compared(events, rules, cuts, offset)


def test_the_comparison_can_fail() -> None:
    """Negative control: a twin whose day is a ms short says something else."""
    events = [order(0), order(DAY - 1)]
    chosen = rule_set([("merchant", "orders_24h >= 2")])
    assert len(sorted_edges(pushed(WindowEngine(chosen), events, END))) == len(twin.edges(events, chosen, END)) == 1
    kept, twin.LENGTHS["24h"] = twin.LENGTHS["24h"], DAY - 1
    try:
        assert not twin.edges(events, chosen, END)
    finally:
        twin.LENGTHS["24h"] = kept
