"""Following money: equal to a cent-by-cent simulation, and no cent lost or made."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.proceeds.kernel import AMOUNT, EVENT, FROM_HOP, HELD, LOAN, MOVED, PLACES, TO_HOP, WHERE, Moves, share_of
from graph.proceeds.tracer import Trace, Tracer, TraceRule
from tests.proceeds.brute import Move, Places, brute_trace

NODES = 7  # the last one is a loan


def run(moves: list[Move], node: int, amount: int, ts: int, classes: list[int], own: int, rule: TraceRule) -> Trace:
    columns = list(zip(*moves, strict=True)) or [()] * 4
    arrays = Moves(
        np.array(columns[0], np.int32),
        np.array(columns[1], np.int32),
        np.array(columns[2], np.int64),
        np.array(columns[3], np.int64),
    )
    return Tracer(arrays, NODES, rule).trace(node, amount, ts, np.array(classes, np.int8), own)


def places(trace: Trace, moves: list[Move]) -> Places:
    found: Places = Counter()
    for row in trace.flows.tolist():
        if row[WHERE] != MOVED:
            place = PLACES[row[WHERE]]
            end = moves[row[EVENT]][0 if place == "beyond" else 1]
            found[place, end, row[TO_HOP]] += row[AMOUNT]
    for account, hop, amount in trace.held.tolist():
        found["held", account, hop] += amount
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Move], int, int, int, list[int], int, TraceRule]:
    n = draw(st.integers(0, 25))
    node = st.integers(0, NODES - 1)
    moves = [(draw(node), draw(node), draw(st.integers(0, 12)), draw(st.integers(1, 30))) for _ in range(n)]
    moves.sort(key=lambda m: m[2])
    classes = [draw(st.sampled_from([0, 0, 0, 1, 2, 3, 4])) for _ in range(NODES - 1)] + [LOAN]
    start = draw(st.integers(0, NODES - 2))
    classes[start] = 1
    amount, ts = draw(st.integers(1, 60)), draw(st.integers(0, 8))
    at = sum(m[2] <= ts for m in moves)
    moves.insert(at, (NODES - 1, start, ts, amount))
    rule = TraceRule(
        draw(st.sampled_from(["fifo", "proportional"])),
        max_hops=draw(st.integers(1, 4)),
        horizon_ms=draw(st.integers(0, 12)),
        small_share=draw(st.sampled_from([0.0, 0.1])),
        same_time=draw(st.booleans()),
    )
    return moves, start, amount, ts, classes, at, rule


@given(cases())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_trace_equals_the_cent_by_cent_simulation(case: tuple) -> None:
    moves, node, amount, ts, classes, own, rule = case
    trace = run(*case)
    assert +places(trace, moves) == +brute_trace(moves, node, amount, ts, classes, own, rule)


@given(cases())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_cent_is_in_exactly_one_place_and_no_account_passes_on_more_than_it_got(case: tuple) -> None:
    moves, node, amount, *_ = case
    trace = run(*case)
    assert int(trace.sums.sum()) == amount
    balance = Counter({(node, 0): amount})
    for row in trace.flows.tolist():
        u, v = moves[row[EVENT]][:2]
        balance[u, row[FROM_HOP]] -= row[AMOUNT]
        assert balance[u, row[FROM_HOP]] >= 0
        if row[WHERE] == MOVED:
            balance[v, row[TO_HOP]] += row[AMOUNT]
    assert +balance == Counter({(a, h): x for a, h, x in trace.held.tolist()})


def test_the_comparison_can_fail() -> None:
    moves = [(6, 0, 0, 10), (0, 1, 1, 4)]
    trace = run(moves, 0, 10, 0, [1, 0, 0, 0, 0, 0, LOAN], 0, TraceRule())
    other = brute_trace([(6, 0, 0, 10), (0, 1, 1, 5)], 0, 10, 0, [1, 0, 0, 0, 0, 0, LOAN], 0, TraceRule())
    assert places(trace, moves) != other


def test_first_in_first_out_spends_the_loan_before_what_came_later() -> None:
    moves = [(6, 0, 0, 10), (2, 0, 1, 10), (0, 1, 2, 10)]
    classes = [1, 0, 0, 0, 0, 0, LOAN]
    assert places(run(moves, 0, 10, 0, classes, 0, TraceRule("fifo")), moves) == Counter({("held", 1, 1): 10})
    mixed = places(run(moves, 0, 10, 0, classes, 0, TraceRule("proportional")), moves)
    assert mixed == Counter({("held", 0, 0): 5, ("held", 1, 1): 5})


def test_a_limit_that_is_reached_is_named_and_loses_no_cent() -> None:
    moves = [(6, 0, 0, 10), (0, 1, 1, 4), (0, 2, 2, 4)]
    trace = run(moves, 0, 10, 0, [1, 0, 0, 0, 0, 0, LOAN], 0, TraceRule(max_accounts=2))
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
        run([(0, 1, 5, 1), (1, 2, 4, 1)], 0, 1, 0, [0] * NODES, -1, TraceRule())
