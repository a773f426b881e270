"""Sums over groups: many rows with a group number each, one result per group.

Group numbers lie in 0..n-1. Values that are NaN count as absent. A group without rows has count 0, total 0 and a mean
or share that is not known (NaN).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.snapshot import Float64, Int32, Int64

Bool = npt.NDArray[np.bool_]
Keys = Int32 | Int64


def count(keys: Keys, n: int) -> Float64:
    """Rows per group."""
    return np.asarray(np.bincount(keys, minlength=n), np.float64)


def total(keys: Keys, values: Float64, n: int) -> Float64:
    """Sum per group."""
    sums = np.bincount(keys, weights=np.where(np.isnan(values), 0.0, values), minlength=n)
    return sums.astype(np.float64)


def mean(keys: Keys, values: Float64, n: int) -> Float64:
    """Mean per group of the values that are known."""
    known = ~np.isnan(values)
    return ratio(total(keys[known], values[known], n), count(keys[known], n))


def share(keys: Keys, flags: Bool, n: int) -> Float64:
    """Share of rows per group that are flagged."""
    return ratio(count(keys[flags], n), count(keys, n))


def variation(keys: Keys, values: Float64, n: int) -> Float64:
    """Standard deviation over mean per group; not known below three values or at a mean of zero."""
    known = ~np.isnan(values)
    k, v = keys[known], values[known]
    centre = mean(k, v, n)
    spread = np.sqrt(mean(k, (v - centre[k]) ** 2, n))
    return np.where(count(k, n) >= 3, ratio(spread, np.abs(centre)), np.nan)


def least(keys: Keys, values: Int64, n: int) -> Float64:
    """Smallest value per group; NaN for a group without rows."""
    out = np.full(n, np.inf)
    np.minimum.at(out, keys, values.astype(np.float64))
    return np.where(np.isinf(out), np.nan, out)


def most(keys: Keys, values: Int64, n: int) -> Float64:
    """Greatest value per group; NaN for a group without rows."""
    return -least(keys, -values, n)


def most_of(keys: Keys, values: Float64, n: int) -> Float64:
    """Greatest of the values, none NaN, per group; NaN for a group without rows."""
    out = np.full(n, -np.inf)
    np.maximum.at(out, keys, values)
    return np.where(np.isinf(out), np.nan, out)


def ratio(part: Float64, whole: Float64) -> Float64:
    """part / whole; not known where the whole is zero or not known."""
    out = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=out, where=(whole != 0) & ~np.isnan(whole))
    return out


def pairs(first: Keys, second: Keys) -> tuple[Int64, Int64, Int64]:
    """Distinct pairs, sorted: first, second and how many rows each has. Both are numbers from 0 up."""
    names, first = _narrow(first, second)
    width = int(second.max(initial=0)) + 1
    keys, counts = np.unique(first.astype(np.int64) * width + second, return_counts=True)
    return _named(names, keys // width), keys % width, counts


def pair_totals(first: Keys, second: Keys, values: Float64) -> tuple[Int64, Int64, Float64]:
    """Distinct pairs, sorted, and the sum of values over the rows of each."""
    names, first = _narrow(first, second)
    width = int(second.max(initial=0)) + 1
    keys, place = np.unique(first.astype(np.int64) * width + second, return_inverse=True)
    return _named(names, keys // width), keys % width, total(place, values, len(keys))


def _narrow(first: Keys, second: Keys) -> tuple[Int64 | None, Keys]:
    """Number the firsts anew when a pair would not fit 63 bits; gives the old numbers by the new."""
    if int(first.max(initial=0)) < 2**62 // (int(second.max(initial=0)) + 1):
        return None, first
    return np.unique(first, return_inverse=True)


def _named(names: Int64 | None, numbers: Int64) -> Int64:
    return numbers if names is None else names[numbers]


def distinct(first: Keys, second: Keys, n: int) -> Float64:
    """How many different seconds each first has."""
    return count(pairs(first, second)[0], n)


def top_share(keys: Keys, amounts: Float64 | Int64, n: int, k: int = 1) -> Float64:
    """Share of each group's sum that its k greatest amounts make up."""
    order = np.lexsort((-amounts, keys))
    sorted_keys = keys[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_keys, sorted_keys)
    head = order[rank < k]
    values = amounts.astype(np.float64)
    return ratio(total(keys[head], values[head], n), total(keys, values, n))


def expand(ptr: Int64, nodes: Keys) -> tuple[Int64, Int64]:
    """All positions in the slices ptr[i]:ptr[i+1] of the given nodes.

    Returns (row, position): row says which entry of ``nodes`` a position came from.
    """
    starts, lengths = ptr[nodes], ptr[nodes.astype(np.int64) + 1] - ptr[nodes]
    rows = np.repeat(np.arange(len(nodes)), lengths)
    offsets = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return rows, starts[rows] + offsets


def contains(keys: Int64, among: Int64) -> Bool:
    """Which keys are found among others."""
    return np.isin(keys, among)
