"""Which merchants are linked with which, and over what: shared identity, buyers, counterparties, guarantees.

A link is there or not, both ways, and never from a merchant to itself. Things that more than ``HUB`` merchants have
(a parcel station, a platform's account, the device of an agency) link nobody.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from scipy.sparse import csr_array

from graph.features.order_rows import OrderRows
from graph.features.segments import Keys, expand, pairs
from graph.features.ties import shared_buyers
from graph.features.transfer_rows import TransferRows
from graph.snapshot import NULL, Int64, Snapshot

LinkKind = Literal["identity", "buyers", "transfers", "guarantees"]
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)

HUB = 12
"""A thing of more merchants than this links none of them."""

COMMON_BUYERS = 2
"""Buyers that two shops must have in common to be linked: one is chance."""

_PARTIES = ("Merchant", "Person", "Company")


def identity_links(snapshot: Snapshot) -> csr_array:
    """Merchants on one device, phone or address, of one owner, or with one account."""
    merchants: list[Keys] = []
    things: list[Int64] = []
    base = 0
    for type_, kind in (
        ("USED_DEVICE", "Device"),
        ("HAS_PHONE", "Phone"),
        ("OWNS", "Account"),
        ("SHIPS_FROM", "Address"),
        ("REGISTERED_AT", "Address"),
    ):
        relation = snapshot.relation("Merchant", type_, kind)
        merchants.append(relation.src)
        things.append(relation.dst.astype(np.int64) + base)
        if type_ != "SHIPS_FROM":  # both address relations number the same places
            base += len(snapshot.nodes[kind])
    for kind in ("Person", "Company"):
        owns = snapshot.relation(kind, "OWNS", "Merchant")
        merchants.append(owns.dst)
        things.append(owns.src.astype(np.int64) + base)
        base += len(snapshot.nodes[kind])
    who = np.concatenate([m.astype(np.int64) for m in merchants])
    return _over_things(who, np.concatenate(things), len(snapshot.nodes["Merchant"]))


def buyer_links(orders: OrderRows, n: int) -> csr_array:
    """Shops with at least ``COMMON_BUYERS`` buyers in common among these orders."""
    common = shared_buyers(orders, n)
    common.data = np.where(common.data >= COMMON_BUYERS, 1.0, 0.0)
    return _links(common)


def transfer_links(out: TransferRows, into: TransferRows, snapshot: Snapshot) -> csr_array:
    """Merchants that moved money to each other, or with one and the same account, among these transfers."""
    owns = snapshot.relation("Merchant", "OWNS", "Account")
    merchants = np.concatenate([out.merchant, into.merchant, owns.src])
    accounts = np.concatenate([out.other, into.other, owns.dst])
    return _over_things(merchants, accounts, len(snapshot.nodes["Merchant"]))


def guarantee_links(snapshot: Snapshot) -> csr_array:
    """Merchants of which one, or its owner, stands for the other, or its owner, in guarantees in force."""
    base = 0
    number: dict[str, int] = {}
    for kind in _PARTIES:
        number[kind] = base
        base += len(snapshot.nodes[kind])
    n = len(snapshot.nodes["Merchant"])
    givers, takers = [], []
    for giver in _PARTIES:
        for taker in _PARTIES:
            g = snapshot.relation(giver, "GUARANTEES", taker)
            until = g.int64("until")
            kept = (g.int64("ts") <= snapshot.as_of) & ((until == NULL) | (until > snapshot.as_of))
            givers.append(g.src[kept].astype(np.int64) + number[giver])
            takers.append(g.dst[kept].astype(np.int64) + number[taker])
    shops, at = _shops_of_parties(snapshot, number, base)
    first, second = np.concatenate(givers), np.concatenate(takers)
    row, place = expand(at, first)
    also, other = expand(at, second[row])
    a, b = shops[place[also]], shops[other]
    return _links(csr_array((np.ones(len(a)), (a, b)), shape=(n, n)))


def _shops_of_parties(snapshot: Snapshot, number: dict[str, int], parties: int) -> tuple[Int64, Int64]:
    """Shops behind every party, as (shops, pointers): a merchant is its own, a person's are those it owns."""
    n = len(snapshot.nodes["Merchant"])
    whose, shops = [np.arange(n, dtype=np.int64)], [np.arange(n, dtype=np.int64)]
    for kind in ("Person", "Company"):
        owns = snapshot.relation(kind, "OWNS", "Merchant")
        few = owns.out_degree[owns.src] <= HUB
        whose.append(owns.src[few].astype(np.int64) + number[kind])
        shops.append(owns.dst[few].astype(np.int64))
    who, what, _ = pairs(np.concatenate(whose), np.concatenate(shops))
    return what, np.searchsorted(who, np.arange(parties + 1)).astype(np.int64)


def _over_things(merchants: Keys, things: Keys, n: int) -> csr_array:
    who, what, _ = pairs(merchants, things)
    width = int(what.max(initial=0)) + 1
    kept = np.bincount(what, minlength=width)[what] <= HUB
    has = csr_array((np.ones(int(kept.sum())), (who[kept], what[kept])), shape=(n, width))
    return _links(csr_array(has @ has.T))


def _links(ties: csr_array) -> csr_array:
    """Both ways, each once, none to itself."""
    both = csr_array(ties + ties.T)
    both.setdiag(0)
    both.eliminate_zeros()
    both.data = np.ones(len(both.data))
    both.sort_indices()
    return both
