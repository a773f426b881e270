"""What an identifier of a crowd is: a place or tool that honest people share, or a farm behind which one hand sits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.identity.links import TOKENS, IdentityLinks
from graph.snapshot import Int64, Snapshot

HONEST_PLACES = frozenset(
    [
        "dormitory",
        "office",
        "parcel_locker",
        "parcel locker",
        "locker",
        "pickup",
        "pick-up point",
        "warehouse",
        "school",
        "postcode area",  # as fine as some sources go: the same part of town, not the same door
    ]
)
"""place_type values that explain why many people share an address."""


@dataclass(frozen=True)
class Trade:
    """Orders by party: (party, shop, orders) rows, each pair once, sorted by party."""

    party: Int64
    shop: Int64
    orders: Int64


def trade_of(snapshot: Snapshot, links: IdentityLinks, party: Int64) -> Trade:
    """Where the buyers of each party bought, and how often."""
    placed, sold = snapshot.relation("Buyer", "PLACED", "Orders"), snapshot.relation("Orders", "SOLD_BY", "Merchant")
    buyer_of = np.full(len(snapshot.nodes["Orders"]), -1, np.int64)
    buyer_of[placed.dst[::-1]] = placed.src[::-1]
    known = buyer_of[sold.src] >= 0
    who = party[buyer_of[sold.src[known]] + links.subject_base["Buyer"]]
    keys, orders = np.unique(who << 32 | sold.dst[known], return_counts=True)
    return Trade(keys >> 32, keys & 0xFFFFFFFF, orders.astype(np.int64))


def honest_places(snapshot: Snapshot, links: IdentityLinks) -> npt.NDArray[np.bool_]:
    """Per token: is it an address whose source calls it a dormitory, an office, a parcel locker and the like."""
    out = np.zeros(links.n_tokens, np.bool_)
    code, names = snapshot.nodes["Address"].codes("place_type")
    honest = np.array([*(n.lower() in HONEST_PLACES for n in names), False], np.bool_)
    base = links.token_base["Address"]
    out[base : base + len(code)] = honest[code]
    return out


def farms(crowd: Int64, party: Int64, shops_of: Int64, trade: Trade, token_ptr: Int64) -> npt.NDArray[np.bool_]:
    """Which of the crowd's devices and phones look like a farm, not like a kiosk, a library, a shop counter.

    ``token_ptr``: rows of each token in ``party``. A farm's users have three shops of different hands among them,
    or half of their orders at their three busiest shops while ordering at least twice each.
    """
    out = np.zeros(len(crowd), np.bool_)
    for at, t in enumerate(crowd):
        users = party[token_ptr[t] : token_ptr[t + 1]]
        if int((shops_of[users] > 0).sum()) >= 3:
            out[at] = True
            continue
        low = np.searchsorted(trade.party, users, side="left")
        count = np.searchsorted(trade.party, users, side="right") - low
        rows = np.repeat(low - np.r_[0, np.cumsum(count)[:-1]], count) + np.arange(count.sum())
        if not len(rows):
            continue
        by_shop = np.bincount(np.unique(trade.shop[rows], return_inverse=True)[1], weights=trade.orders[rows])
        orders = by_shop.sum()
        out[at] = orders >= 2 * len(users) and np.sort(by_shop)[-3:].sum() >= 0.5 * orders
    return out


def is_address(links: IdentityLinks, token: Int64) -> npt.NDArray[np.bool_]:
    """Which tokens are addresses."""
    return links.token_kind(token) == TOKENS.index("Address")
