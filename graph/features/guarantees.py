"""Guarantees in force: who stands for the merchant, and for whom it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.features.catalogue import feature
from graph.features.currency import in_main
from graph.features.lens import Lens
from graph.features.segments import Bool, count, pairs, ratio, total
from graph.snapshot import NULL, Float64, Int32, Int64

_PARTIES = ("Merchant", "Person", "Company")


@dataclass(frozen=True)
class _Rows:
    merchant: Int32
    other: Int64  # party number over all kinds
    amount: Float64


def _party(lens: Lens, kind: str, numbers: Int32) -> Int64:
    sizes = [len(lens.snapshot.nodes[k]) for k in _PARTIES]
    return numbers.astype(np.int64) + sum(sizes[: _PARTIES.index(kind)])


def _rows(lens: Lens, direction: Literal["given", "received"]) -> _Rows:
    parts = []
    for kind in _PARTIES:
        ends = ("Merchant", kind) if direction == "given" else (kind, "Merchant")
        g = lens.snapshot.relation(ends[0], "GUARANTEES", ends[1])
        mine, other = (g.src, g.dst) if direction == "given" else (g.dst, g.src)
        until = g.int64("until")
        kept = (g.int64("ts") <= lens.snapshot.as_of) & ((until == NULL) | (until > lens.snapshot.as_of))
        kept &= ~((kind == "Merchant") & (g.src == g.dst))
        money = in_main(g.int64("amount"), lens.currencies.codes(g), lens.currencies.main[mine])
        parts.append((mine[kept], _party(lens, kind, other)[kept], money[kept]))
    return _Rows(*(np.concatenate([p[i] for p in parts]) for i in range(3)))


def _known(lens: Lens) -> Bool:
    """The bank knows the merchant: an account, an application, or a guarantee of its own."""
    applied = lens.snapshot.fact_merchants("application")
    known = lens.banks.copy()
    known[applied[applied >= 0]] = True
    for direction in ("given", "received"):
        known[_rows(lens, direction).merchant] = True
    return known


@feature(
    "guarantees_given",
    "count",
    concept="guarantees",
    tabular=True,
    en="Guarantees given for others",
    zh="对外担保笔数",
)
def guarantees_given(lens: Lens) -> Float64:
    """Guarantees in force that the merchant gave for others."""
    return lens.known_if(count(_rows(lens, "given").merchant, lens.n), _known(lens), "GUARANTEES")


@feature(
    "guarantees_received",
    "count",
    concept="guarantees",
    tabular=True,
    adverse="either",
)
def guarantees_received(lens: Lens) -> Float64:
    """Guarantees in force that others gave for the merchant."""
    return lens.known_if(count(_rows(lens, "received").merchant, lens.n), _known(lens), "GUARANTEES")


@feature(
    "guarantee_exposure",
    "money",
    concept="guarantees",
    tabular=True,
    en="Debt of others the merchant stands for",
    zh="对外担保余额",
)
def guarantee_exposure(lens: Lens) -> Float64:
    """Money of the guarantees in force that the merchant gave."""
    rows = _rows(lens, "given")
    return lens.known_if(total(rows.merchant, rows.amount, lens.n), _known(lens), "GUARANTEES")


@feature(
    "guarantee_cover",
    "money",
    concept="guarantees",
    tabular=True,
    adverse="either",
)
def guarantee_cover(lens: Lens) -> Float64:
    """Money of the guarantees in force that the merchant received."""
    rows = _rows(lens, "received")
    return lens.known_if(total(rows.merchant, rows.amount, lens.n), _known(lens), "GUARANTEES")


@feature(
    "exposure_to_turnover",
    "ratio",
    concept="guarantees",
    tabular=True,
    en="Debt stood for against a month's turnover",
    zh="对外担保与月成交额之比",
)
def exposure_to_turnover(lens: Lens) -> Float64:
    """Money of the guarantees given over a month's turnover (a third of the last 90 days')."""
    return ratio(lens.value("guarantee_exposure"), lens.value("turnover_90d") / 3)


@feature(
    "mutual_guarantees",
    "count",
    concept="guarantees",
    en="Parties that guarantee the merchant and are guaranteed by it",
    zh="互保对手数",
)
def mutual_guarantees(lens: Lens) -> Float64:
    """Parties for whom the merchant stands and who stand for the merchant."""
    ends = [pairs(r.merchant, r.other) for r in (_rows(lens, "given"), _rows(lens, "received"))]
    who, _, times = pairs(np.concatenate([e[0] for e in ends]), np.concatenate([e[1] for e in ends]))
    return lens.known_if(count(who[times > 1], lens.n), _known(lens), "GUARANTEES")


@feature(
    "guarantor_debtors",
    "count",
    concept="guarantees",
)
def guarantor_debtors(lens: Lens) -> Float64:
    """Other parties for whom the merchant's guarantors stand, of the guarantor with most."""
    s = lens.snapshot
    given, taken = [], []
    for a in _PARTIES:
        for b in _PARTIES:
            g = s.relation(a, "GUARANTEES", b)
            until = g.int64("until")
            kept = (g.int64("ts") <= s.as_of) & ((until == NULL) | (until > s.as_of))
            given.append(_party(lens, a, g.src)[kept])
            taken.append(_party(lens, b, g.dst)[kept])
    debtors = count(pairs(np.concatenate(given), np.concatenate(taken))[0], sum(len(s.nodes[k]) for k in _PARTIES))
    rows = _rows(lens, "received")
    most = np.full(lens.n, -1.0)
    np.maximum.at(most, rows.merchant, debtors[rows.other] - 1)
    return np.where(most < 0, np.nan, most)


@feature(
    "guarantee_chain_shops",
    "count",
    "global",
    concept="guarantees",
    en="Other shops tied to this one by guarantees for one another",
    zh="经互相担保与本店关联的其他店铺数",
)
def guarantee_chain_shops(lens: Lens) -> Float64:
    """Other shops that guarantees in force between shops tie to this one, directly or through others."""
    g = lens.snapshot.relation("Merchant", "GUARANTEES", "Merchant")
    until = g.int64("until")
    kept = (g.int64("ts") <= lens.snapshot.as_of) & ((until == NULL) | (until > lens.snapshot.as_of))
    ties = coo_array((np.ones(int(kept.sum()), np.int8), (g.src[kept], g.dst[kept])), shape=(lens.n, lens.n))
    _, group = connected_components(ties, directed=False)
    return lens.known_if(count(group, lens.n)[group] - 1, _known(lens), "GUARANTEES")
