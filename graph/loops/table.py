"""Fund loops of any table of transfers: accounts as text or integers, rows in any order, ids as given."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.loops.engine import LoopBounds, LoopEngine, LoopRule, Ties
from graph.loops.flows import Attribution
from graph.table_columns import (
    FARTHEST,
    TableError,
    as_given,
    codes_of,
    from_the_first,
    known_times,
    numbers_of,
    times_of,
)

Unit = Literal["s", "ms", "us"]

_SPAN = re.compile(r"(\d+)(us|ms|s|m|h|d)")
_MICROSECONDS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_CAPACITY = 1 << 25  # rows remembered at most: 2.3 GiB
_BATCH = 1 << 20
_LOOPS_PER_EDGE = 1 << 16  # two accounts with tens of thousands of transfers each way are listed whole


@dataclass(frozen=True)
class LoopTableOptions:
    """What the columns are called and what counts as a loop.

    ``amount``: may be missing from the table when ``decay`` is None. ``id``: a column of row ids to carry along, None
    for none. ``attribution``: of the flow view, see graph.loops.flows. ``window``: like 72h, 90m, 30d. ``time_unit``:
    of numbers in the time column. ``max_loops``: listed at most; the rest is reported as cut.
    """

    src: str = "src"
    dst: str = "dst"
    ts: str = "ts"
    amount: str = "amount"
    id: str | None = None
    time_unit: Unit = "ms"
    window: str = "72h"
    max_length: int = 10
    decay: float | None = None
    growth: float = 0.0
    ties: Ties = "strict"
    attribution: Attribution = "fifo"
    degree_cap: int = 0
    budget: int = 1 << 16
    max_loops: int = 2_000_000


def span_us(text: str) -> int:
    """A span like ``72h`` in microseconds; units us, ms, s, m, h, d. TableError when it is none."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise TableError("bad_span", f"{text!r} is no time span: write a whole number and us, ms, s, m, h or d, as 72h")
    return int(found[1]) * _MICROSECONDS[found[2]]


def loops_of_table(table: pa.Table, options: LoopTableOptions | None = None) -> tuple[pa.Table, dict[str, object]]:
    """Every fund loop of the table, and a summary.

    The result has one row per step: loop_id (from 0, in the order in which loops close), position (from 0, the earliest
    step), row (0-based row of the table), then src, dst, ts, amount (and id, where named) as given. The summary: edges,
    loops, by_length, truncated_edges (transfers whose search was cut), truncated (how often by each limit),
    truncated_accounts, rows_left_out (rows with an empty src, dst or ts), seconds.
    """
    options = options or LoopTableOptions()
    began = time.perf_counter()
    for name in (options.src, options.dst, options.ts, *([options.id] if options.id else [])):
        if name not in table.column_names:
            raise TableError("no_column", f"no column {name!r}; there are {', '.join(table.column_names)}")
    has_amount = options.amount in table.column_names
    if options.decay is not None and not has_amount:
        raise TableError("no_column", f"the amount rule needs a column {options.amount!r}")
    ts, unit = times_of(table[options.ts], options.ts, options.time_unit)
    src, dst = codes_of(table[options.src], table[options.dst], options.src, options.dst)
    rows = np.flatnonzero(known_times(table[options.ts]) & (src >= 0) & (dst >= 0))
    left_out = table.num_rows - len(rows)
    moments = from_the_first(ts[rows], options.ts)
    if not _sorted(moments):
        order = np.argsort(moments, kind="stable")
        rows, moments = rows[order], moments[order]
    amount = numbers_of(table[options.amount], options.amount) if options.decay is not None else None
    window = window_in(span_us(options.window), unit)
    rule = LoopRule(window, options.max_length, options.decay, options.growth, options.ties)
    engine, loop_rows, ptr = _search(src, dst, moments, amount, rows, rule, options)
    lengths = np.diff(ptr)
    loop_id = np.repeat(np.arange(len(lengths)), lengths)
    steps: dict[str, object] = {
        "loop_id": loop_id,
        "position": np.arange(len(loop_rows)) - ptr[loop_id],
        "row": loop_rows,
    }
    for name, column in (("src", options.src), ("dst", options.dst), ("ts", options.ts), ("amount", options.amount)):
        steps[name] = as_given(table[column], loop_rows) if column in table.column_names else pa.nulls(len(loop_rows))
    if options.id:
        steps["id"] = as_given(table[options.id], loop_rows)
    summary: dict[str, object] = {
        "edges": table.num_rows,
        "loops": len(lengths),
        "by_length": {str(k): int(n) for k, n in zip(*np.unique(lengths, return_counts=True), strict=True)},
        "truncated_edges": engine.edges_cut_short,
        "truncated": engine.cuts,
        "truncated_accounts": len(engine.cut_accounts()),
        "rows_left_out": left_out,
        "seconds": round(time.perf_counter() - began, 3),
    }
    return pa.table(steps), summary


_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def window_in(microseconds: int, unit: str) -> int:
    """A span in the unit of the times (s, ms, us or ns), rounded down; at most what any two times lie apart."""
    return min(microseconds * 1_000 // _NANOSECONDS[unit], FARTHEST)


def most_at_once(moments: npt.NDArray[np.int64], window: int) -> int:
    """The most transfers in any one window; times ascending."""
    held = 0
    for i in range(0, len(moments), _BATCH):
        part = moments[i : i + _BATCH]
        first = np.searchsorted(moments, part - window, "left")
        held = max(held, int((np.arange(i, i + len(part)) - first).max()) + 1)
    return held


def _search(
    src: npt.NDArray[np.int32],
    dst: npt.NDArray[np.int32],
    moments: npt.NDArray[np.int64],
    amount: npt.NDArray[np.float64] | None,
    rows: npt.NDArray[np.int64],
    rule: LoopRule,
    options: LoopTableOptions,
) -> tuple[LoopEngine, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    held = max(most_at_once(moments, rule.window), 1)
    bounds = LoopBounds(min(held + 1, _CAPACITY), 0, options.budget, options.degree_cap, _LOOPS_PER_EDGE)
    engine = LoopEngine(rule, bounds)
    found, pointers, loops = [], [np.zeros(1, np.int64)], 0
    for i in range(0, len(rows), _BATCH):
        at = rows[i : i + _BATCH]
        weights = None if amount is None else amount[at]
        new = engine.push(
            src[at], dst[at], moments[i : i + _BATCH], weights, at, at, max_loops=options.max_loops - loops
        )
        found.append(new.rows)
        pointers.append(new.ptr[1:] + int(pointers[-1][-1]))
        loops += len(new)
    return engine, np.concatenate(found) if found else np.zeros(0, np.int64), np.concatenate(pointers)


def _sorted(values: npt.NDArray[np.int64]) -> bool:
    return bool((values[1:] >= values[:-1]).all())
