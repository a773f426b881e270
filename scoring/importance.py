"""What moves the scores of a model: mean size of the exact contributions over rows, by feature and by concept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xgboost

from graph.snapshot import Float64
from scoring.concepts import concept_of

SHOWN = 25
SAMPLE = 1000


def importance(booster: xgboost.Booster, rows: Float64, features: Sequence[str]) -> dict[str, object]:
    """Mean absolute contribution in log-odds: the greatest features, and every concept (sum of its features')."""
    at = np.linspace(0, len(rows) - 1, min(SAMPLE, len(rows))).astype(np.int64)
    moved = booster.predict(xgboost.DMatrix(rows[at], nthread=1), pred_contribs=True)[:, :-1]
    size = np.abs(moved).mean(axis=0)
    concepts: dict[str, float] = {}
    for name, mean in zip(features, size.tolist(), strict=True):
        concepts[concept_of(name)] = concepts.get(concept_of(name), 0.0) + mean
    best = np.argsort(-size, kind="stable")[:SHOWN]
    return {
        "features": [{"name": features[i], "mean": round(float(size[i]), 4)} for i in best.tolist() if size[i] > 0],
        "concepts": [{"name": n, "mean": round(m, 4)} for n, m in sorted(concepts.items(), key=lambda c: -c[1])],
    }
