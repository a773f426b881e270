"""A rule set runs its own tests, and says what it lacks before it may be published."""

from __future__ import annotations

import pytest

from flow.facts import catalogue
from policy.check import check, on_empty_key, row_of
from policy.publish import SHIPPED
from policy.ruleset import read
from tests.policy.sets import FACTS, RULE


def codes(text: str, strict: bool = False) -> list[tuple[str, int]]:
    return [(p.code, p.line) for p in check(text, FACTS, strict).problems]


def test_a_set_whose_tests_hold_passes() -> None:
    report = check(RULE, FACTS, strict=True)
    assert report.ok
    assert report.tests == 2
    assert not report.warnings


def test_a_test_that_does_not_hold_is_told_with_its_place() -> None:
    assert codes(RULE.replace("fires = [{ orders_24h = 21", "fires = [{ orders_24h = 20")) == [("test_failed", 11)]
    assert codes(RULE.replace("silent = [{ orders_24h = 20", "silent = [{ orders_24h = 21")) == [("test_failed", 11)]


def test_null_counts_as_silent() -> None:
    text = RULE.replace("orders_24h > 20", "refund_rate_24h > 0.5").replace("{ orders_24h = 20 }", "{}")
    assert check(text.replace("orders_24h = 21", "refund_rate_24h = 0.6"), FACTS).ok
    assert codes(text.replace("orders_24h = 21", "orders_24h = 1")) == [("test_failed", 11)]


def test_facts_not_given_are_as_on_a_key_without_events() -> None:
    (rule,) = read(RULE.replace("orders_24h > 20", "orders_24h > 20 OR refund_rate_24h > 0.5"), FACTS).rules
    assert row_of(rule, {}, FACTS["merchant"]) == {"orders_24h": 0, "refund_rate_24h": None}
    assert on_empty_key(rule, FACTS["merchant"]) is None


@pytest.mark.parametrize(
    ("cut", "code"),
    [
        ('text_en = "{orders_24h} orders"\n', "missing"),
        ('text_zh = "订单{orders_24h}笔"\n', "missing"),
        ('measure = "call the owner"\n', "missing"),
        (", silent = [{ orders_24h = 20 }]", "untested"),
        ("fires = [{ orders_24h = 21 }], ", "untested"),
    ],
)
def test_what_may_be_left_out_of_a_file_may_not_be_left_out_of_what_is_published(cut: str, code: str) -> None:
    text = RULE.replace(cut, "")
    assert check(text, FACTS).ok
    assert [c for c, _ in codes(text, strict=True)] == [code]


def test_a_rule_that_is_true_of_every_new_key_is_worth_a_look() -> None:
    report = check(
        RULE.replace("> 20", "< 20")
        .replace("= 21", "= 1")
        .replace("silent = [{ orders_24h = 20", "silent = [{ orders_24h = 30"),
        FACTS,
    )
    assert report.ok
    assert [w.code for w in report.warnings] == ["true_at_first"]


def test_a_test_that_gives_a_fact_nobody_reads_is_worth_a_look() -> None:
    report = check(RULE.replace("orders_24h = 20 }", "orders_24h = 20, orders_1h = 3 }"), FACTS)
    assert report.ok
    assert [w.code for w in report.warnings] == ["unread_fact"]


def test_a_sentence_about_a_fact_nobody_reads_is_worth_a_look() -> None:
    report = check(RULE.replace("{orders_24h} orders", "{orders_24h} orders, {orders_1h} lately"), FACTS)
    assert report.ok
    assert [(w.code, w.line) for w in report.warnings] == [("unread_fact", 8)]


def test_a_text_that_is_no_set_gives_a_report_not_an_exception() -> None:
    report = check("[[", FACTS)
    assert report.rules is None
    assert not report.ok


def test_the_shipped_rules_pass_the_strict_check_without_a_word() -> None:
    report = check(SHIPPED.read_text("utf-8"), catalogue(), strict=True)
    assert report.problems == report.warnings == ()
    assert report.rules is not None
    assert len(report.rules.rules) >= 12
    assert {r.on for r in report.rules.rules} == {"merchant", "account", "buyer", "device"}


def test_no_shipped_rule_is_true_of_a_key_without_events() -> None:
    facts = catalogue()
    for rule in read(SHIPPED.read_text("utf-8"), facts).rules:
        assert on_empty_key(rule, facts[rule.on]) is not True, rule.code
