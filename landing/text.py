"""Columns of text, such as ids, in order and searched for repeats by their bytes: near linear where hashing is not.

Text compares by its UTF-8 bytes, as Arrow does. Eight bytes at a time are read as one number; sorting numbers costs a
fraction of comparing text, and of hash tables that no longer fit a cache.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64 = npt.NDArray[np.int64]
UInt64 = npt.NDArray[np.uint64]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_WIDTH = 8


class _Bytes:
    """The bytes of an array of text without missing values."""

    def __init__(self, column: pa.Array) -> None:
        if column.null_count:
            raise ValueError("text with missing values has no order by bytes")
        large = pa.types.is_large_string(column.type)
        if not large and not pa.types.is_string(column.type):
            raise ValueError(f"not a column of text: {column.type}")
        _, offsets, data = column.buffers()
        ends = np.frombuffer(offsets, np.int64 if large else np.int32)[column.offset : column.offset + len(column) + 1]
        first, last = int(ends[0]), int(ends[-1])
        held = np.zeros(last - first + _WIDTH, np.uint8)  # room to read past the last one
        if data is not None:
            held[: last - first] = np.frombuffer(data, np.uint8)[first:last]
        self.start = ends[:-1].astype(np.int64) - first
        self.length = np.diff(ends).astype(np.int64)
        self._numbers = np.ndarray(len(held) - _WIDTH + 1, ">u8", held, strides=(1,))

    def at(self, rows: Int64 | slice, place: int) -> UInt64:
        """Eight bytes of each row from ``place`` on as a number that sorts as they do; zeros past its end."""
        left = np.clip(self.length[rows] - place, 0, _WIDTH)
        read = self._numbers[np.minimum(self.start[rows] + place, len(self._numbers) - 1)].astype(np.uint64)
        kept = (np.uint64(_WIDTH) - left.astype(np.uint64)) * np.uint64(8)
        half = kept >> np.uint64(1)  # a shift by all 64 bits is not defined: two halves
        cleared = np.right_shift(np.right_shift(read, half), kept - half)
        return np.left_shift(np.left_shift(cleared, half), kept - half)


def text_order(column: pa.Array) -> Int64:
    """The positions of the values in ascending order of their bytes, equal ones as they stood.

    As ``pyarrow.compute.sort_indices``, for text without missing values.
    """
    text = _Bytes(column)
    if len(column) < 2:
        return np.arange(len(column))
    ends = pc.min_max(column).as_py()
    key = text.at(slice(None), _shared(ends["min"].encode(), ends["max"].encode()))
    order = np.argsort(key)  # ties are put in order below
    tied = _tied(key[order])
    if tied.any():
        # The tied ones, all sorted by text, fall into the places they hold together: text sorts as its first bytes.
        rows = np.sort(order[tied])
        order[tied] = rows[pc.sort_indices(column.take(pa.array(rows))).to_numpy()]
    return order


def _shared(least: bytes, greatest: bytes) -> int:
    """How many bytes all values begin with, which is how many the least and the greatest do."""
    pairs = zip(least, greatest, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(least), len(greatest)))


def maybe_repeated(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Where a value may occur more than once: everywhere it does, and hardly anywhere else."""
    text = _Bytes(column)
    hashed = text.length.astype(np.uint64) * _MIX
    rows: Int64 | slice = slice(None)
    place = 0
    while True:
        mixed = (hashed[rows] ^ text.at(rows, place)) * _MIX
        hashed[rows] = mixed ^ (mixed >> np.uint64(29))
        place += _WIDTH
        rows = np.flatnonzero(text.length > place)
        if len(rows) == 0:
            break
    order = np.argsort(hashed)
    repeated = np.zeros(len(order), np.bool_)
    repeated[order[_tied(hashed[order])]] = True
    return repeated


def _tied(ordered: UInt64) -> npt.NDArray[np.bool_]:
    """Which of ascending numbers have an equal neighbour."""
    tied = np.zeros(len(ordered), np.bool_)
    same = ordered[1:] == ordered[:-1]
    tied[1:] |= same
    tied[:-1] |= same
    return tied
