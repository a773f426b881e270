"""Fake orders: small rings around one to three shops, platforms that serve many, some of them run from a farm."""

from __future__ import annotations

import numpy as np

from ingest.world.bookings import PRIVATE, REFUND, REWARD, between_people, pay
from ingest.world.chance import Int
from ingest.world.crowd import move
from ingest.world.demand import BASE_SHARE, Market
from ingest.world.geography import HOME, WAREHOUSE
from ingest.world.plan import PLATFORM, RING, Plan, Scheme
from ingest.world.scene import FAKE, NONE, Scene
from ingest.world.shops import new_persons, personal_accounts, regions
from ingest.world.spec import DAY, HOUR


def brush(scene: Scene, market: Market, plan: Plan) -> None:
    """Every ring's buyers, what they share, their fake orders and their honest-looking ones elsewhere."""
    rng = scene.chance.of("brushing")
    for number, scheme in enumerate(plan.of(RING) + plan.of(PLATFORM)):
        _ring(scene, market, plan, rng, number, scheme)


def _ring(scene: Scene, market: Market, plan: Plan, rng: np.random.Generator, number: int, scheme: Scheme) -> None:
    wanted = _fakes_wanted(scene, market, rng, scheme)
    per_buyer = rng.uniform(2, 6) if scheme.kind == RING else rng.uniform(3, 8)
    size = int(np.clip(wanted.sum() / per_buyer, 6, 60 if scheme.kind == RING else 240))
    buyers = scene.take_buyers(min(size, len(scene.free_buyers) // 6))
    if len(buyers) < 4:
        return
    member = np.repeat(np.arange(len(scheme.shops)), wanted)
    who = _deal(rng, len(buyers), wanted, each_once=scheme.kind == PLATFORM)
    shop, buyer = scheme.shops[member], buyers[who]
    farm = _farm(scene, rng, scheme, buyers, number) if scheme.kind == RING else ""
    if not farm:
        _share_identity(scene, rng, scheme, buyers)
    ts = _campaign(scene, plan, rng, scheme, member)
    amount = market.amounts(rng, shop)
    if rng.random() < 0.2:  # a careless ring buys the same thing over and over
        amount = np.round(market.price[shop] / 100).astype(np.int64) * 100
    through_bank = rng.random() < 0.7
    back = (rng.random(len(shop)) < 0.8) & through_bank
    rows = market.add(rng, buyer, shop, ts, manner=FAKE, ring=number, amount=amount, paid_back=back.astype(np.int64))
    market.elsewhere(rng, buyers, np.bincount(who, minlength=len(buyers)))
    scene.note(
        scheme.kind,
        Merchant=scheme.shops,
        Buyer=buyers,
        ring=number,
        intensity=round(scheme.intensity, 4),
        orders=len(rows),
        paid_back=int(back.sum()),
        farm=farm,
    )


def _fakes_wanted(scene: Scene, market: Market, rng: np.random.Generator, scheme: Scheme) -> Int:
    """Fakes per shop: about as many as it sells in half a year, times the intensity."""
    half_year = BASE_SHARE * scene.spec.orders_per_shop * market.weight[scheme.shops] * 6 / scene.spec.months
    factor = (0.4 + 1.9 * scheme.intensity) * rng.lognormal(0, 0.3, len(scheme.shops))
    return np.clip(np.maximum(half_year, 25) * factor, 12, 260).astype(np.int64)


def _deal(rng: np.random.Generator, buyers: int, wanted: Int, *, each_once: bool) -> Int:
    """A buyer's number for each fake order, shop by shop; on a platform a buyer seldom takes a shop twice."""
    if not each_once:
        return rng.integers(0, buyers, int(wanted.sum()))
    return np.concatenate([np.resize(rng.permutation(buyers), w) for w in wanted])


def _campaign(scene: Scene, plan: Plan, rng: np.random.Generator, scheme: Scheme, member: Int) -> Int:
    """Times of the fakes: in the months before the shop asks for credit, in half of the rings within a few days."""
    target = plan.target_ts(scene, scheme.shops)
    length = rng.uniform(2, 8) if rng.random() < 0.5 else rng.uniform(45, 130)
    last = target - (rng.uniform(6, 40, len(target)) * DAY).astype(np.int64)
    first = np.maximum(last - int(length * DAY), scene.shops["opened"][scheme.shops] + DAY)
    return scene.calendar.between(rng, first[member], np.maximum(last, first + DAY)[member])


def _share_identity(scene: Scene, rng: np.random.Generator, scheme: Scheme, buyers: Int) -> None:
    """A share of the members on a few devices, addresses and phones; now and then the shop's own device."""
    share = scene.spec.shared_identity * (1.0 if scheme.kind == RING else 0.35)
    some = buyers[rng.random(len(buyers)) < share]
    if not len(some):
        return
    devices = scene.devices.add(kind=np.zeros(max(1, len(some) // 5)))
    places = scene.places.add(region=scene.shops["region"][rng.choice(scheme.shops, max(1, len(some) // 6))], kind=HOME)
    move(scene, some, device=rng.choice(devices, len(some)), address=rng.choice(places, len(some)))
    if rng.random() < 0.35 * share:
        scene.staff_devices.add(shop=scheme.shops[:1], device=devices[0], since=scene.shops["opened"][scheme.shops[:1]])
    with_phone = some[rng.random(len(some)) < 0.3]
    if len(with_phone):
        phones = scene.phones.add(of=np.full(max(1, len(with_phone) // 3), 3))
        move(scene, with_phone, phone=rng.choice(phones, len(with_phone)))


def _farm(scene: Scene, rng: np.random.Generator, scheme: Scheme, buyers: Int, number: int) -> str:
    """One ring in three is run from a farm: a rack of devices, or a few addresses, that shops and buyers sit on."""
    if number % 3:
        return ""
    shops = scheme.shops
    if number % 6 == 0:
        rack = scene.devices.add(kind=np.zeros(max(1, len(buyers) // 12)))
        some = buyers[rng.random(len(buyers)) < 0.85]
        move(scene, some, device=rng.choice(rack, len(some)))
        for shop in shops[rng.random(len(shops)) < 0.7]:
            scene.staff_devices.add(shop=shop, device=rng.choice(rack), since=scene.shops["opened"][shop])
        scene.note("device_farm", Merchant=shops, Buyer=some, Device=rack)
        return "device_farm"
    places = scene.places.add(region=scene.shops["region"][shops[:1]].repeat(max(1, len(buyers) // 15)), kind=WAREHOUSE)
    some = buyers[rng.random(len(buyers)) < 0.85]
    move(scene, some, address=rng.choice(places, len(some)))
    scene.shops["ships_from"][shops] = places[0]
    scene.note("address_farm", Merchant=shops, Buyer=some, Address=places)
    return "address_farm"


def pay_back(scene: Scene) -> None:
    """Price and commission go back to the buyer's wallet within days, from the shop, its owner or a go-between whom
    the owner pays; some payments cover several orders of one buyer."""
    rng, orders, shops = scene.chance.of("paying back"), scene.orders, scene.shops
    row = np.flatnonzero(orders["paid_back"] > 0)
    row = row[scene.buyers["wallet"][orders["buyer"][row]] != NONE]
    if not len(row):
        return
    ring, shop = orders["ring"][row], orders["shop"][row]
    rings = int(ring.max()) + 1
    owed = orders["amount"][row] + rng.integers(3, 16, len(row)) * 100
    ts = orders["ts"][row] + (rng.uniform(0.3, 6, len(row)) * DAY).astype(np.int64)
    way = rng.choice(3, rings, p=[0.25, 0.5, 0.25])
    agent = _go_betweens(scene, rng, np.flatnonzero(np.bincount(ring[way[ring] == 2], minlength=rings)), rings)
    payer = np.choose(way[ring], [shops["account"][shop], shops["purse"][shop], agent[ring]])
    by_agent = way[ring] == 2
    _fund(scene, rng, shop[by_agent], payer[by_agent], ts[by_agent], owed[by_agent])
    batched = rng.random(rings)[ring] < 0.3
    fortnight = ts // (14 * DAY) % 1000
    key = np.where(batched, (orders["buyer"][row] * len(shops) + shop) * 1000 + fortnight, -1 - np.arange(len(row)))
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    total = np.bincount(group, weights=owed).astype(np.int64)
    last = np.zeros(len(first), np.int64)
    np.maximum.at(last, group, ts)
    why = rng.choice([PRIVATE, REFUND, REWARD], len(first), p=[0.6, 0.2, 0.2])
    wallet = scene.buyers["wallet"][orders["buyer"][row[first]]]
    pay(scene, payer[first], wallet, last, total, why, between_people(rng, len(first)))


def _go_betweens(scene: Scene, rng: np.random.Generator, used: Int, rings: int) -> Int:
    """The account of each ring's go-between (-1: it has none)."""
    since = np.full(len(used), scene.calendar.start - 300 * DAY)
    agent = np.full(rings, NONE)
    agent[used] = personal_accounts(scene, rng, new_persons(scene, rng, regions(rng, len(used)), since), since + DAY)
    return agent


def _fund(scene: Scene, rng: np.random.Generator, shop: Int, agent: Int, ts: Int, owed: Int) -> None:
    """Once a week the owner sends a go-between what it will pay out, and a little for its pains."""
    week = ts // (7 * DAY)
    key, first, group = np.unique(shop * 100_000 + week, return_index=True, return_inverse=True)
    total = np.bincount(group, weights=owed, minlength=len(key)) * 1.03
    start = np.full(len(key), np.iinfo(np.int64).max)
    np.minimum.at(start, group, ts)
    before = start - (rng.uniform(2, 40, len(key)) * HOUR).astype(np.int64)
    pay(scene, scene.shops["purse"][shop[first]], agent[first], before, total.astype(np.int64), PRIVATE)


def ring_buyers(scene: Scene) -> dict[int, Int]:
    """For each shop with fake orders, the known wallets of those who placed them."""
    fake = scene.orders["manner"] == FAKE
    pairs = np.unique(np.stack([scene.orders["shop"][fake], scene.orders["buyer"][fake]]), axis=1)
    wallet = scene.buyers["wallet"][pairs[1]]
    shop, wallet = pairs[0][wallet != NONE], wallet[wallet != NONE]
    starts = np.flatnonzero(np.diff(shop, prepend=-1))
    return dict(zip(shop[starts].tolist(), np.split(wallet, starts[1:]), strict=True)) if len(shop) else {}
