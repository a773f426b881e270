"""What the platforms send: shops, buyers, orders, refunds, devices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingest.sources import platform as feeds
from ingest.world import fulfil
from ingest.world.chance import Int
from ingest.world.files import Files
from ingest.world.geography import CATEGORIES, PLATFORMS, REGIONS
from ingest.world.letters import coded, money, numbers, picked, times, words
from ingest.world.names import written_oddly
from ingest.world.scene import BUYER, FAKE, MERCHANT, Scene
from ingest.world.spec import DAY, HOUR
from ingest.world.texts import Texts, sometimes_blank

CNY = pa.scalar("CNY")
_REGION_NAMES = [r.name for r in REGIONS]
DEVICE_TYPES = ("phone", "tablet", "desktop")


def hours_later(rng: np.random.Generator, ts: Int) -> Int:
    """When the platform's hourly delivery brought a row: within six hours."""
    return ts + (rng.random(len(ts)) * 5.7 * HOUR).astype(np.int64) // 1000 * 1000 + 60_000


def write_platform(scene: Scene, texts: Texts, files: Files) -> None:
    """All five files of the platforms."""
    rng = scene.chance.of("platform files")
    _merchants(scene, texts, files, rng)
    _buyers(scene, texts, files, rng)
    _orders(scene, texts, files, rng)
    _refunds(scene, texts, files, rng)
    _devices(scene, texts, files, rng)


