"""Times and days out of text: ISO 8601 or epoch numbers -> epoch milliseconds UTC."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.faults import Faults, Mask
from ingest.numbers import scaled
from ingest.text import mask_of, null_where
from ingest.zones import to_utc

TimeUnit = Literal["iso", "s", "ms", "us"]

EARLIEST = 631_152_000_000
"""1990-01-01T00:00:00Z, the earliest time taken."""
LATEST = 4_102_444_800_000
"""2100-01-01T00:00:00Z, the latest time taken."""

# The months are spelled out so that what passes is a day of the calendar, but for 29 February (looked at apart).
_DAY = (
    r"[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|[12][0-9]))"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_OFFSET = r"(?:Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?)"
_MOMENT = f"^{_DAY}(?:[T ]{_CLOCK}{_OFFSET}?)?$"
_ZONED = f"{_OFFSET}$"


def _not_leap(values: pa.Array) -> Mask:
    """Rows that name the 29th of February in a year without one."""
    february = mask_of(pc.equal(pc.utf8_slice_codeunits(values, 5, 10), "02-29"))
    if not february.any():
        return february
    year = null_where(pc.utf8_slice_codeunits(values, 0, 4), ~february).cast(pa.int64())
    y = pc.fill_null(year, 2000).to_numpy(zero_copy_only=False)
    return february & ~((y % 4 == 0) & ((y % 100 != 0) | (y % 400 == 0)))


def _of_form(values: pa.Array, form: str, column: str, faults: Faults) -> pa.Array:
    fits = mask_of(pc.match_substring_regex(values, form))
    wrong = mask_of(pc.is_valid(values)) & ~fits
    wrong |= _not_leap(null_where(values, ~fits))
    faults.note(wrong, column, "time")
    return null_where(values, wrong)


def _microseconds(values: pa.Array, type_: pa.DataType) -> pa.Array:
    return values.cast(type_).cast(pa.int64())


def _local(values: pa.Array, zone: str, column: str, faults: Faults, strict: bool) -> pa.Array:
    local = _microseconds(values, pa.timestamp("us"))
    given = mask_of(pc.is_valid(local))
    utc, twice, never = to_utc(pc.fill_null(local, 0).to_numpy(zero_copy_only=False), zone)
    if strict:
        faults.note(given & twice, column, "time_ambiguous")
        faults.note(given & never, column, "time_nonexistent")
        given &= ~(twice | never)
    return pa.array(utc, mask=~given)


def times(values: pa.Array, zone: str, unit: TimeUnit, column: str, faults: Faults) -> pa.Array:
    """Moments as int64 epoch milliseconds; naive ones are of ``zone``. Digits below the millisecond are cut off."""
    if unit != "iso":
        return _epoch(values, unit, column, faults)
    values = _of_form(values, _MOMENT, column, faults)
    if mask_of(pc.greater(pc.binary_length(values), 26)).any():  # up to nine decimals: Arrow's microseconds take six
        values = pc.replace_substring_regex(values, r"(\.[0-9]{6})[0-9]+", r"\1")
    zoned = mask_of(pc.and_(pc.greater(pc.binary_length(values), 10), pc.match_substring_regex(values, _ZONED)))
    naive = mask_of(pc.is_valid(values)) & ~zoned
    if not naive.any():
        micro = _microseconds(values, pa.timestamp("us", "UTC"))
    elif not zoned.any():
        micro = _local(values, zone, column, faults, strict=True)
    else:
        micro = pc.coalesce(
            _microseconds(null_where(values, ~zoned), pa.timestamp("us", "UTC")),
            _local(null_where(values, ~naive), zone, column, faults, strict=True),
        )
    return _floor_to_ms(micro)


def _epoch(values: pa.Array, unit: TimeUnit, column: str, faults: Faults) -> pa.Array:
    own = Faults(len(values))
    numbers = scaled(values, 6 if unit == "s" else 0, column, own)
    faults.note(own.bad, column, "time")
    return numbers if unit == "ms" else _floor_to_ms(numbers)


def _floor_to_ms(micro: pa.Array) -> pa.Array:
    valid = mask_of(pc.is_valid(micro))
    return pa.array(np.floor_divide(pc.fill_null(micro, 0).to_numpy(zero_copy_only=False), 1000), mask=~valid)


def days(values: pa.Array, zone: str, column: str, faults: Faults) -> pa.Array:
    """Days (2025-01-31) as the epoch milliseconds of their first moment in ``zone``."""
    values = _of_form(values, f"^{_DAY}$", column, faults)
    return _floor_to_ms(_local(values, zone, column, faults, strict=False))
