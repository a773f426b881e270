"""``ringfence loops --flows``: how much of what leaves the accounts of any transfer table comes back to them."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.loops.flow_kernel import S_AMOUNT, S_HOP, S_ROW, Transfers
from graph.loops.flows import FlowRule, Return, find_returns
from graph.loops.table import LoopTableOptions, most_at_once, span_us, window_in
from graph.table_columns import (
    TableError,
    as_given,
    codes_of,
    from_the_first,
    known_times,
    numbers_of,
    times_of,
)

_DIGITS = 6


def flows_of_table(table: pa.Table, options: LoopTableOptions) -> tuple[pa.Table, dict[str, object]]:
    """What comes back to the accounts that sent it (graph.loops.flows), and a summary.

    One row per transfer on the way: flow_id (from 0, the greatest amount returned first), account (as given), left,
    returned and share of the flow, purity (how much of the transfers on the way was this money), position (from 0, in
    order of time), row (0-based row of the table), then src, dst, ts, amount (and id, where named) as given, hop
    (transfers from the account, the fewest of its money) and carried (how much of the account's money went by it).
    left, returned and carried are in the unit of the amount column.

    The summary: edges, flows, accounts (that got money back), left, returned, truncated (how often by each limit),
    truncated_accounts, rows_left_out (an empty src, dst, ts or amount, or an amount that is not positive), seconds.
    Amounts with more than six decimals are rounded to six.
    """
    began = time.perf_counter()
    for name in (options.src, options.dst, options.ts, options.amount, *([options.id] if options.id else [])):
        if name not in table.column_names:
            raise TableError("no_column", f"no column {name!r}; there are {', '.join(table.column_names)}")
    ts, unit = times_of(table[options.ts], options.ts, options.time_unit)
    src, dst = codes_of(table[options.src], table[options.dst], options.src, options.dst)
    amount, digits = _whole(numbers_of(table[options.amount], options.amount), options.amount)
    rows = np.flatnonzero(known_times(table[options.ts]) & (src >= 0) & (dst >= 0) & (amount > 0))
    moments = from_the_first(ts[rows], options.ts)
    order = np.argsort(moments, kind="stable")
    rows = rows[order]
    moves = Transfers(src[rows], dst[rows], moments[order], amount[rows])
    window = window_in(span_us(options.window), unit)
    rule = FlowRule(
        window,
        options.max_length,
        options.ties,
        options.budget,
        options.degree_cap,
        max_loops=options.max_loops,
        attribution=options.attribution,
    )
    accounts = int(max(src.max(initial=-1), dst.max(initial=-1))) + 1
    returns = find_returns(moves, accounts, rule, most_at_once(moves.ts, window) + 1)
    found = sorted(returns.found, key=lambda r: (-r.returned, r.first_ts, r.account))
    summary: dict[str, object] = {
        "edges": table.num_rows,
        "flows": len(found),
        "accounts": len({r.account for r in found}),
        "left": sum(r.left for r in found) / 10**digits,
        "returned": sum(r.returned for r in found) / 10**digits,
        "truncated": returns.cuts,
        "truncated_accounts": len(returns.cut_accounts),
        "rows_left_out": table.num_rows - len(rows),
        "seconds": round(time.perf_counter() - began, 3),
    }
    return _steps(table, options, found, rows, digits), summary


def _whole(values: npt.NDArray[np.float64], name: str) -> tuple[npt.NDArray[np.int64], int]:
    """Amounts as integers of the smallest decimal that holds them all (six at most), and its digits; missing is 0."""
    values = np.nan_to_num(values, nan=0.0)
    digits = 0
    while digits < _DIGITS and (np.abs(values * 10**digits - np.rint(values * 10**digits)) > 1e-6).any():
        digits += 1
    if len(values) and float(np.abs(values).max()) * 10**digits > 9e15:
        raise TableError("bad_number", f"column {name!r}: an amount is out of range")
    return np.rint(values * 10**digits).astype(np.int64), digits


def _steps(
    table: pa.Table, options: LoopTableOptions, found: list[Return], rows: npt.NDArray[np.int64], digits: int
) -> pa.Table:
    which, at, hop, carried, position = [], [], [], [], []
    for i, r in enumerate(found):
        taken, index = np.unique(r.steps[:, S_ROW], return_inverse=True)
        amounts = np.zeros(len(taken), np.int64)
        np.add.at(amounts, index, r.steps[:, S_AMOUNT])
        fewest = np.full(len(taken), 1 << 30, np.int64)
        np.minimum.at(fewest, index, r.steps[:, S_HOP])
        which.append(np.full(len(taken), i))
        at.append(rows[taken])
        hop.append(fewest)
        carried.append(amounts)
        position.append(np.arange(len(taken)))
    none = [np.zeros(0, np.int64)]
    flow, row = np.concatenate(which or none), np.concatenate(at or none)
    first = np.array([rows[r.steps[0, S_ROW]] for r in found], np.int64)
    unit = 10**digits
    columns: dict[str, object] = {
        "flow_id": flow,
        "account": as_given(table[options.src], first).take(pa.array(flow)),
        "left": np.array([r.left for r in found], np.float64)[flow] / unit,
        "returned": np.array([r.returned for r in found], np.float64)[flow] / unit,
        "share": np.array([r.share for r in found], np.float64)[flow],
        "purity": np.array([r.purity for r in found], np.float64)[flow],
        "position": np.concatenate(position or none),
        "row": row,
    }
    for name, column in (("src", options.src), ("dst", options.dst), ("ts", options.ts), ("amount", options.amount)):
        columns[name] = as_given(table[column], row)
    if options.id:
        columns["id"] = as_given(table[options.id], row)
    columns |= {"hop": np.concatenate(hop or none), "carried": np.concatenate(carried or none) / unit}
    return pa.table(columns)
