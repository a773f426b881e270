"""Columns of text from numbers, without a loop over rows: ids, times, days, money."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.world.calendar import ZONE
from ingest.world.chance import Bool, Int
from ingest.world.spec import DAY

_SECONDS = pa.array([f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}+08:00" for s in range(86_400)])
_DAYS = pa.array(np.datetime_as_string(np.arange(0, 36_500).astype("datetime64[D]")))  # 1970 to 2069


def coded(prefix: str, numbers: Int, digits: int, where: Bool | None = None) -> pa.Array:
    """``prefix`` and zero-padded numbers; empty where ``where`` is False."""
    text = pc.utf8_lpad(pc.cast(pa.array(np.asarray(numbers, np.int64)), pa.string()), digits, "0")
    return blank(pc.binary_join_element_wise(pa.scalar(prefix), text, ""), where)


def blank(text: pa.Array, where: Bool | None) -> pa.Array:
    """The text where True, nothing where False."""
    return text if where is None else pc.if_else(pa.array(where), text, pa.scalar(None, pa.string()))


def times(ts: Int, where: Bool | None = None) -> pa.Array:
    """ISO 8601 at +08:00, whole seconds; empty where ``where`` is False."""
    local = np.asarray(ts, np.int64) + ZONE
    if where is not None:
        local = np.where(where, local, 0)
    text = pc.binary_join_element_wise(
        _DAYS.take(pa.array(local // DAY)), _SECONDS.take(pa.array(local % DAY // 1000)), ""
    )
    return blank(text, where)


def days(ts: Int) -> pa.Array:
    """The day at +08:00 as YYYY-MM-DD."""
    return _DAYS.take(pa.array((np.asarray(ts, np.int64) + ZONE) // DAY))


def money(cents: Int, where: Bool | None = None) -> pa.Array:
    """Minor units as a decimal number with two places."""
    cents = np.asarray(cents, np.int64)
    size = np.abs(cents)
    whole = pc.cast(pa.array(size // 100), pa.string())
    rest = pc.utf8_lpad(pc.cast(pa.array(size % 100), pa.string()), 2, "0")
    sign = pc.if_else(pa.array(cents < 0), "-", "")
    return blank(pc.binary_join_element_wise(sign, pc.binary_join_element_wise(whole, rest, "."), ""), where)


def words(values: Sequence[str | None], codes: Int) -> pa.Array:
    """The value each code stands for; code -1 and the value None are empty."""
    codes = np.asarray(codes, np.int64)
    return pa.array([*values, None], pa.string()).take(pa.array(np.where(codes < 0, len(values), codes)))


def numbers(values: Int, where: Bool | None = None) -> pa.Array:
    """Whole numbers as text."""
    return blank(pc.cast(pa.array(np.asarray(values, np.int64)), pa.string()), where)


def picked(text: pa.Array, rows: Int) -> pa.Array:
    """Rows of a text column by number; empty where the number is negative."""
    rows = np.asarray(rows, np.int64)
    return text.take(pa.array(rows, mask=rows < 0))
