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
from scoring.measures import average_precision
from scoring.splits import Fold, by_group, split_in_time, usable
from scoring.table import TrainingTable

PAY_FOLDS = 5


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
    measure on, by variant or challenger. ``table``: with the network's logits, where they are kept; ``booster``,
    ``calibration``, ``network``: those of ``full``, the variant that is kept. ``paid``: average precision out of fold
    on the rows to fit on without and with the network, where that decided; a network that did not pay is left out, and
    the variant with it is measured as ``WITH_NETWORK``.
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
    paid: tuple[float, float] | None = None


WITH_NETWORK = "with_network"
"""The name of the variant with the network's logit where it is measured and not kept."""


def compare_in_time(
    table: TrainingTable,
    params: BoosterParams,
    seed: int,
    network: Network | None = None,
    challengers: Sequence[str] = (),
    must_pay: bool = False,
) -> InTime:
    """Every variant, and the challengers on what the kept one reads, fitted on the first rows, calibrated on the next,
    scoring the last. What the booster learns of the network's logits it learns from logits out of fold.

    ``must_pay``: the network is kept only where, on the rows to fit on alone, its logit raises average precision out of
    fold by connected group.
    """
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

    models: dict[str, tuple[xgboost.Booster, Calibration]] = {}
    for variant in variants(table.features):
        x = table.matrix(variant.features)
        booster = fit_variant(x[fit], labels[fit], variant, params, seed)
        calibration = measured(variant.name, lambda rows, b=booster: margins(b, rows), x)  # type: ignore[misc]  # mypy sees no type in a default
        models[variant.name] = (booster, calibration)
    paid = network_pays(table, fit, params, seed) if fitted is not None and must_pay else None
    if paid is not None and paid[1] <= paid[0]:
        table, fitted, models["full"] = table.without_feature(SAGE_LOGIT), None, models["findings"]
        for of_variant in (scores, probabilities):
            of_variant[WITH_NETWORK], of_variant["full"] = of_variant["full"], of_variant.pop("findings")
    x = table.matrix()
    for name in challengers:
        measured(name, CHALLENGERS[name](x[fit], labels[fit], seed), x)
    booster, calibration = models["full"]
    return InTime(fit, calibrate, measure, scores, probabilities, table, booster, calibration, fitted, paid)


def network_pays(table: TrainingTable, fit: Int64, params: BoosterParams, seed: int) -> tuple[float, float]:
    """Average precision without and with the network's logit on the rows to fit on, out of fold by connected group."""
    labels = table.labels[fit]
    folds, _ = usable(by_group(labels, table.groups[fit], PAY_FOLDS, seed), labels)
    found = []
    for variant in variants(table.features)[-2:]:
        x, out = table.matrix(variant.features)[fit], np.zeros(len(labels))
        for fold in folds:
            booster = fit_variant(x[fold.fit], labels[fold.fit], variant, params, seed)
            out[fold.rest] = margins(booster, x[fold.rest])
        found.append(average_precision(labels, out))
    return found[0], found[1]


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
