"""``ringfence loops FILE``: every fund loop of a transfer table, or with ``--flows`` how much money comes back."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from graph.loops.flow_table import flows_of_table
from graph.loops.table import LoopTableOptions, loops_of_table
from graph.table_columns import TableError, read_table


def run_loops(path: Path, out: Path | None, options: LoopTableOptions, flows: bool = False) -> dict[str, object]:
    """Find the loops of a CSV or Parquet file, write them to ``out`` (Parquet) where given, and return the summary.

    ``flows``: the flow view instead (graph.loops.flow_table); it has no amount rule.

    TableError (with the file's name) when the file or a column cannot be read; LoopError for a parameter out of range.
    """
    needed = [options.src, options.dst, options.ts, *([options.id] if options.id else [])]
    if flows or options.decay is not None:
        needed.append(options.amount)
    table = read_table(path, [*needed, options.amount], needed)
    try:
        loops, summary = flows_of_table(table, options) if flows else loops_of_table(table, options)
    except TableError as e:
        raise TableError(e.code, f"{path}: {e}") from e
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(loops, out, compression="zstd")
    return summary
