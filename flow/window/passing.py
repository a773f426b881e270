"""What one event does to one window of one key when it enters and when it leaves: everything but plain counters.

::

    log        ... r1 ---- r2 ---- r3 ---- r4 ...        one key's rows, oldest left
    NEXT           r1->r2  r2->r3  r3->r4                gaps between neighbours
    LATER          r1 has it if r2.. has its buyer       a value leaves with the last row that has it
    stack          amounts 9 5 3 (falling)               the largest of every window is on it: one pointer a window

Nothing is looked up when an event leaves: what it must know was written on its row by those that came after it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from flow.window.layout import (
    ABOVE,
    ACCOUNT,
    AMOUNT,
    BUYER,
    CLASS,
    CURRENCY,
    EQUAL,
    GAP,
    HOUR_SHIFT,
    HOURS,
    LAST_BUT_ONE,
    LATER,
    MAX,
    MERCHANT,
    NAMED,
    NEXT,
    NEXT_EQUAL,
    NIGHT,
    ONE,
    ORDER,
    OTHER,
    PAYEE,
    PEAK,
    TOP5,
    TRANSFER_IN,
    TRANSFER_OUT,
    TS,
    WINDOWS,
    Int32,
    Int64,
)
from flow.window.tables import bump, name_of, slot_of, value_of

_LOW = (1 << 32) - 1
_BUYER_KIND = 1
_NIGHT_ENDS = 6


@njit(forceinline=True, _nrt=False)
def add(
    adds: Int32, adds_at: Int32, cells: Int64,
    base: int, kind: int, window: int, event: int, hour: int, amount: int, currency: int, by: int,
) -> None:  # fmt: skip
    """Plain counters of a window: plus (``by`` 1) or minus (-1) an event of a class."""
    for i in range(adds_at[kind, window, event, 0], adds_at[kind, window, event, 1]):
        at = base + adds[i, 0]
        what = adds[i, 1]
        if what == ONE:
            cells[at] += by
        elif what == NIGHT:
            if hour < _NIGHT_ENDS:
                cells[at] += by
        elif adds[i, 2] == currency and amount >= 0:
            cells[at] += by
            cells[at + 1] += by * (amount >> 32)
            cells[at + 2] += by * (amount & _LOW)


@njit(forceinline=True, _nrt=False)
def frequent(halves: Int32, row: int, kind: int, event: int) -> int:
    """The value that a key's five most frequent are counted by: an order's buyer (of a buyer: merchant), the other end
    of an account's transfer; 0 for none."""
    found = np.int32(0)
    if event == ORDER:
        found = halves[row, MERCHANT if kind == _BUYER_KIND else BUYER]
    elif event == TRANSFER_OUT:
        found = halves[row, OTHER]
    elif event == TRANSFER_IN:
        found = halves[row, ACCOUNT]
    return int(found)


@njit(_nrt=False)
def one_more(names: Int64, counts: Int32, cells: Int64, at: int, group: int, key: int, value: int, run: Int64) -> None:
    """A value occurs once more. ``at``: sum of the five largest counts, sum of all, the fifth largest count (0 with
    fewer values), how many values have more than that."""
    count = bump(names, counts, name_of(group, key, value, 0), 1, run)
    if count > 1:
        bump(names, counts, name_of(group, key, count - 1, 1), -1, run)
    bump(names, counts, name_of(group, key, count, 1), 1, run)
    cells[at + 1] += 1
    fifth = cells[at + 2]
    if count > fifth:
        cells[at] += 1
    if count == fifth + 1:
        cells[at + 3] += 1
        if cells[at + 3] == 5:
            as_many = bump(names, counts, name_of(group, key, fifth + 1, 1), 0, run)
            cells[at + 2] += 1
            cells[at + 3] -= as_many


@njit(_nrt=False)
def one_less(names: Int64, counts: Int32, cells: Int64, at: int, group: int, key: int, value: int, run: Int64) -> None:
    """A value occurs once less; see one_more."""
    count = bump(names, counts, name_of(group, key, value, 0), -1, run) + 1
    as_many = bump(names, counts, name_of(group, key, count, 1), -1, run)
    if count > 1:
        bump(names, counts, name_of(group, key, count - 1, 1), 1, run)
    cells[at + 1] -= 1
    fifth = cells[at + 2]
    if count > fifth:
        cells[at] -= 1
        if count == fifth + 1:
            cells[at + 3] -= 1
    elif count == fifth and cells[at + 3] + as_many < 5:
        cells[at] -= 1
        cells[at + 2] -= 1
        cells[at + 3] = 4


