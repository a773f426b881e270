"""Money moved: how a transfer is booked, and what its purpose and channel may be."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Int
from ingest.world.scene import Scene

PURPOSES = (
    "settlement",
    "goods",
    "wages",
    "rent",
    "living",
    "refund",
    "reward",
    "loan use",
    "transfer",
    "pooling",
    "current account",
)
SETTLE, GOODS, WAGES, RENT, LIVING, REFUND, REWARD, LOAN_USE, PRIVATE, POOLING, CURRENT = range(11)
CHANNELS = ("bank", "wallet", "withdrawal")
BANK, PURSE, WITHDRAWAL = range(3)


def pay(scene: Scene, src: Int, dst: Int, ts: Int, amount: Int, purpose: int | Int, channel: int | Int = BANK) -> None:
    """Transfers into the book; those outside the span, of nothing, or from an account to itself are left out."""
    rows = np.broadcast_arrays(src, dst, ts, amount, purpose, channel)
    src, dst, ts, amount, purpose, channel = (np.asarray(a, np.int64) for a in rows)
    ok = (ts >= scene.calendar.start) & (ts < scene.calendar.end) & (amount > 0) & (src != dst)
    scene.transfers.add(
        src=src[ok], dst=dst[ok], ts=ts[ok], amount=amount[ok], purpose=purpose[ok], channel=channel[ok]
    )


def between_people(rng: np.random.Generator, n: int) -> Int:
    """Channels of what people send each other: the bank's or a wallet's."""
    return np.where(rng.random(n) < 0.6, BANK, PURSE)
