"""The models that are compared, on the same rows, seed and parameters: own facts only, with the graph, with findings.

In time: rows are ordered by application time; the first 60 % fit, the next 20 % calibrate, the last 20 % measure.
Across merchants: every row out of fold, each merchant's rows in one fold; more cases than the last rows alone hold, but
not in time: a row may be scored by trees that saw later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xgboost
from sklearn.model_selection import StratifiedGroupKFold

from graph.features.catalogue import Feature
from graph.features.compute import FEATURES
from graph.snapshot import Float64, Int64
from scoring.calibration import Calibration
from scoring.fit import BoosterParams, fit_booster, fit_calibration, margins
from scoring.table import TrainingTable


@dataclass(frozen=True)
class InTime:
    """Models fitted and calibrated on earlier rows and their scores of the later ones.

    ``fit``, ``calibrate``, ``measure``: positions of rows. ``scores`` (log-odds) and ``probabilities`` of the rows to
    measure on, by variant. ``booster``, ``calibration``: those of ``full``, the variant that is kept.
    """

    fit: Int64
    calibrate: Int64
    measure: Int64
    scores: dict[str, Float64]
    probabilities: dict[str, Float64]
    booster: xgboost.Booster
    calibration: Calibration


def variants() -> dict[str, tuple[str, ...]]:
    """What each compared model reads: own facts only; with the graph; with findings too (the one that is kept)."""

    def names(keep: Sequence[Feature]) -> tuple[str, ...]:
        return tuple(f.name for f in keep)

    return {
        "tabular": names([f for f in FEATURES if f.tabular]),
        "graph": names([f for f in FEATURES if f.concept != "findings"]),
        "full": names(FEATURES),
    }


def directions(names: Sequence[str]) -> list[int]:
    """How each feature may move the risk: 1 only up with its value, -1 only down, 0 both. From ``Feature.adverse``.

    Volumes (counts and money) that are adverse when low stay free: fake orders and circling money inflate them.
    """
    free = {f.name for f in FEATURES if f.adverse == "low" and f.unit in ("count", "money")}
    side = {f.name: {"high": 1, "low": -1, "either": 0}[f.adverse] for f in FEATURES}
    return [0 if n in free else side[n] for n in names]


def split_in_time(times: Int64, shares: tuple[float, float] = (0.6, 0.8)) -> tuple[Int64, Int64, Int64]:
    """Positions to fit, to calibrate and to measure on, in time; rows of one moment stay together."""
    cuts = np.quantile(times, shares, method="higher")
    part = np.searchsorted(cuts, times, side="right")
    return (np.flatnonzero(part == 0), np.flatnonzero(part == 1), np.flatnonzero(part == 2))


def compare_in_time(table: TrainingTable, params: BoosterParams, seed: int) -> InTime:
    """Every variant fitted on the first rows, calibrated on the next, scoring the last."""
    labels = table.labels
    fit, calibrate, measure = split_in_time(table.times)
    scores: dict[str, Float64] = {}
    probabilities: dict[str, Float64] = {}
    for variant, names in variants().items():  # full comes last: booster and calibration are its
        x = table.matrix(names)
        booster = fit_booster(x[fit], labels[fit], params, seed, directions(names))
        calibration = fit_calibration(margins(booster, x[calibrate]), labels[calibrate])
        scores[variant] = margins(booster, x[measure])
        probabilities[variant] = np.array([calibration.probability(m) for m in scores[variant].tolist()])
    return InTime(fit, calibrate, measure, scores, probabilities, booster, calibration)


def compare_across_merchants(table: TrainingTable, params: BoosterParams, folds: int, seed: int) -> dict[str, Float64]:
    """Log-odds of all rows out of fold, by variant; every merchant's rows in one fold."""
    labels, merchants = table.labels, table.frame["merchant_id"].to_numpy(zero_copy_only=False)
    parts = list(StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(labels, labels, merchants))
    scores: dict[str, Float64] = {}
    for variant, names in variants().items():
        x, out = table.matrix(names), np.zeros(len(labels))
        for fit, rest in parts:
            out[rest] = margins(fit_booster(x[fit], labels[fit], params, seed, directions(names)), x[rest])
        scores[variant] = out
    return scores
