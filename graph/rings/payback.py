"""Money that comes back to a buyer: a transfer within days of an order, of about its price plus a commission.

Nothing settles doubt about a group of buyers better. Each transfer pays back one order at most: orders are taken by
time, each takes the earliest transfer that fits; first those sent from the shop's side (accounts of the shop or of
whoever owns it), then those sent by anyone, which count only when one account pays several members of a group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from graph.snapshot import NULL, Int32, Int64

MAX_TRIES = 512
"""Transfers looked at for one order; a buyer paid more often than that within the days is cut off there."""


@dataclass(frozen=True)
class Payments:
    """Transfers into buyers' accounts: payee (buyer), payer (account), ms, minor units, currency code."""

    buyer: Int32
    payer: Int32
    ts: Int64
    amount: Int64
    currency: Int32


@dataclass(frozen=True)
class PaidBack:
    """Per order: was it paid back from the shop's side; the paying account (any, -1: none); the transfer's place."""

    direct: np.ndarray[tuple[int], np.dtype[np.bool_]]
    payer: Int32
    transfer: Int64
    cut: int


def match_paybacks(
    buyer: Int32,
    shop: Int32,
    ts: Int64,
    amount: Int64,
    currency: Int32,
    payments: Payments,
    shop_accounts: tuple[Int32, Int32],
    days: int,
    low: float,
    high: float,
) -> PaidBack:
    """Which orders were paid back.

    Orders: columns of equal length, amount NULL where unknown. ``shop_accounts``: (shop, account) pairs of the shop's
    side. A transfer fits within ``days`` after the order when it is between ``low`` and ``high`` times its price, in
    the same currency.
    """
    order = np.lexsort((shop, ts, buyer))
    into = np.lexsort((payments.payer, payments.amount, payments.ts, payments.buyer))
    n_buyers = int(max(buyer.max(initial=-1), payments.buyer.max(initial=-1))) + 1
    ptr = np.r_[0, np.cumsum(np.bincount(payments.buyer, minlength=n_buyers))].astype(np.int64)
    side = np.unique(shop_accounts[0].astype(np.int64) << 32 | shop_accounts[1].astype(np.int64))
    transfer, cut = _match(
        order,
        buyer,
        shop,
        ts,
        amount,
        currency,
        ptr,
        payments.payer[into],
        payments.ts[into],
        payments.amount[into],
        payments.currency[into],
        side,
        days * 86_400_000,
        low,
        high,
    )
    found = transfer >= 0
    place = np.where(found, into[transfer], -1) if len(into) else np.full(len(buyer), -1, np.int64)
    payer = np.full(len(buyer), -1, np.int32)
    payer[found] = payments.payer[place[found]]
    keys = shop.astype(np.int64) << 32 | payer.astype(np.int64)
    direct = found & np.isin(keys, side)
    return PaidBack(direct, payer, place, int(cut))


@njit(cache=True, nogil=True)
def _match(
    order: Int64,
    buyer: Int32,
    shop: Int32,
    ts: Int64,
    amount: Int64,
    currency: Int32,
    ptr: Int64,
    payer: Int32,
    paid_ts: Int64,
    paid: Int64,
    paid_currency: Int32,
    side: Int64,
    span_ms: int,
    low: float,
    high: float,
) -> tuple[Int64, int]:
    taken = np.zeros(len(paid), np.bool_)
    match = np.full(len(buyer), -1, np.int64)
    cut = 0
    for shop_side_only in (True, False):
        for i in order:
            if match[i] >= 0 or amount[i] == NULL or amount[i] <= 0:
                continue
            first, last = ptr[buyer[i]], ptr[buyer[i] + 1]
            at = first + np.searchsorted(paid_ts[first:last], ts[i], side="right")
            tries = 0
            while at < last and paid_ts[at] <= ts[i] + span_ms:
                tries += 1
                if tries > MAX_TRIES:
                    cut += 1
                    break
                fits = (
                    not taken[at]
                    and paid_currency[at] == currency[i]
                    and low * amount[i] <= paid[at] <= high * amount[i]
                )
                if fits and shop_side_only:
                    key = np.int64(shop[i]) << 32 | np.int64(payer[at])
                    spot = np.searchsorted(side, key)
                    fits = spot < len(side) and side[spot] == key
                if fits:
                    taken[at] = True
                    match[i] = at
                    break
                at += 1
    return match, cut
