"""Bursts: the exact peak of orders per buyer, also between two arrivals.

::

    length 10          t: 0   4       11  12
    orders of buyer       a   b        b   b
    window (t-10, t]      [   ]            a b: 1.0
    at t=12 after a left:     [            ] b b b: 3.0
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.rings.bursts import Bursts, busiest_buyers, find_bursts
from tests.rings.books import Row, book_of


def bursts(rows: list[Row], length: int) -> Bursts:
    b = book_of(rows)
    return find_bursts(b.shop, b.buyer, b.ts, b.n_shops, b.n_buyers, length)


def by_hand(rows: list[Row], shop: int, length: int) -> float:
    """The largest quotient over windows (t - length, t] for t at every moment something comes or leaves."""
    mine = [(b, t) for b, s, t in rows if s == shop]
    moments = {t for _, t in mine} | {t + length for _, t in mine}
    best = 0.0
    for now in moments:
        inside = [b for b, t in mine if now - length < t <= now]
        if inside:
            best = max(best, len(inside) / len(set(inside)))
    return best


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 40)), min_size=1, max_size=40),
    st.integers(1, 25),
)
def test_the_peak_is_that_of_every_moment_looked_at_by_hand(rows: list[Row], length: int) -> None:
    found = bursts(rows, length)
    for shop in {s for _, s, _ in rows}:
        assert found.ratio[shop] == by_hand(rows, shop, length)
        inside = [rows[i] for i in found.rows(shop)]
        assert len(inside) == found.orders[shop] and len({b for b, _, _ in inside}) == found.buyers[shop]
        low, high = min(t for _, _, t in inside), max(t for _, _, t in inside)
        assert high - low < length
        assert len([1 for _, s, t in rows if s == shop and low <= t <= high]) == len(inside)


def test_a_peak_between_two_arrivals_when_an_old_order_leaves() -> None:
    rows = [(0, 0, 0), (1, 0, 8), (1, 0, 9)]
    assert bursts(rows, 10).ratio[0] == 2.0
    assert max(2 / 1, 3 / 2) == by_hand(rows, 0, 10)
    on_arrival_only = max(len(w) / len(set(w)) for w in ([0], [0, 1], [0, 1, 1]))
    assert on_arrival_only < 2.0


def test_the_buyers_most_responsible_come_first() -> None:
    rows = [(1, 0, 5), (1, 0, 6), (2, 0, 6), (2, 0, 7), (2, 0, 8), (0, 0, 500)]
    found = bursts(rows, 100)
    assert busiest_buyers(found, book_of(rows).buyer, 0, 5) == [(2, 3), (1, 2)]


def test_rows_in_any_order_give_the_same_peak() -> None:
    rng = np.random.default_rng(1)
    rows = [tuple(map(int, r)) for r in rng.integers(0, [5, 3, 50], (60, 3))]
    shuffled = [rows[i] for i in rng.permutation(60)]
    a, b = bursts(rows, 9), bursts(shuffled, 9)  # type: ignore[arg-type]  # tuples of three
    assert (a.orders == b.orders).all() and (a.buyers == b.buyers).all()


def test_a_shop_with_very_many_orders_in_one_window_is_one_pass() -> None:
    rows = [(i, 0, 1) for i in range(50_000)] + [(7, 0, 30)] * 3
    found = bursts(rows, 10)
    assert found.ratio[0] == 3.0 and found.buyers[0] == 1
