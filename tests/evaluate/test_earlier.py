"""What the preparation scripts tell of earlier rows equals a plain loop and knows nothing later."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.public.btc_otc import fairness_and_goodness
from benchmarks.public.earlier import earlier, next_of_same, partners_so_far

WINDOWS = (2, 9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_counts_means_and_gaps_of_earlier_rows_equal_a_plain_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 40
    keys, time, value = rng.integers(0, 5, n), np.sort(rng.integers(0, 30, n)), rng.normal(size=n)
    found, names = earlier(keys, time, value, WINDOWS)
    for i in range(n):
        past = [j for j in range(i) if keys[j] == keys[i]]
        told = dict(zip(names, found[i], strict=True))
        assert told["count"] == len(past)
        for w in WINDOWS:
            near = [value[j] for j in past if time[i] - time[j] <= w]
            assert told[f"{w}_count"] == len(near)
            np.testing.assert_allclose(told[f"{w}_mean"], np.mean(near) if near else np.nan, atol=1e-9)
        if not past:
            assert np.isnan(told["mean"])
            continue
        seen = value[past]
        expected = [seen.mean(), seen.std(), seen.max(), time[i] - time[past[-1]], time[i] - time[past[0]]]
        np.testing.assert_allclose([told[k] for k in ("mean", "std", "max", "gap", "age")], expected, atol=1e-6)


def test_a_later_row_changes_nothing_before_it() -> None:
    rng = np.random.default_rng(0)
    keys, time, value = rng.integers(0, 3, 30), np.arange(30), rng.normal(size=30)
    before, _ = earlier(keys, time, value, WINDOWS)
    value[20] += 100
    after, _ = earlier(keys, time, value, WINDOWS)
    own = [i for i in range(30) if i < 20]
    np.testing.assert_array_equal(before[own], after[own])
    assert not np.array_equal(np.nan_to_num(before), np.nan_to_num(after))


def test_partners_are_counted_when_met_and_edges_go_to_the_next_of_the_same() -> None:
    keys = np.array([0, 0, 1, 0, 0])
    new = np.array([True, False, True, True, False])
    assert partners_so_far(keys, new, 2).tolist() == [0, 1, 0, 1, 2]
    src, dst = next_of_same(keys, 2)
    assert sorted(zip(src.tolist(), dst.tolist(), strict=True)) == [(0, 1), (0, 3), (1, 3), (1, 4), (3, 4)]


def test_goodness_is_high_for_those_whom_all_rate_high_and_raters_who_disagree_are_unfair() -> None:
    src = np.array([0, 1, 2, 3, 0, 1, 2, 3])
    dst = np.array([4, 4, 4, 4, 5, 5, 5, 5])
    weight = np.array([1, 1, 1, -1, -1, -1, -1, 1.0])
    fairness, goodness = fairness_and_goodness(src, dst, weight, 6)
    assert goodness[4] > 0.4 > -0.4 > goodness[5]
    assert fairness[3] < fairness[0]
