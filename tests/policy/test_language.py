"""What the language takes and what it refuses, with place, code and reason."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policy.interpret import value
from policy.language import ConditionError, parse
from policy.lexer import MAX_LENGTH
from policy.nodes import ALLOWED
from tests.policy.conditions import FACTS, NUMBERS, Plain


def refusal(text: str) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        parse(text, FACTS)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "orders_24h > 3 * a AND refund_rate_7d > 0.2",
        "orders_24h >= 3 * b",
        "a IS NOT NULL and not (b is null)",
        "a BETWEEN 1 AND 2 AND b NOT BETWEEN 3 AND 4",
        "a IN (1, 2) OR b NOT IN (3)",
        "CASE WHEN a > 1 THEN b ELSE c END > COALESCE(a, 0)",
        "abs(a - b) < .5 or nullif(a, 0) = 1e3",
        "GREATEST(a, b, c) > LEAST(a, b)",
        "(a > 1) IS TRUE AND (b > 1) IS NOT FALSE OR (c > 1) IS NULL",
        "a <-1 and b>=-1 and c=+1 and a*-1<>2 and a != 1 and b == 2",
        "a\n  > 1\r\n\tAND b > 2",
    ],
)
def test_conditions_over_facts_are_taken(text: str) -> None:
    tree = parse(text, FACTS).tree
    assert {type(node) for node in tree.walk()} <= set(ALLOWED)


REFUSED = [
    ("", "empty", 0),
    ("  \n ", "empty", 0),
    ("order_24h > 1", "unknown_fact", 0),
    ("a > 1 AND nosuch > 1", "unknown_fact", 10),
    ("A > 1", "unknown_fact", 0),
    ("abs > 1", "unknown_fact", 0),
    ("a", "wrong_type", 0),
    ("a + 1", "wrong_type", 0),
    ("NOT a", "wrong_type", 4),
    ("NULL", "wrong_type", 0),
    ("a AND b > 1", "wrong_type", 0),
    ("a > (b > 1)", "wrong_type", 5),
    ("(a > 1) = (b > 1)", "wrong_type", 1),
    ("a < b < 1", "wrong_type", 0),
    ("a IS TRUE", "wrong_type", 0),
    ("CASE WHEN a > 1 THEN b > 1 END > 0", "wrong_type", 21),
    ("COALESCE(a, b > 1) > 0", "wrong_type", 12),
    ("a > 'x'", "text", 4),
    ("a > 'it''s", "text", 4),
    ('"a" > 1', "quoted_name", 0),
    ("`a` > 1", "quoted_name", 0),
    ("t.a > 1", "qualified_name", 0),
    ("t . a > 1", "qualified_name", 0),
    ("a.5 > 1", "qualified_name", 0),
    ("a IN (SELECT 1)", "subquery", 6),
    ("(SELECT a) > 1", "subquery", 1),
    ("EXISTS (a)", "subquery", 0),
    ("a > ALL (1)", "subquery", 4),
    ("count(*) > 1", "function", 0),
    ("random() > a", "function", 0),
    ("if(a > 1, 2, 3) > 1", "function", 0),
    ("read_text (a) > 1", "function", 0),
    ("a LIKE 1", "like", 2),
    ("a ILIKE 1", "like", 2),
    ("a SIMILAR TO 1", "regex", 2),
    ("a ~ 1", "regex", 2),
    ("a::int > 1", "cast", 1),
    ("CAST(a AS INT) > 1", "cast", 0),
    ("TRY_CAST(a AS INT) > 1", "cast", 0),
    ("a > :x", "parameter", 4),
    ("a > ?", "parameter", 4),
    ("a > $1", "parameter", 4),
    ("@a > 1", "parameter", 0),
    ("a > 1 -- why", "comment", 6),
    ("a /* why */ > 1", "comment", 2),
    ("a > --1", "comment", 4),
    ("#1 > a", "comment", 0),
    ("a > 1; b > 1", "several_statements", 5),
    ("a > 1;", "several_statements", 5),
    ("a > 1 b", "not_allowed", 6),
    ("a > 1 AS b", "not_allowed", 6),
    ("a % 2 > 1", "not_allowed", 2),
    ("a // 2 > 1", "not_allowed", 2),
    ("a ** 2 > 1", "not_allowed", 2),
    ("a -> b", "not_allowed", 2),
    ("a <=> b", "not_allowed", 2),
    ("a || b", "not_allowed", 2),
    ("a[1] > 1", "not_allowed", 1),
    ("a IS DISTINCT FROM b", "not_allowed", 5),
    ("a BETWEEN SYMMETRIC 1 AND 2", "not_allowed", 10),
    ("CASE a WHEN 1 THEN 2 END > 1", "not_allowed", 5),
    ("a IN ()", "not_allowed", 0),
    ("a IN ((1, 2))", "not_allowed", 7),
    ("* > a", "not_allowed", 0),
    ("nan > a", "not_allowed", 0),
    ("a > 1 AND", "unreadable", 6),
    ("a > 1 AND AND b > 1", "unreadable", 10),
    ("> a", "unreadable", 2),
    ("abs(a, b) > 1", "unreadable", 8),
    ("a > 0x1F", "bad_number", 4),
    ("a > 1_000", "bad_number", 4),
    ("a > 12abc", "bad_number", 4),
    ("a > 1e", "bad_number", 4),
    ("a > 1.2.3", "bad_number", 4),
    ("a > 1e400", "large_number", 4),
    ("a > 1e-400", "large_number", 4),
    (f"a > {'9' * 400}", "large_number", 4),
    ("a" + "*a" * 20 + " > 1", "large_number", 0),
    ("1 / (a - b)" + " / (a - b)" * 20 + " > 1", "large_number", 0),
    ("1 > 0", "no_fact", 0),
    ("TRUE", "no_fact", 0),
    ("(a > 1", "unbalanced", 0),
    ("a > 1)", "unbalanced", 5),
    ("CASE WHEN a > 1 THEN 1", "unbalanced", 0),
    ("a > 1 END", "unbalanced", 6),
    ("а > 1", "not_ascii", 0),
    ("ａ > 1", "not_ascii", 0),
    ("a > １", "not_ascii", 4),
    ("a > 1\u00a0", "not_ascii", 5),
    ("a\u200b > 1", "not_ascii", 1),
    ("a > 1\x00", "not_allowed", 5),
]


@pytest.mark.parametrize(("text", "code", "offset"), REFUSED)
def test_everything_else_is_refused_with_code_and_place(text: str, code: str, offset: int) -> None:
    why = refusal(text)
    assert (why.code, why.offset) == (code, offset)
    assert why.reason


EXTREMES = st.sampled_from([None, 0.0, 1e-15, 1.0, 1.0 + 2**-52, 1 / 3, 1e15, 10**25, float(10**25)])


@given(NUMBERS, st.fixed_dictionaries(dict.fromkeys(FACTS, EXTREMES)))
@example("a - b", {"a": 1.0 + 2**-52, "b": 1.0})
@example(f"a{' * a' * 10}", {"a": 10**25})
@example(f"1 / (a - b){' / (a - b)' * 8}", {"a": 1.0 + 2**-52, "b": 1.0})
def test_whatever_facts_say_every_number_stays_within_the_doubles(text: str, row: dict[str, float | None]) -> None:
    try:
        condition = parse(f"{text} > a", FACTS)
    except ConditionError:
        return
    number = value(condition.tree.this, row)
    assert number is None or number == 0 or 1e-290 <= abs(number) <= 1e290


def test_the_place_is_told_by_line_and_column() -> None:
    why = refusal("a > 1\n  AND nosuch > 2")
    assert (why.line, why.column) == (2, 7)
    assert str(why).startswith("line 2, column 7: there is no fact 'nosuch'")


def test_an_unknown_fact_names_its_nearest() -> None:
    assert refusal("order_24 > 1").nearest == ("orders_24h",)


def test_a_look_alike_letter_is_called_by_its_name() -> None:
    assert "CYRILLIC SMALL LETTER A" in refusal("а > 1").reason


def test_a_condition_may_have_500_characters_and_no_more() -> None:
    just = f"a > 1{' ' * (MAX_LENGTH - 5)}"
    assert parse(just, FACTS).facts == ("a",)
    assert refusal(just + " ").code == "too_long"


BOMBS = {
    "brackets": "(" * 240 + "a>1" + ")" * 240,
    "open brackets": "(" * 500,
    "functions": "abs(" * 60 + "a" + ")" * 60 + ">1",
    "NOT": "NOT " * 120 + "a>1",
    "signs": "a>" + "- " * 200 + "1",
    "CASE": "CASE WHEN a>1 THEN " * 21 + "1" + " END" * 21 + ">1",
    "chain": "a>" + "+".join("1" for _ in range(200)),
    "GREATEST": "a>" + "GREATEST(" * 15 + "a" + ",b,c)" * 15,
    "IS NULL": "a>1" + " IS NULL" * 50,
}


@pytest.mark.parametrize("name", BOMBS)
def test_deep_nesting_is_refused(name: str) -> None:
    assert refusal(BOMBS[name]).code in ("too_deep", "too_large")


def test_facts_are_told_in_the_order_they_appear() -> None:
    assert parse("c > b AND a > c", FACTS).facts == ("c", "b", "a")


def test_layout_and_capitals_of_keywords_do_not_count() -> None:
    one, two = parse("a>1 and not(b<>2)", FACTS), parse("a > 1\n AND NOT ( b != 2 )", FACTS)
    assert one.canonical == two.canonical == "a > 1 AND NOT ( b != 2 )"
    assert one.tree == two.tree


@given(st.text(max_size=60) | st.text(alphabet="ab(),.;'\"*+-/<>=!1 0eNOTANDORINIS\n", max_size=80))
@example("\ud800")
@example("a > 1e999999999999")
def test_any_text_is_taken_or_refused_never_a_crash(text: str) -> None:
    try:
        parse(text, FACTS)
    except ConditionError as why:
        assert 0 <= why.offset <= len(text)


WORDS = ["a", "b", "1", "0.5", "(", ")", ",", "AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "BETWEEN", "CASE", "WHEN"]
WORDS += ["THEN", "ELSE", "END", "<", ">", "=", "+", "-", "*", "/", "COALESCE", "ABS", "GREATEST", "NULLIF"]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_any_order_of_allowed_words_is_taken_or_refused(text: str) -> None:
    try:
        tree = parse(text, FACTS).tree
    except ConditionError:
        return
    assert {type(node) for node in tree.walk()} <= set(ALLOWED)


def test_a_fact_of_the_vocabulary_is_known_whatever_its_type() -> None:
    assert parse("sum_1h > 1", {"sum_1h": Plain("integer", nullable=False)}).facts == ("sum_1h",)
