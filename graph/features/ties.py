"""Ties: which things merchants and buyers have in common."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graph.features.order_rows import OrderRows, order_buyers
from graph.features.segments import Keys, count, expand, pairs
from graph.snapshot import Float64, Int64, Snapshot

CROWD = 50
"""A buyer of more shops than this ties none of them together: a purchasing agent, not a friend of the shop."""


def others_on_same(merchant: Keys, thing: Keys, n: int) -> Float64:
    """Other merchants on the thing that a merchant shares with most; NaN for a merchant without such a thing."""
    who, what, _ = pairs(merchant, thing)
    users = np.bincount(what) if len(what) else np.zeros(0, np.int64)
    out = np.full(n, -1.0)
    np.maximum.at(out, who, users[what] - 1.0)
    return np.where(out < 0, np.nan, out)


def buyers_sharing(merchant: Keys, buyer: Keys, owner: Int64, thing: Int64, n: int) -> Float64:
    """Share of each merchant's buyers who share a thing with another buyer of the same merchant.

    ``merchant``, ``buyer``: who bought where. ``owner``, ``thing``: what each buyer has, sorted by buyer. Buyers of
    whom nothing is known do not count.
    """
    shop, person, _ = pairs(merchant, buyer)
    size = int(max(owner.max(initial=-1), person.max(initial=-1))) + 1
    pointers = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(owner, minlength=size), out=pointers[1:])
    row, at = expand(pointers, person)
    width = int(thing.max(initial=0)) + 1
    _, place, times = np.unique(shop[row] * width + thing[at], return_inverse=True, return_counts=True)
    shared = times[place] > 1  # (shop, thing) keys that more than one buyer has
    has, sharing = np.zeros(len(shop), bool), np.zeros(len(shop), bool)
    has[row] = True
    sharing[row[shared]] = True
    whole = count(shop[has], n)
    return np.divide(count(shop[sharing], n), whole, out=np.full(n, np.nan), where=whole > 0)


def shared_buyers(orders: OrderRows, n: int) -> csr_array:
    """How many buyers each two merchants have in common; buyers of more than ``CROWD`` shops are left out."""
    named = orders.where(orders.buyer >= 0)
    shop, buyer, _ = pairs(named.merchant, named.buyer)
    width = int(buyer.max(initial=0)) + 1
    kept = np.bincount(buyer, minlength=width)[buyer] <= CROWD
    bought = csr_array((np.ones(kept.sum(), np.int32), (shop[kept], buyer[kept])), shape=(n, width))
    common = csr_array(bought @ bought.T)
    common.setdiag(0)
    common.eliminate_zeros()
    return common


def buyer_devices(snapshot: Snapshot) -> tuple[Int64, Int64]:
    """Every (buyer, device) pair seen, on sign-in or on an order, sorted by buyer."""
    seen = snapshot.relation("Buyer", "USED_DEVICE", "Device")
    ordered = snapshot.relation("Orders", "USED_DEVICE", "Device")
    buyers = order_buyers(snapshot)[ordered.src]
    known = buyers >= 0
    who, what, _ = pairs(np.concatenate([seen.src, buyers[known]]), np.concatenate([seen.dst, ordered.dst[known]]))
    return who, what
