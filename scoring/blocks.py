"""Blocks of features, and the variants that are compared: each adds one block to the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.features.catalogue import Feature
from graph.features.compute import FEATURES
from graph.snapshot import Float64

SAGE_LOGIT = "sage_logit"
"""The GraphSAGE network's log-odds of a merchant; no figure of a snapshot alone, so not in the catalogue."""

AROUND_WEIGHT = 0.1
"""How often a tree may see an aggregate beside any other feature: they are many and much alike."""

_CATALOGUED = {f.name: f for f in FEATURES}


@dataclass(frozen=True)
class Variant:
    """What one compared model reads. ``adds``: the block that it has and the variant before it lacks, in words."""

    name: str
    adds: str
    features: tuple[str, ...]


def variants(features: Sequence[str]) -> tuple[Variant, ...]:
    """The variants that a table with these features supports, least first; the last is ``full``, the one kept.

    tabular: own facts only. graph: and the structure around the merchant. aggregates: and the figures of linked
    merchants and how their credit ended. findings: and what was mined. full: and the GraphSAGE logit where the table
    has it; where not, full is the one with findings.
    """

    def block(feature: str) -> int:
        f = _CATALOGUED.get(feature)
        return 4 if f is None else _block_of(f)

    parts = [
        ("tabular", "own facts"),
        ("graph", "structure around the merchant"),
        ("aggregates", "aggregates of linked merchants"),
        ("findings", "findings"),
        ("full", "GraphSAGE logit"),
    ]
    level = [block(f) for f in features]
    found = [
        Variant(name, adds, tuple(f for f, has in zip(features, level, strict=True) if has <= i))
        for i, (name, adds) in enumerate(parts)
    ]
    if SAGE_LOGIT in features:
        return tuple(found)
    return (*found[:3], Variant("full", "findings", found[3].features))


def _block_of(feature: Feature) -> int:
    if feature.tabular:
        return 0
    return {"around": 2, "findings": 3}.get(feature.concept, 1)


def directions(names: Sequence[str]) -> list[int]:
    """How each feature may move the risk: 1 only up with its value, -1 only down, 0 both. From ``Feature.adverse``.

    Volumes (counts and money) that are adverse when low stay free: fake orders and circling money inflate them. The
    network's log-odds can only raise it.
    """
    side = {f.name: {"high": 1, "low": -1, "either": 0}[f.adverse] for f in FEATURES}
    free = {f.name for f in FEATURES if f.adverse == "low" and f.unit in ("count", "money")}
    return [0 if n in free else side.get(n, 1) for n in names]


def column_weights(names: Sequence[str], rows: Float64) -> Float64:
    """How likely each column is drawn for a tree: aggregates less, columns without two different values never."""
    weights = np.array([AROUND_WEIGHT if _is_around(n) else 1.0 for n in names])
    low, high = np.full(rows.shape[1], np.nan), np.full(rows.shape[1], np.nan)
    known = ~np.isnan(rows).all(axis=0)
    low[known], high[known] = np.nanmin(rows[:, known], axis=0), np.nanmax(rows[:, known], axis=0)
    gaps = np.isnan(rows).any(axis=0) & known  # known or not may tell something by itself
    telling = (low < high) | gaps
    return np.where(telling, weights, 0.0) if telling.any() else np.ones(rows.shape[1])


def _is_around(name: str) -> bool:
    f = _CATALOGUED.get(name)
    return f is not None and f.concept == "around"
