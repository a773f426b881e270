"""Tail probabilities as -log10 p, and the Benjamini-Hochberg rule on them."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from graph.snapshot import Float64


@njit(cache=True, nogil=True)
def poisson_tail(k: int, mean: float) -> float:
    """-log10 of P(Poisson(mean) >= k); 300 where a mean of zero makes it impossible."""
    if k <= 0:
        return 0.0
    if mean <= 0:
        return 300.0
    if k <= mean:  # the tail is large: one minus the sum below it
        term = math.exp(-mean) if mean < 700 else 0.0
        below = 0.0
        for i in range(k):
            below += term
            term *= mean / (i + 1)
        return -math.log10(1.0 - below) if below < 1.0 - 1e-12 else 12.0
    log_first = k * math.log(mean) - mean - math.lgamma(k + 1.0)
    ratio, term, i = 1.0, 1.0, k + 1
    while term > 1e-12 * ratio and i < k + 4000:
        term *= mean / i
        ratio += term
        i += 1
    return max(0.0, -(log_first + math.log(ratio)) / math.log(10.0))


@njit(cache=True, nogil=True)
def binomial_tail(n: int, k: int, p: float) -> float:
    """-log10 of P(Binomial(n, p) >= k), 0 < p < 1, at most 30."""
    if k <= 0:
        return 0.0
    term = (1.0 - p) ** n
    tail = 0.0
    for i in range(n + 1):
        if i >= k:
            tail += term
        term *= (n - i) / (i + 1.0) * p / (1.0 - p)
    return -math.log10(max(tail, 1e-30))


@njit(cache=True, nogil=True)
def benjamini_hochberg(ranked: Float64, alpha: float) -> int:
    """How many of the hypotheses are rejected; ``ranked``: -log10 p, largest first.

    Benjamini & Hochberg 1995: the largest i with p(i) <= alpha * i / n.
    """
    n, cut = len(ranked), 0
    for i in range(n):
        if ranked[i] >= -math.log10(alpha * (i + 1) / n):
            cut = i + 1
    return cut


def poisson_tail_of(k: int, mean: float) -> float:
    """``poisson_tail`` for callers outside compiled code."""
    return float(poisson_tail(int(k), float(np.float64(mean))))
