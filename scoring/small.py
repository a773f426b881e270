"""Few rows: the models measured, and calibrated, out of fold, since there is no time to split them by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import xgboost
from sklearn.model_selection import StratifiedKFold

from graph.snapshot import Float64, Int64
from scoring.blocks import variants
from scoring.calibration import Calibration
from scoring.challengers import CHALLENGERS
from scoring.compare import fit_variant
from scoring.fit import BoosterParams, fit_platt, margins
from scoring.measures import auc, average_precision
from scoring.table import TrainingTable


@dataclass(frozen=True)
class ByFolds:
    """Margins and probabilities of all rows out of fold, averaged over the repeats, by variant or challenger.

    ``each``: AUC and average precision of every repeat. ``booster``, ``calibration``: of ``full``, fitted on all rows
    and calibrated (Platt) on the margins out of fold.
    """

    folds: int
    scores: dict[str, Float64]
    probabilities: dict[str, Float64]
    each: dict[str, dict[str, list[float]]]
    booster: xgboost.Booster
    calibration: Calibration


def compare_by_folds(
    table: TrainingTable, params: BoosterParams, folds: int, repeats: int, seed: int, challengers: Sequence[str] = ()
) -> ByFolds:
    """Every variant, and the challengers on all features, by repeated stratified folds."""
    labels = table.labels
    folds = min(folds, int(min(labels.sum(), len(labels) - labels.sum())))
    scores: dict[str, Float64] = {}
    probabilities: dict[str, Float64] = {}
    each: dict[str, dict[str, list[float]]] = {}
    every = variants(table.features)
    for name in (*(v.name for v in every), *challengers):
        variant = next((v for v in every if v.name == name), every[-1])
        x = table.matrix(variant.features)
        runs, calibrated = [], []
        for repeat in range(repeats if name not in CHALLENGERS else min(repeats, 2)):
            out, p = np.zeros(len(labels)), np.zeros(len(labels))
            parts = list(_folds(labels, folds, seed + repeat))
            for fit, rest in parts:
                if name in CHALLENGERS:
                    out[rest] = CHALLENGERS[name](x[fit], labels[fit], seed + repeat)(x[rest])
                else:
                    out[rest] = margins(fit_variant(x[fit], labels[fit], variant, params, seed + repeat), x[rest])
            for fit, rest in parts:  # out-of-fold margins of the other folds calibrate this one
                line = fit_platt(out[fit], labels[fit])
                p[rest] = [line.probability(m) for m in out[rest].tolist()]
            runs.append(out)
            calibrated.append(p)
        scores[name], probabilities[name] = np.mean(runs, axis=0), np.mean(calibrated, axis=0)
        each[name] = {
            "auc": [auc(labels, r) for r in runs],
            "average_precision": [average_precision(labels, r) for r in runs],
        }
    booster = fit_variant(table.matrix(), labels, every[-1], params, seed)
    return ByFolds(folds, scores, probabilities, each, booster, fit_platt(scores["full"], labels))


def _folds(labels: Float64, folds: int, seed: int) -> Iterator[tuple[Int64, Int64]]:
    yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)
