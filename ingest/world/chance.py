"""Randomness: one generator a chapter, so that a change in one leaves the draws of the others as they were."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Int = npt.NDArray[np.int64]
Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


class Chance:
    """Generators by name, all from one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, chapter: str) -> np.random.Generator:
        """A fresh generator: the same name gives the same draws."""
        digest = hashlib.sha256(chapter.encode()).digest()
        return np.random.default_rng([self._seed, int.from_bytes(digest[:8], "big")])


def weighted(rng: np.random.Generator, weights: Float, n: int) -> Int:
    """n positions, each with a chance in proportion to its weight."""
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges, rng.random(n) * edges[-1], side="right"), len(weights) - 1)


def scramble(rng: np.random.Generator, n: int, of: int) -> Int:
    """n different numbers below ``of``, in no visible order (an affine map; ``of`` must be at least n)."""
    if n > of:
        raise ValueError(f"{n} different numbers do not fit below {of}")
    step = int(rng.integers(of // 3, max(of // 3 + 1, of // 2))) | 1
    while np.gcd(step, of) != 1:
        step += 2
    shift = int(rng.integers(of))
    if of < 2**31:
        return (np.arange(n, dtype=np.int64) * step + shift) % of
    return np.array([(i * step + shift) % of for i in range(n)], np.int64)  # Python's whole numbers do not overflow


def within_groups(sizes: Int) -> Int:
    """0..size-1 for each group in turn: [3, 2] -> [0, 1, 2, 0, 1]."""
    sizes = np.asarray(sizes, np.int64)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.arange(len(starts), dtype=np.int64) - starts
