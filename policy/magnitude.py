"""How small and how large the numbers of a condition can become: a bound worked out before any row is seen.

It keeps every value far inside the doubles. Engines differ in what they make of infinities and NaN (DuckDB holds NaN
equal to itself and above all else, IEEE does not); where none can arise, all of them agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FINITE = 290.0
"""Decimal logarithm that no magnitude may exceed, nor its inverse fall below."""

_ULP = -16.0


@dataclass(frozen=True)
class Size:
    """What the values of a number can be, as decimal logarithms: the smallest magnitude other than 0, the largest, and
    the grain, of which every value is a multiple (so what is left when two nearly cancel is no smaller)."""

    smallest: float
    largest: float
    grain: float

    @staticmethod
    def between(smallest: float, largest: float) -> Size:
        return Size(smallest, largest, smallest + _ULP)

    @staticmethod
    def widest(sizes: Sequence[Size]) -> Size:
        return Size(min(s.smallest for s in sizes), max(s.largest for s in sizes), min(s.grain for s in sizes))

    def plus(self, other: Size) -> Size:
        grain = min(self.grain, other.grain)
        return Size(grain, max(self.largest, other.largest) + 0.31, grain)

    def times(self, other: Size) -> Size:
        return Size.between(self.smallest + other.smallest, self.largest + other.largest)

    def over(self, other: Size) -> Size:
        return Size.between(self.smallest - other.largest, self.largest - other.smallest)


FACT = Size.between(-15.0, 25.0)
"""A fact: a share of a window's events at the least, a sum of many of the largest amounts at the most."""

ONE = Size.between(0.0, 0.0)
