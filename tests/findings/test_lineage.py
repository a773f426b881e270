"""A structure found again keeps its id; births, merges, splits and deaths are told, none is lost."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.findings.finding import Finding, Kind, Member, fresh_id
from graph.findings.lineage import CROWDED, LineageEvent, keep_ids


def ring(*nodes: int, id_: str | None = None, kind: Kind = "fake_order_ring") -> Finding:
    members = tuple(Member("Buyer", f"b{n:04d}", "buyer") for n in sorted(set(nodes)))
    own = id_ or fresh_id(kind, [m.node for m in members])
    return Finding(kind, own, 0.5, members, (), {}, None, None, "", "")


def kinds_of(events: list[LineageEvent]) -> list[str]:
    return [e.kind for e in events]


def test_the_same_findings_again_keep_their_ids_and_nothing_happened() -> None:
    before = [ring(1, 2, 3, id_="old-a"), ring(4, 5, 6, id_="old-b")]
    after, events = keep_ids([ring(4, 5, 6), ring(1, 2, 3)], before)
    assert [f.id for f in after] == ["old-b", "old-a"] and events == []


def test_a_ring_that_grows_threefold_keeps_its_id() -> None:
    after, events = keep_ids([ring(*range(30))], [ring(*range(10), id_="old")])
    assert after[0].id == "old" and events == []


def test_two_rings_that_become_one_are_a_merge_under_the_id_of_the_larger() -> None:
    after, events = keep_ids([ring(*range(9))], [ring(0, 1, 2, id_="small"), ring(*range(3, 9), id_="large")], at=7)
    assert after[0].id == "large"
    assert events == [LineageEvent("merge", "fake_order_ring", 7, ("large", "small"), ("large",), 9)]


def test_one_ring_that_becomes_two_is_a_split_and_the_larger_part_keeps_the_id() -> None:
    after, events = keep_ids([ring(0, 1, 2), ring(*range(3, 9))], [ring(*range(9), id_="old")])
    assert after[1].id == "old" and after[0].id != "old"
    assert events == [LineageEvent("split", "fake_order_ring", None, ("old",), tuple(sorted(f.id for f in after)), 9)]


def test_one_dies_and_another_is_born_when_nothing_much_is_shared() -> None:
    after, events = keep_ids([ring(9, 10, 11, 12)], [ring(1, 2, 3, 9, id_="old")])
    assert kinds_of(events) == ["birth", "death"] and after[0].id != "old"


def test_kinds_do_not_mix() -> None:
    after, events = keep_ids([ring(1, 2, 3)], [ring(1, 2, 3, id_="loop", kind="fund_loop")])
    assert after[0].id != "loop" and kinds_of(events) == ["birth", "death"]


def test_a_node_in_everything_ties_nothing_together() -> None:
    hub, n = 5000, CROWDED + 1
    before = [ring(hub, i, id_=f"old-{i:03d}") for i in range(n)]
    after, events = keep_ids([ring(hub, 1000 + i) for i in range(n)], before)
    assert kinds_of(events) == ["birth"] * n + ["death"] * n
    assert not {f.id for f in after} & {f.id for f in before}


def test_an_id_that_lives_on_elsewhere_is_not_given_twice() -> None:
    """The old ring's id was made of members 1..4; it drifted to 3..8, and a new ring is 1, 2, 3, 4 once more."""
    drifted = ring(1, 2, 3, 4)
    old = ring(3, 4, 5, 6, 7, 8, id_=drifted.id)
    after, _ = keep_ids([ring(3, 4, 5, 6, 7, 8, 9), ring(1, 2)], [old])
    assert after[0].id == drifted.id
    after, _ = keep_ids([ring(5, 6, 7, 8), ring(1, 2, id_=drifted.id)], [old])
    assert after[0].id == drifted.id and after[1].id != drifted.id


some_rings = st.lists(st.sets(st.integers(0, 12), min_size=1, max_size=6), max_size=6, unique_by=frozenset)


def named(sets: list[set[int]], prefix: str = "") -> list[Finding]:
    return [ring(*s, id_=f"{prefix}{i}" if prefix else None) for i, s in enumerate(sets)]


@settings(deadline=None, max_examples=40)
@given(some_rings, some_rings)
def test_every_id_is_given_once_and_every_end_and_beginning_is_told(new: list[set[int]], old: list[set[int]]) -> None:
    previous = named(old, "old-")
    after, events = keep_ids(named(new), previous)
    ids, before = [f.id for f in after], {p.id for p in previous}
    assert len(set(ids)) == len(ids)
    assert [f.members for f in after] == [f.members for f in named(new)]
    ended = {i for e in events if e.kind in ("merge", "death") for i in e.old_ids}
    begun = {i for e in events if e.kind in ("split", "birth") for i in e.new_ids}
    assert before - set(ids) <= ended
    assert set(ids) - before <= begun
    deaths = {i for e in events if e.kind == "death" for i in e.old_ids}
    assert not deaths & set(ids)


@settings(deadline=None, max_examples=40)
@given(some_rings, some_rings, st.randoms(use_true_random=False))
def test_the_order_of_the_lists_makes_no_difference(new: list[set[int]], old: list[set[int]], shuffler: object) -> None:
    a, b = named(new), named(old, "old-")
    after, events = keep_ids(a, b)
    shuffler.shuffle(a)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    shuffler.shuffle(b)  # type: ignore[attr-defined]
    again, events_again = keep_ids(a, b)
    assert events == events_again
    assert {f.id: f.members for f in after} == {f.id: f.members for f in again}


@settings(deadline=None, max_examples=40)
@given(some_rings)
def test_running_again_on_what_came_out_changes_nothing(new: list[set[int]]) -> None:
    once, _ = keep_ids(named(new), [])
    twice, events = keep_ids(named(new), once)
    assert twice == once and events == []
