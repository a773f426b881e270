"""Made-up training tables: some features tell, some tell only with the graph, most are noise, many are missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from graph.features.compute import FEATURE_SET_VERSION, FEATURES
from scoring.table import TrainingTable

DAY = 86_400_000
CUT = 1_740_000_000_000
NAMES = tuple(f.name for f in FEATURES)


def training_table(
    seed: int, rows: int = 1500, share: float = 0.2, days: int = 300, signal: float = 1.5
) -> TrainingTable:
    """Refunds (tabular) and crowded devices (graph) raise the chance of a bad outcome by ``signal`` log-odds a sd."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, len(NAMES)))
    told = signal * (x[:, NAMES.index("refund_rate_90d")] + x[:, NAMES.index("crowded_device_share_90d")])
    chance = 1 / (1 + np.exp(-(told + np.log(share / (1 - share)))))
    labels = (rng.random(rows) < chance).astype(float)
    x[rng.random(x.shape) < 0.15] = np.nan
    ts = np.sort(CUT - rng.integers(1, days * DAY, rows))
    frame = pa.table(
        {
            "application_id": [f"AP{i:05d}" for i in range(rows)],
            "merchant_id": [f"M{i:04d}" for i in rng.integers(0, rows // 2, rows)],
            "ts": ts,
            "snapshot_as_of": ts // DAY * DAY,
            "label": labels,
            **{n: x[:, i] for i, n in enumerate(NAMES)},
        }
    )
    return TrainingTable(frame, NAMES, FEATURE_SET_VERSION, CUT, 7 * DAY, {"no_label": 3}, 120.0)
