"""DuckDB is asked about every rule that is to be published, on rows out to do harm."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flow.facts import catalogue
from policy import second_opinion
from policy.check import check
from policy.duckdb_text import duckdb_text
from policy.language import ConditionError, parse
from policy.publish import SHIPPED
from policy.rule_fields import RuleTests
from policy.ruleset import Rule, read
from policy.second_opinion import disagreements, hostile_rows
from tests.policy import conditions
from tests.policy.sets import FACTS, RULE

QUOTIENT = RULE.replace("orders_24h > 20", "refunds_24h / orders_24h > 0.5").replace("{ orders_24h = 20 }", "{}")
QUOTIENT = QUOTIENT.replace("{ orders_24h = 21 }", "{ refunds_24h = 3, orders_24h = 5 }")


def test_nobody_disagrees_about_the_shipped_rules() -> None:
    facts = catalogue()
    assert disagreements(read(SHIPPED.read_text("utf-8"), facts).rules, facts) == {}


def test_rows_have_nulls_extremes_and_the_neighbours_of_limits() -> None:
    (rule,) = read(RULE.replace("orders_24h > 20", "orders_24h > 20 OR refund_rate_24h > 0.5"), FACTS).rules
    rows = hostile_rows(rule, FACTS["merchant"])
    assert rows == hostile_rows(rule, FACTS["merchant"])
    assert {row["refund_rate_24h"] for row in rows} >= {None, 0, 0.5, 0.5 * (1 + 2**-52), 10**25}
    assert {row["orders_24h"] for row in rows} >= {0, 19, 20, 21}
    assert all(isinstance(row["orders_24h"], int) for row in rows)  # counts are whole and never NULL


def test_a_disagreement_is_told_and_keeps_a_set_from_being_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without the NULL of x / 0, DuckDB has an infinity there."""
    written = duckdb_text
    monkeypatch.setattr(second_opinion, "duckdb_text", lambda tree: written(tree).replace("NULLIF", "COALESCE"))
    report = check(QUOTIENT, FACTS, strict=True)
    assert [(p.code, p.line) for p in report.problems] == [("disputed", 4)]
    monkeypatch.undo()
    assert check(QUOTIENT, FACTS, strict=True).ok


@settings(max_examples=6)
@given(st.lists(conditions.CONDITIONS, min_size=3, max_size=10))
def test_nobody_disagrees_about_any_rule(texts: list[str]) -> None:
    rules: list[Rule] = []
    for text in texts:
        try:
            when = parse(text, conditions.FACTS)
        except ConditionError:
            continue
        rules.append(Rule(f"R{len(rules)}", "k", when, "low", "active", 0, "", "", "", RuleTests()))
    assert disagreements(rules, {"k": conditions.FACTS}) == {}
