"""Tax returns, invoices and customs declarations; honest ones differ a little from the platform's figures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ingest.world.geography import CATEGORIES
from ingest.world.sales import Sales
from ingest.world.scene import COMPANY, MERCHANT, NONE, Scene
from ingest.world.spec import DAY

COUNTRIES = ("DE", "US", "FR", "JP", "BR", "ES", "PL", "AE")


def file_taxes(scene: Scene, sales: Sales) -> None:
    """A return a quarter, due in the month after it. One shop in nine declares well under what it sold."""
    rng, shops, n = scene.chance.of("tax"), scene.shops, len(scene.shops)
    edges = scene.calendar.quarters()
    modest = np.where(rng.random(n) < 0.11, rng.uniform(0.45, 0.8, n), 1.0)
    honest_about_fakes = rng.random(n) < 0.5
    for low, high in pairwise(edges):
        shop = np.flatnonzero(shops["opened"] < high - 20 * DAY)
        start, end = np.full(len(shop), low), np.full(len(shop), high)
        sold = np.where(
            honest_about_fakes[shop], sales.true.amount(shop, start, end), sales.all.amount(shop, start, end)
        )
        real = sales.true.amount(shop, start, end)
        revenue = sold * modest[shop] * rng.lognormal(-0.02, 0.06, len(shop))
        ts = scene.calendar.office(rng, end + (rng.uniform(4, 22, len(shop)) * DAY).astype(np.int64))
        ok = (ts < scene.calendar.end - 4 * DAY) & (rng.random(len(shop)) < 0.94) & (sold > 0)
        tax = np.minimum(real, revenue) * rng.uniform(0.01, 0.03, len(shop))
        scene.filings.add(shop=shop[ok], start=start[ok], end=end[ok], ts=ts[ok], revenue=revenue[ok], tax=tax[ok])


def invoice(scene: Scene, sales: Sales) -> None:
    """Invoices from the wholesaler to the shop, and from shops to companies that buy from them; a few are voided."""
    rng, shops, n = scene.chance.of("invoices"), scene.shops, len(scene.shops)
    count = rng.poisson(5, n)
    shop = np.repeat(np.arange(n), count)
    low = np.maximum(shops["opened"][shop], scene.calendar.start)
    ts = scene.calendar.office(
        rng, low + (rng.random(len(shop)) * (scene.calendar.end - low - 2 * DAY)).astype(np.int64)
    )
    total = sales.true.amount(np.arange(n), np.full(n, scene.calendar.start), np.full(n, scene.calendar.end))
    amount = np.maximum(total[shop] * 0.5 / count[shop] * rng.lognormal(0, 0.5, len(shop)), 5000).astype(np.int64)
    _issue(scene, rng, COMPANY, shops["supplier"][shop], MERCHANT, shop, ts, amount, 0.03)
    seller = np.flatnonzero(rng.random(n) < 0.25)
    seller = np.repeat(seller, rng.poisson(4, len(seller)))
    low = np.maximum(shops["opened"][seller], scene.calendar.start)
    ts = scene.calendar.office(
        rng, low + (rng.random(len(seller)) * (scene.calendar.end - low - 2 * DAY)).astype(np.int64)
    )
    amount = np.maximum(total[seller] * 0.02 * rng.lognormal(0, 0.6, len(seller)), 3000).astype(np.int64)
    client = rng.integers(0, len(scene.companies), len(seller))
    _issue(scene, rng, MERCHANT, seller, COMPANY, client, ts, amount, 0.03)


def _issue(
    scene: Scene,
    rng: np.random.Generator,
    seller_kind: int,
    seller: np.ndarray,
    buyer_kind: int,
    buyer: np.ndarray,
    ts: np.ndarray,
    amount: np.ndarray,
    void: float,
) -> None:
    voided = np.where(rng.random(len(ts)) < void, ts + (rng.exponential(8, len(ts)) * DAY).astype(np.int64) + DAY, NONE)
    voided = np.where(voided < scene.calendar.end - DAY, voided, NONE)
    scene.invoices.add(
        seller_kind=seller_kind,
        seller=seller,
        buyer_kind=buyer_kind,
        buyer=buyer,
        ts=ts,
        amount=amount,
        tax=(amount * 0.13).astype(np.int64),
        voided=voided,
    )


def declare_exports(scene: Scene, sales: Sales) -> None:
    """Exporters (one shop in six) declare about monthly: value, weight and parcels go together."""
    rng, shops, n = scene.chance.of("customs"), scene.shops, len(scene.shops)
    exporter = np.flatnonzero(rng.random(n) < 0.17)
    months = np.arange(scene.calendar.start + 30 * DAY, scene.calendar.end - 5 * DAY, 30 * DAY)
    shop, ts = np.repeat(exporter, len(months)), np.tile(months, len(exporter))
    keep = (rng.random(len(shop)) < 0.7) & (ts > shops["opened"][shop] + 30 * DAY)
    shop, ts = shop[keep], scene.calendar.office(rng, ts[keep] - rng.integers(0, 20, int(keep.sum())) * DAY)
    sold = sales.true.amount(shop, ts - 30 * DAY, ts)
    number = sales.true.count(shop, ts - 30 * DAY, ts)
    share = rng.uniform(0.2, 0.7, len(shop))
    parcels = np.maximum((number * share).astype(np.int64), 1)
    value = np.maximum(sold * share, 5000) * rng.lognormal(0, 0.12, len(shop))
    unit = np.array([c.weight_g for c in CATEGORIES])[shops["category"][shop]]
    weight = parcels * unit * rng.lognormal(0.05, 0.15, len(shop))
    scene.declarations.add(
        shop=shop,
        ts=ts,
        amount=value,
        weight_g=weight,
        country=rng.integers(0, len(COUNTRIES), len(shop)),
        parcels=parcels,
    )
