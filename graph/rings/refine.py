"""From a seed to a group: members by p-value, shops re-estimated from the members, a few rounds of it.

A buyer's evidence is a sum of -log10 p: more of the group's shops than chance (Poisson), more repeats than honest
loyalty (empirical), an identifier shared with another buyer of a shop (its rate), orders inside the group's densest
window (binomial), orders paid back or on a shared waybill (Poisson). Members are those that Benjamini-Hochberg lets
through among all buyers of the shops. A shop stays when members place enough of its orders, and more members come
there than chance sends.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from graph.rings.loyalty import MAX_REPEATS, volume_class
from graph.rings.tails import benjamini_hochberg, binomial_tail, poisson_tail
from graph.rings.windows import densest_window
from graph.snapshot import Float64, Int32, Int64


class Tables(NamedTuple):
    """What refinement reads (see Incidence): compiled code takes it as one thing."""

    buyer_ptr: Int64
    buyer_shop: Int32
    buyer_times: Int32
    shop_ptr: Int64
    shop_buyer: Int32
    shop_times: Int32
    order_ptr: Int64
    order_buyer: Int32
    market_ts: Int64
    buyer_orders: Int64
    shop_orders: Int64
    shares_identity: np.ndarray[tuple[int], np.dtype[np.bool_]]
    loyalty: Float64
    windows: Int64
    span: float
    identity_evidence: float
    odd_times: Int32
    odd_rate: float


class Work(NamedTuple):
    """Scratch space, one place a buyer or a shop; stamps say whose figures are in it."""

    shop_stamp: Int64
    buyer_stamp: Int64
    orders: Int32  # of a buyer inside the group
    shops: Int32
    in_window: Int32
    identity: Int32
    odd: Int32
    shop_member_orders: Int32
    shop_members: Int32


def workspace(n_buyers: int, n_shops: int) -> Work:
    """Scratch space for ``refine``."""
    per_buyer = [np.zeros(n_buyers, np.int32) for _ in range(5)]
    per_shop = [np.zeros(n_shops, np.int32) for _ in range(2)]
    return Work(np.full(n_shops, -1, np.int64), np.full(n_buyers, -1, np.int64), *per_buyer, *per_shop)


@njit(cache=True, nogil=True)
def refine(
    seed: Int32,
    number: int,
    tables: Tables,
    work: Work,
    rounds: int,
    alpha: float,
    min_buyers: int,
    min_share: float,
    burst_tail: float,
) -> tuple[Int32, Int32, Float64]:
    """A group from a seed: buyers, shops (both sorted), -log10 p of each buyer; empty buyers when nothing is left.

    ``number`` must differ between calls that share ``work``.
    """
    shops = seed
    nobody, nothing = np.empty(0, np.int32), np.empty(0, np.float64)
    members, evidence = nobody, nothing
    for r in range(rounds):
        tag = (number * rounds + r) * 2
        buyers, total = _buyers_of(shops, tag, tables, work)
        burst, part = _count_window(shops, total, burst_tail, tables, work)
        chosen, evidence = _members(buyers, total, len(shops), burst, part, alpha, tables, work)
        members = buyers[chosen]
        if len(members) < min_buyers:
            return nobody, shops, nothing
        if r == rounds - 1:
            break
        again = _shops_of(members, tag + 1, min_share, tables, work)
        if len(again) == 0:
            return nobody, shops, nothing
        if len(again) == len(shops) and (again == shops).all():
            break  # the next round would find the same members
        shops = again
    order = np.argsort(members)
    return members[order], shops, evidence[order]


@njit(cache=True, nogil=True)
def _buyers_of(shops: Int32, tag: int, tables: Tables, work: Work) -> tuple[Int32, int]:
    pairs, total = 0, 0
    for s in shops:
        work.shop_stamp[s] = tag
        total += tables.shop_orders[s]
        pairs += tables.shop_ptr[s + 1] - tables.shop_ptr[s]
    buyers = np.empty(pairs, np.int32)
    n = 0
    for s in shops:
        for x in range(tables.shop_ptr[s], tables.shop_ptr[s + 1]):
            b = tables.shop_buyer[x]
            if work.buyer_stamp[b] != tag:
                work.buyer_stamp[b] = tag
                work.orders[b] = work.shops[b] = work.in_window[b] = work.identity[b] = work.odd[b] = 0
                buyers[n] = b
                n += 1
            work.orders[b] += tables.shop_times[x]
            work.shops[b] += 1
            work.odd[b] += tables.odd_times[x]
            if tables.shares_identity[x]:
                work.identity[b] = 1
    return buyers[:n], total


@njit(cache=True, nogil=True)
def _count_window(shops: Int32, total: int, burst_tail: float, tables: Tables, work: Work) -> tuple[bool, float]:
    """Orders of each buyer in the group's densest window; whether it is a burst, and its part of the whole time."""
    if len(shops) == 1:
        low, high = tables.order_ptr[shops[0]], tables.order_ptr[shops[0] + 1]
        score, start, length = densest_window(tables.market_ts, low, high, tables.windows, tables.span)
    else:
        times = np.empty(total, np.int64)
        k = 0
        for s in shops:
            for x in range(tables.order_ptr[s], tables.order_ptr[s + 1]):
                times[k] = tables.market_ts[x]
                k += 1
        times.sort()
        score, start, length = densest_window(times, 0, total, tables.windows, tables.span)
    if score < burst_tail:
        return False, 1.0
    for s in shops:
        for x in range(tables.order_ptr[s], tables.order_ptr[s + 1]):
            if start <= tables.market_ts[x] <= start + length:
                work.in_window[tables.order_buyer[x]] += 1
    return True, length / tables.span


