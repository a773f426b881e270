"""Ways to part rows into those that fit and those that measure: in time, by connected group, and by both.

A group is a set of merchants that shared identities or guarantees connect (scoring.groups); what a model learnt of one
of them it knows of the others, so a group stands on one side only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from graph.snapshot import Float64, Int64


@dataclass(frozen=True)
class Fold:
    """Positions of the rows that fit and of those that are scored. ``name`` says which fold of which split."""

    name: str
    fit: Int64
    rest: Int64

    def fits(self, labels: Float64) -> bool:
        """Whether there is something to fit on and to score: rows of both classes, and rows left."""
        return len(np.unique(labels[self.fit])) == 2 and len(self.rest) > 0


def split_in_time(times: Int64, shares: tuple[float, float] = (0.6, 0.8)) -> tuple[Int64, Int64, Int64]:
    """Positions to fit, to calibrate and to measure on, in time; rows of one moment stay together."""
    cuts = np.quantile(times, shares, method="higher")
    part = np.searchsorted(cuts, times, side="right")
    return (np.flatnonzero(part == 0), np.flatnonzero(part == 1), np.flatnonzero(part == 2))


def by_group(labels: Float64, groups: Int64, folds: int, seed: int) -> list[Fold]:
    """Every row scored once, no group on both sides, cases spread evenly."""
    parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(labels, labels, groups)
    return [Fold(f"group fold {i + 1} of {folds}", fit, rest) for i, (fit, rest) in enumerate(parts)]


def in_time(times: Int64, folds: int) -> list[Fold]:
    """Forward in time: ``folds`` + 1 parts of equally many rows; each but the first is scored by those before it."""
    part = _parts_in_time(times, folds)
    return [
        Fold(f"time fold {k} of {folds}", np.flatnonzero(part < k), np.flatnonzero(part == k))
        for k in range(1, folds + 1)
    ]


def by_both(times: Int64, groups: Int64, folds: int) -> list[Fold]:
    """Forward in time, and without any row of a group that is scored: unknown merchants at a later time."""
    found = []
    for fold in in_time(times, folds):
        apart = ~np.isin(groups[fold.fit], groups[fold.rest])
        found.append(Fold(fold.name.replace("time", "time and group"), fold.fit[apart], fold.rest))
    return found


def _parts_in_time(times: Int64, folds: int) -> Int64:
    cuts = np.quantile(times, np.arange(1, folds + 1) / (folds + 1), method="higher")
    return np.searchsorted(cuts, times, side="right")


def usable(folds: Sequence[Fold], labels: Float64) -> tuple[list[Fold], list[str]]:
    """The folds that can be fitted, and the names of those that cannot: their rows to fit on hold one class."""
    good = [f for f in folds if f.fits(labels)]
    return good, [f.name for f in folds if not f.fits(labels)]
