"""The loop engine: exact, the same in any order of arrival within the bound, and loud about what it cut."""

from __future__ import annotations

import io

import numpy as np
import pytest

from graph.loops.engine import LoopBounds, LoopEngine, LoopError, LoopRule
from tests.loops.brute import brute_loops
from tests.loops.exact import check, in_one_batch
from tests.loops.graphs import random_case


def test_batch_stream_and_shuffled_arrival_give_exactly_the_loops_of_trying_all_paths() -> None:
    assert check(400, seed=20261122) > 400


@pytest.mark.slow
def test_twenty_thousand_random_multigraphs() -> None:
    assert check(20_000, seed=7) > 20_000


def test_the_comparison_can_fail() -> None:
    rng = np.random.default_rng(3)
    cases = [random_case(rng, n) for n in range(60)]
    shorter = [brute_loops(*c.lists(), LoopRule(c.rule.window, 2, c.rule.decay, c.rule.growth)) for c in cases]
    assert any(in_one_batch(c) != s for c, s in zip(cases, shorter, strict=True))


def test_a_loop_is_found_by_the_transfer_that_completes_it_and_only_once() -> None:
    engine = LoopEngine(LoopRule(100), LoopBounds(lateness=100))
    assert list(engine.push([0], [1], [1])) == []
    assert list(engine.push([2], [0], [3])) == []
    assert list(engine.push([1], [2], [2])) == [(0, 2, 1)]
    assert list(engine.push([1], [0], [4])) == [(0, 3)]


def test_the_window_holds_its_last_moment() -> None:
    for gap, loops in ((10, 1), (11, 0)):
        assert len(LoopEngine(LoopRule(10)).push([0, 1], [1, 0], [5, 5 + gap])) == loops


def test_the_amount_rule_holds_its_bounds() -> None:
    rule = LoopRule(10, decay=0.1, growth=0.01)
    for back, loops in ((90, 1), (89.99, 0), (101, 1), (101.01, 0), (np.nan, 0)):
        assert len(LoopEngine(rule).push([0, 1], [1, 0], [1, 2], [100, back])) == loops, back


def test_ties_follow_each_other_only_in_order_and_only_when_asked() -> None:
    batch = ([0, 1, 1, 0], [1, 0, 0, 1], [5, 5, 5, 5])
    assert len(LoopEngine(LoopRule(10)).push(*batch)) == 0
    assert sorted(LoopEngine(LoopRule(10, ties="order")).push(*batch)) == [(0, 1), (0, 2), (1, 3), (2, 3)]


def test_transfers_of_one_time_are_stepped_past_whatever_their_number() -> None:
    rng = np.random.default_rng(11)
    src, dst = rng.integers(0, 4, (2, 20_000))
    engine = LoopEngine(LoopRule(10), LoopBounds(budget=64, lateness=3))
    found = engine.push([*src, 9, 4], [*dst, 4, 9], [*np.full(20_000, 5), 4, 6])
    assert len(found) == 1  # the two that are not of that time
    assert engine.complete
    in_order = LoopEngine(LoopRule(10, ties="order"), LoopBounds(budget=64))
    in_order.push(src[:2_000], dst[:2_000], np.full(2_000, 5))
    assert not in_order.complete  # there each can follow the others: the same budget does not do


def test_a_state_saved_before_runs_were_marked_is_read_and_finds_the_same() -> None:
    rng = np.random.default_rng(12)
    for number in range(60):
        case = random_case(rng, number)
        engine = LoopEngine(case.rule, LoopBounds(64, lateness=200, budget=1 << 13))
        half = len(case.ts) // 2
        found = list(engine.push(case.src[:half], case.dst[:half], case.ts[:half], case.amount[:half]))
        with np.load(io.BytesIO(engine.save())) as held:
            older = {name: held[name] for name in held.files if name != "ends"}
        buffer = io.BytesIO()
        np.savez(buffer, **older)
        restored = LoopEngine.restore(buffer.getvalue())
        found += restored.push(case.src[half:], case.dst[half:], case.ts[half:], case.amount[half:])
        assert sorted(found) == brute_loops(*case.lists(), case.rule)


