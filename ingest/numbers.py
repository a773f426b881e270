"""Numbers out of text, exactly: whole numbers, money in minor units, finite decimals. Nothing is rounded or guessed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.faults import Faults, Mask
from ingest.text import mask_of, null_where

_DECIMAL = r"^(?P<sign>[+-]?)(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]+))?$"
_FLOAT = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$"
_LARGEST = pa.scalar(2**63 - 1, pa.decimal128(38, 0))


def scaled(
    values: pa.Array, decimals: npt.NDArray[np.int64] | int, column: str, faults: Faults, excess: str = "decimals"
) -> pa.Array:
    """Decimal text times ten to the ``decimals`` (one number, or one a row; negative: unknown), as int64.

    Notes ``number`` where the text is no plain decimal, ``excess`` where it has digits beyond ``decimals`` (zeros do
    not count) and ``overflow`` beyond 64 bits.
    """
    found = pc.extract_regex(values, _DECIMAL)
    given = mask_of(pc.is_valid(values))
    plain = mask_of(pc.is_valid(found))
    faults.note(given & ~plain, column, "number")
    whole = pc.ascii_ltrim(pc.struct_field(found, "whole"), characters="0")
    part = pc.ascii_rtrim(pc.struct_field(found, "part"), characters="0")
    places = np.full(len(values), decimals, dtype=np.int64) if isinstance(decimals, int) else decimals
    used = pc.fill_null(pc.binary_length(part), 0).to_numpy(zero_copy_only=False)
    too_fine = plain & (places >= 0) & (used > places)
    faults.note(too_fine, column, excess)
    too_long = mask_of(pc.greater(pc.binary_length(whole), 19))
    faults.note(too_long, column, "overflow")
    usable = plain & ~too_fine & ~too_long & (places >= 0)
    digits = pa.nulls(len(values), pa.string())
    for n in np.unique(places[usable]).tolist():
        padded = pc.utf8_rpad(part, width=n, padding="0")
        text = pc.binary_join_element_wise(
            pc.replace_substring(pc.struct_field(found, "sign"), "+", ""), "0", whole, padded, ""
        )
        digits = pc.if_else(pa.array(usable & (places == n)), text, digits)
    return _to_int64(digits, column, faults)


def _to_int64(digits: pa.Array, column: str, faults: Faults) -> pa.Array:
    longest = pc.max(pc.binary_length(digits)).as_py() or 0
    if longest <= 18:
        return digits.cast(pa.int64())
    wide = digits.cast(pa.decimal128(38, 0))
    over: Mask = mask_of(pc.greater(pc.abs(wide), _LARGEST))
    faults.note(over, column, "overflow")
    return null_where(wide, over).cast(pa.int64())


def integers(values: pa.Array, column: str, faults: Faults) -> pa.Array:
    """Whole numbers as int64; ``5.0`` is the whole number 5, ``5.5`` is refused."""
    return scaled(values, 0, column, faults, excess="integer")


def decimals(values: pa.Array, column: str, faults: Faults) -> pa.Array:
    """Finite numbers as doubles (the nearest to the text); NaN, infinities and what overflows a double are refused."""
    plain = mask_of(pc.match_substring_regex(values, _FLOAT))
    faults.note(mask_of(pc.is_valid(values)) & ~plain, column, "number")
    numbers = pc.ascii_ltrim(null_where(values, ~plain), characters="+").cast(pa.float64())
    infinite = mask_of(pc.is_inf(numbers))
    faults.note(infinite, column, "overflow")
    return null_where(numbers, infinite)
