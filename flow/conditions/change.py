"""Which rules can turn when one event enters a key, or leaves one of its windows.

Each number of a condition is given a direction under the change: it stays, can only grow, can only fall, or anything.
A comparison can then become TRUE only if the difference of its sides can move that way. Most touches of a key change
nothing that a rule could turn on, so most rules are not judged at most moments; the answer is the same as if they were.
Several changes at one moment are taken one after the other: a rule that turned must have turned at one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

from flow.facts import CLASSES, MEASURES, WINDOWS, Fact

STAYS, GROWS, FALLS, ANYTHING = 0, 1, -1, 2
"""Directions. Growing or falling may also lead from a value to NULL, which makes no comparison TRUE or FALSE; from NULL
to a value is ANYTHING."""


@dataclass(frozen=True)
class Change:
    """An event of a class enters a key, or leaves its window of that length (ms)."""

    event: str
    leaves: int | None = None

    @property
    def enters(self) -> bool:
        """Whether it enters; else it leaves."""
        return self.leaves is None


CHANGES = tuple(Change(c) for c in CLASSES) + tuple(Change(c, w) for w in WINDOWS.values() for c in CLASSES)
"""Every change, as the kernel numbers them: entering by class, then leaving by window and class."""


def direction(fact: Fact, change: Change) -> int:
    """How a fact can move under a change."""
    measure = MEASURES[fact.measure]
    if change.event not in measure.classes or change.leaves not in (None, fact.window_ms):
        return STAYS
    towards = GROWS if change.enters else FALLS
    if measure.family in ("count", "distinct", "equal"):
        return towards
    if measure.family in ("sum", "max"):
        return ANYTHING if change.enters else FALLS
    if measure.family == "ratio":
        if change.event == measure.classes[0]:
            return towards
        return ANYTHING if change.enters else GROWS
    return ANYTHING


@dataclass(frozen=True)
class Analysis:
    """One condition's view of one change. ``fact``: name -> fact."""

    fact: Callable[[str], Fact]
    change: Change

    def rises(self, e: E.Expression, want: bool = True) -> bool:
        """Whether "is TRUE" (``want``) or "is FALSE" (not ``want``) can become so. May say yes wrongly, never no."""
        if isinstance(e, E.Paren):
            return self.rises(e.this, want)
        if isinstance(e, E.Not):
            return self.rises(e.this, not want)
        if isinstance(e, E.And | E.Or):
            return self.rises(e.this, want) or self.rises(e.expression, want)
        if isinstance(e, E.GT | E.GTE):
            return _towards(self._difference(e.this, e.expression), want)
        if isinstance(e, E.LT | E.LTE):
            return _towards(self._difference(e.expression, e.this), want)
        if isinstance(e, E.Between):
            x, low, high = e.this, e.args["low"], e.args["high"]
            return any(_towards(self._difference(a, b), want) for a, b in ((x, low), (high, x)))
        return self.depends(e)

    def depends(self, e: E.Expression) -> bool:
        """Whether any fact below can move at all."""
        return any(direction(self.fact(c.name), self.change) for c in e.find_all(E.Column))

    def _difference(self, a: E.Expression, b: E.Expression) -> int:
        return _sum(self._number(a), _opposite(self._number(b)))

    def _number(self, e: E.Expression) -> int:
        if isinstance(e, E.Paren):
            return self._number(e.this)
        if isinstance(e, E.Column):
            return direction(self.fact(e.name), self.change)
        if isinstance(e, E.Neg):
            return _opposite(self._number(e.this))
        if isinstance(e, E.Add):
            return _sum(self._number(e.this), self._number(e.expression))
        if isinstance(e, E.Sub):
            return self._difference(e.this, e.expression)
        if isinstance(e, E.Mul | E.Div):
            return self._product(e)
        if isinstance(e, E.Abs) and not_negative(e.this):
            return self._number(e.this)
        return ANYTHING if self.depends(e) else STAYS

    def _product(self, e: E.Mul | E.Div) -> int:
        a, b = self._number(e.this), self._number(e.expression)
        if a == b == STAYS:
            return STAYS
        if not not_negative(e):
            return ANYTHING
        if isinstance(e, E.Mul):
            return _sum(a, b)
        # a divisor that grows may leave 0, where the quotient was NULL
        return ANYTHING if b in (GROWS, ANYTHING) else _sum(a, _opposite(b))


def not_negative(e: E.Expression) -> bool:
    """Whether a number can be seen to be 0 or more in both its parts (every fact is)."""
    if isinstance(e, E.Paren):
        return not_negative(e.this)
    if isinstance(e, E.Literal):
        return float(e.this) >= 0
    if isinstance(e, E.Add | E.Mul | E.Div):
        return not_negative(e.this) and not_negative(e.expression)
    return isinstance(e, E.Column | E.Abs)


def _towards(difference: int, want: bool) -> bool:
    return difference == ANYTHING or difference == (GROWS if want else FALLS)


def _opposite(a: int) -> int:
    return a if a == ANYTHING else -a


def _sum(a: int, b: int) -> int:
    if STAYS in (a, b) or a == b:
        return a or b
    return ANYTHING
