"""Where to look: groups of shops joined in the backbone, and single shops with something odd about their buyers."""

from __future__ import annotations

import random
from dataclasses import dataclass

import igraph
import numpy as np
from numba import njit

from graph.rings.backbone import Backbone
from graph.rings.incidence import Incidence
from graph.rings.orders import Links, OrderBook
from graph.rings.params import RingParams
from graph.rings.tails import poisson_tail
from graph.rings.windows import densest_window
from graph.snapshot import Int32, Int64

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class SharedIdentity:
    """``flag``: for each (shop, buyer) pair of ``Incidence.shop_buyer``, whether the buyer shares an identifier (not
    that of a crowd) with another buyer of the shop. ``rate``: share of all pairs flagged. ``per_shop``: flagged pairs.
    """

    flag: Flags
    rate: float
    per_shop: Int64


def shared_identity(inc: Incidence, links: Links, hub: int) -> SharedIdentity:
    """Which buyers of a shop share an identifier with another of its buyers."""
    n_buyers = len(inc.buyer_ptr) - 1
    keep = links.users_of()[links.token] <= hub
    token_ptr = np.r_[0, np.cumsum(np.bincount(links.user[keep], minlength=n_buyers))].astype(np.int64)
    flag, per_shop = _flag_shared(inc.shop_ptr, inc.shop_buyer, token_ptr, links.token[keep], links.n_tokens)
    return SharedIdentity(flag, float(flag.mean()) if len(flag) else 0.0, per_shop)


@njit(cache=True, nogil=True)
def _flag_shared(
    shop_ptr: Int64, shop_buyer: Int32, token_ptr: Int64, token: Int32, n_tokens: int
) -> tuple[Flags, Int64]:
    last_shop = np.full(n_tokens, -1, np.int64)
    users = np.zeros(n_tokens, np.int32)
    flag = np.zeros(len(shop_buyer), np.bool_)
    per_shop = np.zeros(len(shop_ptr) - 1, np.int64)
    for s in range(len(shop_ptr) - 1):
        for x in range(shop_ptr[s], shop_ptr[s + 1]):
            b = shop_buyer[x]
            for y in range(token_ptr[b], token_ptr[b + 1]):
                t = token[y]
                if last_shop[t] != s:
                    last_shop[t], users[t] = s, 0
                users[t] += 1
        for x in range(shop_ptr[s], shop_ptr[s + 1]):
            b = shop_buyer[x]
            for y in range(token_ptr[b], token_ptr[b + 1]):
                if users[token[y]] > 1:
                    flag[x] = True
                    per_shop[s] += 1
                    break
    return flag, per_shop


@dataclass(frozen=True)
class OddOrders:
    """Orders that honest trade hardly has: paid back by the shop's side, or on a waybill that other buyers share.

    ``times``: how many of them each (shop, buyer) pair of ``Incidence.shop_buyer`` has. ``rate``: share of all orders,
    at least 1e-4.
    """

    times: Int32
    rate: float


def odd_orders(inc: Incidence, book: OrderBook) -> OddOrders:
    """Count the odd orders of every (shop, buyer) pair."""
    times = np.zeros(len(inc.shop_buyer), np.int32)
    odd = np.zeros(len(book), np.bool_)
    if book.paid_back is not None:
        odd |= book.paid_back
    if book.waybill is not None:
        odd |= reused_waybills(book.waybill, book.buyer)
    rows = np.flatnonzero(odd)
    if len(rows):
        shop = np.repeat(np.arange(len(inc.shop_ptr) - 1), np.diff(inc.shop_ptr))
        pairs = shop << 32 | inc.shop_buyer
        found, count = np.unique(book.shop[rows].astype(np.int64) << 32 | book.buyer[rows], return_counts=True)
        times[np.searchsorted(pairs, found)] = count
    return OddOrders(times, max(len(rows) / max(len(book), 1), 1e-4))


