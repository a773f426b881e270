"""Local times of a zone to UTC, all at once, telling apart the hours that happened twice and those that never did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.faults import Mask

_FIRST = datetime(1989, 1, 1, tzinfo=UTC)
_LAST = datetime(2102, 1, 1, tzinfo=UTC)
_US = 1_000_000


@lru_cache(maxsize=64)
def _changes(zone: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Moments (epoch s) from which an offset (s) holds, 1989 to 2102; found by halving days whose ends differ."""
    place = ZoneInfo(zone)

    def offset(at: int) -> int:
        shift = datetime.fromtimestamp(at, place).utcoffset() or timedelta()
        return int(shift.total_seconds())

    start, stop, day = int(_FIRST.timestamp()), int(_LAST.timestamp()), 86_400
    moments, offsets = [start], [offset(start)]
    for at in range(start, stop, day):
        if offset(at + day) == offsets[-1]:
            continue
        low, high = at, at + day
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(middle) != offsets[-1] else (middle, high)
        moments.append(high)
        offsets.append(offset(high))
    return np.array(moments, dtype=np.int64), np.array(offsets, dtype=np.int64)


def to_utc(local_us: npt.NDArray[np.int64], zone: str) -> tuple[npt.NDArray[np.int64], Mask, Mask]:
    """Microseconds of the local clock (as if UTC) -> (microseconds UTC, happened twice, never was).

    Of a time that happened twice the earlier moment is given; a time that never was is moved past the gap.
    """
    moments, offsets = _changes(zone)
    local_s = local_us // _US
    # A period of one offset covers the local clock from its moment + its offset to the next moment + its offset.
    begins, ends = moments + offsets, np.append(moments[1:] + offsets[:-1], np.iinfo(np.int64).max)
    latest = np.clip(np.searchsorted(begins, local_s, side="right") - 1, 0, None)  # the last that had begun
    before = np.clip(latest - 1, 0, None)
    twice = (latest > 0) & (local_s < ends[before])
    never = local_s >= ends[latest]
    used = np.where(twice, before, latest)
    return local_us - offsets[used] * _US, twice, never
