"""Invoices: what was invoiced, how steady it is, with whom, and whether it agrees with the platform."""

from __future__ import annotations

import numpy as np

from graph.features.catalogue import feature
from graph.features.invoice_rows import InvoiceRows
from graph.features.lens import Lens
from graph.features.order_rows import DAY
from graph.features.segments import (
    count,
    distinct,
    most,
    pair_totals,
    pairs,
    ratio,
    share,
    top_share,
    total,
)
from graph.snapshot import Float64

MONTH = 30 * DAY


def _last_year(lens: Lens, rows: InvoiceRows) -> InvoiceRows:
    return rows.valid.within(lens.since(365), lens.snapshot.as_of)


def _money(lens: Lens, rows: InvoiceRows) -> Float64:
    return lens.known_if(total(rows.merchant, rows.amount, lens.n), lens.invoices)


def _counted(lens: Lens, rows: InvoiceRows) -> Float64:
    return lens.known_if(count(rows.merchant, lens.n), lens.invoices)


def _top(lens: Lens, rows: InvoiceRows) -> Float64:
    """Share of the positive money that the greatest counterparty has."""
    who, _, money = pair_totals(rows.merchant, rows.other, rows.amount)
    gain = money > 0
    return top_share(who[gain], money[gain], lens.n)


def _monthly_variation(lens: Lens, rows: InvoiceRows) -> Float64:
    """Standard deviation over mean of the sums per 30 days, from the first invoice to now, empty months included."""
    period = (lens.snapshot.as_of - rows.ts) // MONTH
    who, _, money = pair_totals(rows.merchant, period, rows.amount)
    months = most(rows.merchant, period, lens.n) + 1
    mean = ratio(total(who, money, lens.n), months)
    square = ratio(total(who, money**2, lens.n), months)
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    return np.where(months >= 3, ratio(spread, np.abs(mean)), np.nan)


@feature(
    "invoices_issued",
    "count",
    concept="tax",
    tabular=True,
    en="Invoices issued",
    zh="开具发票张数",
    adverse="low",
)
def invoices_issued(lens: Lens) -> Float64:
    """Invoices the merchant issued, all that are known, voided ones too."""
    return _counted(lens, lens.issued)


@feature(
    "invoices_received",
    "count",
    concept="tax",
    tabular=True,
    en="Invoices received",
    zh="取得发票张数",
    adverse="low",
)
def invoices_received(lens: Lens) -> Float64:
    """Invoices the merchant received, all that are known, voided ones too."""
    return _counted(lens, lens.received)


@feature(
    "invoiced_365d",
    "money",
    concept="tax",
    tabular=True,
    en="Sales invoiced in the last year",
    zh="近一年销项金额",
    adverse="low",
)
def invoiced_365d(lens: Lens) -> Float64:
    """Money of the valid invoices issued in the last 365 days, corrections taken off."""
    return _money(lens, _last_year(lens, lens.issued))


@feature(
    "purchased_365d",
    "money",
    concept="tax",
    tabular=True,
    en="Purchases invoiced in the last year",
    zh="近一年进项金额",
    adverse="low",
)
def purchased_365d(lens: Lens) -> Float64:
    """Money of the valid invoices received in the last 365 days, corrections taken off."""
    return _money(lens, _last_year(lens, lens.received))


@feature(
    "invoiced_total",
    "money",
    concept="tax",
    tabular=True,
    en="Sales invoiced in all",
    zh="累计销项金额",
    adverse="low",
)
def invoiced_total(lens: Lens) -> Float64:
    """Money of all valid invoices issued, corrections taken off."""
    return _money(lens, lens.issued.valid)


@feature(
    "purchased_total",
    "money",
    concept="tax",
    tabular=True,
    en="Purchases invoiced in all",
    zh="累计进项金额",
    adverse="low",
)
def purchased_total(lens: Lens) -> Float64:
    """Money of all valid invoices received, corrections taken off."""
    return _money(lens, lens.received.valid)


@feature(
    "purchases_to_sales",
    "ratio",
    concept="tax",
    tabular=True,
    adverse="either",
)
def purchases_to_sales(lens: Lens) -> Float64:
    """Money of all valid invoices received over that of all valid invoices issued."""
    return ratio(_money(lens, lens.received.valid), _money(lens, lens.issued.valid))


@feature(
    "invoiced_trend",
    "ratio",
    concept="tax",
    tabular=True,
    en="Sales invoiced in the last year against the year before",
    zh="近一年销项与上一年之比",
    adverse="low",
)
def invoiced_trend(lens: Lens) -> Float64:
    """Money invoiced in the last 365 days over that of the 365 days before."""
    before = lens.issued.valid.within(lens.since(730), lens.since(365))
    return ratio(_money(lens, _last_year(lens, lens.issued)), _money(lens, before))


@feature(
    "invoiced_variation",
    "ratio",
    concept="tax",
    tabular=True,
    en="Spread of monthly invoiced sales against their average",
    zh="月销项波动（标准差/均值）",
)
def invoiced_variation(lens: Lens) -> Float64:
    """Standard deviation over mean of invoiced sales per 30 days from the first invoice on (three at least)."""
    return _monthly_variation(lens, lens.issued.valid)


@feature(
    "purchased_variation",
    "ratio",
    concept="tax",
    tabular=True,
    en="Spread of monthly invoiced purchases against their average",
    zh="月进项波动（标准差/均值）",
)
def purchased_variation(lens: Lens) -> Float64:
    """Standard deviation over mean of invoiced purchases per 30 days, from the first invoice on."""
    return _monthly_variation(lens, lens.received.valid)


