"""Commerce: how much a shop sells, to whom, when, and how steadily. All of it is in the shop's own order book."""

from __future__ import annotations

import numpy as np

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.order_rows import DAY
from graph.features.segments import (
    count,
    distinct,
    mean,
    most,
    pairs,
    ratio,
    share,
    top_share,
    total,
    variation,
)
from graph.snapshot import NULL, Float64

LOCAL = 8 * 3_600_000
"""Hours of the day and days of the week are China Standard Time, UTC+8 all year, in ms."""


def _turnover(lens: Lens, days: int) -> Float64:
    orders = lens.orders(days)
    kept = ~orders.cancelled
    return lens.known_if(total(orders.merchant[kept], orders.amount[kept], lens.n), lens.sells)


def _count(lens: Lens, days: int) -> Float64:
    return lens.known_if(count(lens.orders(days).merchant, lens.n), lens.sells)


@feature(
    "orders_7d",
    "count",
    concept="commerce",
    tabular=True,
    en="Orders in the last 7 days",
    zh="近 7 天订单数",
    adverse="low",
)
def orders_7d(lens: Lens) -> Float64:
    """Orders placed in the last 7 days."""
    return _count(lens, 7)


@feature(
    "orders_30d",
    "count",
    concept="commerce",
    tabular=True,
    en="Orders in the last 30 days",
    zh="近 30 天订单数",
    adverse="low",
)
def orders_30d(lens: Lens) -> Float64:
    """Orders placed in the last 30 days."""
    return _count(lens, 30)


@feature(
    "orders_90d",
    "count",
    concept="commerce",
    tabular=True,
    en="Orders in the last 90 days",
    zh="近 90 天订单数",
    adverse="low",
)
def orders_90d(lens: Lens) -> Float64:
    """Orders placed in the last 90 days."""
    return _count(lens, 90)


@feature(
    "order_trend",
    "ratio",
    concept="commerce",
    tabular=True,
    en="Orders of the last 30 days against the 30 before",
    zh="近 30 天订单数与前 30 天之比",
    adverse="low",
)
def order_trend(lens: Lens) -> Float64:
    """Orders of the last 30 days over those of the 30 days before."""
    last, both = count(lens.orders(30).merchant, lens.n), count(lens.orders(60).merchant, lens.n)
    return ratio(last, both - last)


@feature(
    "turnover_30d",
    "money",
    concept="commerce",
    tabular=True,
    en="Turnover of the last 30 days",
    zh="近 30 天成交额",
    adverse="low",
)
def turnover_30d(lens: Lens) -> Float64:
    """Money of the orders of the last 30 days, cancelled ones left out."""
    return _turnover(lens, 30)


@feature(
    "turnover_90d",
    "money",
    concept="commerce",
    tabular=True,
    en="Turnover of the last 90 days",
    zh="近 90 天成交额",
    adverse="low",
)
def turnover_90d(lens: Lens) -> Float64:
    """Money of the orders of the last 90 days, cancelled ones left out."""
    return _turnover(lens, 90)


@feature(
    "turnover_trend",
    "ratio",
    concept="commerce",
    tabular=True,
    en="Turnover of the last 30 days against the 30 before",
    zh="近 30 天成交额与前 30 天之比",
    adverse="low",
)
def turnover_trend(lens: Lens) -> Float64:
    """Turnover of the last 30 days over that of the 30 days before."""
    last, both = _turnover(lens, 30), _turnover(lens, 60)
    return ratio(last, both - last)


@feature(
    "ticket_mean_90d",
    "money",
    concept="commerce",
    tabular=True,
    adverse="either",
)
def ticket_mean_90d(lens: Lens) -> Float64:
    """Average money of an order of the last 90 days."""
    return mean(lens.orders(90).merchant, lens.orders(90).amount, lens.n)


@feature(
    "ticket_variation_90d",
    "ratio",
    concept="commerce",
    tabular=True,
    adverse="either",
)
def ticket_variation_90d(lens: Lens) -> Float64:
    """Standard deviation over mean of the money of the orders of the last 90 days (three at least)."""
    return variation(lens.orders(90).merchant, lens.orders(90).amount, lens.n)


@feature(
    "buyers_90d",
    "count",
    concept="commerce",
    tabular=True,
    en="Different buyers in the last 90 days",
    zh="近 90 天不同买家数",
    adverse="low",
)
def buyers_90d(lens: Lens) -> Float64:
    """Different buyers of the last 90 days."""
    orders = lens.orders(90)
    named = orders.where(orders.buyer >= 0)
    return lens.known_if(distinct(named.merchant, named.buyer, lens.n), lens.sells, "PLACED")


