"""What honest groups have in common with rings: their size, and shops of the same kind to buy at."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Int
from ingest.world.plan import PLATFORM, RING, Plan
from ingest.world.scene import Scene
from ingest.world.spec import DAY


class Hosts:
    """Shops at which honest groups buy: of every size, none of them in a ring."""

    def __init__(self, scene: Scene, plan: Plan, rng: np.random.Generator) -> None:
        honest = np.ones(len(scene.shops), bool)
        for kind in (RING, PLATFORM):
            for scheme in plan.of(kind):
                honest[scheme.shops] = False
        early = scene.shops["opened"] < scene.calendar.start + 120 * DAY
        self._shops = rng.permutation(np.flatnonzero(honest & early))
        self._at = 0

    def next(self, n: int) -> Int:
        """The next n shops; from the beginning again when all have been hosts."""
        rows = (self._at + np.arange(n)) % len(self._shops)
        self._at += n
        return self._shops[rows]


def as_ring(rng: np.random.Generator) -> int:
    """As many members as a ring has: half of the groups have up to 15."""
    return int(np.clip(15 * rng.lognormal(0, 0.65), 6, 60))
