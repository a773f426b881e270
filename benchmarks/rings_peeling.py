"""Greedy peeling of a weighted buyer-shop graph, as a baseline: whoever has the least weight left goes first."""

from __future__ import annotations

import heapq

import numpy as np
from numba import njit

from benchmarks.ring_worlds import Floats
from graph.snapshot import Float64, Int32, Int64


def peel_order(ptr: Int64, shop: Int32, weight: Floats, n_shops: int) -> Floats:
    """When each buyer goes, 1..nodes: the later, the denser what it is in. Buyers' shops as in ``Incidence``."""
    n = len(ptr) - 1
    buyer = np.repeat(np.arange(n), np.diff(ptr))
    ends = np.concatenate([buyer, shop + n]), np.concatenate([shop + n, buyer])
    order = np.argsort(ends[0], kind="stable")
    starts = np.r_[0, np.cumsum(np.bincount(ends[0], minlength=n + n_shops))]
    return _peel(starts, ends[1][order], np.concatenate([weight, weight])[order])[:n]


@njit(cache=True, nogil=True)
def _peel(ptr: Int64, other: Int64, weight: Float64) -> Float64:
    n = len(ptr) - 1
    left = np.zeros(n, np.float64)
    for i in range(n):
        for x in range(ptr[i], ptr[i + 1]):
            left[i] += weight[x]
    heap = [(left[i], i) for i in range(n)]
    heapq.heapify(heap)
    gone = np.zeros(n, np.float64)
    at = 0.0
    while len(heap):
        w, i = heapq.heappop(heap)
        if gone[i] > 0 or w > left[i] + 1e-9:  # an older entry of a node that has lost weight since
            continue
        at += 1.0
        gone[i] = at
        for x in range(ptr[i], ptr[i + 1]):
            j = other[x]
            if gone[j] == 0:
                left[j] -= weight[x]
                heapq.heappush(heap, (left[j], j))
    return gone
