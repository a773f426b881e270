"""Who is trained on, who chooses, who is measured; and the inner folds that hide a training row's label from itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnn.segments import Int64
from scoring.evaluate.labelled import FOLD_NAMES, NONE, TEST, TRAIN, VALID, EvaluateError, Folds, LabelledGraph

INNER = 5
MANY = 20_000
"""With more training rows one held-out part chooses instead of all five."""
FEWEST = 20


@dataclass(frozen=True)
class Choosing:
    """How trees, thresholds and calibration are chosen.

    ``pairs``: (rows to fit on, rows held out); ``refit``: fit again on all of ``train`` with what was chosen, because
    the held-out rows were carved out of it. ``inner``: the inner fold of every training row, -1 elsewhere: what is made
    from labels (label history, GraphSAGE) reaches a training row from the other inner folds alone.
    """

    train: Int64
    pairs: tuple[tuple[Int64, Int64], ...]
    refit: bool
    inner: Int64

    def among(self, rows: Int64, nodes: int) -> Choosing:
        """The same by the places of nodes in ``rows`` instead of their numbers."""
        place = np.full(nodes, NONE, np.int64)
        place[rows] = np.arange(len(rows))
        pairs = tuple((place[f], place[h]) for f, h in self.pairs)
        return Choosing(place[self.train], pairs, self.refit, self.inner[rows])

    @property
    def held(self) -> Int64:
        """All held-out rows."""
        return np.concatenate([h for _, h in self.pairs])


def split_by_time(graph: LabelledGraph, share: float) -> Folds:
    """The first ``share`` of labelled nodes in time are for training, the rest to measure; a moment stays together."""
    at = times_of_labelled(graph)
    labelled = np.flatnonzero(~np.isnan(graph.label))
    cut = _cut(at[labelled], share)
    fold = np.full(len(graph), NONE, np.int8)
    fold[labelled] = np.where(at[labelled] < cut, TRAIN, TEST)
    return fold


def split_at_random(graph: LabelledGraph, share: float, seed: int) -> Folds:
    """``share`` of each class for training, the rest to measure."""
    rng = np.random.default_rng([seed, 5])
    fold = np.full(len(graph), NONE, np.int8)
    for value in (0.0, 1.0):
        rows = rng.permutation(np.flatnonzero(graph.label == value))
        fold[rows] = TEST
        fold[rows[: round(share * len(rows))]] = TRAIN
    return fold


def check_folds(graph: LabelledGraph, fold: Folds) -> None:
    """EvaluateError unless training and measuring (and choosing, where given) have cases of both classes."""
    for name, number in FOLD_NAMES.items():
        rows = fold == number
        if not rows.any():
            if number == VALID:
                continue
            raise EvaluateError(f"no_{name}", f"no labelled node is in fold {name}")
        for value, code in ((1.0, "fold_without_positives"), (0.0, "fold_without_negatives")):
            if not (graph.label[rows] == value).any():
                raise EvaluateError(code, f"fold {name}: none of its {int(rows.sum()):,} labels is {value:.0f}")
    labels = graph.label[fold == TRAIN]
    if len(labels) < FEWEST or min((labels == v).sum() for v in (0, 1)) < 4:
        raise EvaluateError(
            "too_few_labels",
            f"fold train has {len(labels)} labels, {int(labels.sum())} of them 1; needed: {FEWEST}, and 4 of each",
        )


def choosing(graph: LabelledGraph, fold: Folds, by_time: bool, seed: int) -> Choosing:
    """By the split's own valid fold; else by the last fifth of training in time, or by folds drawn from training."""
    train, valid = np.flatnonzero(fold == TRAIN), np.flatnonzero(fold == VALID)
    inner = _inner(graph, train, seed)
    if len(valid):
        return Choosing(train, ((train, valid),), False, inner)
    if by_time:
        at = times_of_labelled(graph)[train]
        late = at >= _cut(at, 0.8)
        if min((graph.label[train[s]] == v).sum() for s in (late, ~late) for v in (0, 1)) >= 4:
            return Choosing(train, ((train[~late], train[late]),), True, inner)
    numbers = range(INNER) if len(train) <= MANY else range(1)
    pairs = tuple((train[inner[train] != k], train[inner[train] == k]) for k in numbers)
    return Choosing(train, tuple(p for p in pairs if (graph.label[p[1]] == 1).any()), True, inner)


def _inner(graph: LabelledGraph, train: Int64, seed: int) -> Int64:
    rng = np.random.default_rng([seed, 6])
    inner = np.full(len(graph), NONE, np.int64)
    for value in (0.0, 1.0):
        rows = rng.permutation(train[graph.label[train] == value])
        inner[rows] = np.arange(len(rows)) % INNER
    return inner


def _cut(times: Int64, share: float) -> int:
    """The moment from which rows are late: about ``share`` lie before it, at least one moment on each side."""
    ordered = np.sort(times)
    cut = int(ordered[min(round(share * len(ordered)), len(ordered) - 1)])
    return cut if cut > ordered[0] else int(ordered[np.searchsorted(ordered, ordered[0], "right") % len(ordered)])


def times_of_labelled(graph: LabelledGraph) -> Int64:
    """Times of all nodes; EvaluateError when a labelled node has none."""
    if graph.time is None:
        raise EvaluateError("bad_time", "there is no time to split by")
    lost = np.flatnonzero(~np.isnan(graph.label) & ~graph.time.known)
    if len(lost):
        raise EvaluateError(
            "bad_time", f"{len(lost):,} labelled nodes have no time, first {graph.ids[int(lost[0])].as_py()}"
        )
    return graph.time.at
