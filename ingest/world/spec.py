"""What a synthetic world is made from: everything that changes its bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

DAY = 86_400_000
"""Milliseconds in a day."""

HOUR = 3_600_000
"""Milliseconds in an hour."""


@dataclass(frozen=True)
class WorldSpec:
    """Size, seed and habits of a world; the same spec gives the same bytes.

    ``camouflage``: honest-looking orders that ring buyers place elsewhere, for each fake one. ``shared_identity``:
    share of a ring's members who sit on a device or an address of the ring. ``fraud_share``: share of shops that take
    part in something planted. ``orders_per_shop``: mean number of orders a shop over the whole span. ``end``: the
    last moment of the world, ISO 8601 with a zone; ``months`` before it is the first. ValueError for values that make
    no world.
    """

    merchants: int = 1200
    seed: int = 0
    camouflage: float = 1.0
    shared_identity: float = 0.5
    fraud_share: float = 0.18
    months: int = 18
    end: str = "2026-06-30T00:00:00+08:00"
    orders_per_shop: float = 85.0

    def __post_init__(self) -> None:
        if self.merchants < 40:
            raise ValueError(f"merchants must be at least 40, not {self.merchants}: fewer hold no ring")
        if self.months < 12:
            raise ValueError(f"months must be at least 12, not {self.months}: labels need most of a year")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, it is {self.seed}")
        for name, low, high in (
            ("camouflage", 0.0, 10.0),
            ("shared_identity", 0.0, 1.0),
            ("fraud_share", 0.0, 0.5),
            ("orders_per_shop", 20.0, 2000.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low:g} to {high:g}, not {value!r}")
        if datetime.fromisoformat(self.end).tzinfo is None:
            raise ValueError(f"end must say its zone, {self.end!r} does not")

    @property
    def end_ts(self) -> int:
        """The last moment, epoch ms."""
        return round(datetime.fromisoformat(self.end).timestamp() * 1000)

    @property
    def start_ts(self) -> int:
        """The first moment, epoch ms: months of 30.4 days, whole days before the end."""
        return self.end_ts - round(self.months * 30.4) * DAY
