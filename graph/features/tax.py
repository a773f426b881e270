"""Tax and customs: what was declared, and whether it agrees with the platform."""

from __future__ import annotations

import numpy as np

from graph.features.catalogue import feature
from graph.features.currency import in_main
from graph.features.lens import Lens
from graph.features.order_rows import DAY
from graph.features.segments import (
    Bool,
    count,
    least,
    ratio,
    total,
)
from graph.snapshot import NULL, Float64, Int32, Int64

MONTH = 30 * DAY


@feature(
    "declared_monthly",
    "money",
    concept="tax",
    tabular=True,
    en="Turnover declared for tax, per month",
    zh="月均申报收入",
    adverse="low",
)
def declared_monthly(lens: Lens) -> Float64:
    """Turnover declared per 30 days of the periods that ended in the last 400 days."""
    merchant, start, end, revenue, _ = _filings(lens)
    return ratio(total(merchant, revenue, lens.n), total(merchant, (end - start) / MONTH, lens.n))


@feature(
    "declared_to_turnover",
    "ratio",
    concept="tax",
    tabular=True,
    adverse="either",
)
def declared_to_turnover(lens: Lens) -> Float64:
    """Declared turnover over platform turnover of the same periods, where orders are known from the start of one."""
    merchant, start, end, revenue, _ = _filings(lens)
    orders = lens.all_orders
    began = least(orders.merchant, orders.ts, lens.n)[merchant] if lens.n else np.zeros(0)
    covered = began <= start + MONTH
    sold = _turnover_between(lens, merchant[covered], start[covered], end[covered])
    return ratio(total(merchant[covered], revenue[covered], lens.n), total(merchant[covered], sold, lens.n))


@feature(
    "tax_rate",
    "share",
    concept="tax",
    tabular=True,
    en="Tax paid on declared turnover",
    zh="申报税负率",
    adverse="low",
)
def tax_rate(lens: Lens) -> Float64:
    """Tax paid over turnover declared, periods that ended in the last 400 days."""
    merchant, _, _, revenue, paid = _filings(lens)
    return ratio(total(merchant, paid, lens.n), total(merchant, revenue, lens.n))


@feature(
    "months_declared",
    "months",
    concept="tax",
    tabular=True,
    en="Months covered by tax returns",
    zh="已申报月数",
    adverse="low",
)
def months_declared(lens: Lens) -> Float64:
    """Months covered by the tax returns of the last 400 days."""
    merchant, start, end, _, _ = _filings(lens)
    covered = total(merchant, (end - start) / MONTH, lens.n)
    return np.where(covered > 0, covered, np.nan)


@feature(
    "customs_to_turnover_365d",
    "ratio",
    concept="tax",
    tabular=True,
    adverse="either",
)
def customs_to_turnover_365d(lens: Lens) -> Float64:
    """Value declared to customs in the last 365 days over platform turnover of the same time."""
    merchant, value, _, _, kept = _declarations(lens)
    orders = lens.orders(365)
    declared = total(merchant[kept], value[kept], lens.n)
    whole = ratio(declared, total(orders.merchant, orders.amount, lens.n))
    return np.where(count(merchant[kept], lens.n) > 0, whole, np.nan)


@feature(
    "customs_value_per_kg",
    "money",
    concept="tax",
    tabular=True,
    adverse="either",
)
def customs_value_per_kg(lens: Lens) -> Float64:
    """Value declared to customs in the last 365 days per kilogram declared."""
    merchant, value, weight, _, kept = _declarations(lens)
    both = kept & ~np.isnan(weight) & ~np.isnan(value)
    return ratio(total(merchant[both], value[both], lens.n), total(merchant[both], weight[both] / 1000, lens.n))


@feature(
    "customs_parcels_to_orders_365d",
    "ratio",
    concept="tax",
    tabular=True,
    adverse="either",
)
def customs_parcels_to_orders_365d(lens: Lens) -> Float64:
    """Parcels declared to customs in the last 365 days over orders of the same time."""
    merchant, _, _, parcels, kept = _declarations(lens)
    both = kept & ~np.isnan(parcels)
    declared = total(merchant[both], parcels[both], lens.n)
    whole = ratio(declared, count(lens.orders(365).merchant, lens.n))
    return np.where(count(merchant[both], lens.n) > 0, whole, np.nan)


def _filings(lens: Lens) -> tuple[Int32, Int64, Int64, Float64, Float64]:
    """Merchant, period start and end, revenue, tax paid of returns for periods that ended in the last 400 days."""
    facts, as_of = lens.snapshot.facts["tax_filing"], lens.snapshot.as_of
    merchant, start, end = (
        lens.snapshot.fact_merchants("tax_filing"),
        facts.int64("period_start"),
        facts.int64("period_end"),
    )
    kept: Bool = (merchant >= 0) & (start != NULL) & (end > start) & (end <= as_of) & (end > lens.since(400))
    merchant = merchant[kept]
    codes, main = lens.currencies.codes(facts)[kept], lens.currencies.main[merchant]
    revenue, paid = (in_main(facts.int64(c)[kept], codes, main) for c in ("revenue", "tax_paid"))
    known = ~np.isnan(revenue)
    return merchant[known], start[kept][known], end[kept][known], revenue[known], paid[known]


def _declarations(lens: Lens) -> tuple[Int32, Float64, Float64, Float64, Bool]:
    """Merchant, value, grams, parcels of customs declarations, and which are of the last 365 days."""
    facts = lens.snapshot.facts["customs_declaration"]
    merchant, ts = lens.snapshot.fact_merchants("customs_declaration"), facts.int64("ts")
    main = np.where(merchant >= 0, lens.currencies.main[merchant] if lens.n else -1, -1).astype(np.int32)
    value = in_main(facts.int64("amount"), lens.currencies.codes(facts), main)
    grams, parcels = (
        np.where((c := facts.int64(n)) == NULL, np.nan, c.astype(np.float64)) for n in ("weight_g", "parcels")
    )
    kept: Bool = (merchant >= 0) & (ts > lens.since(365)) & (ts <= lens.snapshot.as_of)
    return merchant, value, grams, parcels, kept


def _turnover_between(lens: Lens, merchant: Int32, start: Int64, end: Int64) -> Float64:
    """Money of a merchant's orders with start <= ts < end, for each row."""
    orders = lens.all_orders.where(~lens.all_orders.cancelled & ~np.isnan(lens.all_orders.amount))
    order = np.lexsort((orders.ts, orders.merchant))
    base = min(int(orders.ts.min(initial=lens.snapshot.as_of)), int(start.min(initial=lens.snapshot.as_of)))
    width = lens.snapshot.as_of - base + 2
    keys = orders.merchant[order].astype(np.int64) * width + (orders.ts[order] - base)
    sums = np.concatenate([[0.0], np.cumsum(orders.amount[order])])
    low, high = (np.searchsorted(keys, merchant.astype(np.int64) * width + (t - base)) for t in (start, end))
    return sums[high] - sums[low]