def test_expired_transfers_are_forgotten_and_memory_stays_bounded() -> None:
    engine = LoopEngine(LoopRule(10), LoopBounds(capacity=16))
    n = 5_000
    engine.push(np.arange(n) % 7, (np.arange(n) + 1) % 7, np.arange(n))
    assert engine.held <= 11
    assert engine.complete


def test_a_full_ring_a_hub_a_spent_budget_and_a_long_list_are_counted_and_flagged() -> None:
    n = 64
    star = (
        np.r_[np.zeros(n, int), np.arange(1, n + 1)],
        np.r_[np.arange(1, n + 1), np.zeros(n, int)],
        np.arange(2 * n),
    )
    full = LoopEngine(LoopRule(1_000), LoopBounds(capacity=8))
    assert len(full.push(*star)) < n
    assert full.cuts["capacity"] > 0
    assert "capacity" in full.cut_accounts()[0]
    hub = LoopEngine(LoopRule(1_000), LoopBounds(degree_cap=10))
    hub.push(*star)
    assert hub.cuts["degree"] > 0
    assert hub.cut_accounts()[0] == ["degree"]
    spent = LoopEngine(LoopRule(1_000), LoopBounds(budget=2))
    assert len(spent.push(np.arange(8), (np.arange(8) + 1) % 8, np.arange(8))) == 0
    assert spent.cuts["budget"] > 0
    assert spent.edges_cut_short == spent.cuts["budget"]
    parallel = LoopEngine(LoopRule(1_000), LoopBounds(loops_per_edge=3))
    assert len(parallel.push([0] * 9 + [1], [1] * 9 + [0], np.arange(10))) == 3
    assert parallel.cuts["loops"] == 1
    assert parallel.cut_accounts() == {0: ["loops"], 1: ["loops"]}
    whole = LoopEngine(LoopRule(1_000))
    assert len(whole.push(*star)) == n
    assert whole.complete
    assert whole.cut_accounts() == {}


def test_a_transfer_later_than_the_bound_is_counted_and_not_taken() -> None:
    engine = LoopEngine(LoopRule(100), LoopBounds(lateness=5))
    engine.push([0, 2], [1, 3], [1, 10])
    assert len(engine.push([1], [0], [4])) == 0
    assert engine.cuts["late"] == 1
    assert engine.held == 2
    assert len(engine.push([1], [0], [5])) == 1


def test_after_so_many_loops_the_search_stops_and_says_so() -> None:
    src, dst = np.tile([0, 1], 50), np.tile([1, 0], 50)
    engine = LoopEngine(LoopRule(1_000, 2), LoopBounds(loops_per_edge=64))
    found = engine.push(src, dst, np.arange(100), max_loops=100)
    assert 100 <= len(found) < 250
    assert engine.cuts["loops"] > 0
    assert engine.held == 100


def test_more_loops_than_one_buffer_holds_come_out_whole() -> None:
    n = 300
    src, dst = np.tile([0, 1], n), np.tile([1, 0], n)
    engine = LoopEngine(LoopRule(10_000, 2), LoopBounds(loops_per_edge=1_024))
    # Every transfer closes a loop with each earlier one of the other direction.
    assert len(engine.push(src, dst, np.arange(2 * n))) == sum((i + 1) // 2 for i in range(2 * n))


@pytest.mark.parametrize(
    "wrong",
    [
        {"window": -1},
        {"window": 1, "max_length": 1},
        {"window": 1, "decay": 1.0},
        {"window": 1, "growth": -0.1},
        {"window": 1, "ties": "loose"},
    ],
)
def test_rules_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(LoopError):
        LoopRule(**wrong)  # type: ignore[arg-type]  # that is the point


def test_batches_that_do_not_fit_are_refused_and_change_nothing() -> None:
    engine = LoopEngine(LoopRule(10, decay=0.1))
    for batch in (
        ([0], [1, 2], [1], [1.0]),
        ([0], [1], [1.5], [1.0]),
        ([-1], [1], [1], [1.0]),
        ([2**40], [1], [1], [1.0]),
        ([0], [1], [1], None),
    ):
        with pytest.raises(LoopError):
            engine.push(*batch)
    assert engine.held == 0


def test_bytes_that_are_no_saved_state_are_refused() -> None:
    saved = LoopEngine(LoopRule(10)).save()
    for broken in (b"", b"nonsense", saved[: len(saved) // 2]):
        with pytest.raises(LoopError):
            LoopEngine.restore(broken)
