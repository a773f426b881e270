"""Shop pairs with more buyers in common than the sizes of the shops explain.

Null: buyers keep their number of distinct shops, shops their number of distinct buyers, otherwise who buys where is
chance. Then the buyers that shops i and j share are about Poisson with mean d_i d_j * sum d_b (d_b - 1) / (sum d_b)^2.
Work grows with the squared number of shops of a *buyer*, so a shop with a million buyers costs no more than its buyers
do; buyers with very many shops say nothing about pairs, would cost the most, and are left out (and counted).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from graph.rings.incidence import Incidence
from graph.rings.tails import poisson_tail
from graph.snapshot import Float64, Int32, Int64


@dataclass(frozen=True)
class Backbone:
    """Significant pairs i < j: common buyers, and how many chance gives. ``left_out``: buyers with too many shops."""

    i: Int32
    j: Int32
    common: Int32
    expected: Float64
    left_out: int


def shop_backbone(inc: Incidence, max_shops: int, min_common: int, min_lift: float, min_tail: float) -> Backbone:
    """Pairs with ``min_common`` common buyers, ``min_lift`` times the expected, -log10 p of ``min_tail``, or more."""
    shops = np.diff(inc.buyer_ptr)
    i, j, common, expected = _pairs(
        inc.buyer_ptr, inc.buyer_shop, inc.shop_ptr, inc.shop_buyer, max_shops, min_common, min_lift, min_tail
    )
    return Backbone(i, j, common, expected, int((shops > max_shops).sum()))


@njit(cache=True, nogil=True)
def _pairs(
    buyer_ptr: Int64,
    buyer_shop: Int32,
    shop_ptr: Int64,
    shop_buyer: Int32,
    max_shops: int,
    min_common: int,
    min_lift: float,
    min_tail: float,
) -> tuple[Int32, Int32, Int32, Float64]:
    n_buyers, n_shops = len(buyer_ptr) - 1, len(shop_ptr) - 1
    degree = np.zeros(n_shops, np.int64)
    s1 = 0.0
    s2 = 0.0
    for b in range(n_buyers):
        d = buyer_ptr[b + 1] - buyer_ptr[b]
        if d > max_shops:
            continue
        s1 += d
        s2 += d * (d - 1.0)
        for x in range(buyer_ptr[b], buyer_ptr[b + 1]):
            degree[buyer_shop[x]] += 1
    kappa = s2 / (s1 * s1) if s1 > 0 else 0.0
    counted = np.zeros(n_shops, np.int32)
    touched = np.empty(n_shops, np.int32)
    room = 1 << 12
    first, second = np.empty(room, np.int32), np.empty(room, np.int32)
    common, expected = np.empty(room, np.int32), np.empty(room, np.float64)
    w = 0
    for i in range(n_shops):
        k = 0
        for x in range(shop_ptr[i], shop_ptr[i + 1]):
            b = shop_buyer[x]
            if buyer_ptr[b + 1] - buyer_ptr[b] > max_shops:
                continue
            for y in range(buyer_ptr[b + 1] - 1, buyer_ptr[b] - 1, -1):  # shops of a buyer ascend: stop at our own
                j = buyer_shop[y]
                if j <= i:
                    break
                if counted[j] == 0:
                    touched[k] = j
                    k += 1
                counted[j] += 1
        for z in range(k):
            j = touched[z]
            n = counted[j]
            counted[j] = 0
            if n < min_common:
                continue
            mean = degree[i] * degree[j] * kappa
            if n < min_lift * mean or poisson_tail(n, mean) < min_tail:
                continue
            if w == room:
                room *= 2
                first, second = _longer(first, room), _longer(second, room)
                common = _longer(common, room)
                more = np.empty(room, np.float64)
                more[:w] = expected
                expected = more
            first[w], second[w], common[w], expected[w] = i, j, n, mean
            w += 1
    return first[:w].copy(), second[:w].copy(), common[:w].copy(), expected[:w].copy()


@njit(cache=True, nogil=True)
def _longer(a: Int32, room: int) -> Int32:
    more = np.empty(room, np.int32)
    more[: len(a)] = a
    return more
