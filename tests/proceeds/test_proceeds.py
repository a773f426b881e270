"""Following money: equal to a cent-by-cent simulation, and no cent lost or made."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.proceeds.layout import AMOUNT, EVENT, FROM_HOP, HELD, LOAN, MOVED, PLACES, TO_HOP, WHERE, Moves, Touching
from graph.proceeds.marks import clear_marks, mark, next_marked
from graph.proceeds.money import share_of
from graph.proceeds.tracer import Payout, Trace, Tracer, TraceRule
from tests.proceeds.brute import Move, Places, brute_trace

NODES = 7  # the last one is a loan
Case = tuple[list[Move], list[Payout], list[int], TraceRule]


def tracer_of(moves: list[Move], rule: TraceRule, nodes: int = NODES) -> Tracer:
    columns = list(zip(*moves, strict=True)) or [()] * 4
    arrays = Moves(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
        np.array(columns[3], np.int64),
    )
    return Tracer(arrays, nodes, rule)


def run(moves: list[Move], paid: list[Payout], classes: list[int], rule: TraceRule) -> list[Trace]:
    return tracer_of(moves, rule).trace_all(paid, np.array(classes, np.int8))


def places(traces: list[Trace], moves: list[Move]) -> Places:
    found: Places = Counter()
    for d, trace in enumerate(traces):
        for row in trace.flows.tolist():
            if row[WHERE] != MOVED:
                place = PLACES[row[WHERE]]
                end = moves[row[EVENT]][0 if place == "beyond" else 1]
                found[d, place, end, row[TO_HOP]] += row[AMOUNT]
        for account, hop, amount in trace.held.tolist():
            found[d, "held", account, hop] += amount
    return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(0, 25))
    node = st.integers(0, NODES - 1)
    moves = [(draw(node), draw(node), draw(st.integers(0, 12)), draw(st.integers(1, 30))) for _ in range(n)]
    moves.sort(key=lambda m: m[2])
    classes = [draw(st.sampled_from([0, 0, 0, 1, 2, 3, 4])) for _ in range(NODES - 1)] + [LOAN]
    paid = []
    for ts in sorted(draw(st.lists(st.integers(0, 8), min_size=1, max_size=3))):
        start = draw(st.integers(0, NODES - 2))
        classes[start] = 1
        amount = draw(st.integers(1, 60))
        at = sum(m[2] <= ts for m in moves)
        moves.insert(at, (NODES - 1, start, ts, amount))
        paid.append(Payout(start, amount, ts, at))
    rule = TraceRule(
        draw(st.sampled_from(["fifo", "proportional"])),
        max_hops=draw(st.integers(1, 4)),
        horizon_ms=draw(st.integers(0, 12)),
        small_share=draw(st.sampled_from([0.0, 0.1])),
        same_time=draw(st.booleans()),
    )
    return moves, paid, classes, rule


@given(cases())
@settings(max_examples=250, deadline=None, derandomize=True)
def test_a_trace_equals_the_cent_by_cent_simulation(case: Case) -> None:
    moves, paid, classes, rule = case
    assert +places(run(*case), moves) == +brute_trace(moves, paid, classes, rule)


@given(cases())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_cent_is_in_exactly_one_place_and_no_account_passes_on_more_than_it_got(case: Case) -> None:
    moves, paid, *_ = case
    carried: Counter[int] = Counter()
    for payout, trace in zip(paid, run(*case), strict=True):
        assert int(trace.sums.sum()) == payout.amount
        balance = Counter({(payout.node, 0): payout.amount})
        for row in trace.flows.tolist():
            u, v = moves[row[EVENT]][:2]
            carried[row[EVENT]] += row[AMOUNT]
            balance[u, row[FROM_HOP]] -= row[AMOUNT]
            assert balance[u, row[FROM_HOP]] >= 0
            if row[WHERE] == MOVED:
                balance[v, row[TO_HOP]] += row[AMOUNT]
        assert +balance == Counter({(a, h): x for a, h, x in trace.held.tolist()})
    assert all(amount <= moves[event][3] for event, amount in carried.items())


@given(cases(), st.lists(st.integers(0, 150), min_size=30, max_size=30))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_movements_among_strangers_change_nothing_and_no_loan_leaves_a_mark_on_the_next(
    case: Case, gaps: list[int]
) -> None:
    moves, paid, classes, rule = case
    among: list[Move] = []
    at = []
    for move, gap in zip(moves, gaps, strict=False):
        among += [(NODES, NODES + 1, move[2], 5)] * gap
        at.append(len(among))
        among.append(move)
    later = [Payout(p.node, p.amount, p.ts, at[p.event]) for p in paid]
    tracer = tracer_of(among, rule, NODES + 2)
    every = np.array([*classes, 0, 0], np.int8)
    tracer.trace(NODES, 1_000_000, 0, every)
    for _ in range(2):
        assert +places(tracer.trace_all(later, every), among) == +places(run(*case), moves)


CLASSES = [1, 0, 0, 0, 0, 0, LOAN]
PAID = [Payout(0, 10, 0, 0)]


def test_the_comparison_can_fail() -> None:
    moves = [(6, 0, 0, 10), (0, 1, 1, 4)]
    other = brute_trace([(6, 0, 0, 10), (0, 1, 1, 5)], PAID, CLASSES, TraceRule())
    assert places(run(moves, PAID, CLASSES, TraceRule()), moves) != other


def test_first_in_first_out_spends_the_loan_before_what_came_later() -> None:
    moves = [(6, 0, 0, 10), (2, 0, 1, 10), (0, 1, 2, 10)]
    assert places(run(moves, PAID, CLASSES, TraceRule("fifo")), moves) == Counter({(0, "held", 1, 1): 10})
    mixed = places(run(moves, PAID, CLASSES, TraceRule("proportional")), moves)
    assert mixed == Counter({(0, "held", 0, 0): 5, (0, "held", 1, 1): 5})


def test_no_movement_is_credited_to_two_disbursements_of_a_loan() -> None:
    moves = [(6, 0, 0, 10), (6, 0, 1, 10), (0, 1, 2, 10)]
    paid = [*PAID, Payout(0, 10, 1, 1)]
    assert places(run(moves, paid, CLASSES, TraceRule("fifo")), moves) == Counter(
        {(0, "held", 1, 1): 10, (1, "held", 0, 0): 10}
    )


def test_a_limit_that_is_reached_is_named_and_loses_no_cent() -> None:
    moves = [(6, 0, 0, 10), (0, 1, 1, 4), (0, 2, 2, 4)]
    (trace,) = run(moves, PAID, CLASSES, TraceRule(max_accounts=2))
    assert trace.why == ("the money reached more accounts than are followed",)
    assert int(trace.sums.sum()) == 10
    assert int(trace.sums[HELD].sum()) == 6


@given(st.integers(0, 10**16), st.integers(0, 10**16), st.integers(1, 10**16))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_shares_are_exact_where_products_do_not_fit_64_bits(amount: int, part: int, whole: int) -> None:
    part, whole = min(part, whole), max(part, whole)
    amount = min(amount, whole)
    assert share_of(amount, part, whole) == amount * part // whole


def test_movements_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="in order of time"):
        run([(0, 1, 5, 1), (1, 2, 4, 1)], [Payout(0, 1, 0)], [0] * NODES, TraceRule())


def test_marks_are_found_one_after_the_other_over_any_stretch_and_leave_nothing_behind() -> None:
    rng = np.random.default_rng(4)
    n = 30_000
    moves = Moves(np.zeros(n, np.int32), np.ones(n, np.int32), np.arange(n), np.ones(n, np.int64))
    book = Tracer(moves, 2, TraceRule())._book
    for many in (0, 1, 5, 300):
        events = np.unique(rng.integers(0, n, many)).astype(np.int32)
        index = Touching(np.array([0, len(events)]), events)
        begin, end = sorted(rng.integers(0, n + 1, 2).tolist())
        mark(book, index, 0, begin, end)
        want = [e for e in events.tolist() if begin <= e < end]
        found, at = [], next_marked(book, begin, end)
        while at < end:
            found.append(at)
            at = next_marked(book, at + 1, end)
        assert found == want
        clear_marks(book, begin, end)
        assert not book.marks.any() and not book.marked.any()
