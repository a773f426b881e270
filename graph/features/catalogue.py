"""What a feature is, and the register of all of them.

A feature is a function of a :class:`graph.features.lens.Lens` (a snapshot, plus the findings mined from it) that gives
one float64 per merchant in snapshot order. NaN means not known; a missing source is never read as zero. The first line
of the function's docstring is the meaning shown to people; ``en`` and ``zh`` name it in a reason.

**Radius.** How much of the graph around a merchant a feature may look at. Radius r holds every node within 2r edges of
the merchant, whatever their direction, every edge with an end nearer than that, and the facts of the merchants among
those nodes: ``graph.subgraph.sub_snapshot(snapshot, merchants, hops=2 * r)``. Two edges, because an order lies between
a shop and its buyer, an account between a shop and who it pays.

* radius 1: the merchant's orders with their buyers, devices, delivery addresses and parcels; its accounts with their
  transfers and the accounts at the other end; its owners with their devices, phones, accounts and other shops; who
  else uses its devices, phones and addresses; its loans, guarantees and invoices with their other party.
* radius 2: what those touch: the buyers' other orders and the shops that sold them, the buyers on a device, who holds
  the account that a transfer went to.
* global: anything, such as findings, or the figures of other shops. Served from the last published snapshot.

All rows count that the snapshot knows, up to its ``as_of``; a window of d days at as_of is (as_of - d days, as_of].
**Money** is in minor units of the merchant's main currency, the one most of its orders are in (without orders: of its
invoices, transfers, tax returns, customs declarations, applications, in that order). Rows in another currency are
left out of sums of money, never converted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from graph.snapshot import Float64

if TYPE_CHECKING:
    from graph.features.lens import Lens

Unit = Literal["count", "share", "ratio", "money", "days", "hours", "months", "stars", "grams", "score"]
Radius = Literal[1, 2, "global"]
Concept = Literal[
    "commerce", "refunds", "logistics", "identity", "flows", "guarantees", "tax", "around", "findings", "application"
]
CONCEPTS: tuple[Concept, ...] = get_args(Concept)

Adverse = Literal["high", "low", "either"]
"""On which side of what is usual a value can speak against a merchant; either: on both, so it is never a reason."""

Values = Callable[["Lens"], Float64]


@dataclass(frozen=True)
class Feature:
    """One declared feature.

    ``tabular`` features rest on the merchant's own records and need no graph: the baseline has only those. ``en`` and
    ``zh`` are None for what must not be held against an applicant: it is scored, but never given as a reason.
    ``adverse``: a reason must lie on that side of what is usual.
    """

    name: str
    unit: Unit
    radius: Radius
    concept: Concept
    tabular: bool
    meaning: str
    en: str | None
    zh: str | None
    adverse: Adverse = "high"


class CatalogueError(Exception):
    """A feature is declared twice or without its meaning."""


_FEATURES: dict[str, Feature] = {}
_FUNCTIONS: dict[str, Values] = {}


def feature(
    name: str,
    unit: Unit,
    radius: Radius = 1,
    *,
    concept: Concept,
    tabular: bool = False,
    en: str | None = None,
    zh: str | None = None,
    adverse: Adverse = "high",
) -> Callable[[Values], Values]:
    """Declare the decorated function as a feature."""

    def declare(function: Values) -> Values:
        meaning = (function.__doc__ or "").strip().split("\n\n")[0]
        register(Feature(name, unit, radius, concept, tabular, " ".join(meaning.split()), en, zh, adverse))
        _FUNCTIONS[name] = function
        return function

    return declare


def register(declared: Feature) -> None:
    """Enter a feature; CatalogueError when its name is taken or it has no meaning."""
    if declared.name in _FEATURES:
        raise CatalogueError(f"feature {declared.name!r} is declared twice")
    if not declared.meaning:
        raise CatalogueError(f"feature {declared.name!r} has no docstring: it is the meaning people are shown")
    _FEATURES[declared.name] = declared


def registered() -> dict[str, Feature]:
    """Every feature declared so far, in the order of declaration."""
    return dict(_FEATURES)


def function_of(name: str) -> Values:
    """The function that computes a feature of a merchant."""
    return _FUNCTIONS[name]


def version_of(features: Iterable[Feature]) -> str:
    """A hash of names, units and radii: what a model must agree on with the table it is given."""
    lines = sorted(f"{f.name}|{f.unit}|{f.radius}" for f in features)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
