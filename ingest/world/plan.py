"""Who defrauds: which shops take part in which scheme, how hard, and for which of their applications.

What a scheme does to repayment is here too (``strain``): it grows with the intensity that also sets how much there is
to see. Nothing else tells a planted shop's chance to fail from an honest one's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ingest.world.chance import Int
from ingest.world.scene import Scene
from ingest.world.spec import DAY

RING, PLATFORM, CIRCLE, LOOP, HOME, TAX, CUSTOMS = (
    "fake_order_ring",
    "brushing_platform",
    "guarantee_circle",
    "fund_loop",
    "proceeds_home",
    "forged_tax",
    "forged_customs",
)

WEIGHT = {RING: 3.7, PLATFORM: 3.5, CIRCLE: 3.7, LOOP: 3.6, HOME: 3.6, TAX: 3.0, CUSTOMS: 3.0}
"""Log-odds that a scheme of full intensity adds to the application it is for."""

_SHARE = {RING: 0.28, PLATFORM: 0.19, CIRCLE: 0.20, LOOP: 0.14, HOME: 0.11, TAX: 0.05, CUSTOMS: 0.03}
_ALSO = {
    RING: {HOME: 0.3, TAX: 0.15, LOOP: 0.1},
    PLATFORM: {HOME: 0.15, TAX: 0.1},
    CIRCLE: {LOOP: 0.25, HOME: 0.3},
    LOOP: {HOME: 0.4, TAX: 0.2},
    HOME: {TAX: 0.15},
    TAX: {CUSTOMS: 0.1},
    CUSTOMS: {TAX: 0.2},
}


@dataclass(frozen=True)
class Scheme:
    """A group of shops in one scheme; ``intensity`` 0..1."""

    kind: str
    shops: Int
    intensity: float


@dataclass
class Plan:
    """All schemes, and for each shop the application that its scheme is for (-1: none)."""

    schemes: list[Scheme] = field(default_factory=list)
    target: Int = field(default_factory=lambda: np.zeros(0, np.int64))

    def of(self, kind: str) -> list[Scheme]:
        """The schemes of a kind."""
        return [s for s in self.schemes if s.kind == kind]

    def target_ts(self, scene: Scene, shops: Int) -> Int:
        """When those shops make the application that their scheme is for."""
        return scene.applications["ts"][self.target[shops]]


def make_plan(scene: Scene) -> Plan:
    """Draw the schemes; members of one circle or platform apply within some weeks of each other."""
    rng, apps, n = scene.chance.of("plan"), scene.applications, len(scene.shops)
    small = scene.shop_size < np.quantile(scene.shop_size, 0.95)
    pool = rng.permutation(np.flatnonzero(small))[: round(scene.spec.fraud_share * n)]
    plan = Plan(target=np.full(n, -1))
    at = 0
    for kind, share in _SHARE.items():
        until = min(len(pool), at + max(1, round(share * len(pool)))) if len(pool) else 0
        while at < until:
            size = min(_size(rng, kind, until - at), until - at)
            _recruit(plan, rng, Scheme(kind, pool[at : at + size], float(rng.beta(2.2, 1.3))))
            at += size
    chosen = rng.random(len(apps))
    for scheme in plan.schemes:
        anchor = -1
        for shop in scheme.shops:
            if plan.target[shop] >= 0:
                continue
            own = np.flatnonzero(apps["shop"] == shop)
            plan.target[shop] = own[0] if rng.random() < 0.6 else own[np.argmax(chosen[own])]
            if scheme.kind in (CIRCLE, PLATFORM, RING) and anchor >= 0:
                apps["ts"][plan.target[shop]] = _near(scene, rng, anchor, int(shop), int(apps["ts"][plan.target[shop]]))
            anchor = int(apps["ts"][plan.target[shop]])
    order = np.lexsort((apps["shop"], apps["ts"]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    plan.target = np.where(plan.target >= 0, place[plan.target], -1)
    apps.keep(order)
    return plan


def _size(rng: np.random.Generator, kind: str, left: int) -> int:
    if kind == RING:
        return int(rng.choice([1, 1, 1, 2, 3]))
    if kind == PLATFORM:
        size = int(rng.integers(5, 13))
        return left if left - size < 5 else size
    if kind == CIRCLE:
        size = int(rng.choice([2, 3, 3, 4, 4, 5, 7]))
        return left if left - size < 2 else size
    return 1


def _recruit(plan: Plan, rng: np.random.Generator, scheme: Scheme) -> None:
    """The scheme, and what else some of its members do."""
    plan.schemes.append(scheme)
    for kind, chance in _ALSO[scheme.kind].items():
        for shop in scheme.shops[rng.random(len(scheme.shops)) < chance]:
            plan.schemes.append(Scheme(kind, np.array([shop]), float(rng.beta(1.5, 1.8))))


def _near(scene: Scene, rng: np.random.Generator, anchor: int, shop: int, own: int) -> int:
    """A moment within four weeks of the anchor, if the shop has traded long enough by then."""
    ts = int(scene.calendar.office(rng, np.array([anchor + int(rng.normal(0, 14)) * DAY]))[0])
    low = max(scene.calendar.start + 100 * DAY, int(scene.shops["opened"][shop]) + 75 * DAY)
    return ts if low <= ts < scene.calendar.end - 3 * DAY else own


def strain(scene: Scene, plan: Plan) -> None:
    """What each kind of scheme adds to the log-odds of failing, per application: in full to the one it is for and to
    those soon after, less to later ones, hardly to earlier ones."""
    rng, apps = scene.chance.of("strain"), scene.applications
    for kind, weight in WEIGHT.items():
        per_shop = np.zeros(len(scene.shops))
        for scheme in plan.of(kind):
            shared = rng.normal(0, 0.5)  # members of a group fail together or not
            full = weight * scheme.intensity + shared + rng.normal(0, 0.4, len(scheme.shops))
            np.maximum.at(per_shop, scheme.shops, np.maximum(full, 0.0))
        target = plan.target[apps["shop"]]
        late = (apps["ts"] - apps["ts"][np.maximum(target, 0)]) / DAY
        felt = np.select([target < 0, late < -1, late < 150], [0.0, 0.1, 1.0], 0.5)
        scene.strain[kind] = per_shop[apps["shop"]] * felt
