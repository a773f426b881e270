"""A condition says here what it says in DuckDB: the same truth, NULL included, on any row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.duckdb_text import duckdb_text
from policy.interpret import truth
from policy.language import ConditionError, parse
from tests.policy.conditions import CONDITIONS, FACTS, NAMES, ROWS

Row = Mapping[str, int | float | None]


_DUCKDB = duckdb.connect()


def told(texts: Sequence[str], rows: Sequence[Row]) -> list[tuple[bool | None, ...]]:
    """What DuckDB says of each row, a value for each text."""
    one = f"({', '.join('CAST(? AS DOUBLE)' for _ in NAMES)})"
    table = f"(VALUES {', '.join([one] * len(rows))}) AS t({', '.join(NAMES)})"
    query = f"SELECT {', '.join(texts)} FROM {table}"  # noqa: S608 - the texts are what is under test
    return _DUCKDB.execute(query, [row[name] for row in rows for name in NAMES]).fetchall()


def as_doubles(text: str) -> str:
    """The very text a person wrote, its literals made DOUBLE and nothing else changed: DuckDB's own parser reads it."""
    number = r"(?<![A-Za-z0-9_.])((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    return re.sub(number, lambda m: m[1] if "e" in m[1].lower() else f"{m[1]}e0", text)


@settings(max_examples=25)
@given(st.lists(CONDITIONS, min_size=5, max_size=25), st.lists(ROWS, min_size=1, max_size=8))
def test_a_condition_holds_here_where_it_holds_in_duckdb(texts: list[str], rows: list[Row]) -> None:
    taken = []
    for text in texts:
        try:
            taken.append(parse(text, FACTS))
        except ConditionError as why:
            assert why.code in ("too_long", "large_number", "too_deep", "too_large", "no_fact"), (text, why)
    here = [tuple(truth(condition.tree, row) for condition in taken) for row in rows]
    if taken:
        assert here == told([duckdb_text(condition.tree) for condition in taken], rows), [c.text for c in taken]
    as_written = [i for i, c in enumerate(taken) if "/" not in c.text]  # there DuckDB gives infinities, we NULL
    if as_written:
        theirs = told([as_doubles(taken[i].text) for i in as_written], rows)
        assert [tuple(row[i] for i in as_written) for row in here] == theirs, [taken[i].text for i in as_written]


@settings(max_examples=50)
@given(CONDITIONS)
def test_the_canonical_text_is_the_same_condition(text: str) -> None:
    try:
        condition = parse(text, FACTS)
    except ConditionError:
        return
    again = parse(condition.canonical, FACTS) if len(condition.canonical) <= 500 else condition
    assert again.tree == condition.tree
    assert again.canonical == condition.canonical


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("a > 1", {"a": None}, None),
        ("a / b > 1", {"a": 5, "b": 0}, None),
        ("a / (b / c) > 1", {"a": 5, "b": 0, "c": 2}, None),
        ("(a / b) / (c / b) IS NULL", {"a": 5, "b": 0, "c": 0}, True),
        ("a > 1 OR b > 1", {"a": None, "b": 2}, True),
        ("a > 1 AND b > 1", {"a": None, "b": 0}, False),
        ("NOT a > 1", {"a": None}, None),
        ("a IN (1, NULL)", {"a": 2}, None),
        ("a IN (1, NULL)", {"a": 1}, True),
        ("a NOT IN (1, NULL)", {"a": 2}, None),
        ("a NOT BETWEEN 1 AND NULL", {"a": 0}, True),
        ("GREATEST(a, b) = 2", {"a": None, "b": 2}, True),
        ("GREATEST(a, b) IS NULL", {"a": None, "b": None}, True),
        ("LEAST(a, b, 9) = 2", {"a": None, "b": 2}, True),
        ("CASE WHEN a > 1 THEN 5 END IS NULL", {"a": None}, True),
        ("NULLIF(a, 0) IS NULL", {"a": 0}, True),
        ("(a > 1) IS NULL", {"a": None}, True),
        ("a > 1 IS NOT TRUE", {"a": None}, True),
        ("1 - a - b = 0", {"a": 0.5, "b": 0.5}, True),
        ("8 / a / b = 2", {"a": 2, "b": 2}, True),
        ("0.1 + 0.2 = 0.3", {}, False),
        ("- a < 0 AND a * -1 <-1", {"a": 2}, True),
        ("NOT a = 1 AND b = 1", {"a": 2, "b": 1}, True),
    ],
)
def test_null_and_precedence_are_those_of_sql(text: str, row: Row, expected: bool | None) -> None:
    text = text if any(n in text for n in NAMES) else f"{text} AND (a IS NULL OR TRUE)"
    assert truth(parse(text, FACTS).tree, {**dict.fromkeys(NAMES), **row}) is expected


def test_the_comparison_with_duckdb_can_fail() -> None:
    row: Row = {**dict.fromkeys(NAMES), "a": 1, "b": 0}
    assert told(["a / b > 1"], [row]) != [(truth(parse("a / b > 1", FACTS).tree, row),)]
