"""Transfers as rows of the merchant whose account is at one end, and what follows what among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from graph.features.currency import Currencies, in_main
from graph.features.order_rows import Rows
from graph.features.segments import expand
from graph.snapshot import Float64, Int32, Int64, Snapshot


@dataclass(frozen=True)
class TransferRows(Rows):
    """One row per transfer and merchant that holds the account at our end. Moves between own accounts are left out."""

    own: Int32  # account number at our end
    other: Int32  # account number at the other end
    amount: Float64  # main currency; NaN otherwise


def transfer_rows(snapshot: Snapshot, currencies: Currencies, direction: Literal["in", "out"]) -> TransferRows:
    """All transfers out of, or into, accounts that merchants own, up to as_of, sorted by merchant and time."""
    owns = snapshot.relation("Merchant", "OWNS", "Account")
    moved = snapshot.relation("Account", "TRANSFER", "Account")
    held = np.unique(owns.src.astype(np.int64) * len(snapshot.nodes["Account"]) + owns.dst)
    who, own = divmod(held, max(len(snapshot.nodes["Account"]), 1))
    if direction == "out":
        row, at = expand(moved.out_ptr, own)
        other = moved.dst[at]
    else:
        row, at = expand(moved.in_ptr, own)
        at = moved.in_edges[at]
        other = moved.src[at]
    merchant = who[row].astype(np.int32)
    rows = TransferRows(
        merchant=merchant,
        ts=moved.int64("ts")[at],
        own=own[row].astype(np.int32),
        other=other,
        amount=in_main(moved.int64("amount")[at], currencies.codes(moved)[at], currencies.main[merchant]),
    )
    outside = ~np.isin(merchant.astype(np.int64) * len(snapshot.nodes["Account"]) + other, held)
    rows = rows.where(outside & (rows.ts <= snapshot.as_of))
    order = np.lexsort((rows.other, rows.ts, rows.merchant))
    return rows.where(order)


def followed_by(
    first_group: Int64, first: TransferRows, then_group: Int64, then: TransferRows, within_ms: int
) -> Float64:
    """How much of each first transfer is met by later ones of its group within the time, oldest first.

    Each unit of the later money is used once. Strictly later only; rows without an amount take no part.
    """
    a = np.lexsort((first.ts, first_group))
    b = np.lexsort((then.ts, then_group))
    met = np.zeros(len(first))
    met[a] = _match(
        first_group[a],
        first.ts[a],
        np.nan_to_num(first.amount[a]),
        then_group[b],
        then.ts[b],
        np.nan_to_num(then.amount[b]),
        within_ms,
    )
    return met


@njit(cache=True)
def _match(
    group: Int64, ts: Int64, amount: Float64, later_group: Int64, later_ts: Int64, later_amount: Float64, within: int
) -> Float64:
    met = np.zeros(len(group))
    oldest = 0
    for j in range(len(later_group)):
        left = later_amount[j]
        while oldest < len(group) and (
            group[oldest] < later_group[j]
            or (
                group[oldest] == later_group[j] and (ts[oldest] < later_ts[j] - within or met[oldest] >= amount[oldest])
            )
        ):
            oldest += 1
        i = oldest
        while left > 0 and i < len(group) and group[i] == later_group[j] and ts[i] < later_ts[j]:
            used = min(left, amount[i] - met[i])
            met[i] += used
            left -= used
            i += 1
    return met
