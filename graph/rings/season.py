"""Time that runs as fast as honest trade does, so that a season or a sale of the whole market is no burst."""

from __future__ import annotations

import numpy as np
from numba import njit

from graph.rings.incidence import Incidence
from graph.snapshot import Float64, Int32, Int64

_DAY = 86_400
_MIN_ORDERS = 8  # a shop with fewer has no shape
_EVEN = 0.2  # part of the clock that ticks evenly


def market_seconds(inc: Incidence) -> Int64:
    """``order_ts`` read on a clock that ticks with the market: as many seconds in all, more of them on busy days.

    How busy a day is: the mean over shops of the share of their orders that falls on it, one vote a shop, so that a
    ring or a large shop cannot set the clock. A fifth of the clock ticks evenly.
    """
    if inc.n_orders == 0:
        return inc.order_ts
    days = int(inc.span_s // _DAY) + 1
    votes = _votes(inc.order_ptr, inc.order_ts, days)
    length = np.full(days, _DAY, np.float64)
    length[-1] = max(inc.span_s - (days - 1) * _DAY, 1.0)
    even = length / length.sum()
    share = even if votes.sum() == 0 else (1 - _EVEN) * votes / votes.sum() + _EVEN * even
    ticks = np.r_[0.0, np.cumsum(share)] * inc.span_s
    day = (inc.order_ts // _DAY).astype(np.int32)
    return _read(inc.order_ts, day, ticks, length)


@njit(cache=True, nogil=True)
def _votes(order_ptr: Int64, order_ts: Int64, days: int) -> Float64:
    votes = np.zeros(days, np.float64)
    for s in range(len(order_ptr) - 1):
        n = order_ptr[s + 1] - order_ptr[s]
        if n < _MIN_ORDERS:
            continue
        for x in range(order_ptr[s], order_ptr[s + 1]):
            votes[order_ts[x] // _DAY] += 1.0 / n
    return votes


@njit(cache=True, nogil=True)
def _read(order_ts: Int64, day: Int32, ticks: Float64, length: Float64) -> Int64:
    out = np.empty(len(order_ts), np.int64)
    for x in range(len(order_ts)):
        d = day[x]
        into = (order_ts[x] - d * _DAY) / length[d]
        out[x] = int(ticks[d] + into * (ticks[d + 1] - ticks[d]))
    return out
