"""How a fact is made of whole numbers that are kept for a key and a window: its cells.

All that is kept are integers, so nothing drifts however long it runs; a fact is one formula over them, in doubles,
rounded once. Sums of amounts are kept in two cells (multiples of 2**32 and the rest), so that no sum overflows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flow.facts import MEASURES, WINDOWS, Fact

WINDOW_MS = tuple(WINDOWS.values())
DAYS = 30.0
"""A daily mean is the 30-day value divided by this."""

Role = Literal[
    "count",
    "night",
    "amounts",
    "high",
    "low",
    "distinct",
    "gap_sum",
    "gap_squares",
    "max_row",
    "max_value",
    "equal",
    "peak",
    "top5",
    "named",
]
How = Literal["count", "ratio", "sum", "max", "gap_mean", "gap_sd"]


@dataclass(frozen=True, order=True)
class Cell:
    """One integer kept for a key and a window.

    ``window``: place in WINDOW_MS. ``role``: ``count`` events, ``night`` events at night, ``amounts`` events with an
    amount, ``high`` and ``low`` parts of the sum of amounts, ``distinct`` values, ``gap_sum`` and ``gap_squares`` of
    the times between neighbours (ms), ``max_row`` the log row of the largest amount and ``max_value`` that amount,
    ``equal`` events with an amount that is not alone, ``peak`` events in the busiest hour of day, ``top5`` events with
    the five most frequent values, ``named`` events that have such a value. ``classes``: of the events counted.
    ``of``: the currency, or the attribute whose values are told apart.
    """

    window: int
    role: Role
    classes: tuple[str, ...] = ()
    of: str = ""


@dataclass(frozen=True)
class Formula:
    """A fact over cells. ``how``, by the cells a, b, c:

    ``count`` a; ``ratio`` a / b, NULL where b is 0; ``sum`` b * 2**32 + c, NULL where a is 0; ``max`` b, NULL where a
    is 0; ``gap_mean`` b / (a - 1) and ``gap_sd`` sqrt((a - 1) * c - b * b) / (a - 1), NULL where a < 2.
    ``daily``: divided by 30.
    """

    how: How
    cells: tuple[Cell, ...]
    daily: bool

    def value(self, cells: Sequence[int]) -> int | float | None:
        """The fact of a key whose cells these are."""
        found = self._of(cells)
        return found if found is None or not self.daily else found / DAYS

    def _of(self, cells: Sequence[int]) -> int | float | None:
        a = cells[0]
        if self.how == "count":
            return a
        if self.how == "ratio":
            return a / cells[1] if cells[1] else None
        if self.how == "sum":
            return (cells[1] << 32) + cells[2] if a else None
        if self.how == "max":
            return cells[1] if a else None
        if a < 2:
            return None
        if self.how == "gap_mean":
            return cells[1] / (a - 1)
        return math.sqrt(float((a - 1) * cells[2] - cells[1] ** 2)) / (a - 1)


def formula(fact: Fact, currency: str) -> Formula:
    """The formula of a fact; ``currency`` holds where its name gives none."""
    measure = MEASURES[fact.measure]
    window = WINDOW_MS.index(fact.window_ms)
    code = fact.currency or currency

    def cell(role: Role, classes: tuple[str, ...] = (), of: str = "") -> Cell:
        return Cell(window, role, classes, of)

    everything = cell("count", MEASURES["events"].classes)
    found: tuple[How, tuple[Cell, ...]]
    match measure.family:
        case "count":
            found = "count", (cell("count", measure.classes),)
        case "sum":
            roles: tuple[Role, ...] = ("amounts", "high", "low")
            found = "sum", tuple(cell(role, measure.classes, code) for role in roles)
        case "max":
            found = "max", (cell("max_row", (), code), cell("max_value", (), code))
        case "distinct":
            found = "count", (cell("distinct", (), measure.attribute),)
        case "equal":
            found = "count", (cell("equal"),)
        case "ratio":
            above, below = measure.classes
            found = "ratio", (cell("count", (above,)), cell("count", (below,)))
        case "night":
            found = "ratio", (cell("night", measure.classes), everything)
        case "peak":
            found = "ratio", (cell("peak"), everything)
        case "top5":
            found = "ratio", (cell("top5"), cell("named"))
        case "gap_mean":
            found = "gap_mean", (everything, cell("gap_sum"))
        case "gap_sd":
            found = "gap_sd", (everything, cell("gap_sum"), cell("gap_squares"))
    how, cells = found
    return Formula(how, cells, fact.daily)
