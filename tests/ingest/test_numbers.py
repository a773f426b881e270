"""Numbers come out of text exactly or not at all."""

from __future__ import annotations

from decimal import Context, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.currencies import DECIMALS
from ingest.faults import Faults
from ingest.numbers import decimals, integers, scaled


def _money(texts: list[str | None], places: list[int]) -> tuple[list[int | None], dict[int, str]]:
    faults = Faults(len(texts))
    values = scaled(pa.array(texts, pa.string()), np.array(places, dtype=np.int64), "amount", faults)
    return values.to_pylist(), {int(r): code for rows, _, code in faults.notes for r in rows}


EXACT = Context(prec=100)
"""More digits than any cell here has: the default context would round the twin's own arithmetic to 28."""


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=-(10**21), max_value=10**21, allow_nan=False, places=None).map(lambda d: f"{d:f}"),
            st.sampled_from([0, 2, 3, 4]),
        ),
        max_size=30,
    )
)
def test_money_equals_decimal_arithmetic(cells: list[tuple[str, int]]) -> None:
    values, codes = _money([t for t, _ in cells], [p for _, p in cells])
    for i, (text, places) in enumerate(cells):
        exact = Decimal(text).scaleb(places, EXACT)
        if exact != exact.to_integral_value():
            assert codes[i] == "decimals"
        elif abs(exact) > 2**63 - 1:
            assert codes[i] == "overflow"
        else:
            assert i not in codes
            assert values[i] == int(exact)


@pytest.mark.parametrize(
    ("text", "places", "minor"),
    [
        ("129", 2, 12900),
        ("129.5", 2, 12950),
        ("+1.10", 2, 110),
        ("-0.01", 2, -1),
        ("007", 2, 700),
        ("1.500", 2, 150),
        ("0", 0, 0),
        ("00000000000000000000000001", 2, 100),
        ("92233720368547758.07", 2, 2**63 - 1),
        ("1.2345", 4, 12345),
        ("1000.0", 0, 1000),
    ],
)
def test_money_in_minor_units(text: str, places: int, minor: int) -> None:
    assert _money([text], [places]) == ([minor], {})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.234", "decimals"),
        ("92233720368547758.08", "overflow"),
        ("9" * 400, "overflow"),
        *[
            (t, "number")
            for t in ("1e3", "1e400", "NaN", "inf", "-inf", "1,234.50", "1_000", "0x1F", "12 ", ".5", "5.", "")
        ],
        *[(t, "number") for t in ("--1", "+-1", "1.2.3", "١٢", "¥5")],
    ],
)
def test_what_is_not_exactly_money_is_refused(text: str, code: str) -> None:
    assert _money([text], [2]) == ([None], {0: code})


def test_rows_of_several_currencies_keep_their_own_minor_units() -> None:
    places = [DECIMALS[c] for c in ("CNY", "JPY", "KWD", "CLF")]
    assert _money(["1.5", "15", "1.555", "1.5555"], places) == ([150, 15, 1555, 15555], {})
    assert _money(["1.5", None], [-1, 2]) == ([None, None], {})  # an unknown currency is told at its own column


def test_whole_numbers() -> None:
    faults = Faults(5)
    values = integers(pa.array(["5", "5.0", "5.5", "9223372036854775808", "-3"]), "n", faults)
    assert values.to_pylist() == [5, 5, None, None, -3]
    assert [(r.tolist(), c) for r, _, c in faults.notes] == [([2], "integer"), ([3], "overflow")]


def test_decimals_are_finite() -> None:
    faults = Faults(8)
    values = decimals(pa.array(["0.6", "1e-3", "+2", "1e400", "nan", "inf", "-0", None]), "x", faults)
    assert values.to_pylist() == [0.6, 0.001, 2.0, None, None, None, -0.0, None]
    assert [(r.tolist(), c) for r, _, c in faults.notes] == [([4, 5], "number"), ([3], "overflow")]
