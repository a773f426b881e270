"""Honest money: settlement, suppliers, payroll, rent, personal spending, refunds and rewards paid to buyers."""

from __future__ import annotations

import numpy as np

from ingest.world.bookings import (
    GOODS,
    LIVING,
    LOAN_USE,
    PRIVATE,
    PURSE,
    REFUND,
    RENT,
    REWARD,
    SETTLE,
    between_people,
    pay,
)
from ingest.world.chance import Int, weighted
from ingest.world.scene import COMPANY, FAKE, NONE, Scene
from ingest.world.shops import ESCROW, MERCHANT_HUB, company_accounts, new_companies, new_persons, personal_accounts
from ingest.world.spec import DAY


def settle(scene: Scene) -> None:
    """Every Monday the platform pays out what was ordered up to a week before, less refunds and its fee."""
    rng, orders, shops = scene.chance.of("settlement"), scene.orders, scene.shops
    escrow = scene.accounts.add(
        holder_kind=NONE, holder=NONE, kind=ESCROW, bank=1, opened=scene.calendar.start - 3000 * DAY + np.arange(3)
    )
    net = orders["amount"].copy()
    platform_refund = scene.refunds["direct"] == 0
    np.subtract.at(net, scene.refunds["order"][platform_refund], scene.refunds["amount"][platform_refund])
    week = (orders["ts"] - scene.calendar.start) // (7 * DAY)
    key = orders["shop"] * 1000 + week
    found, where = np.unique(key, return_inverse=True)
    total = np.bincount(where, weights=np.maximum(net, 0)).astype(np.int64)
    shop, week = found // 1000, found % 1000
    ts = scene.calendar.office(rng, scene.calendar.start + (week + 2) * 7 * DAY)
    pay(scene, escrow[shops["platform"][shop]], shops["account"][shop], ts, (total * 0.95).astype(np.int64), SETTLE)


