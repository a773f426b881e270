"""Events wait until none earlier may come."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.reorder import NEVER, Reorder
from tests.flow.lanes.batches import BASE, batch, order

LATENESS = 1000


def ids(events: object) -> list[str]:
    return list(events.event_id)  # type: ignore[attr-defined]  # a batch


def test_an_event_leaves_when_the_bound_has_passed_and_not_a_millisecond_sooner() -> None:
    """
    newest      0          1000  1001
    a           |--- bound --->|  may still be followed by one at 0
    """
    held = Reorder(LATENESS)
    assert ids(held.push(batch(order("a", 0)))[0]) == []
    assert ids(held.push(batch(order("b", 1000)))[0]) == []
    released, late = held.push(batch(order("c", 1001)))
    assert ids(released) == ["a"]
    assert late is None
    assert ids(held.waiting()) == ["b", "c"]


def test_an_event_as_old_as_the_bound_is_in_time_and_one_older_is_late() -> None:
    held = Reorder(LATENESS)
    held.push(batch(order("a", 5000)))
    _, late = held.push(batch(order("in time", 4000), order("late", 3999)))
    assert late is not None
    assert ids(late) == ["late"]
    assert held.late == 1


def test_lateness_is_judged_event_by_event_also_within_a_batch() -> None:
    held = Reorder(LATENESS)
    _, late = held.push(batch(order("a", 0), order("b", 5000), order("c", 0)))
    assert late is not None
    assert ids(late) == ["c"]


def test_a_late_event_does_not_move_time_and_the_clock_closes_moments() -> None:
    held = Reorder(LATENESS)
    held.push(batch(order("a", 0)))
    assert ids(held.advance(BASE)) == ["a"]
    _, late = held.push(batch(order("b", 0), order("c", 1)))
    assert late is not None
    assert ids(late) == ["b"]
    assert held.watermark == BASE


def test_nothing_has_been_seen_at_first() -> None:
    held = Reorder(LATENESS)
    released, late = held.push(batch())
    assert (len(released), late, held.watermark < 0, held.newest) == (0, None, True, NEVER)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=60),
    st.lists(st.integers(1, 9), min_size=1, max_size=60),
    st.sampled_from([0, 1, 700]),
)
def test_what_leaves_is_the_sorted_stream_without_the_late(times: list[int], cuts: list[int], lateness: int) -> None:
    events = [order(f"e{i:02}", t) for i, t in enumerate(times)]
    newest, in_time, late = -1, [], []
    for event, t in zip(events, times, strict=True):
        (in_time if newest - t <= lateness else late).append((t, event["event_id"]))
        newest = max(newest, t)
    held, out, told, at = Reorder(lateness), [], [], 0
    for size in cuts * len(times):
        released, behind = held.push(batch(*events[at : at + size]))
        out += list(zip((released.ts - BASE).tolist(), released.event_id, strict=True))
        told += [] if behind is None else behind.event_id
        assert all(t <= held.watermark - BASE for t, _ in out)
        at += size
        if at >= len(events):
            break
    rest = held.advance(BASE + newest)
    out += list(zip((rest.ts - BASE).tolist(), rest.event_id, strict=True))
    assert out == sorted(in_time, key=lambda x: x[0])  # a stable sort: those of one millisecond leave as they came
    assert told == [id_ for _, id_ in late]
    assert len(held) == 0


def test_what_has_left_is_forgotten_and_what_waits_is_kept() -> None:
    held = Reorder(10)
    for i in range(12_000):
        held.push(_one(i))
    assert len(held) == 11
    assert held.waiting().event_id == [f"e{i}" for i in range(11_989, 12_000)]
    assert held._held is not None
    assert len(held._held) < 9_000


def _one(i: int):  # type: ignore[no-untyped-def]  # a batch
    one = _ONE.take([0])
    one.event_id, one.ts = [f"e{i}"], np.array([BASE + i])
    return one


_ONE = batch(order("e", 0))
