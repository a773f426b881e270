"""Money that comes back to a buyer: a transfer within days of an order, of about its price plus a commission.

Nothing settles doubt about a group of buyers better. Orders are taken by time, each takes the earliest transfer that
fits; then transfers that are left may each pay back several orders of one buyer at one shop, in a row. First those sent
from the shop's side (accounts of the shop or of whoever owns it), then those sent by anyone, which count only when one
account pays several members of a group.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from graph.snapshot import NULL, Int32, Int64

MAX_TRIES = 512
"""Transfers looked at for one order, and orders for one transfer; where there are more, the search is cut there."""

MAX_RUN = 12
"""Orders that one transfer pays back at most."""


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


STANDING_GAP_MS = 20 * 86_400_000


def standing(payments: Payments) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which payments are wages, rent and the like: one amount, three times or more, each at least 20 days apart."""
    key = (payments.amount, payments.currency, payments.buyer, payments.payer)
    order = np.lexsort((payments.ts, *key))
    same = np.ones(max(len(order) - 1, 0), np.bool_)
    for column in key:
        same &= column[order][1:] == column[order][:-1]
    group = np.r_[0, np.cumsum(~same)] if len(order) else np.empty(0, np.int64)
    gap = np.diff(payments.ts[order])
    hasty = np.bincount(group[1:][same & (gap < STANDING_GAP_MS)], minlength=len(order) + 1)
    size = np.bincount(group, minlength=len(order) + 1)
    found = np.zeros(len(order), np.bool_)
    found[order] = (size[group] >= 3) & (hasty[group] == 0)
    return found


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
    extra: int,
) -> PaidBack:
    """Which orders were paid back.

    Orders: columns of equal length, amount NULL where unknown. ``shop_accounts``: (shop, account) pairs of the shop's
    side. A transfer fits within ``days`` after the (last) order when it is between ``low`` and ``high`` times the price
    and ``extra`` minor units an order, in the same currency.
    """
    order = np.lexsort((currency, amount, shop, ts, buyer))
    into = np.lexsort((payments.payer, payments.amount, payments.ts, payments.buyer))
    n_buyers = int(max(buyer.max(initial=-1), payments.buyer.max(initial=-1))) + 1
    ptr = np.r_[0, np.cumsum(np.bincount(payments.buyer, minlength=n_buyers))].astype(np.int64)
    side = np.unique(shop_accounts[0].astype(np.int64) << 32 | shop_accounts[1].astype(np.int64))
    order_ptr = np.r_[0, np.cumsum(np.bincount(buyer, minlength=n_buyers))].astype(np.int64)
    by_buyer, cut = _match(
        order_ptr,
        shop[order],
        ts[order],
        amount[order],
        currency[order],
        ptr,
        payments.payer[into],
        payments.ts[into],
        payments.amount[into],
        payments.currency[into],
        side,
        days * 86_400_000,
        low,
        high,
        extra,
    )
    transfer = np.full(len(buyer), -1, np.int64)
    transfer[order] = by_buyer
    found = transfer >= 0
    place = np.where(found, into[transfer], -1) if len(into) else np.full(len(buyer), -1, np.int64)
    payer = np.full(len(buyer), -1, np.int32)
    payer[found] = payments.payer[place[found]]
    keys = shop.astype(np.int64) << 32 | payer.astype(np.int64)
    direct = found & np.isin(keys, side)
    return PaidBack(direct, payer, place, int(cut))


@njit(cache=True, nogil=True)
def _match(
    order_ptr: Int64,
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
    extra: int,
) -> tuple[Int64, int]:
    """Orders and transfers by (buyer, time): the place of the transfer that paid each order, -1 for none."""
    taken = np.zeros(len(paid), np.bool_)
    match = np.full(len(shop), -1, np.int64)
    cut = 0
    for shop_side_only in (True, False):
        for b in range(len(order_ptr) - 1):
            first, last = ptr[b], ptr[b + 1]
            low_order, high_order = order_ptr[b], order_ptr[b + 1]
            if first == last or low_order == high_order:
                continue
            for i in range(low_order, high_order):
                if match[i] >= 0 or amount[i] == NULL or amount[i] <= 0:
                    continue
                at = first + np.searchsorted(paid_ts[first:last], ts[i], side="right")
                tries = 0
                while at < last and paid_ts[at] <= ts[i] + span_ms:
                    tries += 1
                    if tries > MAX_TRIES:
                        cut += 1
                        break
                    if (
                        not taken[at]
                        and paid_currency[at] == currency[i]
                        and low * amount[i] <= paid[at] <= high * amount[i] + extra
                        and (not shop_side_only or _on_side(side, shop[i], payer[at]))
                    ):
                        taken[at] = True
                        match[i] = at
                        break
                    at += 1
            for at in range(first, last):
                if taken[at]:
                    continue
                end = low_order + np.searchsorted(ts[low_order:high_order], paid_ts[at])
                for j in range(end - 1, low_order - 1, -1):
                    if ts[j] < paid_ts[at] - span_ms or taken[at]:
                        break
                    if end - j > MAX_TRIES:
                        cut += 1
                        break
                    if match[j] < 0 and (not shop_side_only or _on_side(side, shop[j], payer[at])):
                        taken[at] = _pay_run(
                            j, low_order, at, shop, ts, amount, currency, match, paid_ts, paid, paid_currency, span_ms,
                            low, high, extra
                        )  # fmt: skip
    return match, cut


@njit(cache=True, nogil=True)
def _on_side(side: Int64, shop: int, payer: int) -> bool:
    key = np.int64(shop) << 32 | np.int64(payer)
    spot = np.searchsorted(side, key)
    return bool(spot < len(side) and side[spot] == key)


@njit(cache=True, nogil=True)
def _pay_run(
    newest: int,
    oldest: int,
    at: int,
    shop: Int32,
    ts: Int64,
    amount: Int64,
    currency: Int32,
    match: Int64,
    paid_ts: Int64,
    paid: Int64,
    paid_currency: Int32,
    span_ms: int,
    low: float,
    high: float,
    extra: int,
) -> bool:
    """Whether transfer ``at`` pays order ``newest`` together with the unpaid ones just before it at the same shop."""
    run = np.empty(MAX_RUN, np.int64)
    n, total, fits = 0, 0, 0
    for k in range(newest, max(oldest, newest - MAX_TRIES) - 1, -1):
        if ts[k] < paid_ts[at] - 2 * span_ms or n == MAX_RUN:
            break
        if shop[k] != shop[newest] or match[k] >= 0 or amount[k] == NULL or amount[k] <= 0:
            continue
        total += amount[k]
        if currency[k] != paid_currency[at] or low * total > paid[at]:
            break
        run[n] = k
        n += 1
        if n > 1 and paid[at] <= high * total + n * extra:
            fits = n  # the longest run that fits is the one whose sum comes closest
    for z in range(fits):
        match[run[z]] = at
    return fits > 0
