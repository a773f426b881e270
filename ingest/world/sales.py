"""Sums over a shop's orders between two times: what it sold, what was real."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Bool, Float, Int
from ingest.world.scene import FAKE, Scene


class Sales:
    """Money and numbers of orders per shop over any span, from sorted cumulative sums."""

    def __init__(self, scene: Scene) -> None:
        self.all = _Sums(scene, np.ones(len(scene.orders), bool))
        self.true = _Sums(scene, scene.orders["manner"] != FAKE)


class _Sums:
    def __init__(self, scene: Scene, which: Bool) -> None:
        shop, ts = scene.orders["shop"][which], scene.orders["ts"][which]
        self._span = np.int64(2) ** 42
        key = shop * self._span + ts
        order = np.argsort(key, kind="stable")
        self._key = key[order]
        self._sum = np.concatenate([[0], np.cumsum(scene.orders["amount"][which][order])])

    def amount(self, shop: Int, low: Int, high: Int) -> Float:
        """Cents sold in [low, high)."""
        a, b = self._rows(shop, low, high)
        return (self._sum[b] - self._sum[a]).astype(np.float64)

    def count(self, shop: Int, low: Int, high: Int) -> Int:
        """Orders placed in [low, high)."""
        a, b = self._rows(shop, low, high)
        return b - a

    def _rows(self, shop: Int, low: Int, high: Int) -> tuple[Int, Int]:
        base = np.asarray(shop, np.int64) * self._span
        return np.searchsorted(self._key, base + low), np.searchsorted(self._key, base + high)
