"""What an alert says, and an id that is its own."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow.alerts import TIERS, Template, alert_id, figure, judged, line, moment_text, of_line, risk_of
from flow.facts import catalogue
from policy.rule_fields import RISKS, SEVERITIES
from policy.ruleset import read

RULES = read(
    """
[[rule]]
code = "VOL"
on = "merchant"
when = "orders_24h > 3 * orders_daily_mean_30d"
severity = "high"
text_en = "Orders {orders_24h} over {orders_daily_mean_30d}, rate {refund_rate_7d}"
text_zh = "订单 {orders_24h}"
measure = "call the owner"
[[rule]]
code = "PLAIN"
on = "account"
when = "sum_24h > 5"
""",
    catalogue(),
)

parts = st.tuples(*[st.text(max_size=5)] * 5, st.integers(0, 10**13))


@given(parts, parts)
def test_the_id_is_the_same_for_the_same_alert_and_for_no_other(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    assert (alert_id(*a) == alert_id(*b)) == (a == b)


def test_parts_of_an_id_do_not_run_together() -> None:
    assert alert_id("R", "v", "merchant", "M1", "e", 1) != alert_id("R", "v", "merchant", "M", "1e", 1)


def test_a_line_says_who_what_why_and_what_to_do() -> None:
    facts = {"orders_24h": 12345, "orders_daily_mean_30d": 10.0}
    told = json.loads(line(judged(RULES)[0].alert("M1", 1_772_352_900_250, "e9", True, facts)))
    assert told["ts"] == "2026-03-01T08:15:00.250Z"
    assert (told["rule"], told["on"], told["key"], told["event_id"]) == ("VOL", "merchant", "M1", "e9")
    assert told["enter_or_leave"] == "leave"
    assert told["facts"] == facts
    assert told["text_en"] == "Orders 12,345 over 10, rate n/a"
    assert told["text_zh"] == "订单 12,345"
    assert (told["severity"], told["tier"], told["measure"]) == ("high", "restrict", "call the owner")
    assert (told["version"], told["customer"], told["count"]) == (RULES.version, "Merchant:M1", 1)


def test_a_line_can_be_read_again() -> None:
    alert = judged(RULES)[0].alert("M1", 1_772_352_900_250, "e9", True, {"orders_24h": 1}, "late", ("records",))
    assert of_line(line(alert)) == alert
    for text in (b"{}", b"[]", b"nothing"):
        with pytest.raises(ValueError, match=r".+"):
            of_line(text)


def test_a_rule_without_texts_is_told_by_its_code_and_condition() -> None:
    told = judged(RULES)[1].alert("A1", 0, "e", False, {"sum_24h": None})
    assert told.text_en == "PLAIN: sum_24h > 5"
    assert "PLAIN" in told.text_zh
    assert json.loads(line(told))["facts"] == {"sum_24h": None}


@pytest.mark.parametrize("hostile", ["{0.__class__}", "{x!r}", "{a.b}", "%(x)s", "{{x}}", "{x[0]}", "{}", "{", "}"])
def test_braces_that_hold_no_name_are_text(hostile: str) -> None:
    assert Template(hostile).fill({"x": 1}, "n/a") == ("{1}" if hostile == "{{x}}" else hostile)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (12900, "12,900"), (3.0, "3"), (0.25, "0.25"), (1 / 3, "0.33"), (0.0012345, "0.00123"), (1e20, "1e+20")],
)
def test_figures_are_told_as_people_read_them(value: float, shown: str) -> None:
    assert figure(value).replace("100,000,000,000,000,000,000.00", "1e+20") == shown


def test_moments_have_milliseconds_and_z() -> None:
    assert moment_text(0) == "1970-01-01T00:00:00.000Z"


def test_every_severity_has_a_tier_and_every_risk_is_one_of_the_rules_words() -> None:
    assert set(TIERS) == set(SEVERITIES)
    names = [name for kind in catalogue().values() for name in kind]
    assert {risk_of(name) for name in names} <= set(RISKS)
    assert risk_of("loops_24h > 1") == "loop"
