"""Shops, the people and companies behind them, their accounts, phones, devices and addresses."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Int, weighted
from ingest.world.geography import CATEGORIES, HOME, OFFICE, PLATFORM_WEIGHT, REGIONS, SHOP, WAREHOUSE
from ingest.world.scene import COMPANY, MERCHANT, NONE, PERSON, Scene
from ingest.world.spec import DAY

SETTLEMENT, PERSONAL, BASIC, ESCROW, WALLET, MERCHANT_HUB = range(6)
ACCOUNT_TYPES = ("settlement", "personal", "basic", "escrow", "wallet", "collection")
"""Kinds of accounts; collection accounts take in what many people spend."""

OUR_BANK = 0
BANKS = ("our bank", "east bank", "harvest bank", "river bank", "wallet")


def regions(rng: np.random.Generator, n: int) -> Int:
    """A region each, by size."""
    return weighted(rng, np.array([r.weight for r in REGIONS]), n)


def new_persons(scene: Scene, rng: np.random.Generator, region: Int, since: Int) -> Int:
    """Persons with a phone of their own each; nine in ten gave it to the bank."""
    phone = scene.phones.add(of=np.zeros(len(region)))
    return scene.persons.add(region=region, phone=np.where(rng.random(len(region)) < 0.9, phone, NONE), since=since)


def personal_accounts(scene: Scene, rng: np.random.Generator, person: Int, opened: Int) -> Int:
    """One more personal account for each person."""
    bank = np.where(rng.random(len(person)) < 0.6, OUR_BANK, rng.integers(1, 4, len(person)))
    return scene.accounts.add(holder_kind=PERSON, holder=person, kind=PERSONAL, bank=bank, opened=opened)


def new_companies(scene: Scene, region: Int, founded: Int, trade: int) -> Int:
    """Companies at an office of their own; ``trade``: 0 retail, 1 wholesale, 2 services."""
    place = scene.places.add(region=region, kind=OFFICE)
    return scene.companies.add(region=region, address=place, founded=founded, trade=trade)


def company_accounts(scene: Scene, rng: np.random.Generator, company: Int, opened: Int) -> Int:
    """A basic account for each company."""
    bank = np.where(rng.random(len(company)) < 0.4, OUR_BANK, rng.integers(1, 4, len(company)))
    return scene.accounts.add(holder_kind=COMPANY, holder=company, kind=BASIC, bank=bank, opened=opened)


def open_shops(scene: Scene) -> None:
    """All shops. One owner in twelve has two to five; six in ten shops have a company; sizes are heavy-tailed."""
    rng, n, start, end = scene.chance.of("shops"), scene.spec.merchants, scene.calendar.start, scene.calendar.end
    owner_of = _owners(rng, n)
    owners = int(owner_of.max()) + 1
    home = regions(rng, owners)
    since = start - (rng.random(owners) * 2500 + 60).astype(np.int64) * DAY
    young = rng.random(n) < 0.25
    opened = np.where(
        young,
        start + (rng.random(n) * 0.55 * (end - start)).astype(np.int64),
        start - (rng.exponential(700, n) * DAY).astype(np.int64) - DAY,
    )
    opened = scene.calendar.midnight(opened) + 10 * 3_600_000
    np.minimum.at(since, owner_of, opened - 30 * DAY)
    person = new_persons(scene, rng, home, since)
    purse = personal_accounts(scene, rng, person, since)
    has_company = rng.random(owners) < 0.6
    company = np.full(owners, NONE)
    company[has_company] = new_companies(scene, home[has_company], since[has_company] + 5 * DAY, 0)
    company_accounts(scene, rng, company[has_company], since[has_company] + 9 * DAY)
    scene.ownership.add(
        owner=person[has_company],
        company=company[has_company],
        since=since[has_company] + 5 * DAY,
        share=rng.choice([100, 100, 90, 80, 60, 51], int(has_company.sum())),
    )
    region = home[owner_of]
    registered = scene.places.add(region=region, kind=np.where(rng.random(n) < 0.5, OFFICE, HOME))
    ships = scene.places.add(region=region, kind=np.where(rng.random(n) < 0.6, WAREHOUSE, SHOP))
    own_phone = scene.phones.add(of=np.full(n, 1))
    account = scene.accounts.add(
        holder_kind=MERCHANT,
        holder=np.arange(n),
        kind=SETTLEMENT,
        bank=OUR_BANK,
        opened=opened + rng.integers(0, 5, n) * DAY,
    )
    scene.shops.add(
        platform=weighted(rng, np.array(PLATFORM_WEIGHT), n),
        category=weighted(rng, np.array([c.weight for c in CATEGORIES]), n),
        region=region,
        opened=opened,
        owner=person[owner_of],
        company=company[owner_of],
        phone=np.where(rng.random(n) < 0.55, scene.persons["phone"][person[owner_of]], own_phone),
        address=registered,
        ships_from=np.where(rng.random(n) < 0.25, registered, ships),
        account=account,
        purse=purse[owner_of],
        supplier=NONE,
    )
    for chance in (1.0, 0.45, 0.2):
        has = np.flatnonzero(rng.random(n) < chance)
        device = scene.devices.add(kind=rng.integers(0, 3, len(has)))
        scene.staff_devices.add(shop=has, device=device, since=opened[has])
    size = rng.lognormal(0.0, 1.05, n) * np.where(rng.random(n) < 0.04, 1 + 2 * rng.pareto(1.6, n), 1.0)
    scene.shop_size = np.where(young, 0.8, 1.0) * np.minimum(size, 60.0 * size.mean())
    scene.shop_health = rng.normal(0.0, 1.0, n)


def _owners(rng: np.random.Generator, n: int) -> Int:
    """The owner's number for each shop, in no order."""
    several = np.where(rng.random(n) < 0.08, rng.integers(2, 6, n), 1)
    return rng.permutation(np.repeat(np.arange(n), several)[:n])
