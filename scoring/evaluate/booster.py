"""XGBoost on a table of nodes: settings and number of trees chosen on held-out rows, never on those measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import xgboost
from sklearn.metrics import average_precision_score

from gnn.segments import Float32
from graph.snapshot import Float64
from scoring.evaluate.folds import Choosing

MOST_TREES = 1200
STOP_AFTER = 60
"""Trees without a better held-out average precision before growing stops."""
LARGE = 4_000_000
"""Cells of the training table from which on one setting is tried and one model grown, on all cores: with less to do
threads wait for each other longer than they work."""


@dataclass(frozen=True)
class Settings:
    """How trees grow."""

    depth: int
    rate: float
    columns: float
    subsample: float
    min_weight: float
    ridge: float


MANY_ROWS = (Settings(6, 0.05, 0.5, 0.8, 1.0, 2.0), Settings(4, 0.05, 0.3, 0.8, 3.0, 5.0))
FEW_ROWS = (Settings(3, 0.05, 0.3, 0.8, 1.0, 5.0), Settings(2, 0.05, 0.5, 0.7, 1.0, 5.0))
LARGE_TABLE = (Settings(6, 0.08, 0.3, 0.8, 2.0, 3.0),)
FEW = 1000


Scores = Callable[[Float32], Float64]
"""Log-odds of rows."""


@dataclass(frozen=True)
class Chosen:
    """``held``: scores of the held-out rows by models that did not see them, in the order of ``choosing.held``;
    ``scores``: the final model; ``told``: what was chosen, for people.
    """

    held: Float64
    scores: Scores
    told: dict[str, object]


def choose_booster(x: Float32, labels: Float64, choosing: Choosing, seed: int) -> Chosen:
    """The best of a few settings by average precision on held-out rows, with as many trees as served them best.

    The final model is a mean over models that differ in their seed; fitted on all training rows when the held-out rows
    were carved out of them.
    """
    rows = len(choosing.train)
    large = rows * x.shape[1] > LARGE
    options = LARGE_TABLE if large else (MANY_ROWS if rows >= FEW else FEW_ROWS)
    tried = [_try(x, labels, choosing, s, seed) for s in options]
    best = max(range(len(tried)), key=lambda i: tried[i][0])
    _, trees, held = tried[best]
    settings = options[best]
    fit = choosing.train
    grown = [_grow(x[fit], labels[fit], settings, trees, seed + i) for i in range(1 if large else 3)]
    told: dict[str, object] = {"trees": trees, **asdict(settings)}
    return Chosen(held, _mean_of(grown), told)


def _try(x: Float32, labels: Float64, choosing: Choosing, settings: Settings, seed: int) -> tuple[float, int, Float64]:
    """Average precision over all held-out rows, the number of trees that gave it, and their margins then.

    Each pair is grown until its own held-out rows gain no more; the common number of trees is where the mean over pairs
    of their average precision, smoothed over neighbouring numbers, is greatest.
    """
    grown, curves = [], []
    for fit, held in choosing.pairs:
        watched = _matrix(x[held], labels[held])
        seen: dict[str, dict[str, list[float]]] = {}
        grown.append(
            xgboost.train(
                _params(settings, labels[fit], seed, _threads(x[fit])),
                _matrix(x[fit], labels[fit]),
                MOST_TREES,
                evals=[(watched, "held")],
                early_stopping_rounds=STOP_AFTER,
                evals_result=seen,
                verbose_eval=False,
            )
        )
        curves.append(seen["held"]["aucpr"])
    length = min(len(c) for c in curves)
    mean = np.mean([c[:length] for c in curves], axis=0)
    window = min(11, length)
    smooth = np.convolve(np.pad(mean, window // 2, mode="edge"), np.ones(window) / window, mode="valid")[:length]
    trees = int(np.argmax(smooth)) + 1
    margins = [
        b.predict(_matrix(x[held]), output_margin=True, iteration_range=(0, trees)).astype(np.float64)
        for b, (_, held) in zip(grown, choosing.pairs, strict=True)
    ]
    each = [average_precision_score(labels[h], m) for m, (_, h) in zip(margins, choosing.pairs, strict=True)]
    return float(np.mean(each)), trees, np.concatenate(margins)


def _grow(x: Float32, labels: Float64, settings: Settings, trees: int, seed: int) -> xgboost.Booster:
    return xgboost.train(_params(settings, labels, seed, _threads(x)), _matrix(x, labels), trees)


def _mean_of(grown: list[xgboost.Booster]) -> Scores:
    def scores(rows: Float32) -> Float64:
        given = _matrix(rows)
        return np.mean([b.predict(given, output_margin=True) for b in grown], axis=0).astype(np.float64)

    return scores


def _matrix(x: Float32, labels: Float64 | None = None) -> xgboost.DMatrix:
    return xgboost.DMatrix(x, labels, nthread=_threads(x))


def _threads(x: Float32) -> int:
    """One, or as many as XGBoost takes of itself (0)."""
    return 0 if x.size > LARGE else 1


def _params(settings: Settings, labels: Float64, seed: int, threads: int) -> dict[str, object]:
    return {
        "objective": "binary:logistic",
        "max_depth": settings.depth,
        "eta": settings.rate,
        "colsample_bytree": settings.columns,
        "subsample": settings.subsample,
        "min_child_weight": settings.min_weight,
        "lambda": settings.ridge,
        "tree_method": "hist",
        "max_bin": 128,
        "nthread": threads,
        "seed": seed,
        "eval_metric": "aucpr",
        "base_score": float(np.clip(labels.mean(), 1e-6, 1 - 1e-6)),
    }
