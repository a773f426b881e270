"""Refunds: how much goes back, how fast, and whether it is whole orders."""

from __future__ import annotations

import numpy as np

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.order_rows import DAY
from graph.features.segments import count, mean, ratio, share, total
from graph.snapshot import NULL, Float64


@feature(
    "refund_rate_90d",
    "share",
    concept="refunds",
    tabular=True,
    en="Refunds per order",
    zh="退款率（笔数）",
)
def refund_rate_90d(lens: Lens) -> Float64:
    """Refunds paid in the last 90 days per order placed in them."""
    paid = count(lens.refunds(90).merchant, lens.n)
    rate = ratio(paid, count(lens.orders(90).merchant, lens.n))
    return lens.known_if(rate, lens.sells, "refund")


@feature(
    "refund_amount_share_90d",
    "share",
    concept="refunds",
    tabular=True,
    en="Refunded money against turnover",
    zh="退款金额占成交额比",
)
def refund_amount_share_90d(lens: Lens) -> Float64:
    """Money refunded in the last 90 days over the money of the orders placed in them."""
    paid = total(lens.refunds(90).merchant, lens.refunds(90).amount, lens.n)
    rate = ratio(paid, total(lens.orders(90).merchant, lens.orders(90).amount, lens.n))
    return lens.known_if(rate, lens.sells, "refund")


@feature(
    "refund_trend",
    "ratio",
    concept="refunds",
    tabular=True,
    en="Refunds of the last 30 days against the 30 before",
    zh="近 30 天退款笔数与前 30 天之比",
)
def refund_trend(lens: Lens) -> Float64:
    """Refunds of the last 30 days over those of the 30 days before."""
    last, both = count(lens.refunds(30).merchant, lens.n), count(lens.refunds(60).merchant, lens.n)
    return ratio(last, both - last)


@feature(
    "refund_days_90d",
    "days",
    concept="refunds",
    tabular=True,
    adverse="either",
)
def refund_days_90d(lens: Lens) -> Float64:
    """Average days from the order to its refund, over refunds of the last 90 days."""
    refunds = lens.refunds(90)
    waited = np.where(refunds.ordered == NULL, np.nan, (refunds.ts - refunds.ordered.astype(np.float64)) / DAY)
    return mean(refunds.merchant, waited, lens.n)


@feature(
    "full_refund_share_90d",
    "share",
    concept="refunds",
    tabular=True,
    en="Share of refunds that cover the whole order",
    zh="全额退款占比",
)
def full_refund_share_90d(lens: Lens) -> Float64:
    """Share of the refunds of the last 90 days that give back the whole order."""
    refunds = lens.refunds(90)
    both = refunds.where(~np.isnan(refunds.amount) & ~np.isnan(refunds.order_amount))
    return share(both.merchant, both.amount >= both.order_amount, lens.n)
