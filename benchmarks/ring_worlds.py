"""Order tables with truth: heavy-tailed honest demand, fake-order rings, camouflage, five honest crowds.

Crowds are matched to the rings: taken from the same half of the buyers, as active inside and outside their group, so
that nothing but what they are gives them away. Only benchmarks use this; the product's own world is ringfence world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from graph.rings.orders import OrderBook, join_links

DAY = 86_400
SPAN = 30 * DAY
CROWDS = ("leader", "dormitory", "staff", "flash_sale", "fan_club")
HELD_OUT = ("livestream", "school_class", "resellers", "release", "club_order")
"""Kinds of crowd that nothing was ever set by: only measured."""

KINDS = (*CROWDS, *HELD_OUT)
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]
Draw = Callable[[int], Ints]


@dataclass(frozen=True)
class Plan:
    """What is planted among ``orders`` honest orders.

    ``camouflage``: outside orders per fake one. ``share``: members of a small ring on shared devices and addresses
    (platforms: a third of it). ``burst``: share of rings that work within one to four days. ``money``: rings pay back
    seven orders of ten (honest orders: 1.5 %). ``size``: small, mixed, large rings. ``thin``: two or three orders per
    member. ``taste``: share of honest orders inside communities of sixty shops.
    """

    orders: int
    seed: int
    camouflage: float = 1.0
    share: float = 0.5
    burst: float = 0.5
    money: bool = False
    size: str = "mixed"
    thin: bool = False
    taste: float = 0.0
    crowds: tuple[str, ...] = CROWDS


# (buyers from, to, shops from, to) of rings around a shop and of platforms; rings per 16,000 and per 200,000 orders
_SIZES = {
    "mixed": ((15, 60, 1, 5), (100, 400, 15, 50), 1.0),
    "small": ((6, 15, 1, 3), (40, 100, 8, 16), 3.0),
    "large": ((60, 150, 2, 7), (500, 1500, 80, 250), 0.4),
}


@dataclass
class OrderWorld:
    """The table and its truth: ring of each buyer and shop (-1: none), crowd of each buyer (index into KINDS)."""

    book: OrderBook
    device: Ints
    address: Ints
    buyer_ring: Ints
    shop_ring: Ints
    crowd: Ints
    rings: int


@dataclass
class _Draft:
    rng: np.random.Generator
    buyer: list[Ints] = field(default_factory=list)
    shop: list[Ints] = field(default_factory=list)
    ts: list[Floats] = field(default_factory=list)
    back: list[Floats] = field(default_factory=list)

    def add(self, buyer: Ints, shop: Ints, ts: Floats, back: float = 0.015) -> None:
        self.buyer.append(buyer)
        self.shop.append(shop)
        self.ts.append(ts)
        self.back.append(np.full(len(buyer), back))

    def daytime(self, n: int, low: float = 0.0, high: float = SPAN) -> Floats:
        """Seconds within [low, high), the nights thinned."""
        t = self.rng.random(n) * (high - low) + low
        night = (t % DAY < 7 * 3600) & (self.rng.random(n) < 0.8)
        t[night] += 8 * 3600
        return np.minimum(t, SPAN - 1)


def order_world(plan: Plan) -> OrderWorld:
    """The order table of a plan; the same plan gives the same table."""
    rng = np.random.default_rng([plan.seed, 77])
    m = plan.orders
    n_buyers, n_shops = int(m * 0.3), max(200, int(m * 0.02))
    draft = _Draft(rng)
    weight = (np.arange(n_shops) + 3.0) ** -0.85
    by_size = rng.permutation(n_shops)
    reach = np.cumsum(weight) / weight.sum()

    def honest(n: int) -> Ints:
        return by_size[np.searchsorted(reach, rng.random(n))]

    buyer, shop = _honest_orders(plan, rng, honest, by_size, weight, n_buyers, n_shops)
    draft.add(buyer, shop, draft.daytime(m))
    address, device, n_address, n_device = _homes(rng, n_buyers)
    activity, trade = np.bincount(buyer, minlength=n_buyers), np.bincount(shop, minlength=n_shops)
    quiet = rng.permutation(np.argsort(activity, kind="stable")[: n_buyers // 2])
    small_shops = rng.permutation(np.flatnonzero(trade < np.quantile(trade, 0.9)))
    buyer_ring, shop_ring, crowd = np.full(n_buyers, -1), np.full(n_shops, -1), np.full(n_buyers, -1)

    one, platform, factor = _SIZES[plan.size]
    n_one, n_platform = max(3, int(m / 16_000 * factor)), max(1, int(m / 200_000 * factor))
    if platform[1] * n_platform >= n_buyers * 0.05:
        n_platform = 0
    at, shop_at, ring = 0, 0, 0
    for r in range(n_one + n_platform):
        small = r < n_one
        k1, k2, q1, q2 = one if small else platform
        k, q = int(rng.integers(k1, k2)), int(rng.integers(q1, q2))
        if shop_at + q > len(small_shops) * 0.6:
            break
        members, shops = quiet[at : at + k], small_shops[shop_at : shop_at + q]
        at, shop_at = at + k, shop_at + q
        buyer_ring[members], shop_ring[shops] = ring, ring
        if small:
            each = rng.integers(2, 4, k) if plan.thin else rng.integers(4, 10, k)
            x, y = np.repeat(members, each), rng.choice(shops, each.sum())
        else:
            each = np.minimum(q, rng.integers(3, 7, k) if plan.thin else rng.integers(8, 20, k))
            x = np.repeat(members, each)
            y = np.concatenate([rng.choice(shops, c, replace=False) for c in each])
        low, high = 0.0, float(SPAN)
        if rng.random() < plan.burst:
            width = rng.uniform(1, 4) * DAY
            low = rng.random() * (SPAN - width)
            high = low + width
        draft.add(x, y, draft.daytime(len(x), low, high), 0.7 if plan.money else 0.015)
        _elsewhere(draft, honest, members, plan.camouflage * each)
        sharing = members[rng.random(k) < (plan.share if small else plan.share * 0.3)]
        if len(sharing):
            racks, flats = max(1, len(sharing) // 5), max(1, len(sharing) // 6)
            device[sharing] = n_device + rng.integers(0, racks, len(sharing))
            address[sharing] = n_address + rng.integers(0, flats, len(sharing))
            n_device, n_address = n_device + racks, n_address + flats
        ring += 1
    free = quiet[at:]
    _crowds(plan, draft, honest, free, trade, shop_ring, address, device, crowd, n_address)
    return _table(plan, draft, n_buyers, n_shops, device, address, buyer_ring, shop_ring, crowd, ring)


def _honest_orders(
    plan: Plan, rng: np.random.Generator, honest: Draw, by_size: Ints, weight: Floats, n_buyers: int, n_shops: int
) -> tuple[Ints, Ints]:
    m = plan.orders
    habit = np.cumsum((np.arange(n_buyers) + 50.0) ** -0.35)
    buyer = rng.permutation(n_buyers)[np.searchsorted(habit / habit[-1], rng.random(m))]
    favourite = honest(n_buyers)
    shop = honest(m)
    if plan.taste:
        groups = max(4, n_shops // 60)
        of_shop, of_buyer = rng.integers(0, groups, n_shops), rng.integers(0, groups, n_buyers)
        order = np.lexsort((rng.random(n_shops), of_shop))
        size = np.empty(n_shops)
        size[by_size] = weight
        start = np.searchsorted(of_shop[order], np.arange(groups + 1))
        reach = np.r_[0, np.cumsum(size[order])]
        inside = rng.random(m) < plan.taste
        g = of_buyer[buyer[inside]]
        u = reach[start[g]] + rng.random(inside.sum()) * (reach[start[g + 1]] - reach[start[g]])
        shop[inside] = order[np.clip(np.searchsorted(reach, u, side="right") - 1, 0, n_shops - 1)]
    loyal = rng.random(m) < 0.25
    shop[loyal] = favourite[buyer[loyal]]
    return buyer, shop


def _homes(rng: np.random.Generator, n: int) -> tuple[Ints, Ints, int, int]:
    """Households of one to four at an address, three in ten on a device of the household; lockers and kiosks."""
    household = np.repeat(np.arange(n), rng.choice([1, 2, 3, 4], size=n, p=[0.45, 0.3, 0.15, 0.1]))[:n]
    first = np.searchsorted(household, household)
    own = np.where(rng.random(n) < 0.3, first, np.arange(n))
    mixed = rng.permutation(n)
    address, device = np.empty(n, np.int64), np.empty(n, np.int64)
    address[mixed], device[mixed] = household, own
    lockers, kiosks = max(5, n // 3000), max(3, n // 2000)
    at_locker, at_kiosk = rng.random(n) < 0.05, rng.random(n) < 0.01
    address[at_locker] = n + rng.integers(0, lockers, at_locker.sum())
    device[at_kiosk] = n + rng.integers(0, kiosks, at_kiosk.sum())
    return address, device, n + lockers, n + kiosks


def _elsewhere(draft: _Draft, honest: Draw, buyers: Ints, expected: Floats) -> None:
    count = draft.rng.poisson(expected)
    draft.add(np.repeat(buyers, count), honest(int(count.sum())), draft.daytime(int(count.sum())))


def _crowds(
    plan: Plan,
    draft: _Draft,
    honest: Draw,
    free: Ints,
    trade: Ints,
    shop_ring: Ints,
    address: Ints,
    device: Ints,
    crowd: Ints,
    n_address: int,
) -> None:
    rng, m = draft.rng, plan.orders
    q = np.quantile(trade, [0.5, 0.95, 0.98])
    clean = shop_ring < 0
    middle = rng.permutation(np.flatnonzero((trade >= q[0]) & (trade < q[1]) & clean))
    employers = np.flatnonzero((trade >= q[0]) & (trade < q[2]) & clean)
    niche = rng.permutation(np.flatnonzero((trade < np.quantile(trade, 0.9)) & clean))
    at = niche_at = 0

    def people(kind: str, low: int, high: int) -> Ints:
        nonlocal at
        k = int(rng.integers(low, high))
        found = free[at : at + k]
        at += k
        crowd[found] = KINDS.index(kind)
        return found

    def shops(low: int, high: int) -> Ints:
        nonlocal niche_at
        k = int(rng.integers(low, high))
        found = niche[niche_at : niche_at + k]
        niche_at += k
        return found

    if "leader" in plan.crowds:  # orders for a neighbourhood, collected within two hours once a week
        leaders = max(2, m // 20_000)
        suppliers = middle[: int(leaders * 1.5) + 6]
        for _ in range(leaders):
            b = people("leader", 20, 41)
            address[b], n_address = n_address, n_address + 1
            device[b[rng.random(len(b)) < 0.1]] = device[b[0]]
            s = rng.choice(suppliers, int(rng.integers(3, 7)), replace=False)
            start = rng.random() * 7 * DAY
            _elsewhere(draft, honest, b, plan.camouflage * np.full(len(b), 3.6))
            for week in range(4):
                x = np.repeat(b[rng.random(len(b)) < 0.6], 2)
                x = x[rng.random(len(x)) < 0.75]
                t = np.minimum(start + week * 7 * DAY * 0.98 + rng.random(len(x)) * 7200, SPAN - 1)
                draft.add(x, rng.choice(s, len(x)), t)
    if "dormitory" in plan.crowds:
        for _ in range(max(1, m // 100_000)):
            b = people("dormitory", 80, 250)
            address[b], n_address = n_address, n_address + 1
            _inside(draft, honest, plan, b, shops(6, 13), rng.poisson(4, len(b)))
    if "staff" in plan.crowds:
        for _ in range(max(2, m // 20_000)):
            b = people("staff", 10, 41)
            address[b[rng.random(len(b)) < 0.7]], n_address = n_address, n_address + 1
            _inside(draft, honest, plan, b, rng.choice(employers, 1), rng.integers(3, 9, len(b)))
    if "flash_sale" in plan.crowds:
        for _ in range(max(1, m // 200_000)):
            b = people("flash_sale", *((200, 800) if m >= 200_000 else (100, 300)))
            each = 1 + (rng.random(len(b)) < 0.1)
            _elsewhere(draft, honest, b, plan.camouflage * each)
            start = rng.random() * (SPAN - 7200)
            x = np.repeat(b, each)
            draft.add(x, np.full(len(x), rng.choice(middle)), start + rng.random(len(x)) * 3600, 0.10)
    if "fan_club" in plan.crowds:
        for _ in range(max(2, m // 25_000)):
            b = people("fan_club", 15, 60)
            _inside(draft, honest, plan, b, shops(1, 5), rng.integers(4, 10, len(b)))

    if "livestream" in plan.crowds:  # a host's followers, three evenings of three hours
        for _ in range(max(2, m // 50_000)):
            b = people("livestream", 40, 150)
            each = rng.integers(2, 5, len(b))
            x = np.repeat(b, each)
            _elsewhere(draft, honest, b, plan.camouflage * each)
            first = int(rng.integers(0, 27))
            t = (first + rng.integers(0, 3, len(x))) * DAY + 19 * 3600 + rng.random(len(x)) * 3 * 3600
            draft.add(x, rng.choice(shops(2, 5), len(x)), t, 0.03)
    if "school_class" in plan.crowds:  # parents with one list, two weeks to buy what is on it
        for _ in range(max(2, m // 25_000)):
            b = people("school_class", 25, 46)
            each = rng.integers(3, 7, len(b))
            x = np.repeat(b, each)
            _elsewhere(draft, honest, b, plan.camouflage * each)
            start = rng.random() * (SPAN - 14 * DAY)
            draft.add(x, rng.choice(shops(3, 6), len(x)), draft.daytime(len(x), start, start + 14 * DAY))
    if "resellers" in plan.crowds:  # small dealers who restock every few days, a third of them in one market hall
        for _ in range(max(2, m // 40_000)):
            b = people("resellers", 10, 26)
            address[b[rng.random(len(b)) < 0.33]], n_address = n_address, n_address + 1
            _inside(draft, honest, plan, b, shops(2, 5), rng.integers(8, 17, len(b)))
    if "release" in plan.crowds:  # a long-awaited thing comes out at one shop: two days, one to three orders each
        for _ in range(max(2, m // 50_000)):
            b = people("release", 60, 200)
            each = rng.integers(1, 4, len(b))
            _elsewhere(draft, honest, b, plan.camouflage * each)
            start = rng.random() * (SPAN - 2 * DAY)
            x = np.repeat(b, each)
            draft.add(x, rng.choice(shops(1, 2), len(x)), draft.daytime(len(x), start, start + 2 * DAY), 0.03)
    if "club_order" in plan.crowds:  # a sports club buys kit at one or two shops, on the club room's computer too
        for _ in range(max(2, m // 40_000)):
            b = people("club_order", 12, 30)
            device[b[rng.random(len(b)) < 0.3]] = device[b[0]]
            _inside(draft, honest, plan, b, shops(1, 3), rng.integers(2, 5, len(b)))


def _inside(draft: _Draft, honest: Draw, plan: Plan, buyers: Ints, shops: Ints, each: Ints) -> None:
    x = np.repeat(buyers, each)
    _elsewhere(draft, honest, buyers, plan.camouflage * each)
    draft.add(x, draft.rng.choice(shops, len(x)), draft.daytime(len(x)))


def _table(
    plan: Plan,
    draft: _Draft,
    n_buyers: int,
    n_shops: int,
    device: Ints,
    address: Ints,
    buyer_ring: Ints,
    shop_ring: Ints,
    crowd: Ints,
    rings: int,
) -> OrderWorld:
    buyer, shop, ts = (np.concatenate(c) for c in (draft.buyer, draft.shop, draft.ts))
    back = draft.rng.random(len(buyer)) < np.concatenate(draft.back)
    order = np.argsort(ts, kind="stable")
    users = np.arange(n_buyers, dtype=np.int32)
    book = OrderBook(
        buyer=buyer[order].astype(np.int32),
        shop=shop[order].astype(np.int32),
        ts=(ts[order] * 1000).astype(np.int64),
        n_buyers=n_buyers,
        n_shops=n_shops,
        identity=join_links({"device": (users, device.astype(np.int32)), "address": (users, address.astype(np.int32))}),
        paid_back=back[order] if plan.money else None,
        money_seen=np.ones(len(order), np.bool_) if plan.money else None,
    )
    return OrderWorld(book, device, address, buyer_ring, shop_ring, crowd, rings)
