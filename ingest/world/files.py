"""Writing: one CSV a feed, columns checked against its contract, rows in the order in which they became known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from ingest.feed import Feed
from ingest.world.chance import Int
from ingest.world.letters import times
from ingest.world.spec import HOUR

Texts = Mapping[str, pa.Array | pa.Scalar]

CNY = pa.scalar("CNY")

_PLAIN = csv.WriteOptions(quoting_style="none", quoting_header="none")


class Files:
    """The folder that a world is written to."""

    def __init__(self, root: Path, end: int) -> None:
        self.root = root
        self._end = end
        self.rows: dict[str, int] = {}

    def write(self, feed: Feed, known: Int, columns: Texts) -> None:
        """One file: columns by name without known_at, which is made from ``known`` (epoch ms).

        Rows that became known after the end of the world are left out, and so are optional columns that are not given.
        ValueError when the columns are not the feed's.
        """
        given = {*columns, feed.known}
        expected = [c.name for c in feed.columns if c.required or c.name in given]
        if given != set(expected):
            raise ValueError(f"{feed.full_name}: columns {sorted(columns)} are not those of the feed {expected}")
        n = len(known)
        whole = {name: c if isinstance(c, pa.Array) else pa.repeat(c, n) for name, c in columns.items()}
        whole[feed.known] = times(known)
        order = np.argsort(known, kind="stable")
        order = order[known[order] < self._end]
        table = pa.table({name: whole[name] for name in expected}).take(pa.array(order))
        folder = self.root / feed.source
        folder.mkdir(parents=True, exist_ok=True)
        csv.write_csv(table, folder / f"{feed.name}.csv", _PLAIN)
        self.rows[f"{feed.source}/{feed.name}.csv"] = table.num_rows


def hours_later(rng: np.random.Generator, ts: Int) -> Int:
    """When an hourly delivery brought rows of that time: within six hours."""
    return ts + (rng.random(len(ts)) * 5.7 * HOUR).astype(np.int64) // 1000 * 1000 + 60_000
