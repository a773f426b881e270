"""Union-find."""

from __future__ import annotations

import numpy as np
from numba import njit

from graph.snapshot import Int64


def components(n: int, left: Int64, right: Int64) -> Int64:
    """The smallest number of each node's component, nodes 0..n-1 joined by the pairs (left, right)."""
    return _components(n, left.astype(np.int64), right.astype(np.int64))


@njit(cache=True, nogil=True)
def _components(n: int, left: Int64, right: Int64) -> Int64:
    parent = np.arange(n)
    for i in range(len(left)):
        a, b = left[i], right[i]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    for i in range(n):  # parents are smaller than their children: one pass upward is enough
        parent[i] = parent[parent[i]]
    return parent