@feature(
    "invoice_months",
    "months",
    concept="tax",
    tabular=True,
    en="Months with sales invoices",
    zh="有销项发票的月数",
    adverse="low",
)
def invoice_months(lens: Lens) -> Float64:
    """Different 30-day periods, counted back from now, with an invoice issued."""
    rows = lens.issued.valid
    months = distinct(rows.merchant, (lens.snapshot.as_of - rows.ts) // MONTH, lens.n)
    return lens.known_if(months, lens.invoices)


@feature(
    "days_since_invoice",
    "days",
    concept="tax",
    tabular=True,
    en="Days since the last sales invoice",
    zh="距最近一张销项发票天数",
)
def days_since_invoice(lens: Lens) -> Float64:
    """Days since the merchant last issued a valid invoice."""
    rows = lens.issued.valid
    return (lens.snapshot.as_of - most(rows.merchant, rows.ts, lens.n)) / DAY


@feature(
    "voided_issued_share",
    "share",
    concept="tax",
    tabular=True,
    en="Share of issued invoices voided",
    zh="销项发票作废率",
)
def voided_issued_share(lens: Lens) -> Float64:
    """Share of the invoices issued that were voided."""
    return share(lens.issued.merchant, lens.issued.voided, lens.n)


@feature(
    "voided_received_share",
    "share",
    concept="tax",
    tabular=True,
    en="Share of received invoices voided",
    zh="进项发票作废率",
)
def voided_received_share(lens: Lens) -> Float64:
    """Share of the invoices received that were voided."""
    return share(lens.received.merchant, lens.received.voided, lens.n)


@feature(
    "negative_issued_share",
    "share",
    concept="tax",
    tabular=True,
    en="Share of issued invoices that take back a sale",
    zh="销项红字发票占比",
)
def negative_issued_share(lens: Lens) -> Float64:
    """Share of the valid invoices issued that are corrections (negative)."""
    return share(lens.issued.valid.merchant, lens.issued.valid.amount < 0, lens.n)


@feature(
    "negative_received_share",
    "share",
    concept="tax",
    tabular=True,
    en="Share of received invoices that take back a purchase",
    zh="进项红字发票占比",
)
def negative_received_share(lens: Lens) -> Float64:
    """Share of the valid invoices received that are corrections (negative)."""
    return share(lens.received.valid.merchant, lens.received.valid.amount < 0, lens.n)


@feature(
    "customers",
    "count",
    concept="tax",
    tabular=True,
    en="Different customers on invoices",
    zh="发票客户数",
    adverse="low",
)
def customers(lens: Lens) -> Float64:
    """Different parties the merchant issued valid invoices to."""
    rows = lens.issued.valid
    return lens.known_if(distinct(rows.merchant, rows.other, lens.n), lens.invoices)


@feature(
    "suppliers",
    "count",
    concept="tax",
    tabular=True,
    en="Different suppliers on invoices",
    zh="发票供应商数",
    adverse="low",
)
def suppliers(lens: Lens) -> Float64:
    """Different parties the merchant received valid invoices from."""
    rows = lens.received.valid
    return lens.known_if(distinct(rows.merchant, rows.other, lens.n), lens.invoices)


@feature(
    "top_customer_share",
    "share",
    concept="tax",
    tabular=True,
    en="Share of invoiced sales to the largest customer",
    zh="最大客户销项占比",
)
def top_customer_share(lens: Lens) -> Float64:
    """Share of the money invoiced that the largest customer makes up."""
    return _top(lens, lens.issued.valid)


@feature(
    "top_supplier_share",
    "share",
    concept="tax",
    tabular=True,
    en="Share of invoiced purchases from the largest supplier",
    zh="最大供应商进项占比",
)
def top_supplier_share(lens: Lens) -> Float64:
    """Share of the money of invoices received that the largest supplier makes up."""
    return _top(lens, lens.received.valid)


@feature(
    "invoice_tax_rate",
    "share",
    concept="tax",
    tabular=True,
    adverse="either",
)
def invoice_tax_rate(lens: Lens) -> Float64:
    """Tax on the valid invoices issued over their money without tax."""
    rows = lens.issued.valid
    known = rows.where(~np.isnan(rows.amount) & ~np.isnan(rows.tax))
    return ratio(total(known.merchant, known.tax, lens.n), total(known.merchant, known.amount, lens.n))


@feature(
    "invoiced_to_turnover_365d",
    "ratio",
    concept="tax",
    tabular=True,
    adverse="either",
)
def invoiced_to_turnover_365d(lens: Lens) -> Float64:
    """Money invoiced in the last 365 days over platform turnover of the same time."""
    orders = lens.orders(365)
    kept = ~orders.cancelled
    return ratio(lens.value("invoiced_365d"), total(orders.merchant[kept], orders.amount[kept], lens.n))


@feature(
    "shared_counterparty_share",
    "share",
    concept="tax",
    en="Share of customers and suppliers that other shops deal with too",
    zh="与其他商户共有的往来方占比",
)
def shared_counterparty_share(lens: Lens) -> Float64:
    """Share of the merchant's customers and suppliers that other merchants deal with as well."""
    rows = (lens.issued.valid, lens.received.valid)
    who, other, _ = pairs(np.concatenate([r.merchant for r in rows]), np.concatenate([r.other for r in rows]))
    return share(who, np.bincount(other)[other] > 1 if len(other) else np.zeros(0, bool), lens.n)
