"""What the platforms send: shops, buyers, orders, refunds, devices."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingest.sources import platform as feeds
from ingest.world import fulfil
from ingest.world.chance import Int
from ingest.world.device_files import write_devices
from ingest.world.files import CNY, Files, hours_later
from ingest.world.geography import CATEGORIES, PLATFORMS, REGIONS
from ingest.world.letters import coded, money, numbers, picked, times, words
from ingest.world.names import written_oddly
from ingest.world.scene import FAKE, NONE, Scene
from ingest.world.spec import DAY, HOUR
from ingest.world.texts import Texts, sometimes_blank

_REGION_NAMES = [r.name for r in REGIONS]


def write_platform(scene: Scene, texts: Texts, files: Files) -> None:
    """All five files of the platforms."""
    rng = scene.chance.of("platform files")
    _merchants(scene, texts, files, rng)
    _buyers(scene, texts, files, rng)
    _orders(scene, texts, files, rng)
    _refunds(scene, texts, files, rng)
    write_devices(scene, texts, files)


def _merchants(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    """A shop in fifteen has moved its stock since: its first row names the place before."""
    shops, n = scene.shops, len(scene.shops)
    moved = np.flatnonzero(rng.random(n) < 0.07)
    row = np.concatenate([np.arange(n), moved])
    first = np.concatenate([np.ones(n, bool), np.zeros(len(moved), bool)])
    has_moved = np.isin(row, moved)
    since = np.maximum(shops["opened"], scene.calendar.start)
    later = since + (rng.random(n) * (scene.calendar.end - since)).astype(np.int64) // 1000 * 1000
    updated = np.where(first, shops["opened"][row], later[row])
    ships_from = np.where(first & has_moved, shops["address"][row], shops["ships_from"][row])
    known = scene.calendar.next_morning(rng, updated)
    files.write(
        feeds.MERCHANTS,
        known,
        {
            "merchant_id": picked(texts.shop, row),
            "platform": words(PLATFORMS, shops["platform"][row]),
            "shop_name": picked(texts.shop_name, row),
            "category": _blanked(rng, words([c.name for c in CATEGORIES], shops["category"]), row, 0.02),
            "region": _blanked(rng, words(_REGION_NAMES, shops["region"]), row, 0.01),
            "opened_at": times(shops["opened"][row]),
            "owner_id": _blanked(rng, picked(texts.person, shops["owner"]), row, 0.01),
            "company_id": picked(texts.company, shops["company"][row]),
            "phone": _blanked(rng, written_oddly(rng, picked(texts.phone, shops["phone"])), row, 0.02),
            "registered_address": _blanked(rng, picked(texts.street, shops["address"]), row, 0.02),
            "ship_from_address": sometimes_blank(rng, picked(texts.street, ships_from), 0.03),
            "updated_at": times(updated),
        },
    )


def _buyers(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    """A buyer in twenty-five has moved house since: the first row names a place of their own before."""
    buyers, n = scene.buyers, len(scene.buyers)
    moved = np.flatnonzero(rng.random(n) < 0.04)
    before = np.full(n, NONE)
    before[moved] = rng.permutation(buyers["address"])[: len(moved)]
    row = np.concatenate([np.arange(n), moved])
    first = np.arange(len(row)) < n
    since = np.maximum(buyers["since"], scene.calendar.start)
    later = since + (rng.random(n) * (scene.calendar.end - since)).astype(np.int64) // 1000 * 1000
    updated = np.where(first, buyers["since"][row], later[row])
    address = np.where(first & (before[row] != NONE), before[row], buyers["address"][row])
    files.write(
        feeds.BUYERS,
        scene.calendar.next_morning(rng, updated),
        {
            "buyer_id": picked(texts.buyer, row),
            "platform": words(PLATFORMS, buyers["platform"][row]),
            "region": _blanked(rng, words(_REGION_NAMES, buyers["region"]), row, 0.05),
            "phone": written_oddly(rng, picked(texts.phone, buyers["phone"][row])),
            "address": sometimes_blank(rng, picked(texts.street, address), 0.08),
            "account_no": picked(texts.account, buyers["wallet"][row]),
            "registered_at": times(buyers["since"][row]),
            "updated_at": times(updated),
        },
    )


def _blanked(rng: np.random.Generator, text: pa.Array, row: Int, share: float) -> pa.Array:
    """A column with some values left out, the same in every version of a record."""
    return sometimes_blank(rng, text, share).take(pa.array(row))


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
        orders["manner"] == FAKE,
        rng.choice([0, 0, 0, 4, 5, 5], n),
        rng.choice([0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 5, 5, 5], n),
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
