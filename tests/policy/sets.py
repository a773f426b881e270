"""Rule sets and facts for tests."""

from __future__ import annotations

from tests.policy.conditions import Plain

COUNT, NUMBER = Plain("integer", nullable=False), Plain("number", nullable=True)
FACTS = {
    "merchant": {"orders_1h": COUNT, "orders_24h": COUNT, "refunds_24h": COUNT, "refund_rate_24h": NUMBER},
    "account": {"transfers_24h": COUNT, "sum_24h": Plain("integer", nullable=True)},
}

RULE = """[[rule]]
code = "VOL"
on = "merchant"
when = "orders_24h > 20"
severity = "high"
mode = "active"
cooldown = "6h"
text_en = "{orders_24h} orders"
text_zh = "订单{orders_24h}笔"
measure = "call the owner"
tests = { fires = [{ orders_24h = 21 }], silent = [{ orders_24h = 20 }] }
"""
"""A set of one rule that may be published."""


def with_limit(limit: int) -> str:
    """RULE with another limit."""
    text = RULE.replace("> 20", f"> {limit}")
    return text.replace("orders_24h = 21", f"orders_24h = {limit + 1}").replace(
        "orders_24h = 20 ", f"orders_24h = {limit} "
    )
