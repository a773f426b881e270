"""How often honest buyers come back to one shop, given how much they buy: the null for repeated orders."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from graph.snapshot import Float64, Int32, Int64

MAX_REPEATS = 32
_EDGES = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48], np.int64)  # upper ends of the classes of buyers by orders


@njit(cache=True, nogil=True)
def volume_class(orders: int) -> int:
    """Class of a buyer by number of orders, 0..11."""
    c = 0
    while c < len(_EDGES) and orders > _EDGES[c]:
        c += 1
    return c


@njit(cache=True, nogil=True)
def loyalty_table(buyer_ptr: Int64, buyer_times: Int32, buyer_orders: Int64) -> Float64:
    """``[class, r]``: -log10 of the share of (buyer, shop) pairs of that class with at least r repeats (capped).

    Empirical, so a taste for a favourite shop is no evidence. Rings' own repeats are in it too, which makes it a
    little too careful where rings are a large part of all repeats.
    """
    table = np.zeros((len(_EDGES) + 1, MAX_REPEATS + 1), np.float64)
    for b in range(len(buyer_ptr) - 1):
        c = volume_class(buyer_orders[b])
        for x in range(buyer_ptr[b], buyer_ptr[b + 1]):
            table[c, min(buyer_times[x] - 1, MAX_REPEATS)] += 1
    for c in range(table.shape[0]):
        for r in range(MAX_REPEATS - 1, -1, -1):
            table[c, r] += table[c, r + 1]
        pairs = table[c, 0]
        table[c, 0] = 0.0
        for r in range(1, MAX_REPEATS + 1):
            table[c, r] = max(table[c, r - 1], -math.log10((table[c, r] + 0.5) / (pairs + 1.0)))
    return table
