"""A trained model not on disk yet: the booster's text, its calibration, what is known of it, rows to try it on."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import xgboost

from graph.features.compute import FEATURES
from graph.features.segments import Bool
from scoring.blocks import SAGE_LOGIT
from scoring.calibration import Calibration
from scoring.fit import margins
from scoring.table import TrainingTable

GOLDEN_ROWS = 16


@dataclass(frozen=True)
class TrainedModel:
    """A model, not yet on disk.

    ``booster``: XGBoost's JSON; ``golden``: rows and what they must give; ``network``: files of the GraphSAGE network
    that the feature ``sage_logit`` comes from, where the model reads it; ``report``: the HTML page of its training.
    """

    features: tuple[str, ...]
    units: tuple[str, ...]
    medians: tuple[float, ...]
    feature_set_version: str
    booster: str
    calibration: Calibration
    metrics: dict[str, object]
    golden: tuple[dict[str, object], ...]
    network: dict[str, bytes] | None = None
    report: str = ""


def trained_model(
    table: TrainingTable,
    booster: xgboost.Booster,
    calibration: Calibration,
    metrics: dict[str, object],
    network: dict[str, bytes] | None,
) -> TrainedModel:
    """Put a model together: what it reads, the medians of its rows, and golden rows that prove it when it is opened."""
    x = table.matrix()
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
    unit = {f.name: str(f.unit) for f in FEATURES} | {SAGE_LOGIT: "score"}
    absent = sorted(n for n, k in zip(table.features, known, strict=True) if not k)
    return TrainedModel(
        features=table.features,
        units=tuple(unit[n] for n in table.features),
        medians=tuple(medians.tolist()),
        feature_set_version=table.feature_set_version,
        booster=json.dumps(json.loads(bytes(booster.save_raw("json"))), separators=(",", ":"), sort_keys=True),
        calibration=calibration,
        metrics={**metrics, "features_without_any_value": absent},
        golden=golden,
        network=network,
    )
