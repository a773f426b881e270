"""Fund loops: a shop's money goes through two to eight accounts and comes back a little smaller, again and again."""

from __future__ import annotations

import numpy as np

from ingest.world.bookings import BANK, CURRENT, GOODS, LIVING, POOLING, PRIVATE, between_people, pay
from ingest.world.chance import Int
from ingest.world.plan import LOOP, Plan
from ingest.world.scene import NONE, PERSON, Scene
from ingest.world.shops import company_accounts, new_companies, new_persons, personal_accounts
from ingest.world.spec import DAY, HOUR


class Fronts:
    """Accounts that people lend their names to: persons and young companies, each with some life of its own."""

    def __init__(self, scene: Scene, relatives: Int) -> None:
        self._scene = scene
        self._rng = scene.chance.of("fronts")
        self._relatives = relatives
        self._used: list[int] = []

    def of(self, shop: int, n: int) -> Int:
        """n accounts for a scheme of that shop: a relative's, some that served before, new ones."""
        rng, scene = self._rng, self._scene
        found: list[int] = []
        if self._relatives[shop] != NONE and rng.random() < 0.5:
            found.append(int(self._relatives[shop]))
        if self._used and rng.random() < 0.3:
            found.append(int(rng.choice(self._used)))
        found = list(dict.fromkeys(found))[:n]
        missing = n - len(found)
        if missing:
            fresh = self._fresh(np.full(missing, scene.shops["region"][shop]))
            self._used += fresh.tolist()
            found += fresh.tolist()
        return rng.permutation(np.array(found, np.int64))

    def _fresh(self, region: Int) -> Int:
        rng, scene, n = self._rng, self._scene, len(region)
        since = scene.calendar.start - (rng.random(n) * 900 * DAY).astype(np.int64)
        person = new_persons(scene, rng, region, since)
        firm = rng.random(n) < 0.4
        account = np.full(n, NONE)
        account[~firm] = personal_accounts(scene, rng, person[~firm], since[~firm] + DAY)
        if firm.any():
            company = new_companies(scene, region[firm], since[firm] + 20 * DAY, 1)
            scene.ownership.add(owner_kind=PERSON, owner=person[firm], company=company, since=since[firm] + 20 * DAY)
            account[firm] = company_accounts(scene, rng, company, since[firm] + 30 * DAY)
        others = rng.integers(0, len(scene.shops), n * 8)
        own = np.repeat(account, 8)
        ts = scene.calendar.start + (rng.random(n * 8) * (scene.calendar.end - scene.calendar.start)).astype(np.int64)
        incoming = rng.random(n * 8) < 0.4
        purse = scene.shops["purse"][others]
        amount = (rng.lognormal(6.8, 1.1, n * 8) * 100).astype(np.int64)
        pay(
            scene,
            np.where(incoming, purse, own),
            np.where(incoming, own, purse),
            ts,
            amount,
            LIVING,
            between_people(rng, n * 8),
        )
        return account


def circulate(scene: Scene, plan: Plan, fronts: Fronts) -> None:
    """Rounds of money through each looping shop's fronts, most of them in the months before it asks for credit."""
    rng = scene.chance.of("loops")
    for scheme in plan.of(LOOP):
        shop = int(scheme.shops[0])
        own = int(scene.shops["account"][shop])
        length = int(rng.choice([2, 3, 4, 5, 6, 7, 8], p=[0.1, 0.25, 0.25, 0.16, 0.12, 0.07, 0.05]))
        path = fronts.of(shop, length - 1)
        turnover = max(int(scene.orders["amount"][scene.orders["shop"] == shop].sum() / 18), 200_000)
        target = int(plan.target_ts(scene, scheme.shops)[0])
        rounds = 2 + int(rng.poisson(1 + 7 * scheme.intensity))
        total = 0
        for _ in range(rounds):
            start = (
                target - int(rng.uniform(8, 130) * DAY)
                if rng.random() < 0.85
                else target + int(rng.uniform(5, 120) * DAY)
            )
            total += _round(scene, rng, np.concatenate([[own], path, [own]]), start, turnover)
        scene.note(
            LOOP,
            Merchant=shop,
            Account=np.concatenate([[own], path]),
            rounds=rounds,
            length=length,
            intensity=round(scheme.intensity, 4),
            amount=total,
        )


def _round(scene: Scene, rng: np.random.Generator, path: Int, start: int, turnover: int) -> int:
    """One turn: hours between hops, up to four per cent less at each; one in eight goes out in two parts."""
    hops = len(path) - 1
    if start < scene.calendar.start:
        return 0
    decay = rng.uniform(0.0, 0.04, hops)
    amount = turnover * rng.lognormal(0.1, 0.5) * np.cumprod(1 - decay)
    wait = np.exp(rng.uniform(np.log(0.3), np.log(20), hops)) * HOUR
    ts = start + np.cumsum(wait).astype(np.int64) // 1000 * 1000
    purpose = int(rng.choice([GOODS, PRIVATE, CURRENT, POOLING], p=[0.4, 0.3, 0.2, 0.1]))
    if rng.random() < 0.125:
        part = rng.uniform(0.3, 0.7)
        pay(scene, path[:-1], path[1:], ts, (amount * part).astype(np.int64), purpose, BANK)
        pay(scene, path[:-1], path[1:], ts + 600_000, (amount * (1 - part)).astype(np.int64), purpose, BANK)
    else:
        pay(scene, path[:-1], path[1:], ts, amount.astype(np.int64), purpose, BANK)
    return int(amount[0])