def supply(scene: Scene) -> None:
    """Goods bought: most from one or two wholesalers of the shop's own, some from another shop's."""
    rng, shops, n = scene.chance.of("suppliers"), scene.shops, len(scene.shops)
    count = max(6, n // 12)
    region = scene.shops["region"][rng.integers(0, n, count)]
    founded = scene.calendar.start - (rng.random(count) * 3000 + 200).astype(np.int64) * DAY
    company = new_companies(scene, region, founded, 1)
    account = company_accounts(scene, rng, company, founded + 10 * DAY)
    pull = rng.lognormal(0, 1.0, count)
    shops["supplier"][:] = company[weighted(rng, pull, n)]
    first = int(company[0])
    second = weighted(rng, pull, n)
    spend, times = _spending(scene, rng)
    shop = np.repeat(np.arange(n), times)
    to = np.where(rng.random(len(shop)) < 0.75, shops["supplier"][shop] - first, second[shop])
    ts = scene.calendar.office(rng, _any_time(scene, rng, shop))
    amount = (spend[shop] / times[shop] * rng.lognormal(0, 0.5, len(shop))).astype(np.int64)
    pay(scene, shops["account"][shop], account[to], ts, amount, GOODS)
    # wholesalers buy from each other, and in both directions
    m = count * 14
    a, b = weighted(rng, pull, m), weighted(rng, pull, m)
    pay(
        scene,
        account[a],
        account[b],
        scene.calendar.office(rng, _span(scene, rng, m)),
        (rng.lognormal(8.5, 1.2, m) * 100).astype(np.int64),
        GOODS,
    )


def _spending(scene: Scene, rng: np.random.Generator) -> tuple[Int, Int]:
    """Cents that each shop spends on goods over the span, and in how many payments."""
    n = len(scene.shops)
    real = scene.orders["manner"] != FAKE
    sold = np.bincount(scene.orders["shop"][real], weights=scene.orders["amount"][real], minlength=n)
    times = np.minimum(1 + rng.poisson(3 + np.sqrt(np.bincount(scene.orders["shop"], minlength=n)) * 0.7), 120)
    return (sold * rng.uniform(0.5, 0.72, n)).astype(np.int64), times


def _any_time(scene: Scene, rng: np.random.Generator, shop: Int) -> Int:
    low = np.maximum(scene.shops["opened"][shop], scene.calendar.start)
    return low + (rng.random(len(shop)) * (scene.calendar.end - low)).astype(np.int64)


def _span(scene: Scene, rng: np.random.Generator, n: int) -> Int:
    return scene.calendar.start + (rng.random(n) * (scene.calendar.end - scene.calendar.start)).astype(np.int64)


def live(scene: Scene) -> None:
    """Owners draw money and spend it; larger shops pay wages and rent; people send each other money."""
    rng, shops, n = scene.chance.of("living"), scene.shops, len(scene.shops)
    start, end = scene.calendar.start, scene.calendar.end
    hubs = scene.accounts.add(
        holder_kind=NONE, holder=NONE, kind=MERCHANT_HUB, bank=rng.integers(1, 4, 8), opened=start - 2500 * DAY
    )
    sold = np.bincount(scene.orders["shop"], weights=scene.orders["amount"], minlength=n)
    draws = 2 + rng.poisson(4, n)
    shop = np.repeat(np.arange(n), draws)
    ts = scene.calendar.office(rng, _any_time(scene, rng, shop))
    amount = (sold[shop] * 0.15 / draws[shop] * rng.lognormal(0, 0.6, len(shop))).astype(np.int64)
    pay(scene, shops["account"][shop], shops["purse"][shop], ts, amount, PRIVATE)
    spent = rng.random(len(shop)) < 0.85
    pay(
        scene,
        shops["purse"][shop[spent]],
        hubs[rng.integers(0, 8, int(spent.sum()))],
        ts[spent] + (rng.exponential(6, int(spent.sum())) * DAY).astype(np.int64),
        (amount[spent] * rng.uniform(0.2, 0.95, int(spent.sum()))).astype(np.int64),
        LIVING,
        PURSE,
    )
    big = np.flatnonzero(sold > np.quantile(sold, 0.7))
    landlords = new_persons(
        scene, rng, shops["region"][big[: max(3, len(big) // 4)]], np.full(max(3, len(big) // 4), start - 900 * DAY)
    )
    purse = personal_accounts(scene, rng, landlords, np.full(len(landlords), start - 800 * DAY))
    months = np.arange(start + 5 * DAY, end - DAY, 30 * DAY)
    who, when = np.repeat(big, len(months)), np.tile(months, len(big))
    alive = when > shops["opened"][who]
    rent = (sold[who] * 0.003 * (1 + (who % 7) / 7)).astype(np.int64)
    pay(
        scene,
        shops["account"][who[alive]],
        purse[who[alive] % len(purse)],
        scene.calendar.office(rng, when[alive]),
        rent[alive],
        RENT,
    )
    # friends and relatives, both ways
    m = n * 3
    a = rng.integers(0, n, m)
    b = np.where(rng.random(m) < 0.6, (a + 1 + rng.integers(0, 3, m)) % n, rng.integers(0, n, m))
    pay(
        scene,
        shops["purse"][a],
        shops["purse"][b],
        _span(scene, rng, m),
        (rng.lognormal(6.3, 1.1, m) * 100).astype(np.int64),
        np.where(rng.random(m) < 0.8, PRIVATE, LIVING),
        between_people(rng, m),
    )


def give_back(scene: Scene) -> None:
    """Refunds past the platform, the few yuan that a tenth of the shops send for a good review, and amends that owners
    make from their own purse."""
    rng, orders, shops = scene.chance.of("rewards"), scene.orders, scene.shops
    wallet = scene.buyers["wallet"][orders["buyer"]]
    direct = np.flatnonzero(scene.refunds["direct"] > 0)
    direct = direct[wallet[scene.refunds["order"][direct]] != NONE]
    row = scene.refunds["order"][direct]
    amount, ts = scene.refunds["amount"][direct], scene.refunds["ts"][direct]
    pay(scene, shops["account"][orders["shop"][row]], wallet[row], ts, amount, REFUND, PURSE)
    generous = rng.random(len(shops)) < 0.1
    row = np.flatnonzero(generous[orders["shop"]] & (rng.random(len(orders)) < 0.25) & (wallet != NONE))
    ts = orders["ts"][row] + (rng.uniform(4, 15, len(row)) * DAY).astype(np.int64)
    few = rng.choice([200, 300, 500, 1000], len(row))
    pay(scene, shops["account"][orders["shop"][row]], wallet[row], ts, few, REWARD, PURSE)
    row = np.flatnonzero((rng.random(len(orders)) < 0.012) & (wallet != NONE))
    ts = orders["ts"][row] + (rng.uniform(0.5, 9, len(row)) * DAY).astype(np.int64)
    amends = (orders["amount"][row] * np.minimum(rng.uniform(0.2, 1.2, len(row)), 1.0)).astype(np.int64)
    why = rng.choice([PRIVATE, REFUND, REWARD], len(row))
    pay(scene, shops["purse"][orders["shop"][row]], wallet[row], ts, amends, why, between_people(rng, len(row)))


def invest(scene: Scene) -> None:
    """What honest borrowers do with a loan: goods first, over some weeks; a little to themselves."""
    rng, loans, shops = scene.chance.of("loan use"), scene.loans, scene.shops
    away = scene.diverted
    accounts = scene.accounts
    of_company = np.full(len(scene.companies), NONE)
    mine = np.flatnonzero(accounts["holder_kind"] == COMPANY)
    of_company[accounts["holder"][mine]] = mine
    parts = rng.integers(2, 6, len(loans))
    why = np.where(rng.random(int(parts.sum())) < 0.5, GOODS, LOAN_USE)
    loan = np.repeat(np.arange(len(loans)), parts)
    share = rng.uniform(0.5, 0.95, len(loans)) * (1 - away)
    amount = (loans["amount"][loan] * share[loan] / parts[loan] * rng.uniform(0.7, 1.3, len(loan))).astype(np.int64)
    ts = scene.calendar.office(rng, loans["ts"][loan] + DAY + (rng.exponential(9, len(loan)) * DAY).astype(np.int64))
    pay(scene, loans["account"][loan], of_company[shops["supplier"][loans["shop"][loan]]], ts, amount, why)
    own = np.flatnonzero(rng.random(len(loans)) < 0.35)
    pay(
        scene,
        loans["account"][own],
        shops["purse"][loans["shop"][own]],
        loans["ts"][own] + (rng.uniform(1, 20, len(own)) * DAY).astype(np.int64),
        (loans["amount"][own] * rng.uniform(0.03, 0.2, len(own))).astype(np.int64),
        PRIVATE,
    )
