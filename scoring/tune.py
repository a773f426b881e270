"""Tuning the trees: Optuna's TPE over a few settings, judged by connected group on the rows to fit on alone.

The rows that calibrate and measure are never looked at, so what is measured afterwards is of rows nobody tuned on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from scoring.blocks import variants
from scoring.check import TrainingError
from scoring.compare import fit_variant
from scoring.fit import BoosterParams, margins
from scoring.measures import average_precision
from scoring.splits import by_group, split_in_time, usable
from scoring.table import TrainingTable

FOLDS = 3


@dataclass(frozen=True)
class Tuned:
    """``params``: the best found, the given ones when nothing beat them. Average precision of both, and the trials."""

    params: BoosterParams
    best: float
    given: float
    trials: int

    def to_json(self) -> dict[str, object]:
        return {"trials": self.trials, "given": round(self.given, 4), "best": round(self.best, 4)}


def require_tuner() -> None:
    """TrainingError (no_tuner) unless Optuna is installed; it says how to get it."""
    if find_spec("optuna") is None:
        raise TrainingError(
            "no_tuner", "tuning needs optuna, which is not installed: pip install -r requirements-tune.txt"
        )


def tune(table: TrainingTable, params: BoosterParams, trials: int, seed: int, report: Callable[[str], None]) -> Tuned:
    """Search settings of the trees by average precision out of fold on the rows to fit on (without the network)."""
    require_tuner()
    import optuna

    fit, _, _ = split_in_time(table.times)
    labels, variant = table.labels[fit], variants(table.features)[-1]
    x = table.matrix(variant.features)[fit]
    folds, _ = usable(by_group(labels, table.groups[fit], FOLDS, seed), labels)
    if not folds:
        raise TrainingError("no_positives_in_split", f"the rows to fit on ({len(fit)}) cannot be folded for tuning")

    def judged(chosen: BoosterParams) -> float:
        out = np.zeros(len(labels))
        for fold in folds:
            out[fold.rest] = margins(fit_variant(x[fold.fit], labels[fold.fit], variant, chosen, seed), x[fold.rest])
        return average_precision(labels, out)

    def objective(trial: Any) -> float:
        report(f"tuning: trial {trial.number + 1} of {trials}")
        return judged(_drawn(trial, params))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=trials)
    given, best = judged(params), float(study.best_value)
    chosen = _drawn(optuna.trial.FixedTrial(study.best_params), params) if best > given else params
    return Tuned(chosen, max(best, given), given, trials)


def _drawn(trial: Any, params: BoosterParams) -> BoosterParams:
    """The settings that a trial of Optuna suggests."""
    return replace(
        params,
        trees=trial.suggest_int("trees", 80, 320, step=40),
        depth=trial.suggest_int("depth", 2, 4),
        rate=trial.suggest_float("rate", 0.015, 0.1, log=True),
        subsample=trial.suggest_float("subsample", 0.6, 1.0),
        columns=trial.suggest_float("columns", 0.2, 0.8),
        ridge=trial.suggest_float("ridge", 0.5, 20.0, log=True),
        min_weight=trial.suggest_float("min_weight", 1.0, 10.0, log=True),
    )
