"""Honest shops and firms that look tied together: one building, one agency, one family purse, one group's treasury."""

from __future__ import annotations

import numpy as np

from ingest.world.bookings import CURRENT, POOLING, PRIVATE, between_people, pay
from ingest.world.chance import Int
from ingest.world.geography import OFFICE, WAREHOUSE
from ingest.world.scene import COMPANY, NONE, Scene
from ingest.world.shops import company_accounts, new_persons, personal_accounts
from ingest.world.spec import DAY, HOUR


def share_buildings(scene: Scene) -> None:
    """Shops registered at one office building, and shops run by one agency from one device and one warehouse.

    Planted shops are among them as often as others are.
    """
    rng, n = scene.chance.of("neighbours"), len(scene.shops)
    free = rng.permutation(n)
    at = 0
    for _ in range(max(1, round(n / 150))):
        shops = free[at : at + int(rng.integers(4, 16))]
        at += len(shops)
        place = scene.places.add(region=scene.shops["region"][shops[:1]], kind=OFFICE)
        scene.shops["address"][shops] = place[0]
        scene.note("shared_building", Merchant=shops, Address=place)
    for _ in range(max(1, round(n / 120))):
        shops = free[at : at + int(rng.integers(2, 7))]
        at += len(shops)
        place = scene.places.add(region=scene.shops["region"][shops[:1]], kind=WAREHOUSE)
        device = scene.devices.add(kind=2)
        scene.shops["ships_from"][shops] = place[0]
        scene.staff_devices.add(
            shop=shops, device=device, since=np.maximum(scene.shops["opened"][shops], scene.calendar.start - 90 * DAY)
        )
        scene.note("shop_agency", Merchant=shops, Device=device, Address=place)


def raise_families(scene: Scene) -> Int:
    """A relative with an account for every second owner; money goes both ways. Returns each shop's relative's account
    (-1: none)."""
    rng, shops = scene.chance.of("families"), scene.shops
    owners, of_shop = np.unique(shops["owner"], return_inverse=True)
    has = np.flatnonzero(rng.random(len(owners)) < 0.6)
    since = np.full(len(has), scene.calendar.start - 700 * DAY)
    relative = new_persons(scene, rng, scene.persons["region"][owners[has]], since)
    account = np.full(len(owners), NONE)
    account[has] = personal_accounts(scene, rng, relative, since + DAY)
    purse = np.full(len(owners), NONE)
    purse[of_shop] = shops["purse"]
    times = rng.poisson(5, len(has))
    a, b = np.repeat(purse[has], times), np.repeat(account[has], times)
    back = rng.random(len(a)) < 0.4
    ts = scene.calendar.start + (rng.random(len(a)) * (scene.calendar.end - scene.calendar.start)).astype(np.int64)
    pay(
        scene,
        np.where(back, b, a),
        np.where(back, a, b),
        ts,
        (rng.lognormal(6.8, 1.0, len(a)) * 100).astype(np.int64),
        PRIVATE,
        between_people(rng, len(a)),
    )
    return account[of_shop]


def pool_treasuries(scene: Scene) -> None:
    """Owners of several shops sweep them into the company's account every week and send back what is needed."""
    rng, shops = scene.chance.of("treasury"), scene.shops
    company, counts = np.unique(shops["company"][shops["company"] != NONE], return_counts=True)
    head_of = _first_accounts(scene)
    sold_by = np.bincount(scene.orders["shop"], weights=scene.orders["amount"], minlength=len(shops))
    for group in company[counts >= 2]:
        mine = np.flatnonzero(shops["company"] == group)
        head = np.full(len(mine), head_of[group])
        sold = sold_by[mine]
        weeks = np.arange(scene.calendar.start + 20 * DAY, scene.calendar.end - 10 * DAY, 7 * DAY)
        shop, week = np.tile(np.arange(len(mine)), len(weeks)), np.repeat(weeks, len(mine))
        up = (sold[shop] / 78 * rng.uniform(0.5, 0.9, len(shop))).astype(np.int64)
        pay(scene, shops["account"][mine][shop], head[shop], week + 17 * HOUR, up, POOLING)
        down = rng.random(len(shop)) < 0.6
        pay(
            scene,
            head[shop[down]],
            shops["account"][mine][shop[down]],
            week[down] + DAY + 9 * HOUR,
            (up[down] * rng.uniform(0.85, 1.0, int(down.sum()))).astype(np.int64),
            POOLING,
        )
        scene.note("treasury_pooling", Merchant=mine, Account=np.append(shops["account"][mine], head[0]), Company=group)


def trade_both_ways(scene: Scene) -> None:
    """Pairs of a shop and a firm that supply each other, on account: both pay, in both directions."""
    rng, shops, n = scene.chance.of("two-way"), scene.shops, len(scene.shops)
    chosen = rng.choice(n, max(2, n // 60), replace=False)
    first = _first_accounts(scene)
    for shop in chosen:
        firm = int(shops["supplier"][shop])
        account = (
            np.full(1, first[firm])
            if first[firm] != NONE
            else company_accounts(scene, rng, np.array([firm]), np.array([scene.calendar.start - 100 * DAY]))
        )
        m = int(rng.integers(8, 30))
        low = max(scene.calendar.start, int(shops["opened"][shop]))
        ts = scene.calendar.office(rng, low + (rng.random(m) * (scene.calendar.end - low)).astype(np.int64))
        to_firm = rng.random(m) < 0.55
        own = shops["account"][shop]
        amount = (rng.lognormal(7.6, 0.5, m) * 100).astype(np.int64)
        pay(scene, np.where(to_firm, own, account[0]), np.where(to_firm, account[0], own), ts, amount, CURRENT)
        scene.note("two_way_supplier", Merchant=shop, Company=firm, Account=np.array([own, account[0]]))


def _first_accounts(scene: Scene) -> Int:
    """One account of each company (-1: none)."""
    accounts = scene.accounts
    found = np.full(len(scene.companies), NONE)
    rows = np.flatnonzero(accounts["holder_kind"] == COMPANY)
    found[accounts["holder"][rows]] = rows
    return found
