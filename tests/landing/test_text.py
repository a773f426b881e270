"""Text in order of its bytes, and repeats found: equal to Arrow's sort and to counting."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landing.text import maybe_repeated, text_order

TEXTS = st.lists(
    st.one_of(st.text(max_size=24), st.sampled_from(["", "a", "aa", "a\0", "ä", "O00000001", "O000000010", "x" * 40])),
    max_size=40,
)
TYPES = st.sampled_from([pa.string(), pa.large_string()])


@given(TEXTS, TYPES, st.integers(0, 3), st.sampled_from(["", "Orders:0000", "é"]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_the_order_is_that_of_arrow(texts: list[str], type_: pa.DataType, begin: int, before: str) -> None:
    column = pa.array([before + t for t in texts], type_)[begin:]
    assert text_order(column).tolist() == pc.sort_indices(column).to_pylist()


@given(TEXTS, TYPES, st.integers(0, 3))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_repeat_is_found_and_little_else(texts: list[str], type_: pa.DataType, begin: int) -> None:
    column = pa.array(texts, type_)[begin:]
    counts = Counter(texts[begin:])
    assert maybe_repeated(column).tolist() == [counts[t] > 1 for t in texts[begin:]]


def test_a_hundred_thousand_ids_of_many_lengths() -> None:
    rng = np.random.default_rng(4)
    ids = [f"O{n}" for n in rng.integers(0, 10**9, 100_000)] + ["O5"] * 3
    column = pa.array(ids)
    assert text_order(column).tolist() == pc.sort_indices(column).to_pylist()
    counts = Counter(ids)
    assert [ids[i] for i in np.flatnonzero(maybe_repeated(column))] == [t for t in ids if counts[t] > 1]


def test_missing_values_and_numbers_are_refused() -> None:
    for column in (pa.array(["a", None]), pa.array([1, 2])):
        with pytest.raises(ValueError, match="text"):
            text_order(column)