def reused_waybills(waybill: Int32, buyer: Int32) -> Flags:
    """Orders whose waybill is on orders of more than one buyer; ``waybill`` -1 where unknown."""
    known = np.flatnonzero(waybill >= 0)
    pairs = np.unique(waybill[known].astype(np.int64) << 32 | buyer[known])
    buyers = np.bincount(pairs >> 32) if len(pairs) else np.zeros(1, np.int64)
    reused = np.zeros(len(waybill), np.bool_)
    reused[known] = buyers[waybill[known]] > 1
    return reused


def find_seeds(
    inc: Incidence,
    backbone: Backbone,
    identity: SharedIdentity,
    odd_rows: OddOrders,
    market_ts: Int64,
    params: RingParams,
) -> list[Int32]:
    """Groups of shops to refine, each sorted, none twice; in the same order on every run."""
    groups = _backbone_groups(inc, backbone, params.cluster_resolution)
    windows = np.array(params.windows_s, np.int64)
    buyers = np.diff(inc.shop_ptr)
    repeats = np.add.reduceat(np.r_[inc.shop_times >= params.repeat_orders, False], inc.shop_ptr[:-1]) * (buyers > 0)
    odd = repeats >= params.repeat_buyers
    odd |= (identity.per_shop >= params.identity_buyers) & (
        identity.per_shop >= params.identity_lift * identity.rate * buyers
    )
    odd |= _odd_shops(inc.shop_ptr, odd_rows.times, inc.shop_orders, odd_rows.rate, params.odd_buyers, params.odd_tail)
    odd |= _burst_shops(inc.order_ptr, market_ts, windows, inc.span_s, params.burst_tail)
    return groups + [np.array([s], np.int32) for s in np.flatnonzero(odd)]


def _backbone_groups(inc: Incidence, backbone: Backbone, resolution: float) -> list[Int32]:
    """Leiden with the constant Potts model on the backbone; weight: share of the smaller shop's buyers in common."""
    if len(backbone.i) == 0:
        return []
    nodes, places = np.unique(np.concatenate([backbone.i, backbone.j]), return_inverse=True)
    buyers = np.diff(inc.shop_ptr)
    weight = (backbone.common - backbone.expected) / np.minimum(buyers[backbone.i], buyers[backbone.j])
    graph = igraph.Graph(n=len(nodes), edges=places.reshape(2, -1).T, directed=False)
    igraph.set_random_number_generator(random.Random(0))  # noqa: S311 - for the same result on every run
    try:
        membership = np.asarray(
            graph.community_leiden(
                objective_function="CPM", resolution=resolution, weights=weight.tolist(), n_iterations=2
            ).membership
        )
    finally:
        igraph.set_random_number_generator(random)
    order = np.argsort(membership, kind="stable")
    cuts = np.flatnonzero(np.diff(membership[order])) + 1
    return [nodes[part].astype(np.int32) for part in np.split(order, cuts) if len(part) > 1]


@njit(cache=True, nogil=True)
def _burst_shops(order_ptr: Int64, times: Int64, windows: Int64, span: float, min_tail: float) -> Flags:
    out = np.zeros(len(order_ptr) - 1, np.bool_)
    for s in range(len(order_ptr) - 1):
        out[s] = densest_window(times, order_ptr[s], order_ptr[s + 1], windows, span)[0] >= min_tail
    return out


@njit(cache=True, nogil=True)
def _odd_shops(
    shop_ptr: Int64, times: Int32, shop_orders: Int64, rate: float, min_buyers: int, min_tail: float
) -> Flags:
    out = np.zeros(len(shop_ptr) - 1, np.bool_)
    for s in range(len(shop_ptr) - 1):
        buyers, orders = 0, 0
        for x in range(shop_ptr[s], shop_ptr[s + 1]):
            if times[x] > 0:
                buyers += 1
                orders += times[x]
        out[s] = buyers >= min_buyers and poisson_tail(orders, shop_orders[s] * rate) >= min_tail
    return out
