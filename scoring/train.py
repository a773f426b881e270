"""Training the scorer: the same model with and without graph features, split in time, calibrated, measured.

Splits. Rows are ordered by application time: the first 60 % fit the booster, the next 20 % calibrate it, the last 20 %
measure it; rows of one moment stay together. A merchant may apply again later, so it can stand on both sides; beside
stand the figures over merchants never seen in fitting, and, as the last rows hold few cases, those of all rows out of
fold with every merchant in one fold (not in time). With few labels, few cases or a single date there is
no time to split: then ten times five stratified folds measure (and calibrate) the model, which is fitted on all rows,
and the metrics say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import numpy as np
import xgboost
from sklearn.model_selection import StratifiedKFold

from graph.features.compute import FEATURES
from graph.features.segments import Bool
from graph.snapshot import Float64, Int64
from scoring.calibration import Calibration
from scoring.compare import compare_across_merchants, compare_in_time, directions, split_in_time, variants
from scoring.fit import BoosterParams, fit_booster, fit_platt, margins
from scoring.measures import Interval, auc, average_precision, brier, calibration_error, interval, ks, lift, reliability
from scoring.table import TrainingTable

GOLDEN_ROWS = 16
SMALL_BOOSTER = BoosterParams(trees=120, depth=3, rate=0.05, min_weight=1.0, ridge=5.0)


@dataclass(frozen=True)
class TrainParams:
    """``fewest_rows``, ``fewest_cases``: below, training is refused. ``small_*``: below, folds instead of time.

    ``folds``, ``repeats``: of measures out of fold. ``draws``: of every bootstrap.
    """

    booster: BoosterParams = field(default_factory=BoosterParams)
    small_booster: BoosterParams = field(default_factory=lambda: SMALL_BOOSTER)
    fewest_rows: int = 30
    fewest_cases: int = 8
    small_rows: int = 400
    small_cases: int = 40
    folds: int = 5
    repeats: int = 10
    draws: int = 500


class TrainingError(Exception):
    """There is nothing sound to train on; the model that serves stays.

    Codes: no_rows, too_few_labels, one_class, nan_label, no_positives_in_split, infinite_feature, missing_feature.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


@dataclass(frozen=True)
class TrainedModel:
    """A model, not yet on disk. ``booster``: XGBoost's JSON; ``golden``: rows and what they must give."""

    features: tuple[str, ...]
    units: tuple[str, ...]
    medians: tuple[float, ...]
    feature_set_version: str
    booster: str
    calibration: Calibration
    metrics: dict[str, object]
    golden: tuple[dict[str, object], ...]


