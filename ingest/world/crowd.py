"""Buyers: households, phones, devices, wallets, and how much each of them buys."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Float, Int, weighted
from ingest.world.geography import HOME, PLATFORM_WEIGHT
from ingest.world.scene import BUYER, NONE, Scene
from ingest.world.shops import WALLET, regions
from ingest.world.spec import DAY

BUYERS_PER_SHOP = 25


def gather_buyers(scene: Scene) -> Float:
    """All buyers, in households of one to four who share an address and now and then a device or a phone.

    Returns how active each one is (heavy-tailed). The less active half is free to be taken by groups, planted and
    honest ones alike, so that members of both have the same habits outside their group.
    """
    rng, start, end = scene.chance.of("crowd"), scene.calendar.start, scene.calendar.end
    n = round(scene.spec.merchants * BUYERS_PER_SHOP * scene.spec.orders_per_shop / 85)
    size = rng.choice([1, 2, 3, 4], n, p=[0.5, 0.27, 0.14, 0.09])
    house = np.repeat(np.arange(n), size)[:n]
    first = np.searchsorted(house, house)
    house_region = regions(rng, n)
    home = scene.places.add(region=house_region[: house[-1] + 1], kind=HOME)
    since = np.where(
        rng.random(n) < 0.3,
        start + (rng.random(n) * 0.8 * (end - start)).astype(np.int64),
        start - (rng.random(n) * 2200 * DAY).astype(np.int64),
    )
    phone = scene.phones.add(of=np.full(n, 2))
    device = scene.devices.add(kind=weighted(rng, np.array([0.85, 0.1, 0.05]), n))
    phone = np.where(rng.random(n) < 0.1, phone[first], phone)  # a parent's number
    device = np.where(rng.random(n) < 0.12, device[first], device)  # a family's phone or tablet
    wallet = scene.accounts.add(holder_kind=BUYER, holder=np.arange(n), kind=WALLET, bank=4, opened=since)
    known = rng.random(n) < 0.7
    scene.accounts["holder"][wallet[~known]] = NONE
    scene.accounts["holder_kind"][wallet[~known]] = NONE
    scene.buyers.add(
        platform=weighted(rng, np.array(PLATFORM_WEIGHT), n),
        region=house_region[house],
        since=since,
        phone=np.where(rng.random(n) < 0.9, phone, NONE),
        address=home[house],
        device=device,
        wallet=np.where(known, wallet, NONE),
    )
    activity = rng.lognormal(0.0, 0.95, n)
    settled = np.flatnonzero((activity < np.median(activity)) & (since < start + 0.5 * (end - start)))
    scene.free_buyers = rng.permutation(settled)
    return activity


def move(
    scene: Scene, buyers: Int, *, address: Int | None = None, device: Int | None = None, phone: Int | None = None
) -> None:
    """Give buyers another default address, main device or phone."""
    for name, value in (("address", address), ("device", device), ("phone", phone)):
        if value is not None:
            scene.buyers[name][buyers] = value
