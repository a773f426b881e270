"""What came before each row of a table in time order, by key: counts, amounts, gaps. Never the row itself or later.

Rows must be in the order of their time; a row's own values are added only after the row was described.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ALL_TIME = ("count", "mean", "std", "max", "minus_mean", "in_stds", "gap", "step", "age")
LONGEST_WALK = 2000
"""Rows looked back through in a window at most."""


def earlier(keys: Ints, time: Ints, value: Floats, windows: Sequence[int]) -> tuple[Floats, list[str]]:
    """Rows x columns: over all earlier rows of the same key ALL_TIME, then count and mean of value in each window.

    ``gap``: time since the last; ``step``: own value minus the last; ``age``: time since the first.
    """
    found = _earlier(keys, time, value, np.asarray(windows, np.int64), int(keys.max()) + 1)
    return found, [*ALL_TIME, *(f"{w}_{what}" for w in windows for what in ("count", "mean"))]


@njit(cache=True)
def _earlier(keys: Ints, time: Ints, value: Floats, windows: Ints, n: int) -> Floats:
    count, total, square = np.zeros(n), np.zeros(n), np.zeros(n)
    most = np.full(n, -np.inf)
    first, last = np.full(n, -1), np.full(n, -1)
    previous = np.full(len(keys), -1)
    out = np.full((len(keys), 9 + 2 * len(windows)), np.nan)
    for i in range(len(keys)):
        k, v = keys[i], value[i]
        previous[i] = last[k]
        out[i, 0] = count[k]
        if count[k] > 0:
            mean = total[k] / count[k]
            spread = np.sqrt(max(square[k] / count[k] - mean * mean, 0.0))
            before = last[k]
            out[i, 1], out[i, 2], out[i, 3] = mean, spread, most[k]
            out[i, 4], out[i, 5] = v - mean, (v - mean) / (spread + 0.1)
            out[i, 6], out[i, 7], out[i, 8] = time[i] - time[before], v - value[before], time[i] - time[first[k]]
        for w in range(len(windows)):
            j, seen, held = last[k], 0, 0.0
            while j >= 0 and time[i] - time[j] <= windows[w] and seen < LONGEST_WALK:
                seen += 1
                held += value[j]
                j = previous[j]
            out[i, 9 + 2 * w] = seen
            if seen:
                out[i, 10 + 2 * w] = held / seen
        if first[k] < 0:
            first[k] = i
        last[k] = i
        count[k] += 1
        total[k] += v
        square[k] += v * v
        most[k] = max(most[k], v)
    return out


@njit(cache=True)
def partners_so_far(keys: Ints, new_pair: npt.NDArray[np.bool_], n: int) -> Floats:
    """How many different partners the row's key had before it. ``new_pair``: where key and partner meet first."""
    met, out = np.zeros(n), np.zeros(len(keys))
    for i in range(len(keys)):
        out[i] = met[keys[i]]
        met[keys[i]] += new_pair[i]
    return out


def next_of_same(keys: Ints, steps: int) -> tuple[Ints, Ints]:
    """Edges from each row to the next ``steps`` rows of the same key: sources, targets."""
    order = np.argsort(keys, kind="stable")
    src, dst = [], []
    for step in range(1, steps + 1):
        same = keys[order[step:]] == keys[order[:-step]]
        src.append(order[:-step][same])
        dst.append(order[step:][same])
    return np.concatenate(src), np.concatenate(dst)
