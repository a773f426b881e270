"""Which rules a change can turn, by name. That none is missed is what the engine's comparison with its twin shows."""

from __future__ import annotations

from functools import partial

import pytest

from flow.conditions.change import Analysis, Change
from flow.facts import WINDOWS, catalogue, fact
from policy.language import parse

DAY, HOUR = WINDOWS["24h"], WINDOWS["1h"]


def rises(text: str, change: Change) -> bool:
    return Analysis(partial(fact, "merchant"), change).rises(parse(text, catalogue()["merchant"]).tree)


@pytest.mark.parametrize(
    ("text", "change", "can"),
    [
        ("orders_24h > 3", Change("order"), True),
        ("orders_24h > 3", Change("refund"), False),
        ("orders_24h > 3", Change("order", DAY), False),
        ("orders_24h < 3", Change("order", DAY), True),
        ("orders_24h < 3", Change("order", HOUR), False),
        ("NOT orders_24h > 3", Change("order", DAY), True),
        ("NOT orders_24h > 3", Change("order"), False),
        ("orders_24h / buyers_24h >= 3", Change("order", DAY), True),
        ("refund_rate_24h > 0.2", Change("refund"), True),
        ("refund_rate_24h > 0.2", Change("order", DAY), True),
        ("refund_rate_24h > 0.2", Change("refund", DAY), False),
        ("sum_24h > 100", Change("order", DAY), False),
        ("sum_24h < 100", Change("order"), True),  # from NULL to a value
        ("sum_24h IS NULL", Change("order", DAY), True),
        ("orders_24h BETWEEN 3 AND 5", Change("order"), True),
        ("orders_24h - 2 * refunds_24h > 3", Change("refund"), False),
        ("orders_24h - 2 * refunds_24h > 3", Change("refund", DAY), True),
        ("gap_sd_24h < 5", Change("loop"), False),
    ],
)
def test_a_change_can_turn_a_rule_true(text: str, change: Change, can: bool) -> None:
    assert rises(text, change) is can
