"""What makes a group likely fake orders, and what explains it away."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from graph.rings.score import FAKE_ORDERS, judge
from graph.rings.signals import Signals

PLAIN: dict[str, Any] = {
    "buyers": 20,
    "shops": 1,
    "orders": 60,
    "shop_orders": 100,
    "share_of_shop_orders": 0.6,
    "orders_per_buyer": 3.0,
    "shops_per_buyer": 1.0,
    "repeat_share": 0.6,
    "burst_share": 0.9,
    "event_share": 0.1,
    "night_share": 0.1,
    "night_share_market": 0.1,
    "one_place_share": 0.0,
    "crowd_place_share": 0.0,
}
GROUP = Signals(**{f.name: PLAIN.get(f.name) for f in fields(Signals)})


def test_a_burst_without_an_explanation_speaks_for_fake_orders() -> None:
    assert judge(GROUP).score >= FAKE_ORDERS


def test_a_burst_of_buyers_who_complain_does_not() -> None:
    unhappy = replace(GROUP, five_star_share=0.1, five_star_share_market=0.6)
    assert judge(unhappy).score < FAKE_ORDERS
    assert "burst" not in judge(unhappy).signs
    assert judge(replace(GROUP, five_star_share=0.9, five_star_share_market=0.6)).score >= FAKE_ORDERS


def test_complaints_do_not_explain_money_paid_back() -> None:
    paid = replace(GROUP, five_star_share=0.1, five_star_share_market=0.6, paid_back_share=0.6)
    assert judge(paid).score >= FAKE_ORDERS


def test_a_sale_of_two_hours_explains_a_burst() -> None:
    assert judge(replace(GROUP, event_share=0.7)).score < FAKE_ORDERS
