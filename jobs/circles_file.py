"""``ringfence circles FILE``: every guarantee circle of a table of guarantees."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.guarantees import circles_in, strong_groups
from graph.table_columns import TableError, codes_of, numbers_of, read_table


@dataclass(frozen=True)
class CirclesFileOptions:
    """Column names (``amount`` may be missing from the file), the longest circle, and limits of list and work."""

    src: str = "src"
    dst: str = "dst"
    amount: str = "amount"
    max_length: int = 8
    max_circles: int = 1_000_000
    budget: int = 50_000_000


def run_circles(path: Path, out: Path | None, options: CirclesFileOptions) -> dict[str, object]:
    """Find the circles of a CSV or Parquet file of guarantees, write them to ``out`` (Parquet), return the summary.

    Rows of ``out``: circle_id (from 0), length, position (from 0), node as given; each circle begins with the node that
    the file names first. The summary: guarantees, groups (strongly connected), circles, by_length, largest_group,
    amount_inside (guaranteed within groups; absent without amounts), truncated (groups whose search was cut),
    rows_left_out (rows with an empty end), seconds.
    """
    began = time.perf_counter()
    table = read_table(path, [options.src, options.dst, options.amount], [options.src, options.dst])
    if options.max_length < 2:
        raise TableError("bad_length", f"max_length must be at least 2, got {options.max_length}")
    try:
        src, dst = codes_of(table[options.src], table[options.dst], options.src, options.dst)
        has_amount = options.amount in table.column_names
        amount = numbers_of(table[options.amount], options.amount) if has_amount else None
    except TableError as e:
        raise TableError(e.code, f"{path}: {e}") from e
    whole = (src >= 0) & (dst >= 0)
    arcs: dict[int, list[int]] = {}
    for a, b in zip(src[whole].tolist(), dst[whole].tolist(), strict=True):
        if a != b:
            arcs.setdefault(a, []).append(b)
    arcs = {a: sorted(set(following)) for a, following in arcs.items()}
    groups = strong_groups(arcs)
    circles: list[tuple[int, ...]] = []
    cut, budget = 0, options.budget
    for group in groups:
        found = circles_in(group, arcs, options.max_length, options.max_circles - len(circles), budget)
        budget = max(budget - found.looked, 0)
        cut += found.cut is not None
        circles += found.circles
    circles.sort(key=lambda c: (len(c), c))
    summary: dict[str, object] = {
        "guarantees": table.num_rows,
        "groups": len(groups),
        "largest_group": max(map(len, groups), default=0),
        "circles": len(circles),
        "by_length": {str(k): n for k, n in sorted(Counter(map(len, circles)).items())},
        "truncated": cut,
        "rows_left_out": int((~whole).sum()),
    }
    if amount is not None:
        group_of = np.full(int(max(src.max(initial=-1), dst.max(initial=-1))) + 2, -1)
        for i, group in enumerate(groups):
            group_of[group] = i
        inside = whole & (group_of[src] >= 0) & (group_of[src] == group_of[dst]) & (src != dst)
        summary["amount_inside"] = float(np.nansum(amount[inside]))
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(_rows(table, options, src, dst, circles), out, compression="zstd")
    summary["seconds"] = round(time.perf_counter() - began, 3)
    return summary


def _rows(
    table: pa.Table,
    options: CirclesFileOptions,
    src: np.ndarray[tuple[int], np.dtype[np.int32]],
    dst: np.ndarray[tuple[int], np.dtype[np.int32]],
    circles: list[tuple[int, ...]],
) -> pa.Table:
    lengths = np.array([len(c) for c in circles], np.int64)
    starts = np.cumsum(lengths) - lengths
    nodes = np.array([n for c in circles for n in c], np.int64)
    both, codes = (table[options.src], table[options.dst]), np.concatenate([src, dst])
    if both[0].type != both[1].type:
        both = (both[0].cast(pa.string()), both[1].cast(pa.string()))
    seen, first = np.unique(codes, return_index=True)
    named = pa.chunked_array([*both[0].chunks, *both[1].chunks], both[0].type)
    at = first[np.searchsorted(seen, nodes)] if len(nodes) else np.zeros(0, np.int64)
    which = np.repeat(np.arange(len(circles)), lengths)
    return pa.table(
        {
            "circle_id": which,
            "length": lengths[which],
            "position": np.arange(len(nodes)) - starts[which] if len(nodes) else np.zeros(0, np.int64),
            "node": pc.take(named, pa.array(at)),
        }
    )
