"""Training the scorer: one model per block of features and two challengers, compared, calibrated, measured.

Splits. Rows are ordered by application time; the first 60 % fit the booster, the next 20 % calibrate it, the last 20 %
measure it; rows of one moment stay together. Beside it five folds forward in time, five by connected group (all rows,
not in time), and five by both. With few labels, few cases or a single date there is no time to split: then ten times
five stratified folds measure (and calibrate) the model, which is fitted on all rows, and the metrics say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from graph.snapshot import Float64, Int64
from scoring.blocks import SAGE_LOGIT, variants
from scoring.challengers import CHALLENGERS
from scoring.check import Needs, TrainingError, check_table
from scoring.compare import Network, compare_in_time, cross_validate
from scoring.figures import Json, deciles, lifts, model_figures, precision_recall, ranking, roc, segments
from scoring.fit import BoosterParams
from scoring.importance import importance
from scoring.measures import auc
from scoring.model import TrainedModel, trained_model
from scoring.small import compare_by_folds
from scoring.splits import Fold, by_both, by_group, in_time, split_in_time, usable
from scoring.table import TrainingTable

__all__ = ["Measured", "TrainParams", "Trained", "TrainedModel", "TrainingError", "train", "train_and_measure"]

SMALL_BOOSTER = BoosterParams(trees=120, depth=3, rate=0.05, min_weight=1.0, ridge=5.0)


@dataclass(frozen=True)
class TrainParams:
    """``needs``: below, training is refused. ``small_*``: below, folds instead of time.

    ``folds``, ``repeats``: of measures out of fold. ``draws``: of every bootstrap. ``challengers``: names of those
    to compare with. ``network_must_pay``: see ``scoring.compare.compare_in_time``.
    """

    booster: BoosterParams = field(default_factory=BoosterParams)
    small_booster: BoosterParams = field(default_factory=lambda: SMALL_BOOSTER)
    needs: Needs = field(default_factory=Needs)
    small_rows: int = 400
    small_cases: int = 40
    folds: int = 5
    repeats: int = 10
    draws: int = 500
    challengers: tuple[str, ...] = tuple(CHALLENGERS)
    network_must_pay: bool = True


@dataclass(frozen=True)
class Measured:
    """The rows that a model was measured on: their positions in the table, outcomes, and what each model said."""

    table: TrainingTable
    rows: Int64
    labels: Float64
    scores: Mapping[str, Float64]
    probabilities: Mapping[str, Float64]


@dataclass(frozen=True)
class Trained:
    """A model and what it was measured on."""

    model: TrainedModel
    measured: Measured


def train(
    table: TrainingTable,
    params: TrainParams,
    seed: int,
    network: Network | None = None,
    made_with: Mapping[str, object] | None = None,
) -> TrainedModel:
    """Train on a table; TrainingError when it cannot support a model. See ``train_and_measure``."""
    return train_and_measure(table, params, seed, network, made_with).model


def train_and_measure(
    table: TrainingTable,
    params: TrainParams,
    seed: int,
    network: Network | None = None,
    made_with: Mapping[str, object] | None = None,
) -> Trained:
    """Train on a table and keep the measured rows, for a report.

    ``network`` fits the GraphSAGE networks of the last block; without it the model goes without. ``made_with``: what
    of the program and its packages is to stand in the metrics. TrainingError when the table cannot support a model.
    """
    check_table(table, params.needs)
    small = is_small(table, params)
    trained = _by_folds(table, params, seed) if small else _by_time(table, params, seed, network)
    times = table.times
    metrics: Json = {
        **trained.model.metrics,
        "window": {"first_ts": int(times[0]), "last_ts": int(times[-1]), "cut_ms": table.cut_ms},
        "cadence_ms": table.cadence_ms,
        "share_of_cases": round(float(table.labels.mean()), 4),
        "left_out": dict(table.left_out),
        "label_delay_days_median": round(table.delay_days, 1),
        "maturity_days": round(table.maturity_days, 1),
        "params": asdict(params.small_booster if small else params.booster),
        "seed": seed,
        "network": _network_words(small, network, trained.model),
        "made_with": dict(made_with or {}),
    }
    return replace(trained, model=replace(trained.model, metrics=metrics))


def is_small(table: TrainingTable, params: TrainParams) -> bool:
    """Whether there are too few rows, cases or dates to split them in time."""
    labels = table.labels
    bad = int(labels.sum())
    days = len(np.unique(table.times // 86_400_000))
    return len(labels) < params.small_rows or min(bad, len(labels) - bad) < params.small_cases or days < 10


def _network_words(small: bool, network: Network | None, model: TrainedModel) -> str:
    if network is None:
        return "not trained: the model goes without its logit"
    if small:
        return "not trained: too few rows"
    paid = model.metrics.get("network_paid")
    how = "" if not isinstance(paid, tuple) else f" (average precision {paid[0]:.3f} without, {paid[1]:.3f} with)"
    if model.network is None:
        return f"trained and left out: out of fold on the rows to fit on it did not pay{how}"
    return f"kept, its logits of the rows to fit on are out of fold{how}"


def _by_time(table: TrainingTable, params: TrainParams, seed: int, network: Network | None) -> Trained:
    labels = table.labels
    parts = dict(zip(("fit", "calibrate", "measure"), split_in_time(table.times), strict=True))
    for name, rows in parts.items():
        if len(np.unique(labels[rows])) < 2:
            raise TrainingError("no_positives_in_split", f"the rows to {name} on ({len(rows)}) hold one class only")
    compared = compare_in_time(table, params.booster, seed, network, params.challengers, params.network_must_pay)
    full, measure = compared.table, compared.measure
    every = variants(full.features)
    reads = {v.name: len(v.features) for v in every}
    y, scores, said = labels[measure], compared.scores, compared.probabilities
    merchants = full.frame["merchant_id"].to_numpy(zero_copy_only=False)
    fresh = ~np.isin(merchants[measure], np.unique(merchants[compared.fit]))
    metrics: Json = {
        "evaluation": "split in time: first 60 % fit, next 20 % calibrate, last 20 % measure",
        "rows": {n: len(r) for n, r in parts.items()},
        "cases": {n: int(labels[r].sum()) for n, r in parts.items()},
        "models": {
            n: model_figures(y, s, said[n], reads.get(n, reads["full"]), seed, params.draws) for n, s in scores.items()
        },
        "new_merchants": {
            "rows": int(fresh.sum()),
            "cases": int(y[fresh].sum()),
            **{v: {"auc": auc(y[fresh], s[fresh])} for v, s in scores.items()},
        },
        **lifts(y, scores, every, seed, params.draws),
        "cross_validation": _cross_validation(table, params, seed, network if compared.network else None),
        "network_paid": compared.paid,
        **_of_kept(full, measure, scores["full"], said["full"]),
        "importance": importance(compared.booster, full.matrix()[measure], full.features),
    }
    model = trained_model(
        full, compared.booster, compared.calibration, metrics, compared.network.files() if compared.network else None
    )
    return Trained(model, Measured(full, measure, y, scores, said))


def _cross_validation(table: TrainingTable, params: TrainParams, seed: int, network: Network | None) -> Json:
    """By connected group with all variants and challengers; forward in time and by both, own facts against the rest.

    The logits of the group folds are those of one pass out of fold over all rows. The folds in time go without the
    network: each would need networks of its own.
    """
    labels, times, groups = table.labels, table.times, table.groups
    whole = table
    if network is not None:
        whole = table.with_feature(SAGE_LOGIT, network.out_of_fold(np.arange(len(labels)), seed))
    _, sizes = np.unique(groups, return_counts=True)
    found: Json = {"groups": len(sizes), "largest_group_share": round(float(sizes.max() / len(labels)), 4)}
    ways: dict[str, tuple[TrainingTable, list[Fold], tuple[str, ...]]] = {
        "group": (whole, by_group(labels, groups, params.folds, seed), params.challengers),
        "time": (table, in_time(times, params.folds), ()),
        "both": (table, by_both(times, groups, params.folds), ()),
    }
    for way, (rows_of, folds, challengers) in ways.items():
        good, left_out = usable(folds, labels)
        if not good:
            found[way] = {"rows": 0, "cases": 0, "folds": 0, "left_out": left_out, "models": {}}
            continue
        only = None if way == "group" else ("tabular", "full")
        rows, scores = cross_validate(rows_of, good, params.booster, seed, only, challengers)
        y = labels[rows]
        two = len(np.unique(y)) == 2
        found[way] = {
            "rows": len(rows),
            "cases": int(y.sum()),
            "folds": len(good),
            "left_out": left_out,
            "models": {v: ranking(y, s, seed, params.draws) for v, s in scores.items()} if two else {},
            **(lifts(y, scores, variants(rows_of.features), seed, params.draws) if two else {}),
        }
    return found


def _by_folds(table: TrainingTable, params: TrainParams, seed: int) -> Trained:
    labels = table.labels
    done = compare_by_folds(table, params.small_booster, params.folds, params.repeats, seed, params.challengers)
    every = variants(table.features)
    reads = {v.name: len(v.features) for v in every}
    figures = {
        name: {
            **model_figures(labels, s, done.probabilities[name], reads.get(name, reads["full"]), seed, params.draws),
            "mean_over_repeats": {k: round(float(np.mean(v)), 4) for k, v in done.each[name].items()},
            "sd_over_repeats": {k: round(float(np.std(v)), 4) for k, v in done.each[name].items()},
        }
        for name, s in done.scores.items()
    }
    rows = np.arange(len(labels))
    metrics: Json = {
        "evaluation": f"small sample: {params.repeats} x {done.folds} stratified folds, no split in time; the figures "
        "are of margins out of fold, averaged over the repeats; the model is fitted on all rows and calibrated (Platt) "
        "on those margins",
        "rows": {"fit": len(labels), "measure": len(labels)},
        "cases": {"fit": int(labels.sum()), "measure": int(labels.sum())},
        "models": figures,
        **lifts(labels, done.scores, every, seed, params.draws),
        **_of_kept(table, rows, done.scores["full"], done.probabilities["full"]),
        "importance": importance(done.booster, table.matrix(), table.features),
    }
    model = trained_model(table, done.booster, done.calibration, metrics, None)
    return Trained(model, Measured(table, rows, labels, done.scores, done.probabilities))


def _of_kept(table: TrainingTable, rows: Int64, scores: Float64, probabilities: Float64) -> Json:
    labels = table.labels[rows]
    return {
        "segments": segments(table, rows, scores, probabilities),
        "curves": {
            "roc": roc(labels, scores),
            "precision_recall": precision_recall(labels, scores),
            "deciles": deciles(labels, scores),
        },
    }