@njit(forceinline=True, _nrt=False)
def leave(
    other: Int32, pointer_at: Int32, words: Int64, halves: Int32, pointers: Int32, cells: Int64,
    names: Int64, counts: Int32, run: Int64, kind: int, window: int, slot: int, row: int, pointer: int,
) -> None:  # fmt: skip
    """A row leaves a window: all that is not a plain counter."""
    mask = len(words) - 1
    handle = np.int64(halves[row, MERCHANT + slot])
    base = handle * 8
    later = halves[row, LATER] >> (slot * NAMED)
    for attribute in range(NAMED):
        if other[kind, window, attribute] and not (later >> attribute) & 1 and value_of(halves, row, slot, attribute):
            cells[base + other[kind, window, attribute]] -= 1
    if other[kind, window, GAP]:
        newer = pointers[row, pointer_at[NEXT] + slot]
        if newer:
            gap = words[(newer - 1) & mask, TS] - words[row, TS]
            cells[base + other[kind, window, GAP]] -= gap
            cells[base + other[kind, window, GAP] + 1] -= gap * gap
    event = halves[row, CLASS] & ((1 << HOUR_SHIFT) - 1)
    if other[kind, window, PEAK]:
        peak = base + other[kind, window, PEAK]
        at = peak + 1 + (halves[row, CLASS] >> HOUR_SHIFT)
        cells[at] -= 1
        if cells[at] == cells[peak] - 1:
            most = np.int64(0)
            for hour in range(HOURS):
                most = max(most, cells[peak + 1 + hour])
            cells[peak] = most
    if other[kind, window, TOP5]:
        value = frequent(halves, row, kind, TRANSFER_IN if slot == PAYEE - MERCHANT else event)
        if value:
            one_less(
                names, counts, cells, base + other[kind, window, TOP5], kind * WINDOWS + window, handle, value, run
            )
    if words[row, AMOUNT] >= 0:
        if other[kind, window, EQUAL]:
            newer = pointers[row, pointer_at[NEXT_EQUAL] + slot]
            if newer:
                at = (newer - 1) & mask
                again = pointers[at, pointer_at[NEXT_EQUAL] + slot_of(halves, at, slot, handle)]
                cells[base + other[kind, window, EQUAL]] -= 1 if again else 2
        largest = MAX + halves[row, CURRENCY]
        if (
            largest < other.shape[2]
            and other[kind, window, largest]
            and cells[base + other[kind, window, largest]] == pointer
        ):
            below = np.int64(pointers[row, pointer_at[ABOVE] + slot])
            cells[base + other[kind, window, largest]] = below
            cells[base + other[kind, window, largest] + 1] = words[(below - 1) & mask, AMOUNT] if below else 0


@njit(forceinline=True, _nrt=False)
def enter(
    other: Int32, words: Int64, halves: Int32, cells: Int64, names: Int64, counts: Int32, run: Int64,
    kind: int, window: int, slot: int, row: int, pointer: int, start: int, before: Int64,
) -> None:  # fmt: skip
    """A row enters a window that begins after ``start``: all that is not a plain counter. ``before``: ts of the key's
    last row with the same value by attribute, the last two with the same amount, its last row of all."""
    handle = np.int64(halves[row, MERCHANT + slot])
    base = handle * 8
    ts = words[row, TS]
    for attribute in range(NAMED):
        if other[kind, window, attribute] and before[attribute] <= start and value_of(halves, row, slot, attribute):
            cells[base + other[kind, window, attribute]] += 1
    if other[kind, window, GAP] and before[GAP] > start:
        gap = ts - before[GAP]
        cells[base + other[kind, window, GAP]] += gap
        cells[base + other[kind, window, GAP] + 1] += gap * gap
    event = halves[row, CLASS] & ((1 << HOUR_SHIFT) - 1)
    if other[kind, window, PEAK]:
        peak = base + other[kind, window, PEAK]
        at = peak + 1 + (halves[row, CLASS] >> HOUR_SHIFT)
        cells[at] += 1
        cells[peak] = max(cells[peak], cells[at])
    if other[kind, window, TOP5]:
        value = frequent(halves, row, kind, TRANSFER_IN if slot == PAYEE - MERCHANT else event)
        if value:
            one_more(
                names, counts, cells, base + other[kind, window, TOP5], kind * WINDOWS + window, handle, value, run
            )
    amount = words[row, AMOUNT]
    if amount >= 0:
        if other[kind, window, EQUAL] and before[EQUAL] > start:
            cells[base + other[kind, window, EQUAL]] += 1 if before[LAST_BUT_ONE] > start else 2
        largest = MAX + halves[row, CURRENCY]
        if largest < other.shape[2] and other[kind, window, largest]:
            at = base + other[kind, window, largest]
            if cells[at] == 0 or cells[at + 1] <= amount:
                cells[at] = pointer
                cells[at + 1] = amount
