"""Published amounts are doubles with more digits than money has: they are rounded once, here, half to even."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

_CENT = Decimal("0.01")
_LONGEST = 40  # characters; a longer text is no amount and is left for the intake to refuse


def to_cents(amounts: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Amounts as text with at most two decimals, rounded half to even on the exact decimal text.

    Text that is no finite number stays as it is, so that the intake refuses it by line and column.
    """
    flat = amounts.combine_chunks() if isinstance(amounts, pa.ChunkedArray) else amounts
    short = pc.fill_null(pc.match_substring_regex(flat, r"^-?[0-9]{1,18}(\.[0-9]{1,2})?$"), True)
    if pc.all(short).as_py() in (True, None):
        return flat
    long = pc.invert(short)
    rounded = pa.array([_cents(t) for t in flat.filter(long).to_pylist()], pa.string())
    return pc.replace_with_mask(flat, long, rounded)


def _cents(text: str) -> str:
    if len(text) > _LONGEST:
        return text
    try:
        exact = Decimal(text)
        return format(exact.quantize(_CENT, rounding=ROUND_HALF_EVEN), "f") if exact.is_finite() else text
    except InvalidOperation:
        return text
