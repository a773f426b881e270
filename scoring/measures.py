"""How good a score is: ranking, calibration, and how sure we can be of a difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.snapshot import Float64

Measure = Callable[[Float64, Float64], float]
BINS = 10


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": round(self.value, 4), "low": round(self.low, 4), "high": round(self.high, 4)}


def auc(labels: Float64, scores: Float64) -> float:
    """Chance that a bad case scores above a good one, ties half. NaN with one class."""
    bad = labels == 1
    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    if not n_bad or not n_good:
        return float("nan")
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(count) - (count - 1) / 2
    return float((ranks[place][bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * n_good))


def average_precision(labels: Float64, scores: Float64) -> float:
    """Mean precision over recall steps; rows with one score are one step. NaN without bad cases."""
    if not (labels == 1).any():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order] == 1)
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precision, recall = hits[ends] / (ends + 1), hits[ends] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def brier(labels: Float64, probabilities: Float64) -> float:
    """Mean squared distance of probability and outcome."""
    return float(np.mean((labels - probabilities) ** 2))


def calibration_error(labels: Float64, probabilities: Float64) -> float:
    """ECE: mean distance of probability and outcome over ten bins of equally many rows, weighted by rows."""
    order = np.argsort(probabilities, kind="stable")
    bins = [b for b in np.array_split(order, BINS) if len(b)]
    return float(sum(abs(labels[b].mean() - probabilities[b].mean()) * len(b) for b in bins) / len(labels))


def reliability(labels: Float64, probabilities: Float64) -> list[dict[str, float]]:
    """Per bin of equally many rows: mean probability, share of bad cases, rows."""
    order = np.argsort(probabilities, kind="stable")
    bins = [b for b in np.array_split(order, BINS) if len(b)]
    return [
        {"predicted": float(probabilities[b].mean()), "observed": float(labels[b].mean()), "rows": float(len(b))}
        for b in bins
    ]


def ks(labels: Float64, scores: Float64) -> float:
    """Kolmogorov-Smirnov: the greatest gap between the distributions of bad and good cases. NaN with one class."""
    bad, good = np.sort(scores[labels == 1]), np.sort(scores[labels != 1])
    if not len(bad) or not len(good):
        return float("nan")
    at = np.unique(scores)
    gap = np.searchsorted(bad, at, "right") / len(bad) - np.searchsorted(good, at, "right") / len(good)
    return float(np.abs(gap).max())


def interval(measure: Measure, labels: Float64, scores: Float64, seed: int, draws: int = 500) -> Interval:
    """A measure with its bootstrap interval over rows, bad and good cases drawn apart."""
    found = [measure(labels[i], scores[i]) for i in _draws(labels, seed, draws)]
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(measure(labels, scores), float(low), float(high))


def lift(measure: Measure, labels: Float64, scores: Float64, base: Float64, seed: int, draws: int = 500) -> Interval:
    """How much better ``scores`` are than ``base`` on the same rows, with its paired bootstrap interval."""
    found = [measure(labels[i], scores[i]) - measure(labels[i], base[i]) for i in _draws(labels, seed, draws)]
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(measure(labels, scores) - measure(labels, base), float(low), float(high))


def pooled(
    measure: Measure,
    labels: Sequence[Float64],
    scores: Sequence[Float64],
    seed: int,
    base: Sequence[Float64] | None = None,
    draws: int = 500,
) -> Interval:
    """Mean of a measure, or of its lift over ``base``, over several sets of rows that each have a model of their own.

    The bootstrap draws anew inside every set, bad and good cases apart: margins of different models do not compare.
    """
    over = base if base is not None else [None] * len(scores)
    found = np.zeros((len(scores), draws + 1))
    for row, y, s, b in zip(found, labels, scores, over, strict=True):
        taken = [np.arange(len(y)), *_draws(y, seed, draws)]
        row[:] = [measure(y[i], s[i]) - (measure(y[i], b[i]) if b is not None else 0.0) for i in taken]
    mean = found.mean(axis=0)
    low, high = np.quantile(mean[1:], [0.025, 0.975])
    return Interval(float(mean[0]), float(low), float(high))


def _draws(labels: Float64, seed: int, draws: int) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(labels == 1), np.flatnonzero(labels != 1)]
    return [np.concatenate([rng.choice(c, len(c)) for c in classes if len(c)]) for _ in range(draws)]