@feature(
    "repeat_buyer_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    adverse="either",
)
def repeat_buyer_share_90d(lens: Lens) -> Float64:
    """Share of the buyers of the last 90 days who ordered more than once in them."""
    orders = lens.orders(90)
    named = orders.where(orders.buyer >= 0)
    who, _, times = pairs(named.merchant, named.buyer)
    return share(who, times > 1, lens.n)


@feature(
    "top_buyer_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    en="Share of orders from the most active buyer",
    zh="最活跃买家订单占比",
)
def top_buyer_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days that the most active buyer placed."""
    orders = lens.orders(90)
    named = orders.where(orders.buyer >= 0)
    who, _, times = pairs(named.merchant, named.buyer)
    return top_share(who, times, lens.n)


@feature(
    "new_buyer_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    en="Share of orders from accounts under a week old",
    zh="注册不足 7 天账号的订单占比",
)
def new_buyer_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days whose buyer had signed up less than 7 days before."""
    orders = lens.orders(90)
    dated = orders.where(orders.registered != NULL)
    return share(dated.merchant, dated.ts - dated.registered < 7 * DAY, lens.n)


@feature(
    "night_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    en="Share of orders between midnight and six",
    zh="0–6 点订单占比",
)
def night_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days placed between midnight and six in the morning, China time."""
    orders = lens.orders(90)
    return share(orders.merchant, (orders.ts + LOCAL) % DAY < DAY // 4, lens.n)


@feature("weekend_share_90d", "share", concept="commerce", tabular=True, adverse="either")
def weekend_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days placed on a Saturday or Sunday, China time."""
    orders = lens.orders(90)
    weekday = ((orders.ts + LOCAL) // DAY + 3) % 7  # 1970-01-01 was a Thursday; Monday is 0
    return share(orders.merchant, weekday >= 5, lens.n)


@feature(
    "busiest_day_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    en="Share of orders on the single busiest day",
    zh="单日最高订单占比",
)
def busiest_day_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days that fell on the busiest day."""
    orders = lens.orders(90)
    who, _, times = pairs(orders.merchant, (orders.ts + LOCAL) // DAY)
    return top_share(who, times, lens.n)


@feature(
    "rating_mean_90d",
    "stars",
    concept="commerce",
    tabular=True,
    en="Average rating by buyers",
    zh="买家平均评分",
    adverse="low",
)
def rating_mean_90d(lens: Lens) -> Float64:
    """Average stars that buyers gave the orders of the last 90 days."""
    return mean(lens.orders(90).merchant, lens.orders(90).rating, lens.n)


@feature(
    "five_star_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    adverse="either",
)
def five_star_share_90d(lens: Lens) -> Float64:
    """Share of the rated orders of the last 90 days that got five stars."""
    orders = lens.orders(90)
    rated = orders.where(~np.isnan(orders.rating))
    return share(rated.merchant, rated.rating == 5, lens.n)


@feature(
    "cancelled_share_90d",
    "share",
    concept="commerce",
    tabular=True,
    en="Share of orders cancelled",
    zh="订单取消率",
)
def cancelled_share_90d(lens: Lens) -> Float64:
    """Share of the orders of the last 90 days that were cancelled."""
    return share(lens.orders(90).merchant, lens.orders(90).cancelled, lens.n)


@feature(
    "order_months",
    "months",
    concept="commerce",
    tabular=True,
    en="Months with orders",
    zh="有订单的月数",
    adverse="low",
)
def order_months(lens: Lens) -> Float64:
    """Different 30-day periods, counted back from now, in which the shop had orders."""
    orders = lens.all_orders
    periods = distinct(orders.merchant, (lens.snapshot.as_of - orders.ts) // (30 * DAY), lens.n)
    return lens.known_if(periods, lens.sells)


@feature(
    "days_since_order",
    "days",
    concept="commerce",
    tabular=True,
    en="Days since the last order",
    zh="距最近一笔订单天数",
)
def days_since_order(lens: Lens) -> Float64:
    """Days since the shop's last order."""
    orders = lens.all_orders
    return (lens.snapshot.as_of - most(orders.merchant, orders.ts, lens.n)) / DAY


@feature(
    "shop_age_days",
    "days",
    concept="commerce",
    tabular=True,
    en="Days since the shop opened",
    zh="开店天数",
    adverse="low",
)
def shop_age_days(lens: Lens) -> Float64:
    """Days since the shop opened."""
    opened = lens.snapshot.nodes["Merchant"].int64("opened_ts")
    return np.where(opened == NULL, np.nan, (lens.snapshot.as_of - opened.astype(np.float64)) / DAY)
