"""The engine says what its twin says, whatever comes and however it is cut."""

from __future__ import annotations

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


@settings(max_examples=60, deadline=None)
@given(
    streams(),
    st.lists(st.one_of(simple_rules(), simple_rules(), rules_of_any_kind), min_size=1, max_size=12),
    st.lists(st.integers(1, 13), max_size=3),
    st.sampled_from([0, 480, -210]),
)
def test_edges_are_those_of_the_twin(
    events: list[Event], rules: list[tuple[str, str]], cuts: list[int], offset: int
) -> None:
    chosen = rule_set(rules, offset=offset)
    engine = WindowEngine(chosen, capacity=4)
    assert run(engine, events, cuts, END) == twin.edges(events, chosen, END)
    left = engine.figures()
    assert left["held"] == 0 and not any(n for name, n in left.items() if name.endswith("_ids"))
