"""Bursts: how many orders of a shop each of its buyers placed within a window of a given length, at its peak.

For every shop the largest orders / distinct buyers over all windows (t - length, t], t any moment. The quotient changes
when an order comes and when one leaves, and can peak when an old one leaves between two arrivals, so both are looked
at; at one moment everything that leaves and comes is applied first. One pass, whatever the length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from graph.rings.incidence import by_shop
from graph.snapshot import Float64, Int32, Int64


@dataclass(frozen=True)
class Bursts:
    """The peak of each shop: its orders, distinct buyers and their quotient; 0 where a shop has no orders.

    ``row``: all rows by (shop, time); the orders of shop s in its window are ``row[first[s] : first[s] + orders[s]]``.
    They are all of its orders between the first and the last of them. Of equal quotients the window with more orders is
    given, then the earliest.
    """

    orders: Int64
    buyers: Int64
    ratio: Float64
    first: Int64
    row: Int64

    def rows(self, shop: int) -> Int64:
        """Rows of the orders in a shop's window, by time."""
        return self.row[self.first[shop] : self.first[shop] + self.orders[shop]]


def find_bursts(shop: Int32, buyer: Int32, ts: Int64, n_shops: int, n_buyers: int, length: int) -> Bursts:
    """The most concentrated window of each shop; ``length`` in the unit of ``ts``. Rows may come in any order."""
    by_time = np.argsort(ts, kind="stable")
    ptr, place = by_shop(shop[by_time], n_shops)
    order = by_time[place]
    orders, buyers, first = _peaks(ptr, ts[order], buyer[order], length, np.zeros(n_buyers, np.int64))
    ratio = np.divide(orders, buyers, out=np.zeros(n_shops), where=orders > 0)
    return Bursts(orders, buyers, ratio, first, order)


def busiest_buyers(bursts: Bursts, buyer: Int32, shop: int, most: int) -> list[tuple[int, int]]:
    """(buyer, orders) of those who ordered most within a shop's window: most first, then by number."""
    buyers, count = np.unique(buyer[bursts.rows(shop)], return_counts=True)
    order = np.lexsort((buyers, -count))[:most]
    return [(int(buyers[i]), int(count[i])) for i in order]


@njit(cache=True, nogil=True)
def _peaks(ptr: Int64, ts: Int64, buyer: Int32, length: int, count: Int64) -> tuple[Int64, Int64, Int64]:
    shops = len(ptr) - 1
    orders, buyers = np.zeros(shops, np.int64), np.zeros(shops, np.int64)
    first = np.zeros(shops, np.int64)
    for s in range(shops):
        oldest, coming, end, distinct = ptr[s], ptr[s], ptr[s + 1], 0
        while coming < end:
            now = ts[coming]
            if oldest < coming and ts[oldest] + length < now:
                now = ts[oldest] + length
            oldest, coming, distinct = _move(oldest, coming, end, distinct, now, length, ts, buyer, count)
            n = coming - oldest
            if n * buyers[s] > orders[s] * distinct or (n * buyers[s] == orders[s] * distinct and n > orders[s]):
                orders[s], buyers[s], first[s] = n, distinct, oldest
        while oldest < coming:  # all have come: the quotient can still rise while they leave
            now = ts[oldest] + length
            oldest, coming, distinct = _move(oldest, coming, end, distinct, now, length, ts, buyer, count)
            n = coming - oldest
            if n * buyers[s] > orders[s] * distinct:
                orders[s], buyers[s], first[s] = n, distinct, oldest
    return orders, buyers, first


@njit(cache=True, nogil=True)
def _move(
    oldest: int,
    coming: int,
    end: int,
    distinct: int,
    now: int,
    length: int,
    ts: Int64,
    buyer: Int32,
    count: Int64,
) -> tuple[int, int, int]:
    """Apply all that leaves and comes up to ``now``; (oldest, coming, distinct buyers) after it."""
    while oldest < coming and ts[oldest] <= now - length:
        count[buyer[oldest]] -= 1
        distinct -= count[buyer[oldest]] == 0
        oldest += 1
    while coming < end and ts[coming] <= now:
        distinct += count[buyer[coming]] == 0
        count[buyer[coming]] += 1
        coming += 1
    return oldest, coming, distinct
