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
from scoring.measures import auc

MOST_COLUMNS = 600
MOST_CELLS = 120_000_000
"""Of float32; half a gigabyte."""

WAYS = ("mean", "diff", "mean2", "std", "max", "diff2", "std2")
FIRST_WAYS = 3
"""So many of them are kept before features are given up for more ways."""


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
    views: Sequence[View], x: Float32, names: Sequence[str], rows: Int64, order: Sequence[int], notes: list[str]
) -> tuple[Float32, tuple[str, ...]]:
    """Aggregates of x's columns over all views at ``rows``, and the columns' names (``view|way|feature``).

    There is room for MOST_COLUMNS and MOST_CELLS. What does not fit is left out, and ``notes`` says so: ways from the
    last of WAYS on, then features, those that come late in ``order`` first.
    """
    informative = [(v, _informs(v.csr, x)) for v in views]
    first = sum(near for _, (near, _) in informative)
    second = sum(far for _, (_, far) in informative)
    room = min(MOST_COLUMNS, MOST_CELLS // max(len(rows), 1))
    features, ways = _fitting(x.shape[1], first, second, room)
    if not features:
        return np.zeros((len(rows), 0), np.float32), ()
    if features < x.shape[1] or ways < len(WAYS):
        left = f", and {', '.join(WAYS[ways:])}" if ways < len(WAYS) else ""
        notes.append(f"aggregates: {x.shape[1] - features} of {x.shape[1]} features{left} left out for want of room")
    chosen = sorted(order[:features])
    kept, part = WAYS[:ways], np.ascontiguousarray(x[:, chosen])
    blocks: list[Float32] = []
    columns: list[str] = []
    for view, (near, far) in informative:
        for way, block in _of_view(view.csr, part, kept):
            if far if way.endswith("2") else near:
                blocks.append(block[rows])
                columns += [f"{view.name}|{way}|{names[c]}" for c in chosen]
    return np.concatenate(blocks, 1), tuple(columns)


def separation(x: Float32, labels: np.ndarray) -> list[int]:
    """Columns by how far each alone ranks the two classes apart on these (training) rows, best first."""
    found = []
    for column in x.T:
        there = ~np.isnan(column)
        value = auc(labels[there], column[there].astype(np.float64))
        found.append(0.0 if np.isnan(value) else abs(value - 0.5) * there.mean())
    return np.argsort(-np.asarray(found), kind="stable").tolist()


def _informs(csr: Csr, x: Float32) -> tuple[bool, bool]:
    """Whether any neighbour has a value, and any neighbour's neighbour."""
    there = (~np.isnan(x)).max(axis=1, initial=False).astype(np.float32)[:, None]
    near = csr.sum(there)
    return bool(near.any()), bool(csr.sum((near > 0).astype(np.float32)).any())


def _fitting(width: int, first: int, second: int, room: int) -> tuple[int, int]:
    """How many features and how many of WAYS fit, in ``first`` views of one hop and ``second`` of two."""
    if not width or not first + second:
        return 0, 0
    for ways in range(len(WAYS), FIRST_WAYS - 1, -1):
        each = sum(second if w.endswith("2") else first for w in WAYS[:ways])
        if width * each <= room or ways == FIRST_WAYS:
            return min(width, max(room // max(each, 1), 1)), ways
    return 0, 0


def _of_view(csr: Csr, x: Float32, kept: Sequence[str]) -> list[tuple[str, Float32]]:
    mean, spread, most = moments_of(csr, x)
    made: dict[str, Callable[[], Float32]] = {
        "mean": lambda: mean,
        "diff": lambda: x - mean,
        "std": lambda: spread,
        "max": lambda: most,
    }
    if any(w.endswith("2") for w in kept):
        mean2, spread2, _ = moments_of(csr, mean)
        made |= {"mean2": lambda: mean2, "diff2": lambda: x - mean2, "std2": lambda: spread2}
    return [(way, made[way]()) for way in kept]
