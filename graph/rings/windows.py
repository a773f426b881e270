"""The densest window of a list of times."""

from __future__ import annotations

import math

from numba import njit

from graph.rings.tails import poisson_tail
from graph.snapshot import Int64

_LOOKS = 4.0  # effective independent places a window of a given length can lie, per its own length
_MIN_ORDERS = 8


@njit(cache=True, nogil=True)
def densest_window(times: Int64, low: int, high: int, windows: Int64, span: float) -> tuple[float, int, int]:
    """The window with the least likely number of times, as (-log10 p, start, length), among several lengths.

    ``times[low:high]`` ascend. p: a Poisson tail against the rate outside the window, paid for by the places it could
    have lain (a scan statistic's first term). 0 where no window holds twice its part.
    """
    best, start, length = 0.0, 0, 0
    n = high - low
    for q in range(len(windows)):
        part = windows[q] / span
        if part >= 0.5:
            continue
        left, most, at = low, 0, 0
        for i in range(low, high):
            while times[i] - times[left] > windows[q]:
                left += 1
            if i - left + 1 > most:
                most, at = i - left + 1, times[left]
        if most < _MIN_ORDERS or most < 2 * part * n:
            continue
        score = poisson_tail(most, part * (n - most) / (1 - part) + 1e-9) - math.log10(_LOOKS / part)
        if score > best:
            best, start, length = score, at, windows[q]
    return best, start, length
