"""The models that are compared on the same rows and seed: one per block of features, and the challengers.

In time: rows are ordered by application time; the first 60 % fit, the next 20 % calibrate, the last 20 % measure.
Cross-validated: rows out of fold, forward in time, by connected group, or both (scoring.splits).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xgboost

from graph.snapshot import Float64, Int64
from scoring.blocks import SAGE_LOGIT, Variant, column_weights, directions, variants
from scoring.calibration import Calibration
from scoring.challengers import CHALLENGERS
from scoring.fit import BoosterParams, fit_booster, fit_calibration, margins
from scoring.splits import Fold, split_in_time
from scoring.table import TrainingTable


class FittedNetwork(Protocol):
    """A network fitted on some rows."""

    def logits(self, rows: Int64) -> Float64:
        """Log-odds of the merchants of rows, each in the graph as of its own snapshot."""
        ...

    def files(self) -> dict[str, bytes]:
        """The network as a model keeps it, by file name."""
        ...


class Network(Protocol):
    """Fits networks on rows of one table."""

    def fit(self, rows: Int64, seed: int) -> FittedNetwork:
        """A network that has seen the labels of these rows and of no others."""
        ...

    def out_of_fold(self, rows: Int64, seed: int) -> Float64:
        """Log-odds of these rows, each by a network that saw neither its label nor one of its group."""
        ...


@dataclass(frozen=True)
class InTime:
    """Models fitted and calibrated on earlier rows and their scores of the later ones.

    ``fit``, ``calibrate``, ``measure``: positions of rows. ``scores`` (log-odds) and ``probabilities`` of the rows to
    measure on, by variant or challenger. ``table``: with the network's logits, where there is one; ``booster``,
    ``calibration``, ``network``: those of ``full``, the variant that is kept.
    """

    fit: Int64
    calibrate: Int64
    measure: Int64
    scores: dict[str, Float64]
    probabilities: dict[str, Float64]
    table: TrainingTable
    booster: xgboost.Booster
    calibration: Calibration
    network: FittedNetwork | None


def compare_in_time(
    table: TrainingTable,
    params: BoosterParams,
    seed: int,
    network: Network | None = None,
    challengers: Sequence[str] = (),
) -> InTime:
    """Every variant, and the challengers on all features, fitted on the first rows, calibrated on the next, scoring
    the last. What the booster learns of the network's logits it learns from logits out of fold."""
    labels = table.labels
    fit, calibrate, measure = split_in_time(table.times)
    fitted = None
    if network is not None:
        fitted = network.fit(fit, seed)
        logits, later = np.full(len(labels), np.nan), np.concatenate([calibrate, measure])
        logits[fit] = network.out_of_fold(fit, seed)
        logits[later] = fitted.logits(later)
        table = table.with_feature(SAGE_LOGIT, logits)
    scores: dict[str, Float64] = {}
    probabilities: dict[str, Float64] = {}

    def measured(name: str, predict: Callable[[Float64], Float64], x: Float64) -> Calibration:
        calibration = fit_calibration(predict(x[calibrate]), labels[calibrate])
        scores[name] = predict(x[measure])
        probabilities[name] = np.array([calibration.probability(m) for m in scores[name].tolist()])
        return calibration

    for variant in variants(table.features):  # full comes last: booster and calibration are its
        x = table.matrix(variant.features)
        booster = fit_variant(x[fit], labels[fit], variant, params, seed)
        calibration = measured(variant.name, lambda rows, b=booster: margins(b, rows), x)  # type: ignore[misc]  # mypy sees no type in a default
    for name in challengers:
        measured(name, CHALLENGERS[name](x[fit], labels[fit], seed), x)
    return InTime(fit, calibrate, measure, scores, probabilities, table, booster, calibration, fitted)


def cross_validate(
    table: TrainingTable,
    folds: Sequence[Fold],
    params: BoosterParams,
    seed: int,
    only: Sequence[str] | None = None,
    challengers: Sequence[str] = (),
) -> tuple[Int64, dict[str, Float64]]:
    """The rows that folds score, in order, and their log-odds out of fold, by variant or challenger.

    Margins of different folds come from different models and are ranked together as they are. ``only``: names of the
    variants to compare, all by default.
    """
    labels = table.labels
    rows = np.sort(np.concatenate([f.rest for f in folds]))
    scores: dict[str, Float64] = {}
    chosen = [v for v in variants(table.features) if only is None or v.name in only]
    for variant in chosen:
        x, out = table.matrix(variant.features), np.full(len(labels), np.nan)
        for fold in folds:
            booster = fit_variant(x[fold.fit], labels[fold.fit], variant, params, seed)
            out[fold.rest] = margins(booster, x[fold.rest])
        scores[variant.name] = out[rows]
    for name in challengers:
        out = np.full(len(labels), np.nan)
        for fold in folds:
            out[fold.rest] = CHALLENGERS[name](x[fold.fit], labels[fold.fit], seed)(x[fold.rest])
        scores[name] = out[rows]
    return rows, scores


def fit_variant(rows: Float64, labels: Float64, variant: Variant, params: BoosterParams, seed: int) -> xgboost.Booster:
    """The booster of a variant on its rows: held to adverse directions, aggregates drawn less often."""
    names = variant.features
    return fit_booster(rows, labels, params, seed, directions(names), column_weights(names, rows))
