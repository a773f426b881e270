"""Local times that happened twice, when the clocks went back: read as the first of the two."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.zones import to_utc

_NAIVE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}$"


def first_of_two(times: pa.ChunkedArray | pa.Array, zone: str) -> pa.Array:
    """The times, with the offset of the first added where the zone's clock showed them twice; others unchanged.

    Looks at naive ISO times to the second; what is of another form is left for the intake to judge.
    """
    flat = times.combine_chunks() if isinstance(times, pa.ChunkedArray) else times
    naive = pc.fill_null(pc.match_substring_regex(flat, _NAIVE), False)
    local = pc.strptime(pc.replace_substring(flat.filter(naive), "T", " "), "%Y-%m-%d %H:%M:%S", "us", True)
    readable = pc.is_valid(local).to_numpy(zero_copy_only=False)
    clock = pc.fill_null(local.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    utc, twice, _ = to_utc(clock, zone)
    twice &= readable
    if not twice.any():
        return flat
    at = np.flatnonzero(naive.to_numpy(zero_copy_only=False))[twice]
    ahead = (clock - utc)[twice] // 60_000_000
    settled = flat.to_pylist()
    for row, minutes in zip(at.tolist(), ahead.tolist(), strict=True):
        hours, rest = divmod(abs(minutes), 60)
        settled[row] = f"{settled[row].replace(' ', 'T')}.000{'+' if minutes >= 0 else '-'}{hours:02d}:{rest:02d}"
    return pa.array(settled, pa.string())