def train(table: TrainingTable, params: TrainParams, seed: int) -> TrainedModel:
    """Train on a table; TrainingError when it cannot support a model."""
    _check(table, params)
    labels = table.labels
    bad = int(labels.sum())
    days = len(np.unique(table.times // 86_400_000))
    small = len(labels) < params.small_rows or min(bad, len(labels) - bad) < params.small_cases or days < 10
    return _by_folds(table, params, seed) if small else _by_time(table, params, seed)


def _check(table: TrainingTable, params: TrainParams) -> None:
    absent = sorted(set(table.features) - set(table.frame.column_names))
    if absent:
        raise TrainingError("missing_feature", f"the table lacks {', '.join(absent)}")
    labels = table.labels
    if len(labels) == 0:
        raise TrainingError("no_rows", "no application has a label that was known before the cut")
    unknown = np.flatnonzero(~np.isin(labels, (0.0, 1.0)))
    if len(unknown):
        first = table.frame["application_id"][int(unknown[0])].as_py()
        raise TrainingError("nan_label", f"{len(unknown)} labels say neither yes nor no, first of application {first}")
    bad = int(labels.sum())
    if bad in (0, len(labels)):
        raise TrainingError("one_class", f"all {len(labels)} labels are {'true' if bad else 'false'}")
    if len(labels) < params.fewest_rows or min(bad, len(labels) - bad) < params.fewest_cases:
        raise TrainingError(
            "too_few_labels",
            f"{len(labels)} labels, {bad} true; needed: {params.fewest_rows}, and {params.fewest_cases} of each",
        )
    for name in table.features:
        if np.isinf(table.frame[name].to_numpy()).any():
            raise TrainingError("infinite_feature", f"feature {name} is infinite in a row")


def _by_time(table: TrainingTable, params: TrainParams, seed: int) -> TrainedModel:
    labels = table.labels
    fit, calibrate, measure = split_in_time(table.times)
    for name, rows in (("fit", fit), ("calibrate", calibrate), ("measure", measure)):
        if len(np.unique(labels[rows])) < 2:
            raise TrainingError("no_positives_in_split", f"the rows to {name} on ({len(rows)}) hold one class only")
    compared = compare_in_time(table, params.booster, seed)
    scores = compared.scores
    figures = {
        v: _figures(labels[measure], scores[v], compared.probabilities[v], len(names), seed, params.draws)
        for v, names in variants().items()
    }
    merchants = table.frame["merchant_id"].to_numpy(zero_copy_only=False)
    fresh = ~np.isin(merchants[measure], np.unique(merchants[fit]))
    metrics = {
        "evaluation": "split in time: first 60 % fit, next 20 % calibrate, last 20 % measure",
        "rows": {"fit": len(fit), "calibrate": len(calibrate), "measure": len(measure)},
        "cases": {n: int(labels[r].sum()) for n, r in (("fit", fit), ("calibrate", calibrate), ("measure", measure))},
        "models": figures,
        "new_merchants": {
            "rows": int(fresh.sum()),
            "cases": int(labels[measure][fresh].sum()),
            **{v: {"auc": auc(labels[measure][fresh], s[fresh])} for v, s in scores.items()},
        },
        **_lifts(labels[measure], scores, seed, params.draws),
        "across_merchants": _across_merchants(table, params, seed),
    }
    return _trained(table, compared.booster, compared.calibration, metrics, params.booster, seed)


def _across_merchants(table: TrainingTable, params: TrainParams, seed: int) -> dict[str, object]:
    labels = table.labels
    scores = compare_across_merchants(table, params.booster, params.folds, seed)
    figures = {
        v: {
            "auc": interval(auc, labels, s, seed, params.draws).to_json(),
            "average_precision": interval(average_precision, labels, s, seed, params.draws).to_json(),
        }
        for v, s in scores.items()
    }
    return {
        "rows": len(labels),
        "cases": int(labels.sum()),
        "models": figures,
        **_lifts(labels, scores, seed, params.draws),
    }


def _by_folds(table: TrainingTable, params: TrainParams, seed: int) -> TrainedModel:
    labels = table.labels
    cases = int(min(labels.sum(), len(labels) - labels.sum()))
    folds = min(params.folds, cases)
    margin: dict[str, Float64] = {}
    figures: dict[str, object] = {}
    for variant, names in variants().items():
        x = table.matrix(names)
        runs, probabilities = [], []
        for repeat in range(params.repeats):
            out, calibrated = np.zeros(len(labels)), np.zeros(len(labels))
            parts = list(_folds(labels, folds, seed + repeat))
            for fit, rest in parts:
                booster = fit_booster(x[fit], labels[fit], params.small_booster, seed + repeat, directions(names))
                out[rest] = margins(booster, x[rest])
            for fit, rest in parts:  # out-of-fold margins of the other folds calibrate this one
                line = fit_platt(out[fit], labels[fit])
                calibrated[rest] = [line.probability(m) for m in out[rest].tolist()]
            runs.append(out)
            probabilities.append(calibrated)
        margin[variant] = np.mean(runs, axis=0)
        each = {
            "auc": [auc(labels, r) for r in runs],
            "average_precision": [average_precision(labels, r) for r in runs],
        }
        figures[variant] = {
            **_figures(labels, margin[variant], np.mean(probabilities, axis=0), len(names), seed, params.draws),
            "mean_over_repeats": {k: round(float(np.mean(v)), 4) for k, v in each.items()},
            "sd_over_repeats": {k: round(float(np.std(v)), 4) for k, v in each.items()},
        }
    booster = fit_booster(table.matrix(), labels, params.small_booster, seed, directions(table.features))
    metrics = {
        "evaluation": f"small sample: {params.repeats} x {folds} stratified folds, no split in time; the figures are "
        "of margins out of fold, averaged over the repeats; the model is fitted on all rows and calibrated (Platt) "
        "on those margins",
        "rows": {"fit": len(labels), "measure": len(labels)},
        "cases": {"fit": int(labels.sum()), "measure": int(labels.sum())},
        "models": figures,
        **_lifts(labels, margin, seed, params.draws),
    }
    return _trained(table, booster, fit_platt(margin["full"], labels), metrics, params.small_booster, seed)


def _folds(labels: Float64, folds: int, seed: int) -> Iterator[tuple[Int64, Int64]]:
    yield from StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(len(labels)), labels)


def _figures(
    labels: Float64, scores: Float64, probabilities: Float64, features: int, seed: int, draws: int
) -> dict[str, object]:
    return {
        "features": features,
        "auc": interval(auc, labels, scores, seed, draws).to_json(),
        "average_precision": interval(average_precision, labels, scores, seed, draws).to_json(),
        "brier": round(brier(labels, probabilities), 4),
        "ece": round(calibration_error(labels, probabilities), 4),
        "ks": round(ks(labels, scores), 4),
        "reliability": reliability(labels, probabilities),
    }


def _lifts(labels: Float64, scores: dict[str, Float64], seed: int, draws: int) -> dict[str, object]:
    def both(better: str, base: str) -> dict[str, dict[str, float]]:
        found: dict[str, Interval] = {
            "auc": lift(auc, labels, scores[better], scores[base], seed, draws),
            "average_precision": lift(average_precision, labels, scores[better], scores[base], seed, draws),
        }
        return {k: v.to_json() for k, v in found.items()}

    return {"lift": both("full", "tabular"), "lift_of_findings": both("full", "graph")}


def _trained(
    table: TrainingTable,
    booster: xgboost.Booster,
    calibration: Calibration,
    metrics: dict[str, object],
    params: BoosterParams,
    seed: int,
) -> TrainedModel:
    x, labels, times = table.matrix(), table.labels, table.times
    known: Bool = np.asarray((~np.isnan(x)).any(axis=0))
    medians = np.full(x.shape[1], np.nan)
    medians[known] = np.nanmedian(x[:, known], axis=0)
    spread = np.linspace(0, len(x) - 1, min(GOLDEN_ROWS, len(x))).astype(np.int64)
    rows = np.vstack([x[spread], np.full((1, x.shape[1]), np.nan)])
    golden = tuple(
        {
            "values": {n: None if np.isnan(v) else float(v) for n, v in zip(table.features, row, strict=True)},
            "margin": float(m),
            "probability": float(calibration.probability(float(m))),
        }
        for row, m in zip(rows, margins(booster, rows), strict=True)
    )
    metrics = {
        **metrics,
        "window": {"first_ts": int(times[0]), "last_ts": int(times[-1]), "cut_ms": table.cut_ms},
        "cadence_ms": table.cadence_ms,
        "share_of_cases": round(float(labels.mean()), 4),
        "left_out": dict(table.left_out),
        "label_delay_days_median": round(table.delay_days, 1),
        "maturity_days": round(table.maturity_days, 1),
        "params": asdict(params),
        "seed": seed,
        "features_without_any_value": sorted(n for n, k in zip(table.features, known, strict=True) if not k),
    }
    unit = {f.name: f.unit for f in FEATURES}
    text = json.dumps(json.loads(bytes(booster.save_raw("json"))), separators=(",", ":"), sort_keys=True)
    return TrainedModel(
        features=table.features,
        units=tuple(unit[n] for n in table.features),
        medians=tuple(medians.tolist()),
        feature_set_version=table.feature_set_version,
        booster=text,
        calibration=calibration,
        metrics=metrics,
        golden=golden,
    )
