"""The figures of a training: per model, what each block adds, across kinds of merchants, by decile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from graph.snapshot import Float64, Int64
from scoring.blocks import Variant
from scoring.measures import (
    Measure,
    auc,
    average_precision,
    brier,
    calibration_error,
    interval,
    ks,
    lift,
    reliability,
)
from scoring.table import TrainingTable

Json = dict[str, object]

FEW_CASES = 5
"""Cases of a class below which a segment gets counts and no ranking figures."""


def model_figures(
    labels: Float64, scores: Float64, probabilities: Float64, features: int, seed: int, draws: int
) -> Json:
    """Ranking and calibration of one model on measured rows."""
    return {
        "features": features,
        **ranking(labels, scores, seed, draws),
        "brier": round(brier(labels, probabilities), 4),
        "ece": round(calibration_error(labels, probabilities), 4),
        "ks": round(ks(labels, scores), 4),
        "reliability": reliability(labels, probabilities),
    }


def ranking(labels: Float64, scores: Float64, seed: int, draws: int) -> Json:
    """AUC and average precision with their bootstrap intervals."""
    return {
        "auc": interval(auc, labels, scores, seed, draws).to_json(),
        "average_precision": interval(average_precision, labels, scores, seed, draws).to_json(),
    }


def lifts(labels: Float64, scores: Mapping[str, Float64], variants: Sequence[Variant], seed: int, draws: int) -> Json:
    """What the whole model adds to own facts, findings to what is before them, and each block to the one before."""

    def paired(better: str, base: str) -> Json:
        def one(measure: Measure) -> dict[str, float]:
            return lift(measure, labels, scores[better], scores[base], seed, draws).to_json()

        return {"auc": one(auc), "average_precision": one(average_precision)}

    steps = [
        {"name": after.name, "adds": after.adds, "over": before.name, **paired(after.name, before.name)}
        for before, after in pairwise(variants)
        if before.name in scores and after.name in scores
    ]
    found: Json = {"lift": paired("full", "tabular"), "blocks": steps}
    with_findings = next((s for s in steps if s["adds"] == "findings"), None)
    if with_findings is not None:
        found["lift_of_findings"] = {k: with_findings[k] for k in ("auc", "average_precision")}
    return found


def segments(table: TrainingTable, rows: Int64, scores: Float64, probabilities: Float64) -> dict[str, list[Json]]:
    """The kept model's figures by size (thirds of turnover), region and platform of the measured rows' merchants."""
    turnover = table.frame["turnover_90d"].to_numpy()[rows] if "turnover_90d" in table.features else None
    names: dict[str, list[str]] = {}
    if turnover is not None:
        names["size"] = _sizes(turnover)
    for column in ("region", "platform"):
        if column in table.frame.column_names:
            names[column] = [v or "not known" for v in table.frame[column].take(rows).to_pylist()]
    labels = table.labels[rows]
    return {kind: _by_name(np.array(of_row), labels, scores, probabilities) for kind, of_row in names.items()}


def _sizes(turnover: Float64) -> list[str]:
    known = turnover[~np.isnan(turnover)]
    low, high = np.quantile(known, [1 / 3, 2 / 3]) if len(known) else (0.0, 0.0)
    return [
        "not known" if np.isnan(t) else "small" if t <= low else "middle" if t <= high else "large" for t in turnover
    ]


def _by_name(
    of_row: np.ndarray[tuple[int], np.dtype[np.str_]], labels: Float64, scores: Float64, probabilities: Float64
) -> list[Json]:
    found = []
    names, counts = np.unique(of_row, return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")].tolist():
        mine = of_row == name
        y = labels[mine]
        bad = int(y.sum())
        told = min(bad, len(y) - bad) >= FEW_CASES
        found.append(
            {
                "name": name,
                "rows": len(y),
                "cases": bad,
                "predicted": round(float(probabilities[mine].mean()), 4),
                "observed": round(float(y.mean()), 4),
                "auc": round(auc(y, scores[mine]), 4) if told else None,
                "average_precision": round(average_precision(y, scores[mine]), 4) if told else None,
            }
        )
    return found


def deciles(labels: Float64, scores: Float64) -> list[dict[str, float]]:
    """Ten parts of equally many rows, riskiest first: rows, cases, share of cases over the share of all rows."""
    order = np.argsort(-scores, kind="stable")
    whole = float(labels.mean())
    parts = [p for p in np.array_split(order, 10) if len(p)]
    return [
        {
            "rows": float(len(p)),
            "cases": float(labels[p].sum()),
            "lift": float(labels[p].mean() / whole) if whole else float("nan"),
        }
        for p in parts
    ]


def roc(labels: Float64, scores: Float64, points: int = 200) -> list[tuple[float, float]]:
    """(false positive rate, true positive rate) along the threshold, at most ``points`` of them and both ends."""
    bad, good = labels == 1, labels != 1
    ends = _ends(scores)
    order = np.argsort(-scores, kind="stable")
    hits, misses = np.cumsum(bad[order])[ends], np.cumsum(good[order])[ends]
    pairs = [(0.0, 0.0), *zip((misses / good.sum()).tolist(), (hits / bad.sum()).tolist(), strict=True)]
    return _thinned(pairs, points)


def precision_recall(labels: Float64, scores: Float64, points: int = 200) -> list[tuple[float, float]]:
    """(recall, precision) along the threshold, at most ``points`` of them and both ends."""
    ends = _ends(scores)
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order] == 1)[ends]
    return _thinned(list(zip((hits / hits[-1]).tolist(), (hits / (ends + 1)).tolist(), strict=True)), points)


def _ends(scores: Float64) -> Int64:
    """Where, riskiest first, rows of one score end."""
    ordered = scores[np.argsort(-scores, kind="stable")]
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True))


def _thinned(pairs: list[tuple[float, float]], points: int) -> list[tuple[float, float]]:
    if len(pairs) <= points:
        return pairs
    at = np.unique(np.linspace(0, len(pairs) - 1, points).astype(np.int64))
    return [pairs[i] for i in at.tolist()]
