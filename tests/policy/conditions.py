"""Conditions drawn at random, as text, and rows of facts for them. For tests of everything that reads conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st


@dataclass(frozen=True)
class Plain:
    """A fact's type."""

    type: Literal["integer", "number"] = "number"
    nullable: bool = True


FACTS = {name: Plain() for name in ("a", "b", "c", "orders_24h", "refund_rate_7d")}
NAMES = tuple(FACTS)

_LITERALS = st.sampled_from(["0", "1", "2", "3", "0.1", "0.5", "7", "1e3", "2.5E-3", "1e15", "1e-15", ".25", "30."])
VALUES = st.none() | st.sampled_from([0, 1, 2, 3, 7, 0.1, 0.25, 0.5, 1000, 10**18, 2**53 + 1]) | st.floats(0, 1e9)
ROWS = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    condition = st.deferred(lambda: CONDITIONS_INSIDE)
    return st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        st.builds("(-{})".format, inner),
        st.builds("ABS({})".format, inner),
        st.builds("COALESCE({}, {})".format, inner, inner),
        st.builds("nullif({}, {})".format, inner, inner),
        st.builds("GREATEST({}, {}, {})".format, inner, inner, inner),
        st.builds("least({}, {})".format, inner, inner),
        st.builds("CASE WHEN {} THEN {} ELSE {} END".format, condition, inner, inner),
        st.builds("CASE WHEN {} THEN {} END".format, condition, inner),
    )


NUMBERS = st.recursive(st.sampled_from([*NAMES, "NULL"]) | _LITERALS, _numbers, max_leaves=5)
SIMPLE = st.builds("{} {} {}".format, st.sampled_from(NAMES), st.sampled_from(["<", ">="]), _LITERALS)
CONDITIONS_INSIDE = SIMPLE | st.builds("{} AND {}".format, SIMPLE, SIMPLE) | st.builds("NOT {}".format, SIMPLE)

_BASE = st.one_of(
    st.builds("{} {} {}".format, NUMBERS, st.sampled_from(["<", "<=", "=", "<>", "!=", "==", ">", ">="]), NUMBERS),
    st.builds("{} BETWEEN {} AND {}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} NOT BETWEEN {} AND {}".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} IN ({}, {})".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} NOT IN ({}, {})".format, NUMBERS, NUMBERS, NUMBERS),
    st.builds("{} IS NULL".format, NUMBERS),
    st.builds("{} IS NOT NULL".format, NUMBERS),
    st.sampled_from(["TRUE", "false"]),
)


def _joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} AND {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("NOT {}".format, inner),
        st.builds("({})".format, inner),
        st.builds("({}) IS TRUE".format, inner),
        st.builds("({}) IS NOT FALSE".format, inner),
        st.builds("({}) IS NULL".format, inner),
        st.builds("{} IS NOT TRUE".format, inner),
    )


CONDITIONS = st.recursive(_BASE, _joined, max_leaves=4)
"""Conditions as a person might write them: few brackets, so precedence counts. Some are refused, as too long or with
numbers too large."""
