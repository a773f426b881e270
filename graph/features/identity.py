"""Identity: devices, phones, addresses and owners that a shop or its buyers have in common with others."""

from __future__ import annotations

import numpy as np

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.segments import count, distinct, expand, pairs, ratio, share
from graph.features.ties import buyers_sharing, others_on_same
from graph.snapshot import Float64, Int64


@feature(
    "shops_on_device",
    "count",
    concept="identity",
    en="Other shops run from the same device",
    zh="同一设备上的其他店铺数",
)
def shops_on_device(lens: Lens) -> Float64:
    """Other shops signed in on the device that the shop shares with most."""
    used = lens.snapshot.relation("Merchant", "USED_DEVICE", "Device")
    return others_on_same(used.src, used.dst, lens.n)


@feature(
    "shops_on_phone",
    "count",
    concept="identity",
    en="Other shops with the same phone number",
    zh="使用同一电话的其他店铺数",
)
def shops_on_phone(lens: Lens) -> Float64:
    """Other shops that gave the same phone number."""
    gave = lens.snapshot.relation("Merchant", "HAS_PHONE", "Phone")
    return others_on_same(gave.src, gave.dst, lens.n)


@feature(
    "shops_on_address",
    "count",
    concept="identity",
    en="Other shops at the same address",
    zh="同一地址的其他店铺数",
)
def shops_on_address(lens: Lens) -> Float64:
    """Other shops that ship from, or are registered at, the address that the shop shares with most."""
    at = [lens.snapshot.relation("Merchant", t, "Address") for t in ("SHIPS_FROM", "REGISTERED_AT")]
    merchants, places = np.concatenate([r.src for r in at]), np.concatenate([r.dst for r in at])
    return others_on_same(merchants, places, lens.n)


@feature(
    "owner_other_shops",
    "count",
    concept="identity",
    adverse="either",
)
def owner_other_shops(lens: Lens) -> Float64:
    """Other shops of the person or company that owns the shop, of the one with most."""
    counts = []
    for kind in ("Person", "Company"):
        owns = lens.snapshot.relation(kind, "OWNS", "Merchant")
        counts.append(others_on_same(owns.dst, owns.src, lens.n))
    return np.fmax(*counts)


@feature(
    "owner_companies",
    "count",
    concept="identity",
    adverse="either",
)
def owner_companies(lens: Lens) -> Float64:
    """Companies that the persons who own the shop own as well."""
    owns, firms = (lens.snapshot.relation("Person", "OWNS", k) for k in ("Merchant", "Company"))
    row, at = expand(firms.out_ptr, owns.src)
    return np.where(owns.in_degree > 0, distinct(owns.dst[row], firms.dst[at], lens.n), np.nan)


@feature(
    "staff_device_share_90d",
    "share",
    concept="identity",
    en="Share of orders placed from devices of the shop or its owner",
    zh="由店铺或店主设备下单的订单占比",
)
def staff_device_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' orders placed from a device that the shop or its owner uses."""
    orders = lens.orders(90)
    seen = orders.where(orders.device >= 0)
    who, what = _staff_devices(lens)
    width = len(lens.snapshot.nodes["Device"]) + 1
    own = np.isin(seen.merchant.astype(np.int64) * width + seen.device, who * width + what)
    return share(seen.merchant, own, lens.n)


@feature(
    "buyers_on_staff_device",
    "count",
    2,
    concept="identity",
    en="Buyers' accounts used on the shop's own devices",
    zh="在店铺自有设备上登录的买家账号数",
)
def buyers_on_staff_device(lens: Lens) -> Float64:
    """Different buyers seen on devices that the shop or its owner uses."""
    who, what = _staff_devices(lens)
    buyer, device = lens.buyer_devices
    order = np.argsort(device, kind="stable")
    pointers = np.searchsorted(device[order], np.arange(len(lens.snapshot.nodes["Device"]) + 1))
    row, at = expand(pointers, what)
    return np.where(count(who, lens.n) > 0, distinct(who[row], buyer[order][at], lens.n), np.nan)


