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


def test_where_money_back_would_be_seen_and_is_not_one_soft_sign_is_not_enough() -> None:
    seen = replace(GROUP, money_seen_share=1.0, paid_back_share=0.0)
    assert judge(GROUP).score >= FAKE_ORDERS > judge(seen).score
    assert judge(replace(seen, shared_identity_share=0.6)).score >= FAKE_ORDERS
    assert judge(replace(seen, paid_back_share=0.6)).score >= FAKE_ORDERS
    assert judge(replace(seen, money_seen_share=0.2)).score == judge(GROUP).score
    assert judge(replace(seen, weightless_share=0.9)).score >= FAKE_ORDERS


def test_a_script_that_orders_at_equal_gaps_and_parcels_that_cannot_have_come_speak_for_fake_orders() -> None:
    quiet = replace(GROUP, burst_share=0.2)
    assert judge(quiet).score < FAKE_ORDERS
    assert judge(replace(quiet, even_gap_share=0.8)).score >= FAKE_ORDERS
    assert judge(replace(quiet, sent_elsewhere_share=0.5)).score >= FAKE_ORDERS
    assert judge(replace(quiet, sent_elsewhere_share=0.5, sent_elsewhere_share_market=0.5)).score < FAKE_ORDERS
