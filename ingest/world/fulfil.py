"""What happens after an order: the parcel, its weight, the signature; refunds."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Bool, Int
from ingest.world.geography import CATEGORIES
from ingest.world.scene import FAKE, Scene
from ingest.world.spec import DAY, HOUR

REASONS = ("not as described", "changed mind", "damaged", "late", "price protection")


def refund(scene: Scene) -> None:
    """Money back for some orders, more for lines of goods that fit badly and for shops in poor health."""
    rng, orders, shops = scene.chance.of("refunds"), scene.orders, scene.shops
    share = np.array([c.refunds for c in CATEGORIES])[shops["category"]] * np.exp(
        -0.5 * scene.shop_health + rng.normal(0, 0.3, len(shops))
    )
    chance = np.minimum(share, 0.5)[orders["shop"]] * np.where(orders["manner"] == FAKE, 0.35, 1.0)
    row = np.flatnonzero(rng.random(len(orders)) < chance)
    ts = orders["ts"][row] + ((1 + rng.gamma(2.0, 3.5, len(row))) * DAY).astype(np.int64)
    part = np.where(rng.random(len(row)) < 0.8, 1.0, rng.uniform(0.1, 0.9, len(row)))
    amount = np.maximum((orders["amount"][row] * part).astype(np.int64), 1)
    direct = rng.random(len(row)) < 0.12  # paid from the shop's account to the buyer's wallet, past the platform
    ok = ts < scene.calendar.end - DAY
    scene.refunds.add(
        order=row[ok],
        ts=ts[ok],
        amount=amount[ok],
        reason=rng.integers(0, len(REASONS), int(ok.sum())),
        direct=direct[ok],
    )


def ship(scene: Scene) -> None:
    """A parcel an order; a few orders in two parcels, none for the cancelled; one waybill for what a buyer ordered
    together. Honest parcels can be light, unweighed or delivered within hours, only more rarely than faked ones."""
    rng, orders, shops = scene.chance.of("parcels"), scene.orders, scene.shops
    n = len(orders)
    fake = orders["manner"] == FAKE
    sent = np.flatnonzero((rng.random(n) >= 0.03) & (orders["ts"] < scene.calendar.end - 2 * DAY))
    twice = sent[(rng.random(len(sent)) < 0.03) & ~fake[sent]]
    row = np.concatenate([sent, twice])
    shipped = orders["ts"][row] + (rng.gamma(2.0, 9.0, len(row)) * HOUR).astype(np.int64) + HOUR
    near = shops["region"][orders["shop"][row]] == scene.buyers["region"][orders["buyer"][row]]
    way = np.where(near, rng.gamma(4.0, 7.0, len(row)), rng.gamma(6.0, 11.0, len(row)))
    way = np.where(near & (rng.random(len(row)) < 0.04), rng.uniform(1.0, 5.0, len(row)), way)
    weight = np.array([c.weight_g for c in CATEGORIES])[shops["category"][orders["shop"][row]]]
    weight = weight * rng.lognormal(0.0, 0.45, len(row))
    trick = _tricks(scene, rng, row, fake)
    weight = np.where(trick & (rng.random(len(row)) < 0.8), rng.uniform(10, 90, len(row)), weight)
    way = np.where(trick & (rng.random(len(row)) < 0.35), rng.uniform(0.2, 5.0, len(row)), way)
    signed = shipped + (way * 3600).astype(np.int64) * 1000
    scene.parcels.add(
        order=row,
        waybill=_waybills(scene, rng, row, shipped, trick),
        address=orders["address"][row],
        shipped=shipped,
        signed=signed,
        weight_g=np.where(rng.random(len(row)) < 0.05, -1, np.maximum(weight, 5)),
    )
    scene.parcels.keep(np.argsort(scene.parcels["shipped"], kind="stable"))


def _tricks(scene: Scene, rng: np.random.Generator, row: Int, fake: Bool) -> Bool:
    """Which parcels are empty shows: most of a careless ring's, few of a careful one's."""
    ring = scene.orders["ring"][row]
    care = rng.beta(1.0, 2.0, int(ring.max(initial=0)) + 2)
    return fake[row] & (rng.random(len(row)) < care[ring])


def _waybills(scene: Scene, rng: np.random.Generator, row: Int, shipped: Int, trick: Bool) -> Int:
    """Waybill numbers: one a parcel, but one for parcels of a buyer from a shop on a day, and for batches of fakes."""
    own = np.arange(len(row))
    buyer, shop = scene.orders["buyer"][row], scene.orders["shop"][row]
    day = shipped // DAY
    order = np.lexsort((day, shop, buyer))
    same = np.zeros(len(row), bool)
    same[1:] = (np.diff(buyer[order]) == 0) & (np.diff(shop[order]) == 0) & (np.diff(day[order]) == 0)
    start = np.maximum.accumulate(np.where(same, 0, np.arange(len(row))))
    waybill = own.copy()
    waybill[order] = own[order][start]
    lazy = np.flatnonzero(trick & (rng.random(len(row)) < 0.4))
    by_batch = lazy[np.lexsort((shipped[lazy], shop[lazy]))]
    if len(by_batch):
        fresh = np.ones(len(by_batch), bool)
        fresh[1:] = (np.diff(shop[by_batch]) != 0) | (rng.random(len(by_batch) - 1) < 0.25)
        waybill[by_batch] = by_batch[np.maximum.accumulate(np.where(fresh, np.arange(len(by_batch)), 0))]
    return waybill