@feature(
    "crowded_device_share_90d",
    "share",
    2,
    concept="identity",
    en="Share of orders from devices that three or more buyers use",
    zh="来自三个及以上买家共用设备的订单占比",
)
def crowded_device_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' orders that came from a device used by three or more buyers."""
    orders = lens.orders(90)
    seen = orders.where(orders.device >= 0)
    users = np.bincount(lens.buyer_devices[1], minlength=len(lens.snapshot.nodes["Device"]) + 1)
    return share(seen.merchant, users[seen.device] >= 3, lens.n)


@feature(
    "buyers_sharing_device_share_90d",
    "share",
    2,
    concept="identity",
    en="Share of buyers who share a device with another buyer",
    zh="与其他买家共用设备的买家占比",
)
def buyers_sharing_device_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' buyers who share a device with another of the shop's buyers."""
    orders = lens.orders(90)
    named = orders.where(orders.buyer >= 0)
    return buyers_sharing(named.merchant, named.buyer, *lens.buyer_devices, lens.n)


@feature(
    "buyers_sharing_phone_share_90d",
    "share",
    2,
    concept="identity",
    en="Share of buyers who share a phone number with another buyer",
    zh="与其他买家共用电话的买家占比",
)
def buyers_sharing_phone_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' buyers who gave the phone number of another of the shop's buyers."""
    orders = lens.orders(90)
    named = orders.where(orders.buyer >= 0)
    gave = lens.snapshot.relation("Buyer", "HAS_PHONE", "Phone")
    return buyers_sharing(named.merchant, named.buyer, gave.src.astype(np.int64), gave.dst.astype(np.int64), lens.n)


@feature(
    "buyers_sharing_address_share_90d",
    "share",
    concept="identity",
    en="Share of buyers who receive at another buyer's address",
    zh="与其他买家共用收货地址的买家占比",
)
def buyers_sharing_address_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' buyers who got a parcel at the address of another of the shop's buyers."""
    parcels = lens.parcels(90)
    named = parcels.where(parcels.buyer >= 0)
    width = len(lens.snapshot.nodes["Address"]) + 1
    key = named.merchant.astype(np.int64) * width + named.address
    place, _, _ = pairs(key, named.buyer)
    places, buyers = np.unique(place, return_counts=True)
    shared = np.isin(key, places[buyers > 1])
    sharing = distinct(named.merchant[shared], named.buyer[shared], lens.n)
    return ratio(sharing, distinct(named.merchant, named.buyer, lens.n))


@feature(
    "overlapping_shops_90d",
    "count",
    2,
    concept="identity",
    en="Other shops with three or more of the same buyers",
    zh="共享三个及以上买家的其他店铺数",
)
def overlapping_shops_90d(lens: Lens) -> Float64:
    """Other shops with at least three buyers of the last 90 days in common (buyers of over 50 shops left out)."""
    common = lens.overlap
    rows = np.repeat(np.arange(lens.n), np.diff(common.indptr))
    return lens.known_if(count(rows[common.data >= 3], lens.n), lens.sells, "PLACED")


@feature(
    "top_overlap_share_90d",
    "share",
    2,
    concept="identity",
    en="Share of buyers in common with one other shop",
    zh="与另一店铺共享的买家占比",
)
def top_overlap_share_90d(lens: Lens) -> Float64:
    """Share of the last 90 days' buyers that one other shop, the most alike, has as well."""
    common = lens.overlap
    rows = np.repeat(np.arange(lens.n), np.diff(common.indptr))
    greatest = np.zeros(lens.n)
    np.maximum.at(greatest, rows, common.data)
    return ratio(greatest, lens.value("buyers_90d"))


def _staff_devices(lens: Lens) -> tuple[Int64, Int64]:
    """Distinct (merchant, device): devices of the shop and of the persons who own it."""
    own = lens.snapshot.relation("Merchant", "USED_DEVICE", "Device")
    persons = lens.snapshot.relation("Person", "OWNS", "Merchant")
    theirs = lens.snapshot.relation("Person", "USED_DEVICE", "Device")
    row, at = expand(theirs.out_ptr, persons.src)
    who, what, _ = pairs(np.concatenate([own.src, persons.dst[row]]), np.concatenate([own.dst, theirs.dst[at]]))
    return who, what
