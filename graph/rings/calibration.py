"""Scores of groups brought nearer to how often people found fake orders behind them.

The formula of graph.rings.score stands until somebody has looked. Each group looked into is one outcome at its formula
score; they are joined by isotonic regression (Barlow et al. 1972) with ``PRIOR`` outcomes' worth of the formula itself
spread over 0..1, so that a handful of verdicts moves little and a few hundred decide. A group without any sign of fake
orders stays what it is, a coordinated group: no number of verdicts on others turns structure into an accusation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import isotonic_regression

from graph.rings.score import Judgement
from graph.snapshot import Float64

PRIOR = 42.0
"""How many outcomes the formula is worth, over all scores together."""

_GRID = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class Calibration:
    """``formula`` -> ``value``: knots that ascend, straight lines between. ``outcomes``: groups it rests on."""

    formula: Float64
    value: Float64
    outcomes: int

    def score(self, formula: float) -> float:
        """The calibrated score of a formula score."""
        return round(float(np.interp(formula, self.formula, self.value)), 6)

    def judged(self, judgement: Judgement) -> Judgement:
        """The judgement with its score calibrated; one without signs unchanged."""
        if self.outcomes == 0 or not judgement.signs:
            return judgement
        return replace(judgement, score=self.score(judgement.score))


NONE = Calibration(_GRID, _GRID, 0)
"""Nobody has looked yet: the formula."""


def calibrated(formula: Sequence[float], fake: Sequence[bool]) -> Calibration:
    """From groups looked into: the formula score of each, and whether its orders were fake."""
    if not len(formula):
        return NONE
    scores = np.concatenate([_GRID, np.asarray(formula, np.float64)])
    outcomes = np.concatenate([_GRID, np.asarray(fake, np.float64)])
    weight = np.concatenate([np.full(len(_GRID), PRIOR / len(_GRID)), np.ones(len(formula))])
    knots, at = np.unique(scores, return_inverse=True)
    total = np.bincount(at, weights=weight)
    mean = np.bincount(at, weights=weight * outcomes) / total
    return Calibration(knots, isotonic_regression(mean, weights=total).x, len(formula))
