"""Orders placed as a clock ticks: how many gaps between one order and the next are the same."""

from __future__ import annotations

import numpy as np

from graph.snapshot import Int32, Int64

MIN_GAPS = 12
NEAR = 0.05  # gaps within a twentieth of the median are the same; by chance (exponential gaps) that holds for 3.5 %
TICKS = 20  # a gap must be this many ticks of the source's clock, or gaps are the same for being coarse
LONGEST_S = 86_400  # what lies further apart was not one run of work


def even_gap_share(shop: Int32, ts: Int64, tick_ms: int) -> float | None:
    """Largest share, over shops, of the gaps between orders of one shop that are the same; times in ms, ascending.

    None where no shop has ``MIN_GAPS`` gaps, or they are too short for the clock to tell.
    """
    best = None
    for s in np.unique(shop):
        gaps = np.diff(ts[shop == s])
        gaps = gaps[(gaps > 0) & (gaps <= LONGEST_S * 1000)]
        if len(gaps) < MIN_GAPS:
            continue
        middle = float(np.median(gaps))
        if middle >= TICKS * tick_ms:
            best = max(best or 0.0, float((np.abs(gaps - middle) <= NEAR * middle).mean()))
    return best


def clock_tick(ts: Int64) -> int:
    """The finest step that all times (ms) are multiples of, counted from the first; at least 1."""
    for some in (ts[:4096], ts):  # mostly a few tell already
        tick = int(np.gcd.reduce(some - some[0])) if len(some) else 1
        if tick == 1:
            break
    return max(1, tick)