@njit(cache=True, nogil=True)
def _members(
    buyers: Int32, total: int, n_shops: int, burst: bool, part: float, alpha: float, tables: Tables, work: Work
) -> tuple[Int64, Float64]:
    """Places in ``buyers`` of the members, and their evidence; the rate of chance orders is estimated without them."""
    n, all_orders = len(buyers), len(tables.order_buyer)
    rate = total / all_orders
    own = np.empty(n, np.float64)  # what does not depend on the rate
    for i in range(n):
        b = buyers[i]
        e = tables.loyalty[volume_class(tables.buyer_orders[b]), min(work.orders[b] - work.shops[b], MAX_REPEATS)]
        if work.identity[b] > 0:
            e += tables.identity_evidence
        if work.odd[b] > 0:
            e += min(12.0, poisson_tail(work.odd[b], work.orders[b] * tables.odd_rate))
        if burst:
            e += binomial_tail(min(work.orders[b], 40), min(work.in_window[b], 40), part)
        own[i] = e
    honest = _honest_share(buyers, tables, work)
    evidence = own.copy()
    chosen = np.empty(0, np.int64)
    worth_ranking = -math.log10(alpha / honest)
    for _ in range(3 if n_shops > 1 else 1):
        for i in range(n):
            b = buyers[i]
            if work.shops[b] > 1:
                mean = tables.buyer_orders[b] * rate
                evidence[i] = own[i] + max(0.0, poisson_tail(work.shops[b], mean) - poisson_tail(1, mean))
        likely = np.flatnonzero(evidence >= worth_ranking)  # nobody else can pass, whatever the rank
        order = likely[np.argsort(-evidence[likely], kind="mergesort")]
        ranked = np.zeros(n, np.float64)
        for k in range(len(order)):
            ranked[k] = evidence[order[k]]
        chosen = order[: benjamini_hochberg(ranked, alpha / honest)]
        inside, everything = float(total), float(all_orders)
        for k in range(len(chosen)):
            b = buyers[chosen[k]]
            inside -= float(work.orders[b])
            everything -= float(tables.buyer_orders[b])
        rate = max(inside, 0.5 * n_shops) / max(everything, 1.0)
    return chosen, evidence[chosen]


@njit(cache=True, nogil=True)
def _honest_share(buyers: Int32, tables: Tables, work: Work) -> float:
    """About which part of the buyers came by chance, at most 1: those with one order, no shared identifier and nothing
    odd, each counted for as many as honest buyers of the same volume have per one of that sort (Storey 2002, with the
    loyalty table for its lambda). Members with one order are in it too, which errs on the safe side."""
    count = 0.0
    for i in range(len(buyers)):
        b = buyers[i]
        if work.orders[b] == 1 and work.identity[b] == 0 and work.odd[b] == 0:
            count += 1.0 / (1.0 - 10.0 ** -tables.loyalty[volume_class(tables.buyer_orders[b]), 1])
    return min(1.0, max(count, 1.0) / max(len(buyers), 1))


@njit(cache=True, nogil=True)
def _shops_of(members: Int32, tag: int, min_share: float, tables: Tables, work: Work) -> Int32:
    """Shops that the members fill: a share of the shop's orders, and more members than their volume sends by chance."""
    room, volume = 0, 0
    for b in members:
        room += tables.buyer_ptr[b + 1] - tables.buyer_ptr[b]
        volume += tables.buyer_orders[b]
    met = np.empty(room, np.int32)
    n = 0
    for b in members:
        for x in range(tables.buyer_ptr[b], tables.buyer_ptr[b + 1]):
            s = tables.buyer_shop[x]
            if work.shop_stamp[s] != tag:
                work.shop_stamp[s] = tag
                work.shop_member_orders[s] = work.shop_members[s] = 0
                met[n] = s
                n += 1
            work.shop_member_orders[s] += tables.buyer_times[x]
            work.shop_members[s] += 1
    kept = np.empty(n, np.int32)
    k = 0
    for z in range(n):
        s = met[z]
        orders, people = work.shop_member_orders[s], work.shop_members[s]
        if people < 3 or people < 0.08 * len(members) or orders < min_share * tables.shop_orders[s]:
            continue
        mean = volume * max(tables.shop_orders[s] - orders, 1) / len(tables.order_buyer)
        if poisson_tail(people, mean) < 6.0:
            continue
        kept[k] = s
        k += 1
    return np.sort(kept[:k])
