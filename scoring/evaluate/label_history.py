"""What is known of the labels around a node, so that no row sees its own.

Without times: a training row is told of the labels of the *other inner folds* only, any other row of all training
labels, so both are made alike and a row's own label is nowhere in its numbers: neither by a self loop (the graph has
none), nor by going out and back over two hops, nor by subtraction from a sum that includes it. Counts of training rows
are scaled up for the fold they do not see.

With times: every row is told of training labels strictly earlier than itself, exactly, over one and two hops; labels of
the same moment are not used. A hub without a time (a card, a shop) joins the rows that share it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from gnn.graph import Csr, csr_of
from gnn.segments import Float32, Int32, Int64
from graph.snapshot import Float64
from scoring.evaluate.folds import INNER, Choosing
from scoring.evaluate.labelled import Bool, LabelledGraph, Times
from scoring.evaluate.views import View, joined, undirected

PRIOR_WEIGHT = 5.0
"""A rate is drawn to the training rate as by so many further labels."""
ROUNDS, KEPT = 10, 0.85
"""Of label propagation: steps, and the share of each that comes from neighbours (Zhou et al., NeurIPS 2003)."""


def label_history(
    graph: LabelledGraph, views: Sequence[View], known: Float64, choosing: Choosing
) -> tuple[Float32, tuple[str, ...]]:
    """Nodes x columns, and their names. ``known``: labels that may be used, NaN everywhere but in training."""
    if graph.time is not None:
        return _earlier(graph, graph.time, known)
    every = joined(graph)
    whole, names = _around(views, every, known, 1.0)
    for fold in range(INNER):
        mine = choosing.inner == fold
        if mine.any():
            others = np.where(mine, np.nan, known)
            whole[mine] = _around(views, every, others, INNER / (INNER - 1))[0][mine]
    return whole, names


def _around(views: Sequence[View], every: Csr, known: Float64, scale: float) -> tuple[Float32, tuple[str, ...]]:
    """Known labels around every node; a node whose label is among them sees it on the way back: use no such row."""
    there = ~np.isnan(known)
    prior = float(known[there].mean()) if there.any() else 0.0
    seeds = np.column_stack([np.where(there, known, 0), there]).astype(np.float32)
    columns: dict[str, Float32] = {}
    for view in views:
        near = view.csr.sum(seeds)
        far = view.csr.mean(view.csr.mean(seeds))
        columns |= {
            f"{view.name}|labels|rate": (near[:, 0] + PRIOR_WEIGHT * prior) / (near[:, 1] + PRIOR_WEIGHT),
            f"{view.name}|labels|positive": near[:, 0] * np.float32(scale),
            f"{view.name}|labels|known": near[:, 1] * np.float32(scale),
            f"{view.name}|labels2|rate": _ratio(far[:, 0], far[:, 1]),
            f"{view.name}|labels2|known": far[:, 1] * np.float32(scale),
        }
    spread = _propagated(every, seeds)
    columns["labels|propagated"] = _ratio(spread[:, 0], spread[:, 1])
    columns["labels|reached"] = spread[:, 1] * np.float32(scale)
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)


def _propagated(csr: Csr, seeds: Float32) -> Float32:
    spread = seeds
    for _ in range(ROUNDS):
        spread = np.float32(KEPT) * csr.mean(spread) + np.float32(1 - KEPT) * seeds
    return spread


def _ratio(part: Float32, whole: Float32) -> Float32:
    out = np.full(len(part), np.nan, np.float32)
    np.divide(part, whole, out=out, where=whole > 1e-9)
    return out


def _earlier(graph: LabelledGraph, time: Times, known: Float64) -> tuple[Float32, tuple[str, ...]]:
    there = ~np.isnan(known) & time.known
    prior = float(known[there].mean()) if there.any() else 0.0
    columns: dict[str, np.ndarray] = {}
    for r in graph.relations:
        csr = undirected((r,))
        found = earlier_labels(csr, known, there, time)
        for hop, at in (("labels", 0), ("labels2", 4)):
            positive, count, last, last_positive = found[:, at : at + 4].T
            columns |= {
                f"{r.name}|{hop}|rate": (positive + PRIOR_WEIGHT * prior) / (count + PRIOR_WEIGHT),
                f"{r.name}|{hop}|positive": positive,
                f"{r.name}|{hop}|known": count,
                f"{r.name}|{hop}|since": last,
                f"{r.name}|{hop}|since_positive": last_positive,
            }
    return np.column_stack(list(columns.values())).astype(np.float32), tuple(columns)


def earlier_labels(csr: Csr, known: Float64, there: Bool, time: Times) -> Float64:
    """Per node over one and then two hops: positives, labels, time since the last label, since the last positive one.

    Only labels (``there``) strictly earlier than the node count; a path over two hops goes through a node that was
    there by then or has no time. NaN for nodes without a time, and where there is no such label for "since".
    """
    row, nbr = csr.row_of, csr.nbr
    used = there[nbr]
    order = np.lexsort((time.at[nbr[used]], row[used]))
    listed = csr_of(row[used][order], nbr[used][order], csr.rows, csr.columns)
    positive = known[listed.nbr] == 1
    before = np.concatenate([[0], np.cumsum(positive)]).astype(np.int64)
    newest = np.where(positive, np.arange(len(positive)), -1)
    newest = np.maximum.accumulate(newest) if len(newest) else newest
    out = np.full((csr.rows, 8), np.nan)
    _earlier_rows(csr.ptr, csr.nbr, listed.ptr, time.at[listed.nbr], before, newest, time.at, time.known, out)
    return out


@njit(cache=True)
def _before(times: Int64, first: int, end: int, t: int) -> int:
    """How many of an ordered stretch are strictly earlier than t."""
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        if times[middle] < t:
            low = middle + 1
        else:
            high = middle
    return low - first


@njit(cache=True)
def _earlier_rows(
    ptr: Int64,
    nbr: Int32,
    list_ptr: Int64,
    list_time: Int64,
    before: Int64,
    newest: Int64,
    time: Int64,
    timed: Bool,
    out: Float64,
) -> None:
    for i in range(len(ptr) - 1):
        if not timed[i]:
            continue
        t = time[i]
        for k in (0, 1, 4, 5):
            out[i, k] = 0.0
        for e in range(ptr[i] - 1, ptr[i + 1]):
            own = e < ptr[i]  # first the node itself: one hop; then its neighbours: two
            h = i if own else np.int64(nbr[e])
            if timed[h] and time[h] > t:
                continue
            at = 0 if own else 4
            first = list_ptr[h]
            count = _before(list_time, first, list_ptr[h + 1], t)
            if count == 0:
                continue
            out[i, at] += before[first + count] - before[first]
            out[i, at + 1] += count
            since = np.float64(t - list_time[first + count - 1])
            if np.isnan(out[i, at + 2]) or since < out[i, at + 2]:
                out[i, at + 2] = since
            last = newest[first + count - 1]
            if last >= first:
                since = np.float64(t - list_time[last])
                if np.isnan(out[i, at + 3]) or since < out[i, at + 3]:
                    out[i, at + 3] = since
