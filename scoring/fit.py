"""Fitting the pieces of a model: a booster, and the calibration of its margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xgboost
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from graph.snapshot import Float64
from scoring.calibration import Calibration, Knots, Platt


@dataclass(frozen=True)
class BoosterParams:
    """How the trees grow. Small, shrunken trees: reasons stay quick and readable."""

    trees: int = 200
    depth: int = 3
    rate: float = 0.03
    subsample: float = 0.8
    columns: float = 0.5
    ridge: float = 3.0
    min_weight: float = 3.0
    threads: int = 1  # small tables: more threads wait for each other longer than they work


def fit_booster(
    rows: Float64,
    labels: Float64,
    params: BoosterParams,
    seed: int,
    directions: Sequence[int] | None = None,
    weights: Float64 | None = None,
) -> xgboost.Booster:
    """A gradient-boosted tree model of the log-odds. Features have no names in it: scoring.serve keeps those.

    ``directions``: per column 1 where a greater value may only raise the risk, -1 where it may only lower it, 0 where
    it may do both (default). With few rows such a prior keeps the trees off much noise. ``weights``: how likely each
    column is drawn for a tree; alike by default.
    """
    settings = {
        "objective": "binary:logistic",
        "max_depth": params.depth,
        "eta": params.rate,
        "subsample": params.subsample,
        "colsample_bytree": params.columns,
        "lambda": params.ridge,
        "min_child_weight": params.min_weight,
        "nthread": params.threads,
        "seed": seed,
        "tree_method": "hist",
        "max_bin": 64,
        "monotone_constraints": tuple(directions or (0,) * rows.shape[1]),
        "base_score": float(np.clip(labels.mean(), 1e-6, 1 - 1e-6)),
    }
    data = xgboost.DMatrix(rows, labels, nthread=params.threads, feature_weights=weights)
    return xgboost.train(settings, data, params.trees)


def margins(booster: xgboost.Booster, rows: Float64) -> Float64:
    """Log-odds of rows."""
    return booster.predict(xgboost.DMatrix(rows, nthread=1), output_margin=True).astype(np.float64)


def fit_calibration(margins_: Float64, labels: Float64, few: int = 60) -> Calibration:
    """Isotonic knots; Platt's line when there are fewer than ``few`` cases of a class, too few to draw a curve from.

    Knots stand at the middle of each level of the isotonic fit, with straight lines between, so that scores between
    two levels keep their order. The floor is what so many rows can prove: 1 / (2 (n + 2)).
    """
    if min(labels.sum(), (1 - labels).sum()) < few:
        return fit_platt(margins_, labels)
    fitted = IsotonicRegression(out_of_bounds="clip").fit_transform(margins_, labels)
    levels = np.unique(fitted)
    middle = [float(margins_[fitted == level].mean()) for level in levels]
    return Knots(tuple(middle), tuple(map(float, levels)), 1 / (2 * (len(labels) + 2)))


def fit_platt(margins_: Float64, labels: Float64) -> Platt:
    """Platt's line with his targets, which pull certainties in by what so few rows can prove."""
    bad, good = labels.sum(), (1 - labels).sum()
    targets = np.where(labels == 1, (bad + 1) / (bad + 2), 1 / (good + 2))
    x = np.concatenate([margins_, margins_])[:, None]
    y = np.concatenate([np.ones(len(labels)), np.zeros(len(labels))])
    line = LogisticRegression(C=1e6).fit(x, y, sample_weight=np.concatenate([targets, 1 - targets]))
    return Platt(max(float(line.coef_[0, 0]), 0.0), float(line.intercept_[0]))
