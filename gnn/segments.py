"""Kernels over CSR rows: what a node's neighbours have, brought together. No torch, no state.

A row's neighbours are ``nbr[ptr[i]:ptr[i + 1]]``. Every row is summed by one thread in the order of its neighbours, so
the numbers do not depend on how many threads there are. Values are float32; sums are kept in float32, as torch does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit, prange

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float32 = npt.NDArray[np.float32]


def _mean_rows(ptr: Int64, nbr: Int32, x: Float32, out: Float32) -> None:
    width = x.shape[1]
    for i in prange(len(ptr) - 1):
        first, end = ptr[i], ptr[i + 1]
        for k in range(width):
            out[i, k] = 0
        for e in range(first, end):
            j = nbr[e]
            for k in range(width):
                out[i, k] += x[j, k]
        if end - first > 1:
            share = np.float32(1.0) / np.float32(end - first)
            for k in range(width):
                out[i, k] *= share


def _weighted_rows(ptr: Int64, nbr: Int32, weight: Float32, x: Float32, out: Float32) -> None:
    width = x.shape[1]
    for i in prange(len(ptr) - 1):
        for k in range(width):
            out[i, k] = 0
        for e in range(ptr[i], ptr[i + 1]):
            j = nbr[e]
            w = weight[j]
            for k in range(width):
                out[i, k] += w * x[j, k]


def _max_rows(ptr: Int64, nbr: Int32, x: Float32, out: Float32) -> None:
    width = x.shape[1]
    for i in prange(len(ptr) - 1):
        first, end = ptr[i], ptr[i + 1]
        for k in range(width):
            out[i, k] = x[nbr[first], k] if end > first else np.nan
        for e in range(first + 1, end):
            j = nbr[e]
            for k in range(width):
                v = x[j, k]
                if v > out[i, k] or np.isnan(out[i, k]):
                    out[i, k] = v


mean_rows = njit(cache=True, parallel=True)(_mean_rows)
"""out[i] = mean of x over i's neighbours, 0 where it has none; on all cores."""

weighted_rows = njit(cache=True, parallel=True)(_weighted_rows)
"""out[i] = sum of weight[j] * x[j] over i's neighbours j; on all cores."""

max_rows = njit(cache=True, parallel=True)(_max_rows)
"""out[i] = greatest of x over i's neighbours, missing values left out; NaN where there are none; on all cores."""

mean_rows_alone = njit(cache=True)(_mean_rows)
"""``mean_rows`` on the calling thread: for a service, where threads of requests must not wait for one pool."""


@njit(cache=True)
def grouped(key: Int32, value: Int32, rows: int) -> tuple[Int64, Int32]:
    """Values put by their key, kept in order inside it: the row pointers and the values. Counting sort."""
    ptr = np.zeros(rows + 1, np.int64)
    for k in key:
        ptr[k + 1] += 1
    for i in range(rows):
        ptr[i + 1] += ptr[i]
    at = ptr[:-1].copy()
    out = np.empty(len(value), np.int32)
    for e in range(len(key)):
        out[at[key[e]]] = value[e]
        at[key[e]] += 1
    return ptr, out
