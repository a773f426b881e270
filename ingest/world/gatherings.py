"""Honest buyers who look like a ring: people who live, work, collect, buy or cheer together.

They come from the same half of the buyers as ring members, in groups of the same sizes, order as often inside their
group and elsewhere, so that nothing but what they are tells them apart.
"""

from __future__ import annotations

import numpy as np

from ingest.world.bookings import BANK, PURSE, REWARD, WAGES, pay
from ingest.world.chance import Int
from ingest.world.crowd import move
from ingest.world.demand import Market
from ingest.world.geography import DORMITORY, LOCKER, OFFICE
from ingest.world.hosts import Hosts, as_ring
from ingest.world.plan import Plan
from ingest.world.scene import NONE, Scene
from ingest.world.spec import DAY, HOUR


def gather(scene: Scene, market: Market, plan: Plan) -> None:
    """All honest gatherings; their number grows with the number of shops as that of the rings does."""
    rng = scene.chance.of("gatherings")
    hosts = Hosts(scene, plan, rng)
    scale = scene.spec.merchants / 300
    _dormitories(scene, market, rng, hosts, max(1, round(1.2 * scale)))
    _offices(scene, market, rng, max(1, round(2 * scale)))
    _lockers(scene, rng, max(1, round(3 * scale)))
    _leaders(scene, market, rng, hosts, max(1, round(2 * scale)))
    _families(scene, market, rng, max(2, round(8 * scale)))
    _fans(scene, market, rng, hosts, max(2, round(5 * scale)))
    _flash(scene, market, rng, hosts, max(1, round(1.5 * scale)))
    _staff(scene, market, rng, hosts, max(1, round(3 * scale)))


def _buy(scene: Scene, market: Market, rng: np.random.Generator, buyers: Int, shops: Int, each: Int) -> int:
    """Members buy in the group's shops over some months, and elsewhere."""
    who = np.repeat(np.arange(len(buyers)), each)
    shop = rng.choice(shops, len(who))
    length = rng.uniform(60, 200) * DAY
    first = np.maximum(scene.calendar.start + rng.random() * (scene.calendar.end - scene.calendar.start - length), 0)
    low = np.maximum(np.full(len(who), int(first)), scene.shops["opened"][shop] + DAY)
    ts = scene.calendar.between(rng, low, np.maximum(low + DAY, int(first + length)))
    rows = market.add(rng, buyers[who], shop, ts)
    market.elsewhere(rng, buyers, each)
    return len(rows)


def _dormitories(scene: Scene, market: Market, rng: np.random.Generator, hosts: Hosts, n: int) -> None:
    for _ in range(n):
        buyers = scene.take_buyers(int(rng.integers(40, 130)))
        if len(buyers) < 4:
            return
        shops = hosts.next(int(rng.integers(5, 12)))
        place = scene.places.add(region=scene.shops["region"][shops[:1]], kind=DORMITORY)
        move(scene, buyers, address=np.full(len(buyers), place[0]))
        orders = _buy(scene, market, rng, buyers, shops, rng.poisson(3.0, len(buyers)))
        scene.note("dormitory", Buyer=buyers, Address=place, Merchant=shops, orders=orders)


def _offices(scene: Scene, market: Market, rng: np.random.Generator, n: int) -> None:
    for _ in range(n):
        buyers = scene.take_buyers(int(rng.integers(10, 60)))
        if len(buyers) < 4:
            return
        place = scene.places.add(region=scene.buyers["region"][buyers[:1]], kind=OFFICE)
        move(scene, buyers, address=np.full(len(buyers), place[0]))
        market.elsewhere(rng, buyers, rng.poisson(4.0, len(buyers)))
        scene.note("office", Buyer=buyers, Address=place)


def _lockers(scene: Scene, rng: np.random.Generator, n: int) -> None:
    for _ in range(n):
        near = np.flatnonzero(scene.buyers["region"] == rng.choice(scene.buyers["region"]))
        buyers = rng.choice(near, min(len(near), int(rng.integers(20, 120))), replace=False)
        place = scene.places.add(region=scene.buyers["region"][buyers[:1]], kind=LOCKER)
        move(scene, buyers, address=np.full(len(buyers), place[0]))
        scene.note("parcel_locker", Buyer=buyers, Address=place)


