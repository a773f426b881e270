"""Features as a neural network takes them: by rank onto a normal curve, missing ones marked.

Amounts and counts have long tails and gaps; XGBoost does not mind, a linear layer does. The curve's knots are kept with
the model, so a merchant added since is scaled as those in training were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from gnn.segments import Float32

KNOTS = 129
EDGE = 3.0
"""Scores are held to +- this many standard deviations: beyond the knots nothing is known."""
MARKED_FROM = 0.01
"""A feature missing in at least this share of rows gets a column that says where."""


@dataclass(frozen=True)
class Scaler:
    """``knots``: features x KNOTS, rising; ``marked``: features whose absence is a column of its own,
    one of each that are absent together."""

    knots: Float32
    marked: tuple[int, ...]

    @property
    def width(self) -> int:
        """Columns after scaling."""
        return len(self.knots) + len(self.marked)

    def scale(self, x: np.ndarray) -> Float32:
        """Rows x features (NaN: missing) as rows x width, finite, about standard normal; a missing value is 0."""
        out = np.zeros((len(x), self.width), np.float32)
        grid = np.linspace(0, 1, KNOTS)
        for j, knots in enumerate(self.knots):
            column = np.asarray(x[:, j], np.float32)
            if knots[0] == knots[-1]:
                continue
            # the middle of the ranks of equal knots: half the way up and half the way down
            low, high = np.interp(column, knots, grid), 1 - np.interp(-column, -knots[::-1], grid)
            score = ndtri(np.clip((low + high) / 2, 1e-4, 1 - 1e-4))
            out[:, j] = np.where(np.isnan(column), 0, np.clip(score, -EDGE, EDGE))
        for at, j in enumerate(self.marked):
            out[:, len(self.knots) + at] = np.isnan(x[:, j])
        return out


def fit_scaler(x: np.ndarray) -> Scaler:
    """Knots at even ranks of the values that are there."""
    x = np.asarray(x, np.float32)
    knots = np.zeros((x.shape[1], KNOTS), np.float32)
    marked = []
    patterns: set[bytes] = set()
    for j in range(x.shape[1]):
        there = x[~np.isnan(x[:, j]), j]
        if len(there):
            knots[j] = np.quantile(there, np.linspace(0, 1, KNOTS))
        absent = np.isnan(x[:, j])
        if len(there) < len(x) * (1 - MARKED_FROM) and absent.tobytes() not in patterns:
            marked.append(j)
            patterns.add(absent.tobytes())
    return Scaler(knots, tuple(marked))
