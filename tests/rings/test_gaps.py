"""Orders at equal gaps are told from orders that come as they come."""

from __future__ import annotations

import numpy as np

from graph.rings.gaps import MIN_GAPS, clock_tick, even_gap_share

MINUTE = 60_000


def at_shop(ts: list[int]) -> float | None:
    times = np.array(ts, np.int64)
    return even_gap_share(np.zeros(len(ts), np.int32), times, clock_tick(times))


def test_a_script_that_waits_as_long_every_time_stands_out() -> None:
    rng = np.random.default_rng(0)
    ticking = np.arange(40) * 11 * MINUTE + rng.integers(0, 9_999, 40)
    assert (at_shop(ticking.tolist()) or 0.0) > 0.9


def test_people_who_come_when_they_come_do_not() -> None:
    rng = np.random.default_rng(1)
    shares = [at_shop(np.cumsum(rng.exponential(11 * MINUTE, 200)).astype(np.int64).tolist()) or 0.0 for _ in range(20)]
    assert max(shares) < 0.15 and 0.02 < float(np.mean(shares)) < 0.06


def test_a_coarse_clock_and_a_handful_of_orders_say_nothing() -> None:
    rng = np.random.default_rng(2)
    whole_minutes = (np.cumsum(rng.exponential(3, 100)).astype(np.int64) * MINUTE).tolist()
    assert at_shop(whole_minutes) is None
    assert at_shop([i * 11 * MINUTE + i % 7 for i in range(MIN_GAPS)]) is None


def test_gaps_are_those_of_one_shop() -> None:
    ts = np.arange(40, dtype=np.int64) * 11 * MINUTE + 1
    shop = np.array([i % 2 for i in range(40)], np.int32)
    uneven = ts + np.where(shop == 1, np.random.default_rng(3).integers(0, 600_000, 40), 0)
    assert even_gap_share(shop, np.sort(uneven), 1) is not None
    assert even_gap_share(np.arange(40, dtype=np.int32), ts, 1) is None
