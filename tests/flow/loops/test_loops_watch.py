"""Loops on the stream are those of the whole table, with their names."""

from __future__ import annotations

import random

import numpy as np
import pytest

from flow.loops_watch import LoopsWatch, StreamLoops
from tests.flow.lanes.batches import BASE, batch, order, transfer
from tests.flow.pipeline.brute import loops_of
from tests.flow.pipeline.streams import Event

HOUR = 3_600_000


def found(watch: LoopsWatch, events: list[Event], cut: int = 3) -> list[tuple[str, int, str]]:
    """(closing transfer, moment, account) of the derived events, pushed in parts."""
    out = []
    for i in range(0, len(events), cut):
        derived = watch.push(batch(*events[i : i + cut]))
        out += list(zip(derived.event_id, (derived.ts - BASE).tolist(), derived.account, strict=True))
    return out


def random_transfers(rng: random.Random, n: int, accounts: str = "ABCDE") -> list[Event]:
    ts, out = 0, []
    for i in range(n):
        ts += rng.choice((0, 0, 1, 1000, 10 * HOUR, 80 * HOUR))
        out.append(transfer(f"t{i:03}", ts, rng.choice(accounts), rng.choice(accounts), rng.choice((5, 10))))
    return out


@pytest.mark.parametrize("seed", range(25))
def test_each_loop_counts_once_for_each_of_its_accounts_when_it_closes(seed: int) -> None:
    rng = random.Random(seed)
    events = random_transfers(rng, 18)
    mixed = [e for t in events for e in (t, order(f"o{t['event_id']}", 0))]
    want = [(loop[-1]["event_id"], step["src"]) for loop in loops_of(events) for step in loop]
    watch = LoopsWatch()
    told = found(watch, mixed, rng.choice((1, 4, 100)))
    assert sorted((id_, account) for id_, _, account in told) == sorted(want)
    assert watch.found == len(loops_of(events))
    assert watch.cut == ()


def test_evidence_is_the_path_of_the_last_loops_by_a_moment() -> None:
    watch = LoopsWatch()
    found(
        watch,
        [
            transfer("a", 0, "X", "Y"),
            transfer("b", 1, "Y", "X"),
            transfer("c", 2, "X", "Y"),
            transfer("d", 3, "Y", "X"),
        ],
    )
    assert watch.evidence("X", BASE + 1) == [{"events": ["a", "b"], "accounts": ["X", "Y"]}]
    shown = [x["events"] for x in watch.evidence("X", BASE + 3)]
    assert sorted(map(str, shown[:2])) == ["['a', 'd']", "['c', 'd']"]
    assert shown[2:] == [["b", "c"], ["a", "b"]]
    assert watch.evidence("Z", BASE + 3) == []


def test_a_probe_finds_what_a_transfer_would_close_and_changes_nothing() -> None:
    watch = LoopsWatch()
    found(watch, [transfer("a", 0, "X", "Y"), transfer("b", 1, "Y", "Z")])
    assert [x.to_json() for x in watch.probe("Z", "X", 1, "CNY", BASE + 2)] == [
        {"events": ["a", "b"], "accounts": ["X", "Y", "Z"]}
    ]
    assert watch.probe("Z", "X", 1, "CNY", BASE + 73 * HOUR) == []
    assert watch.probe("Z", "nobody", 1, "CNY", BASE + 2) == []
    assert watch.probe("X", "X", 1, "CNY", BASE + 2) == []
    assert found(watch, [transfer("c", 2, "Z", "X")]) == [("c", 2, account) for account in "XYZ"]


@pytest.mark.parametrize("seed", range(6))
def test_a_probe_says_what_the_transfer_then_closes(seed: int) -> None:
    rng = random.Random(seed)
    watch = LoopsWatch()
    for event in random_transfers(rng, 40, "ABCDEF"):
        one = batch(event)
        asked = watch.probe(str(event["src"]), str(event["dst"]), 1, "CNY", int(one.ts[0]))
        before = watch.found
        watch.push(one)
        assert len(asked) == watch.found - before


def test_memory_follows_the_window_and_grows_where_it_must() -> None:
    """Twenty times as many transfers as there is room at first, a loop across all of them, then all forgotten."""
    watch, n = LoopsWatch(), 20_000
    found(watch, [transfer("first", 0, "X", "Y")])
    events = [transfer(f"t{i}", 1 + i, f"a{i % 997}", f"b{i % 991}") for i in range(n)]
    found(watch, events, 5000)
    assert found(watch, [transfer("last", n + 1, "Y", "X")]) == [("last", n + 1, "X"), ("last", n + 1, "Y")]
    assert watch.cut == ()
    later = [transfer(f"u{i}", 200 * HOUR + i, "P", "Q") for i in range(3 * n)]
    found(watch, later, 5000)
    search = watch._engines[None]
    assert len(search._ids) < 4 * n
    assert search.event_id(search.next - 1) == f"u{3 * n - 1}"


def test_with_an_amount_rule_currencies_are_apart() -> None:
    events = [
        transfer("a", 0, "X", "Y", 100, "CNY"),
        transfer("b", 1, "Y", "X", 100, "USD"),
        transfer("c", 2, "Y", "X", 95),
    ]
    assert [id_ for id_, _, _ in found(LoopsWatch(), events)] == ["b", "b", "c", "c"]
    assert [id_ for id_, _, _ in found(LoopsWatch(StreamLoops(decay=0.1, growth=0.01)), events)] == ["c", "c"]


def test_limits_that_are_reached_are_told() -> None:
    watch = LoopsWatch(StreamLoops(budget=1))
    found(watch, [transfer(f"t{i}", i, f"A{i % 5}", f"A{(i * 3 + 1) % 5}") for i in range(60)])
    assert watch.cut == ("budget",)
    assert watch.cut_at("A1") == ("budget",)
    watch.push(batch(transfer("quiet", 100, "P", "Q")))
    assert watch.cut_at("P") == watch.cut_at("nobody") == ()


def test_a_late_middle_completes_a_loop_at_the_time_it_is_taken_in() -> None:
    watch = LoopsWatch(StreamLoops(lateness=HOUR))
    watch.push(batch(transfer("a", 0, "X", "Y"), transfer("c", 20, "Z", "X")))
    derived = watch.push(batch(transfer("b", 10, "Y", "Z")), np.array([BASE + 20]))
    assert (derived.event_id, (derived.ts - BASE).tolist()) == (["b"] * 3, [20] * 3)
