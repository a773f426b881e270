"""Landings of random worlds whose rows became known bit by bit, some of them in several versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from graph.model import landing_schemas
from landing.tables import Landing
from tests.features.worlds import AS_OF, DAY, Row, random_world, tables


def versioned_world(seed: int, merchants: int = 8, orders: int = 120, days: int = 200) -> dict[str, pa.Table]:
    """A random world; known_ts lies in the last ``days``, some rows come in two or three versions."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[Row]] = {}
    for name, given in random_world(seed, merchants, orders).items():
        rows[name] = []
        for row in given:
            for version in range(int(rng.choice([1, 1, 1, 2, 3]))):
                known = AS_OF - int(rng.integers(0, days * DAY))
                changed: Row = {**row, "known_ts": known, "updated_ts": int(rng.integers(0, 4)) + version // 2}
                if version and "dst" in row and name != "INVOICED" and rng.random() < 0.3:
                    changed["dst"] = str(rng.choice([str(r["dst"]) for r in given if r["dst_kind"] == row["dst_kind"]]))
                if version and "ts" in row and row["ts"] is not None:
                    changed["ts"] = int(str(row["ts"])) - int(rng.integers(0, 5)) * DAY
                rows[name].append(changed)
    return tables(rows)


def landing_of(root: Path, *batches: dict[str, pa.Table]) -> Landing:
    """A landing with the given tables, one batch each."""
    landing = Landing(root, landing_schemas())
    for i, batch in enumerate(batches, start=len(landing.batches())):
        with landing.begin(f"batch-{i}", "test", "test") as open_batch:
            for name, table in batch.items():
                open_batch.add(name, table)
    return landing
