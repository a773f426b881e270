"""What a node's neighbours are like: mean, spread, greatest, own minus mean, over one and two hops of every view.

Missing values are left out of every sum; without any value among the neighbours the aggregate is missing too. The
second hop is the mean over neighbours of their own mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numba import njit, prange

from gnn.graph import Csr
from gnn.segments import Float32, Int32, Int64
from scoring.evaluate.views import View

MOST_COLUMNS = 600
MOST_CELLS = 120_000_000
"""Of float32; half a gigabyte."""

WAYS = ("mean", "diff", "mean2", "std", "max", "diff2", "std2")
"""In the order in which they are given up last to first when there is no room for all."""


@njit(cache=True, parallel=True)
def moments(ptr: Int64, nbr: Int32, x: Float32, mean: Float32, spread: Float32, most: Float32) -> None:
    """Mean, standard deviation (of the population) and greatest of x over every row's neighbours, NaN left out."""
    width = x.shape[1]
    for i in prange(len(ptr) - 1):
        total, square, count = np.zeros(width), np.zeros(width), np.zeros(width)
        top = np.full(width, -np.inf)
        for e in range(ptr[i], ptr[i + 1]):
            j = nbr[e]
            for k in range(width):
                v = x[j, k]
                if not np.isnan(v):
                    total[k] += v
                    square[k] += np.float64(v) * v
                    count[k] += 1
                    if v > top[k]:
                        top[k] = v
        for k in range(width):
            if count[k] == 0:
                mean[i, k] = spread[i, k] = most[i, k] = np.nan
            else:
                m = total[k] / count[k]
                mean[i, k] = m
                spread[i, k] = np.sqrt(max(square[k] / count[k] - m * m, 0.0))
                most[i, k] = top[k]


def moments_of(csr: Csr, x: Float32) -> tuple[Float32, Float32, Float32]:
    """Mean, standard deviation and greatest over neighbours, rows x width each."""
    mean, spread, most = (np.empty((csr.rows, x.shape[1]), np.float32) for _ in range(3))
    moments(csr.ptr, csr.nbr, np.ascontiguousarray(x, np.float32), mean, spread, most)
    return mean, spread, most


def aggregates(
    views: Sequence[View], x: Float32, names: Sequence[str], notes: list[str]
) -> tuple[Float32, tuple[str, ...]]:
    """Aggregates of x's columns over all views, nodes x columns, and the columns' names (``view|way|feature``).

    There is room for MOST_COLUMNS and MOST_CELLS; ways that do not fit are left out for all views, and ``notes`` says
    so.
    """
    width = x.shape[1]
    room = min(MOST_COLUMNS, MOST_CELLS // max(len(x), 1))
    fits = max(room // max(width * len(views), 1), 1)
    kept = set(WAYS[:fits])
    if width and fits < len(WAYS):
        notes.append(f"aggregates for {width} features in {len(views)} views: {', '.join(WAYS[fits:])} left out")
    blocks: list[Float32] = []
    columns: list[str] = []
    for view in views if width else ():
        for way, block in _of_view(view.csr, x, kept):
            blocks.append(block)
            columns += [f"{view.name}|{way}|{n}" for n in names]
    return _beside(blocks, len(x)), tuple(columns)


def _of_view(csr: Csr, x: Float32, kept: set[str]) -> list[tuple[str, Float32]]:
    mean, spread, most = moments_of(csr, x)
    made: dict[str, Callable[[], Float32]] = {
        "mean": lambda: mean,
        "diff": lambda: x - mean,
        "std": lambda: spread,
        "max": lambda: most,
    }
    if kept & {"mean2", "diff2", "std2"}:
        mean2, spread2, _ = moments_of(csr, mean)
        made |= {"mean2": lambda: mean2, "diff2": lambda: x - mean2, "std2": lambda: spread2}
    return [(way, made[way]()) for way in WAYS if way in kept]


def _beside(blocks: list[Float32], rows: int) -> Float32:
    out = np.empty((rows, sum(b.shape[1] for b in blocks)), np.float32)
    at = 0
    for block in blocks:
        out[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return out
