"""From a margin to a probability: a rising curve through knots, or Platt's line, as plain numbers."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol


class CalibrationError(Exception):
    """The numbers are not a calibration; ``code`` is ``calibration_format``."""

    code = "calibration_format"


class Calibration(Protocol):
    """Turns the booster's log-odds into a probability."""

    def probability(self, margin: float) -> float:
        """The calibrated probability."""
        ...

    def to_json(self) -> dict[str, object]:
        """The calibration as plain numbers, read back by ``read_calibration``."""
        ...


@dataclass(frozen=True)
class Knots:
    """Isotonic: straight lines between (margin, probability) knots, level outside them.

    No probability is below ``floor`` or above 1 - ``floor``: so many rows cannot prove more.
    """

    margins: tuple[float, ...]
    probabilities: tuple[float, ...]
    floor: float

    def probability(self, margin: float) -> float:
        at = bisect_right(self.margins, margin)
        if at == 0 or at == len(self.margins):
            p = self.probabilities[0 if at == 0 else -1]
        else:
            (x0, x1), (p0, p1) = self.margins[at - 1 : at + 1], self.probabilities[at - 1 : at + 1]
            p = p0 + (p1 - p0) * (margin - x0) / (x1 - x0)
        return min(max(p, self.floor), 1 - self.floor)

    def to_json(self) -> dict[str, object]:
        knots = [[m, p] for m, p in zip(self.margins, self.probabilities, strict=True)]
        return {"method": "isotonic", "knots": knots, "floor": self.floor}


@dataclass(frozen=True)
class Platt:
    """Platt (1999): the logistic of slope * margin + intercept."""

    slope: float
    intercept: float

    def probability(self, margin: float) -> float:
        z = self.slope * margin + self.intercept
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))

    def to_json(self) -> dict[str, object]:
        return {"method": "platt", "slope": self.slope, "intercept": self.intercept}


def read_calibration(raw: object) -> Calibration:
    """A calibration from its plain numbers; CalibrationError when they are none."""
    if not isinstance(raw, Mapping):
        raise CalibrationError("a calibration is an object")
    match raw.get("method"):
        case "platt":
            slope, intercept = _number(raw.get("slope")), _number(raw.get("intercept"))
            if slope < 0:
                raise CalibrationError("the slope is negative: a worse margin would score better")
            return Platt(slope, intercept)
        case "isotonic":
            knots, floor = raw.get("knots"), _number(raw.get("floor"))
            if not isinstance(knots, list) or not knots or not all(isinstance(k, list) and len(k) == 2 for k in knots):
                raise CalibrationError("the knots are not pairs")
            margins = tuple(_number(k[0]) for k in knots)
            probabilities = tuple(_number(k[1]) for k in knots)
            if any(b <= a for a, b in pairwise(margins)):
                raise CalibrationError("the knots do not rise in margin")
            if any(b < a for a, b in pairwise(probabilities)):
                raise CalibrationError("the knots fall in probability")
            if not 0 <= probabilities[0] <= probabilities[-1] <= 1 or not 0 <= floor < 0.5:
                raise CalibrationError("a probability or the floor is out of range")
            return Knots(margins, probabilities, floor)
        case _:
            raise CalibrationError("the method is neither isotonic nor platt")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CalibrationError("a finite number was expected")
    return float(value)
