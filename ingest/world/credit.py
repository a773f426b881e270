"""Credit: who asks when and for how much, what the bank decides, and who pays back.

The repayment model: the log-odds of failing rise with the amount asked against *real* sales, with fading trade and
refunds, with the strain that a fraud puts on the cash flow (``scene.strain``), and differ by region and line of
goods; a good part is chance. Nothing looks at whether a shop was planted.
"""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Int
from ingest.world.geography import CATEGORIES, REGIONS
from ingest.world.sales import Sales
from ingest.world.scene import Scene
from ingest.world.spec import DAY, HOUR

BASE_LOG_ODDS = -4.3
MINIMUM_LOAN = 500_000
"""Cents: nobody asks for less than CNY 5,000."""


def ask(scene: Scene) -> None:
    """When each shop asks for credit: once and often again, after at least three months of trade."""
    rng, n = scene.chance.of("applications"), len(scene.shops)
    start, end = scene.calendar.start, scene.calendar.end
    times = 1 + rng.poisson(0.62, n)
    shop = np.repeat(np.arange(n), times)
    low = np.maximum(start + 100 * DAY, scene.shops["opened"][shop] + 75 * DAY)
    ts = low + (rng.random(len(shop)) ** 1.5 * np.maximum(end - 5 * DAY - low, DAY)).astype(np.int64)
    ts = np.minimum(scene.calendar.office(rng, ts), end - 3 * DAY)
    order = np.lexsort((shop, ts))
    scene.applications.add(shop=shop[order], ts=ts[order])


def lend(scene: Scene, sales: Sales) -> None:
    """Amounts, decisions, outcomes, loans and their repayments."""
    rng, apps, shops = scene.chance.of("credit"), scene.applications, scene.shops
    shop, ts, n = apps["shop"], apps["ts"], len(scene.applications)
    seen = sales.all.amount(shop, ts - 180 * DAY, ts)
    real = sales.true.amount(shop, ts - 180 * DAY, ts)
    appetite = rng.normal(0.75, 0.8, n)
    amount = np.maximum(np.round((seen + 3e4) * np.exp(appetite) / 1e5) * 100_000, MINIMUM_LOAN).astype(np.int64)
    before = sales.true.amount(shop, ts - 180 * DAY, ts - 90 * DAY)
    trend = np.clip(np.log((real - before + 5e4) / (before + 5e4)), -2, 2)
    leverage = np.log(amount / (real + 1e5))
    odds = (
        BASE_LOG_ODDS
        + 1.5 * np.clip(leverage - 0.6, -2, 2.5)
        - 0.4 * trend
        - 0.75 * scene.shop_health[shop]
        + 2.5 * np.array([r.risk for r in REGIONS])[shops["region"][shop]]
        + 2.5 * np.array([c.risk for c in CATEGORIES])[shops["category"][shop]]
        + np.where(ts - shops["opened"][shop] < 240 * DAY, 1.3, 0.0)
        + scene.strain_total()
        + rng.normal(0.0, 0.3, n)
    )
    risk = 1 / (1 + np.exp(-odds))
    failed = rng.random(n) < risk
    caution = 1 / (1 + np.exp(-(-1.6 + 0.5 * np.clip(leverage - 0.9, -1, 2) - 0.2 * scene.shop_health[shop])))
    approved = rng.random(n) >= caution
    decided = ts + ((0.2 + rng.gamma(2.0, 1.1, n)) * DAY).astype(np.int64)
    approved &= decided < scene.calendar.end - 2 * DAY
    apps["amount"][:], apps["decided"][:] = amount, decided
    apps["approved"][:], apps["failed"][:] = approved, failed & approved
    apps["risk_ppm"][:] = risk * 1e6
    _pay_out(scene, rng)


def _pay_out(scene: Scene, rng: np.random.Generator) -> None:
    apps = scene.applications
    row = np.flatnonzero(apps["approved"])
    row = row[np.argsort(apps["decided"][row], kind="stable")]
    n = len(row)
    cut = np.where(rng.random(n) < 0.75, 1.0, rng.uniform(0.5, 0.95, n))
    amount = np.maximum((apps["amount"][row] * cut / 1e5).astype(np.int64) * 100_000, 100_000)
    ts = apps["decided"][row] + rng.integers(1, 24, n) * HOUR
    months = rng.choice([3, 6, 6, 12], n)
    loan = scene.loans.add(
        application=row,
        shop=apps["shop"][row],
        account=scene.shops["account"][apps["shop"][row]],
        ts=ts,
        amount=amount,
        due=ts + months * 30 * DAY,
        failed=apps["failed"][row],
    )
    apps["loan"][row] = loan
    _pay_back(scene, rng, loan, months)


def _pay_back(scene: Scene, rng: np.random.Generator, loan: Int, months: Int) -> None:
    """Monthly instalments; a failing borrower stops after none to three of them, a fifth pays some of it later."""
    loans, end = scene.loans, scene.calendar.end
    which = np.repeat(loan, months)
    number = np.concatenate([np.arange(1, m + 1) for m in months]) if len(months) else np.zeros(0, np.int64)
    stop = np.where(loans["failed"] > 0, rng.integers(0, 3, len(loans)), 99)
    late = rng.exponential(0.8, len(which)) + np.where(rng.random(len(which)) < 0.06, rng.uniform(5, 40, len(which)), 0)
    ts = loans["ts"][which] + number * 30 * DAY + (late * DAY).astype(np.int64)
    interest = 0.006 * (months[which] - number + 1)
    amount = (loans["amount"][which] / months[which] * (1 + interest)).astype(np.int64)
    ok = (number <= stop[which]) & (ts < end - DAY)
    scene.repayments.add(loan=which[ok], account=loans["account"][which[ok]], ts=ts[ok], amount=amount[ok])
    scene.repayments.keep(np.argsort(scene.repayments["ts"], kind="stable"))
    last = loans["ts"].copy()
    np.maximum.at(last, which, ts)
    overdue = loans["ts"] + (stop + 1) * 30 * DAY + 90 * DAY
    loans["closed"][:] = np.where(loans["failed"] > 0, overdue, last)
