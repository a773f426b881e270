"""Logistics: whether goods really moved. Brushed orders travel as empty parcels, on reused waybills, or not at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.segments import Bool, count, distinct, pairs, ratio, share, top_share, variation
from graph.snapshot import NULL, Float64, Int32

WEIGHTLESS_G = 50
"""An empty envelope: parcels the carrier weighed at less."""

TOO_FAST_MS = 12 * 3_600_000
"""Signed for sooner after the pick-up than goods travel."""


@feature(
    "shipped_share_90d",
    "share",
    concept="logistics",
    tabular=True,
    en="Share of orders with a parcel",
    zh="有包裹的订单占比",
    adverse="low",
)
def shipped_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days that have a parcel."""
    orders, parcels = lens.orders(90), lens.parcels(90)
    value = share(orders.merchant, np.isin(orders.order, parcels.order), lens.n)
    return lens.known_if(value, lens.sells, "SHIPPED_TO")


@feature(
    "parcels_per_order_90d",
    "ratio",
    concept="logistics",
    tabular=True,
    adverse="either",
)
def parcels_per_order_90d(lens: Lens) -> Float64:
    """Parcels per order of the last 90 days."""
    value = ratio(count(lens.parcels(90).merchant, lens.n), count(lens.orders(90).merchant, lens.n))
    return lens.known_if(value, lens.sells, "SHIPPED_TO")


@feature(
    "weightless_share_90d",
    "share",
    concept="logistics",
    tabular=True,
    en="Share of parcels that weigh next to nothing",
    zh="极轻包裹占比",
)
def weightless_share_90d(lens: Lens) -> Float64:
    """Share of the weighed parcels of the last 90 days' orders that weigh less than 50 grams."""
    parcels = lens.parcels(90)
    weighed = parcels.where(~np.isnan(parcels.weight))
    return share(weighed.merchant, weighed.weight < WEIGHTLESS_G, lens.n)


@feature(
    "weight_variation_90d",
    "ratio",
    concept="logistics",
    tabular=True,
    en="Spread of parcel weights against their average",
    zh="包裹重量离散程度（标准差/均值）",
    adverse="low",
)
def weight_variation_90d(lens: Lens) -> Float64:
    """Standard deviation over mean of the weights of the last 90 days' parcels (three at least)."""
    return variation(lens.parcels(90).merchant, lens.parcels(90).weight, lens.n)


@feature(
    "waybill_reuse_share_90d",
    "share",
    concept="logistics",
    tabular=True,
    en="Share of parcels on a waybill used for other orders",
    zh="重复使用运单号的包裹占比",
)
def waybill_reuse_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' parcels whose waybill is on another order of the shop as well."""
    parcels = lens.parcels(90)
    marked = parcels.where(parcels.waybill >= 0)
    width = int(marked.waybill.max(initial=0)) + 1
    key = marked.merchant.astype(np.int64) * width + marked.waybill
    labels, _, _ = pairs(key, marked.order)
    used, orders = np.unique(labels, return_counts=True)
    return share(marked.merchant, np.isin(key, used[orders > 1]), lens.n)


@feature(
    "signed_too_fast_share_90d",
    "share",
    concept="logistics",
    tabular=True,
    en="Share of parcels signed for within 12 hours of pick-up",
    zh="揽收后 12 小时内签收占比",
)
def signed_too_fast_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' signed parcels that were signed for within 12 hours of their pick-up."""
    parcels = lens.parcels(90)
    done = parcels.where((parcels.signed != NULL) & (parcels.shipped != NULL))
    return share(done.merchant, done.signed - done.shipped < TOO_FAST_MS, lens.n)


@feature(
    "unsigned_share_90d",
    "share",
    concept="logistics",
    tabular=True,
    en="Share of older parcels never signed for",
    zh="长期未签收包裹占比",
)
def unsigned_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' parcels picked up over 15 days ago that were not signed for."""
    parcels = lens.parcels(90)
    old = parcels.where((parcels.shipped != NULL) & (parcels.shipped < lens.since(15)))
    return share(old.merchant, old.signed == NULL, lens.n)


