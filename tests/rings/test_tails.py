"""Tails and the Benjamini-Hochberg rule against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from graph.rings.tails import benjamini_hochberg, binomial_tail, poisson_tail


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 3_000), st.floats(1e-6, 500))
def test_the_poisson_tail_is_that_of_scipy(k: int, mean: float) -> None:
    wanted = -stats.poisson.logsf(k - 1, mean) / math.log(10)
    if math.isfinite(wanted):
        assert poisson_tail(k, mean) == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    else:  # beyond what scipy can hold
        assert poisson_tail(k, mean) > 300


def test_an_impossible_count_is_beyond_doubt_and_none_is_no_surprise() -> None:
    assert poisson_tail(1, 0.0) == 300 and poisson_tail(0, 0.0) == 0


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(0, 40), st.floats(0.01, 0.6))
def test_the_binomial_tail_is_that_of_scipy(n: int, k: int, p: float) -> None:
    k = min(n, k)
    wanted = min(30.0, -math.log10(max(float(stats.binom.sf(k - 1, n, p)), 1e-30)))
    assert binomial_tail(n, k, p) == pytest.approx(wanted, rel=1e-5, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 12), max_size=30), st.sampled_from([0.01, 0.05, 0.2]))
def test_benjamini_hochberg_rejects_up_to_the_last_p_under_its_line(evidence: list[float], alpha: float) -> None:
    ranked = np.array(sorted(evidence, reverse=True))
    n = len(ranked)
    under = [i + 1 for i in range(n) if ranked[i] >= -math.log10(alpha * (i + 1) / n)]
    assert benjamini_hochberg(ranked, alpha) == max(under, default=0)


def test_benjamini_hochberg_lets_a_weak_one_through_only_in_strong_company() -> None:
    weak = 1.4
    assert benjamini_hochberg(np.array([weak, 0.0, 0.0, 0.0]), 0.05) == 0
    assert benjamini_hochberg(np.array([9.0, 9.0, 9.0, weak]), 0.05) == 4