def _merchants(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    shops = scene.shops
    files.write(
        feeds.MERCHANTS,
        scene.calendar.next_morning(rng, shops["opened"]),
        {
            "merchant_id": texts.shop,
            "platform": words(PLATFORMS, shops["platform"]),
            "shop_name": texts.shop_name,
            "category": sometimes_blank(rng, words([c.name for c in CATEGORIES], shops["category"]), 0.02),
            "region": sometimes_blank(rng, words(_REGION_NAMES, shops["region"]), 0.01),
            "opened_at": times(shops["opened"]),
            "owner_id": sometimes_blank(rng, picked(texts.person, shops["owner"]), 0.01),
            "company_id": picked(texts.company, shops["company"]),
            "phone": sometimes_blank(rng, written_oddly(rng, picked(texts.phone, shops["phone"])), 0.02),
            "registered_address": sometimes_blank(rng, picked(texts.street, shops["address"]), 0.02),
            "ship_from_address": sometimes_blank(rng, picked(texts.street, shops["ships_from"]), 0.04),
            "updated_at": times(shops["opened"]),
        },
    )


def _buyers(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    buyers = scene.buyers
    files.write(
        feeds.BUYERS,
        scene.calendar.next_morning(rng, buyers["since"]),
        {
            "buyer_id": texts.buyer,
            "platform": words(PLATFORMS, buyers["platform"]),
            "region": sometimes_blank(rng, words(_REGION_NAMES, buyers["region"]), 0.05),
            "phone": written_oddly(rng, picked(texts.phone, buyers["phone"])),
            "address": sometimes_blank(rng, picked(texts.street, buyers["address"]), 0.08),
            "account_no": picked(texts.account, buyers["wallet"]),
            "registered_at": times(buyers["since"]),
        },
    )


def _orders(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    """A quarter of the orders come twice, as placed and as delivered; of the rest the platform sends the last state."""
    orders, n = scene.orders, len(scene.orders)
    done = orders["ts"] + ((1.5 + rng.gamma(3.0, 1.1, n)) * DAY).astype(np.int64) // 1000 * 1000
    signed = np.zeros(n, np.int64)
    np.maximum.at(signed, scene.parcels["order"], scene.parcels["signed"])
    done = np.where(signed > 0, signed + (rng.exponential(20, n) * HOUR).astype(np.int64) // 1000 * 1000 + 60_000, done)
    known = hours_later(rng, done)
    over = known < scene.calendar.end
    early = np.flatnonzero((rng.random(n) < 0.25) | ~over)
    late = np.flatnonzero(over)
    row = np.concatenate([early, late])
    is_late = np.arange(len(row)) >= len(early)
    placed = np.int64(0) + orders["ts"][row]
    updated = np.where(is_late, done[row], placed)
    seen = np.where(is_late, known[row], hours_later(rng, placed))
    stars = np.where(
        orders["manner"] == FAKE, rng.choice([0, 4, 5, 5], n), rng.choice([0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 5, 5, 5], n)
    )
    status = np.where(is_late, np.where(signed[row] > 0, 1, 2), 0)
    files.write(
        feeds.ORDERS,
        seen,
        {
            "order_id": texts.order.take(pa.array(row)),
            "buyer_id": picked(texts.buyer, orders["buyer"][row]),
            "merchant_id": picked(texts.shop, orders["shop"][row]),
            "placed_at": times(placed),
            "amount": money(orders["amount"][row]),
            "currency": CNY,
            "status": words(("placed", "delivered", "cancelled"), status),
            "rating": numbers(stars[row], (stars[row] > 0) & (status == 1)),
            "device_id": picked(texts.device, orders["device"][row]),
            "updated_at": times(updated),
        },
    )


def _refunds(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    refunds, orders = scene.refunds, scene.orders
    order = refunds["order"]
    files.write(
        feeds.REFUNDS,
        hours_later(rng, refunds["ts"]),
        {
            "refund_id": coded("R", rng.permutation(len(order)) + 1, 7),
            "order_id": picked(texts.order, order),
            "merchant_id": picked(texts.shop, orders["shop"][order]),
            "buyer_id": picked(texts.buyer, orders["buyer"][order]),
            "refunded_at": times(refunds["ts"]),
            "amount": money(refunds["amount"]),
            "currency": CNY,
            "reason": sometimes_blank(rng, words(fulfil.REASONS, refunds["reason"]), 0.1),
        },
    )


def _devices(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    """Who signed in where: once when first seen, then a sum at the end of each half year with orders from it."""
    orders = scene.orders
    used = np.flatnonzero(orders["device"] >= 0)
    half = (orders["ts"][used] - scene.calendar.start) // (182 * DAY)
    width = len(scene.devices)
    pair, at, inverse = np.unique(
        orders["buyer"][used] * width + orders["device"][used], return_index=True, return_inverse=True
    )
    first = orders["ts"][used][at]  # orders stand in the order of time
    sums = np.unique(inverse * 8 + half, return_index=True, return_counts=True)
    key, last_at, count = sums
    last = orders["ts"][used][len(used) - 1 - np.unique((inverse * 8 + half)[::-1], return_index=True)[1]]
    del last_at
    which, period = key // 8, key % 8
    before = np.concatenate([[0], np.cumsum(count)])[:-1]
    total = before + count - before[np.searchsorted(which, which)]
    report = scene.calendar.start + (period + 1) * 182 * DAY
    keep = total > 1
    staff = scene.staff_devices
    staff_first = staff["since"] + DAY
    staff_last = np.maximum(scene.calendar.start, staff_first) + (rng.random(len(staff)) * 60 * DAY).astype(np.int64)
    subject_kind = np.concatenate([np.full(len(pair) + int(keep.sum()), BUYER), np.full(len(staff), MERCHANT)])
    buyer = np.concatenate([pair // width, pair[which[keep]] // width])
    device = np.concatenate([pair % width, pair[which[keep]] % width, staff["device"]])
    first_seen = np.concatenate([first, first[which[keep]], staff_first])
    last_seen = np.concatenate([first, last[keep], staff_last])
    known = np.concatenate([hours_later(rng, first), hours_later(rng, report[keep]), hours_later(rng, staff_last)])
    files.write(
        feeds.DEVICES,
        known,
        {
            "subject_kind": words(("Merchant", "Person", "Company", "Buyer"), subject_kind),
            "subject_id": pa.concat_arrays([picked(texts.buyer, buyer), picked(texts.shop, staff["shop"])]),
            "device_id": picked(texts.device, device),
            "device_type": sometimes_blank(rng, words(DEVICE_TYPES, scene.devices["kind"][device]), 0.03),
            "first_seen": times(first_seen),
            "last_seen": times(last_seen),
            "times": numbers(
                np.concatenate([np.ones(len(pair), np.int64), total[keep], rng.poisson(40, len(staff)) + 1])
            ),
        },
    )