@feature(
    "other_region_share_90d",
    "share",
    concept="logistics",
    en="Share of parcels sent to another region than the buyer's",
    zh="收货地区与买家地区不符占比",
)
def other_region_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' parcels that went to another region than the buyer's home."""
    parcels = lens.parcels(90)
    regions = _regions(lens)
    bought = np.where(parcels.buyer >= 0, regions["Buyer"][parcels.buyer] if len(regions["Buyer"]) else -1, -1)
    sent = regions["Address"][parcels.address]
    known = (bought >= 0) & (sent >= 0)
    return share(parcels.merchant[known], bought[known] != sent[known], lens.n)


@feature("home_region_share_90d", "share", concept="logistics", adverse="either")
def home_region_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' parcels that stayed in the shop's own region."""
    parcels = lens.parcels(90)
    regions = _regions(lens)
    home, sent = regions["Merchant"][parcels.merchant], regions["Address"][parcels.address]
    known = (home >= 0) & (sent >= 0)
    return share(parcels.merchant[known], home[known] == sent[known], lens.n)


@feature(
    "top_address_share_90d",
    "share",
    concept="logistics",
    en="Share of parcels to the single most frequent address",
    zh="单一收货地址包裹占比",
)
def top_address_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' parcels that went to the address that got most."""
    who, _, times = pairs(lens.parcels(90).merchant, lens.parcels(90).address)
    return top_share(who, times, lens.n)


@feature(
    "buyers_per_address_90d",
    "ratio",
    concept="logistics",
    en="Buyers per delivery address",
    zh="每个收货地址的买家数",
)
def buyers_per_address_90d(lens: Lens) -> Float64:
    """Different (buyer, address) pairs per delivery address of the last 90 days' parcels."""
    parcels = lens.parcels(90)
    named = parcels.where(parcels.buyer >= 0)
    spread = named.merchant.astype(np.int64) * (len(lens.snapshot.nodes["Address"]) + 1) + named.address
    places, _, _ = pairs(spread, named.buyer)
    merchants = places // (len(lens.snapshot.nodes["Address"]) + 1)
    return ratio(count(merchants, lens.n), distinct(named.merchant, named.address, lens.n))


@feature(
    "own_address_share_90d",
    "share",
    concept="logistics",
    en="Share of parcels sent to the shop's own address",
    zh="寄往商户自有地址的包裹占比",
)
def own_address_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' parcels that went to an address the shop ships from or is registered at."""
    parcels = lens.parcels(90)
    return share(parcels.merchant, _own_address(lens, parcels.merchant, parcels.address), lens.n)


def _own_address(lens: Lens, merchant: Int32, address: Int32) -> Bool:
    width = len(lens.snapshot.nodes["Address"]) + 1
    own = [lens.snapshot.relation("Merchant", t, "Address") for t in ("SHIPS_FROM", "REGISTERED_AT")]
    keys = np.concatenate([r.src.astype(np.int64) * width + r.dst for r in own])
    return np.isin(merchant.astype(np.int64) * width + address, keys)


def _regions(lens: Lens) -> dict[str, npt.NDArray[np.int64]]:
    """Region of each merchant, buyer and address, as numbers comparable between the kinds; -1 where unknown."""
    coded = {k: lens.snapshot.nodes[k].codes("region") for k in ("Merchant", "Buyer", "Address")}
    names = sorted({n for _, values in coded.values() for n in values})
    place = {n: i for i, n in enumerate(names)}
    out = {}
    for kind, (codes, values) in coded.items():
        table = np.array([*(place[v] for v in values), -1], np.int64)
        out[kind] = table[codes]  # code -1 reads the last entry
    return out
