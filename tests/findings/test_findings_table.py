"""Findings written to a table come back exactly as they were, or are refused."""

from __future__ import annotations

import math
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.findings.finding import KINDS, EdgeRef, Finding, Member
from graph.findings.table import FINDINGS, findings_from_table, findings_to_table

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
int64 = st.integers(-(2**63), 2**63 - 1)
number = st.one_of(int64, st.floats(allow_nan=False, allow_infinity=False), text)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), number),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(text, inner, max_size=3)),
    max_leaves=6,
)
findings = st.builds(
    Finding,
    kind=st.sampled_from(KINDS),
    id=text,
    score=st.floats(0, 1),
    members=st.lists(st.builds(Member, text, text, text), max_size=4).map(tuple),
    edges=st.lists(st.builds(EdgeRef, text, text, text, text, st.none() | int64, st.none() | int64), max_size=4).map(
        tuple
    ),
    numbers=st.dictionaries(text, number, max_size=4),
    first_ts=st.none() | int64,
    last_ts=st.none() | int64,
    text_en=text,
    text_zh=text,
    complete=st.booleans(),
    truncated_why=st.none() | text,
    evidence=st.dictionaries(text, json_values, max_size=3),
)

PLAIN = Finding("fund_loop", "fund-loop-1", 0.5, (), (), {}, None, None, "a loop", "环")


@settings(deadline=None, max_examples=25)
@given(st.lists(findings, max_size=4))
def test_what_was_written_is_what_is_read(some: list[Finding]) -> None:
    back = findings_from_table(findings_to_table(some))
    assert back == some
    for a, b in zip(back, some, strict=True):
        assert [type(v) for v in a.numbers.values()] == [type(v) for v in b.numbers.values()]


def test_an_empty_table_keeps_its_columns() -> None:
    table = findings_to_table([])
    assert table.schema.equals(FINDINGS) and findings_from_table(table) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        replace(PLAIN, numbers={"share": math.nan}),
        replace(PLAIN, numbers={"share": math.inf}),
        replace(PLAIN, evidence={"pairs": (1, 2)}),
        replace(PLAIN, evidence={"when": {1: "a key that is a number"}}),
        replace(PLAIN, evidence={"set": {1}}),
    ],
)
def test_a_value_that_would_not_come_back_is_refused_with_the_finding_named(spoilt: Finding) -> None:
    with pytest.raises(ValueError, match=r"finding fund-loop-1: (numbers|evidence)"):
        findings_to_table([spoilt])


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="it lacks kind"):
        findings_from_table(pa.table({"id": ["x"]}))
    odd = findings_to_table([PLAIN]).set_column(0, "kind", pa.array(["no_such_kind"]))
    with pytest.raises(ValueError, match="no_such_kind"):
        findings_from_table(odd)