def _leaders(scene: Scene, market: Market, rng: np.random.Generator, hosts: Hosts, n: int) -> None:
    """A leader collects a neighbourhood's orders once a week, takes in the parcels and earns a commission."""
    for _ in range(n):
        buyers = scene.take_buyers(as_ring(rng))
        if len(buyers) < 4:
            return
        shops = hosts.next(int(rng.integers(2, 6)))
        place = scene.buyers["address"][buyers[:1]]
        move(scene, buyers, address=np.full(len(buyers), place[0]))
        some = buyers[rng.random(len(buyers)) < 0.1]
        move(scene, some, device=np.full(len(some), scene.buyers["device"][buyers[0]]))
        weeks = int(rng.integers(4, 12))
        start = scene.calendar.start + rng.random() * (scene.calendar.end - scene.calendar.start - weeks * 7 * DAY)
        who = np.repeat(buyers, rng.binomial(weeks, 0.35, len(buyers)))
        ts = int(start) + rng.integers(0, weeks, len(who)) * 7 * DAY + rng.integers(0, 7200, len(who)) * 1000
        shop = rng.choice(shops, len(who))
        rows = market.add(rng, who, shop, ts)
        market.elsewhere(rng, buyers, np.full(len(buyers), 3))
        wallet = int(scene.buyers["wallet"][buyers[0]])
        if wallet != NONE and len(rows):
            pay(
                scene,
                scene.shops["account"][scene.orders["shop"][rows]],
                np.full(len(rows), wallet),
                scene.orders["ts"][rows] + 5 * DAY,
                scene.orders["amount"][rows] // 12,
                REWARD,
                PURSE,
            )
        scene.note("group_leader", Buyer=buyers, Address=place, Merchant=shops, orders=len(rows))


def _families(scene: Scene, market: Market, rng: np.random.Generator, n: int) -> None:
    for _ in range(n):
        buyers = scene.take_buyers(int(rng.integers(3, 7)))
        if len(buyers) < 3:
            return
        for name in ("address", "device", "phone"):
            value = int(scene.buyers[name][buyers[0]])
            if value != NONE:
                scene.buyers[name][buyers] = value
        market.elsewhere(rng, buyers, rng.poisson(3.0, len(buyers)))
        scene.note("family_phone", Buyer=buyers, Phone=scene.buyers["phone"][buyers[:1]])


def _fans(scene: Scene, market: Market, rng: np.random.Generator, hosts: Hosts, n: int) -> None:
    """Followers of a brand: the same one to five shops again and again; some live together."""
    for _ in range(n):
        buyers = scene.take_buyers(as_ring(rng))
        if len(buyers) < 4:
            return
        shops = hosts.next(int(rng.integers(1, 6)))
        pairs = buyers[: len(buyers) // 5 * 2]
        move(scene, pairs[1::2], address=scene.buyers["address"][pairs[::2]], device=scene.buyers["device"][pairs[::2]])
        orders = _buy(scene, market, rng, buyers, shops, rng.poisson(rng.uniform(2, 6), len(buyers)) + 1)
        scene.note("fan_club", Buyer=buyers, Merchant=shops, orders=orders)


def _flash(scene: Scene, market: Market, rng: np.random.Generator, hosts: Hosts, n: int) -> None:
    """A live broadcast sells for one or two hours; some of the crowd come again a day later."""
    for _ in range(n):
        buyers = scene.take_buyers(int(rng.integers(40, 180)))
        if len(buyers) < 4:
            return
        shop = hosts.next(1)
        each = 1 + (rng.random(len(buyers)) < 0.15)
        who = np.repeat(buyers, each)
        day = (
            scene.calendar.start + int(rng.integers(130, (scene.calendar.end - scene.calendar.start) // DAY - 2)) * DAY
        )
        ts = day + 20 * HOUR + rng.integers(0, 5400, len(who)) * 1000
        rows = market.add(rng, who, np.full(len(who), shop[0]), ts)
        market.elsewhere(rng, buyers, each)
        scene.note("flash_sale", Buyer=buyers, Merchant=shop, orders=len(rows))


def _staff(scene: Scene, market: Market, rng: np.random.Generator, hosts: Hosts, n: int) -> None:
    """A shop's people buy there at a discount, some to its own address, and get their wages from its account."""
    for _ in range(n):
        buyers = scene.take_buyers(as_ring(rng))
        if len(buyers) < 4:
            return
        shop = hosts.next(1)
        at_work = buyers[rng.random(len(buyers)) < 0.6]
        move(scene, at_work, address=np.full(len(at_work), scene.shops["ships_from"][shop[0]]))
        orders = _buy(scene, market, rng, buyers, shop, rng.poisson(rng.uniform(1.5, 5), len(buyers)) + 1)
        wallets = scene.buyers["wallet"][buyers]
        wallets = wallets[wallets != NONE]
        months = np.arange(scene.calendar.start + 10 * DAY, scene.calendar.end - DAY, 30 * DAY)
        to, ts = np.tile(wallets, len(months)), np.repeat(months, len(wallets))
        wage = np.tile(rng.integers(250_000, 700_000, len(wallets)), len(months))
        pay(
            scene,
            np.full(len(to), scene.shops["account"][shop[0]]),
            to,
            ts + rng.integers(9, 17, len(to)) * HOUR,
            wage,
            WAGES,
            BANK,
        )
        scene.note("payroll", Buyer=buyers, Merchant=shop, Account=wallets, orders=orders)
