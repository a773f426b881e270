"""Asking for memory some rows before it is needed: with a million keys every block is far away."""

from __future__ import annotations

import numpy as np
from numba import njit

from flow.window.layout import (
    ACCOUNT,
    ADDRESS,
    BUYER,
    DEVICE,
    EQUAL,
    MERCHANT,
    NAMED,
    OTHER,
    PAYEE,
    SLOT_KIND,
    SLOTS,
    Bool,
    Int32,
    Int64,
)
from flow.window.machine import prefetch
from flow.window.tables import home_of

ROWS_IN, ROWS_OUT = 3, 4
"""Rows ahead, coming and going."""
_LINE = 64
_COLUMN = (BUYER - MERCHANT, DEVICE - MERCHANT, ADDRESS - MERCHANT, OTHER - MERCHANT, 0)
"""Where a row names each attribute, counted from MERCHANT."""


@njit(forceinline=True, _nrt=False)
def ask_leaving(halves: Int32, row: int, window: int, kept: Bool, spans: Int32, cells_at: int) -> None:
    """The headers of a row's keys and their cells of a window. ``spans`` [kind, window, 2]: its lines, from and to."""
    for slot in range(SLOTS):
        kind = SLOT_KIND[slot]
        handle = np.int64(halves[row, MERCHANT + slot])
        if handle and kept[kind, window]:
            prefetch(cells_at + handle * _LINE)
            for line in range(spans[kind, window, 0], spans[kind, window, 1]):
                prefetch(cells_at + (handle + line) * _LINE)


@njit(forceinline=True, _nrt=False)
def ask_entering(
    given: Int32, i: int, amount: int, keeps: Bool, lines: Int64, values: Int64, cells_at: int, values_at: int
) -> None:
    """The blocks of an event's keys, and where its values are in the table."""
    for slot in range(SLOTS):
        handle = np.int64(given[i, slot])
        if not handle:
            continue
        kind = SLOT_KIND[slot]
        for line in range(lines[kind]):
            prefetch(cells_at + (handle + line) * _LINE)
        for attribute in range(NAMED):
            if keeps[kind, attribute]:
                column = _COLUMN[attribute]
                if slot == PAYEE - MERCHANT and column == OTHER - MERCHANT:
                    column = ACCOUNT - MERCHANT
                value = np.int64(given[i, column])
                prefetch(values_at + 8 * home_of(values, handle, attribute, value))
        if keeps[kind, EQUAL]:
            prefetch(values_at + 8 * home_of(values, handle, EQUAL, amount))
