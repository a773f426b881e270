"""Papers that do not fit: returns that declare sales which never were, exports that weigh nothing."""

from __future__ import annotations

import numpy as np

from ingest.world.plan import CUSTOMS, TAX, Plan
from ingest.world.scene import COMPANY, MERCHANT, NONE, Scene
from ingest.world.spec import DAY


def forge_tax(scene: Scene, plan: Plan) -> None:
    """In the year before the application returns declare a multiple of what the platform saw, tax is paid on the
    real part only, and a friendly firm's invoices back them up, many of them voided once the loan is there."""
    rng, filings = scene.chance.of("forged tax"), scene.filings
    for scheme in plan.of(TAX):
        shop = int(scheme.shops[0])
        target = int(plan.target_ts(scene, scheme.shops)[0])
        own = np.flatnonzero(
            (filings["shop"] == shop) & (filings["ts"] < target) & (filings["ts"] > target - 330 * DAY)
        )
        factor = 1.4 + 3.0 * scheme.intensity * rng.uniform(0.7, 1.3)
        filings["revenue"][own] = (filings["revenue"][own] * factor).astype(np.int64)
        friend = int(rng.integers(0, len(scene.companies)))
        m = int(rng.integers(3, 9))
        ts = scene.calendar.office(rng, target - (rng.uniform(5, 150, m) * DAY).astype(np.int64))
        voided = np.where(rng.random(m) < 0.5, target + (rng.uniform(2, 60, m) * DAY).astype(np.int64), NONE)
        voided = np.where(voided < scene.calendar.end - DAY, voided, NONE)
        amount = (
            max(float(filings["revenue"][own].mean()) if len(own) else 0.0, 1e6) * rng.uniform(0.1, 0.5, m)
        ).astype(np.int64)
        scene.invoices.add(
            seller_kind=MERCHANT,
            seller=shop,
            buyer_kind=COMPANY,
            buyer=friend,
            ts=ts,
            amount=amount,
            tax=(amount * 0.13).astype(np.int64),
            voided=voided,
        )
        scene.note(TAX, Merchant=shop, factor=round(factor, 3), returns=len(own))


def forge_customs(scene: Scene, plan: Plan) -> None:
    """Exports declared before the application: a multiple of the sales in value, next to nothing in weight."""
    rng = scene.chance.of("forged customs")
    for scheme in plan.of(CUSTOMS):
        shop = int(scheme.shops[0])
        target = int(plan.target_ts(scene, scheme.shops)[0])
        m = int(rng.integers(2, 7))
        ts = scene.calendar.office(rng, target - (rng.uniform(5, 200, m) * DAY).astype(np.int64))
        sold = max(float(scene.orders["amount"][scene.orders["shop"] == shop].sum()) / 18, 2e5)
        amount = (sold * (1 + 3 * scheme.intensity) * rng.lognormal(0, 0.3, m)).astype(np.int64)
        parcels = np.maximum((amount / 60_000 * rng.uniform(0.5, 1.5, m)).astype(np.int64), 1)
        scene.declarations.add(
            shop=shop,
            ts=ts,
            amount=amount,
            weight_g=parcels * rng.integers(15, 80, m),
            country=rng.integers(0, 8, m),
            parcels=parcels,
        )
        scene.note(CUSTOMS, Merchant=shop, declarations=m)
