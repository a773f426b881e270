"""What honest customers order: heavy tails on both sides, favourites, tastes, seasons, growth and decline."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Float, Int, weighted
from ingest.world.geography import CATEGORIES
from ingest.world.scene import FAKE, HONEST, NONE, Scene

BASE_SHARE = 0.76
"""Share of all orders that plain demand brings; groups, campaigns and camouflage bring the rest."""


class Market:
    """Where buyers buy, when, and for how much."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        rng, shops, calendar = scene.chance.of("market"), scene.shops, scene.calendar
        n = len(shops)
        self.weight = scene.shop_size / scene.shop_size.mean()
        price = np.array([c.price for c in CATEGORIES])[shops["category"]]
        self.price = price * rng.lognormal(0.0, 0.45, n) * 100
        self.opening = calendar.share(np.maximum(shops["opened"], calendar.start))
        # health bends the course of trade: below 1 it grows towards the end, above 1 it fades
        self.bend = np.exp(-0.5 * scene.shop_health + rng.normal(0.0, 0.35, n))
        self.taste = rng.integers(0, max(4, n // 60), n)
        self._since = scene.buyers["since"]
        self._favourite = weighted(rng, self.weight, len(scene.buyers))
        self._prefers = rng.integers(0, self.taste.max() + 1, len(scene.buyers))
        self._by_taste = np.argsort(self.taste, kind="stable")
        self._taste_start = np.searchsorted(self.taste[self._by_taste], np.arange(self.taste.max() + 2))
        self._taste_weight = np.concatenate([[0.0], np.cumsum(self.weight[self._by_taste])])

    def shops_for(self, rng: np.random.Generator, buyers: Int) -> Int:
        """A shop for each order: a quarter of the favourites, a fifth within the buyer's taste, else any by size."""
        found = weighted(rng, self.weight, len(buyers))
        kind = rng.random(len(buyers))
        found = np.where(kind < 0.25, self._favourite[buyers], found)
        inside = np.flatnonzero((kind >= 0.25) & (kind < 0.45))
        group = self._prefers[buyers[inside]]
        low, high = (self._taste_weight[self._taste_start[g]] for g in (group, group + 1))
        at = np.searchsorted(self._taste_weight, low + (high - low) * rng.random(len(inside)), side="right") - 1
        ok = high > low
        found[inside[ok]] = self._by_taste[np.clip(at[ok], 0, len(self._by_taste) - 1)]
        return found

    def times_for(self, rng: np.random.Generator, buyers: Int, shops: Int) -> Int:
        """A moment for each order, after the shop opened and the buyer signed up."""
        since = self.scene.calendar.share(np.maximum(self._since[buyers], self.scene.calendar.start))
        low = np.maximum(self.opening[shops], since)
        course = rng.random(len(shops)) ** self.bend[shops]
        share = low + (1 - low) * (0.35 * rng.random(len(shops)) + 0.65 * course)
        return self.scene.calendar.at(rng, np.minimum(share, 1 - 1e-9))

    def amounts(self, rng: np.random.Generator, shops: Int) -> Int:
        """Cents per order: the shop's prices, some round as prices are."""
        cents = self.price[shops] * rng.lognormal(0.0, 0.5, len(shops))
        whole = np.maximum(np.round(cents / 100), 1) * 100
        return np.where(
            rng.random(len(shops)) < 0.6, whole - rng.choice([0, 10, 100 - 1, 20], len(shops)) * (whole > 200), cents
        ).astype(np.int64)

    def add(
        self,
        rng: np.random.Generator,
        buyers: Int,
        shops: Int,
        ts: Int,
        *,
        manner: int = HONEST,
        ring: int = NONE,
        amount: Int | None = None,
        paid_back: Int | int = 0,
    ) -> Int:
        """Orders into the book; those before the shop opened or past the end are left out."""
        amount = self.amounts(rng, shops) if amount is None else amount
        ok = (ts >= self.scene.shops["opened"][shops]) & (ts >= self._since[buyers])
        ok &= (ts >= self.scene.calendar.start) & (ts < self.scene.calendar.end)
        back = np.broadcast_to(np.asarray(paid_back, np.int64), ts.shape)
        return self.scene.orders.add(
            buyer=buyers[ok], shop=shops[ok], ts=ts[ok], amount=amount[ok], manner=manner, ring=ring, paid_back=back[ok]
        )

    def elsewhere(self, rng: np.random.Generator, buyers: Int, orders_each: Int) -> None:
        """What members of a group buy outside it: Poisson, ``camouflage`` times what they buy inside."""
        counts = rng.poisson(self.scene.spec.camouflage * np.asarray(orders_each, float))
        who = np.repeat(buyers, counts)
        shops = self.shops_for(rng, who)
        self.add(rng, who, shops, self.times_for(rng, who, shops))


def plain_demand(scene: Scene, market: Market, activity: Float) -> None:
    """The orders of everyone's everyday shopping."""
    rng = scene.chance.of("demand")
    n = round(BASE_SHARE * scene.spec.orders_per_shop * scene.spec.merchants)
    buyers = weighted(rng, activity, n)
    shops = market.shops_for(rng, buyers)
    market.add(rng, buyers, shops, market.times_for(rng, buyers, shops))


def close_orders(scene: Scene) -> None:
    """Put all orders in the order of time and say where each went and from which device."""
    rng, orders, buyers = scene.chance.of("orders"), scene.orders, scene.buyers
    orders.keep(np.lexsort((orders["buyer"], orders["shop"], orders["ts"])))
    n = len(orders)
    home = buyers["address"][orders["buyer"]]
    second = rng.integers(0, len(buyers), len(buyers))  # a relative's or a colleague's address
    away = (rng.random(n) < 0.08) & (orders["manner"] != FAKE)
    orders["address"][:] = np.where(away, buyers["address"][second[orders["buyer"]]], home)
    main = buyers["device"][orders["buyer"]]
    tablet = scene.devices.add(kind=rng.integers(0, 3, len(buyers)))
    has_tablet = rng.random(len(buyers)) < 0.25
    other = (rng.random(n) < 0.3) & has_tablet[orders["buyer"]]
    device = np.where(other, tablet[orders["buyer"]], main)
    orders["device"][:] = np.where(rng.random(n) < 0.06, NONE, device)
