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
    LAST_EQUAL,
    LATER,
    MAX,
    MERCHANT,
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
    Int64,
)
from flow.window.memory import Keys, Log, Plan, Tables
from flow.window.tables import bump, name_of, slot_of, value_of

_ATTRIBUTES = 5
_LOW = (1 << 32) - 1
_BUYER_KIND = 1
_NIGHT_ENDS = 6


@njit(inline="always")
def add(
    plan: Plan,
    keys: Keys,
    base: int,
    kind: int,
    window: int,
    event: int,
    hour: int,
    amount: int,
    currency: int,
    by: int,
) -> None:
    """Plain counters of a window: plus (``by`` 1) or minus (-1) an event of a class."""
    cells = keys.cells
    for i in range(plan.adds_at[kind, window, event, 0], plan.adds_at[kind, window, event, 1]):
        at = base + plan.adds[i, 0]
        what = plan.adds[i, 1]
        if what == ONE:
            cells[at] += by
        elif what == NIGHT:
            if hour < _NIGHT_ENDS:
                cells[at] += by
        elif plan.adds[i, 2] == currency and amount >= 0:
            cells[at] += by
            cells[at + 1] += by * (amount >> 32)
            cells[at + 2] += by * (amount & _LOW)


@njit(inline="always")
def frequent(log: Log, row: int, kind: int, event: int) -> int:
    """The value that a key's five most frequent are counted by: an order's buyer (of a buyer: merchant), the other end
    of an account's transfer; 0 for none."""
    found = np.int32(0)
    if event == ORDER:
        found = log.halves[row, MERCHANT if kind == _BUYER_KIND else BUYER]
    elif event == TRANSFER_OUT:
        found = log.halves[row, OTHER]
    elif event == TRANSFER_IN:
        found = log.halves[row, ACCOUNT]
    return int(found)


@njit
def one_more(tables: Tables, cells: Int64, at: int, group: int, key: int, value: int, run: Int64) -> None:
    """A value occurs once more. ``at``: sum of the five largest counts, sum of all, the fifth largest count (0 with
    fewer values), how many values have more than that."""
    count = bump(tables, name_of(group, key, value, 0), 1, run)
    if count > 1:
        bump(tables, name_of(group, key, count - 1, 1), -1, run)
    bump(tables, name_of(group, key, count, 1), 1, run)
    cells[at + 1] += 1
    fifth = cells[at + 2]
    if count > fifth:
        cells[at] += 1
    if count == fifth + 1:
        cells[at + 3] += 1
        if cells[at + 3] == 5:
            as_many = bump(tables, name_of(group, key, fifth + 1, 1), 0, run)
            cells[at + 2] += 1
            cells[at + 3] -= as_many


@njit
def one_less(tables: Tables, cells: Int64, at: int, group: int, key: int, value: int, run: Int64) -> None:
    """A value occurs once less; see one_more."""
    count = bump(tables, name_of(group, key, value, 0), -1, run) + 1
    as_many = bump(tables, name_of(group, key, count, 1), -1, run)
    if count > 1:
        bump(tables, name_of(group, key, count - 1, 1), 1, run)
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


@njit(inline="always")
def leave(
    plan: Plan,
    log: Log,
    keys: Keys,
    tables: Tables,
    run: Int64,
    kind: int,
    window: int,
    slot: int,
    row: int,
    pointer: int,
) -> None:
    """A row leaves a window: all that is not a plain counter."""
    cells, halves = keys.cells, log.halves
    mask = len(log.words) - 1
    handle = np.int64(halves[row, MERCHANT + slot])
    base = handle * 8
    other = plan.other[kind, window]
    later = halves[row, LATER] >> (slot * _ATTRIBUTES)
    for attribute in range(_ATTRIBUTES):
        if other[attribute] and not (later >> attribute) & 1 and value_of(log, row, slot, attribute):
            cells[base + other[attribute]] -= 1
    if other[GAP]:
        newer = log.pointers[row, plan.pointers[NEXT] + slot]
        if newer:
            gap = log.words[(newer - 1) & mask, TS] - log.words[row, TS]
            cells[base + other[GAP]] -= gap
            cells[base + other[GAP] + 1] -= gap * gap
    event = halves[row, CLASS] & ((1 << HOUR_SHIFT) - 1)
    if other[PEAK]:
        first = (base + other[PEAK] + 1) * 2
        at = first + (halves[row, CLASS] >> HOUR_SHIFT)
        most = keys.halves[at]
        keys.halves[at] = most - 1
        if most == cells[base + other[PEAK]]:
            most = np.int32(0)
            for hour in range(24):
                most = max(most, keys.halves[first + hour])
            cells[base + other[PEAK]] = most
    if other[TOP5]:
        value = frequent(log, row, kind, TRANSFER_IN if slot == PAYEE - MERCHANT else event)
        if value:
            one_less(tables, cells, base + other[TOP5], kind * WINDOWS + window, handle, value, run)
    if log.words[row, AMOUNT] >= 0:
        if other[EQUAL]:
            newer = log.pointers[row, plan.pointers[NEXT_EQUAL] + slot]
            if newer:
                at = (newer - 1) & mask
                again = log.pointers[at, plan.pointers[NEXT_EQUAL] + slot_of(log, at, slot, handle)]
                cells[base + other[EQUAL]] -= 1 if again else 2
        largest = MAX + halves[row, CURRENCY]
        if largest < len(other) and other[largest] and cells[base + other[largest]] == pointer:
            below = np.int64(log.pointers[row, plan.pointers[ABOVE] + slot])
            cells[base + other[largest]] = below
            cells[base + other[largest] + 1] = log.words[(below - 1) & mask, AMOUNT] if below else 0


@njit(inline="always")
def enter(
    plan: Plan,
    log: Log,
    keys: Keys,
    tables: Tables,
    run: Int64,
    kind: int,
    window: int,
    slot: int,
    row: int,
    pointer: int,
    start: int,
    before: Int64,
) -> None:
    """A row enters a window that begins after ``start``: all that is not a plain counter. ``before``: ts of the key's
    last row with the same value by attribute, the last two with the same amount, its last row of all."""
    cells, halves = keys.cells, log.halves
    handle = np.int64(halves[row, MERCHANT + slot])
    base = handle * 8
    ts = log.words[row, TS]
    other = plan.other[kind, window]
    for attribute in range(_ATTRIBUTES):
        if other[attribute] and before[attribute] <= start and value_of(log, row, slot, attribute):
            cells[base + other[attribute]] += 1
    if other[GAP] and before[GAP] > start:
        gap = ts - before[GAP]
        cells[base + other[GAP]] += gap
        cells[base + other[GAP] + 1] += gap * gap
    event = halves[row, CLASS] & ((1 << HOUR_SHIFT) - 1)
    if other[PEAK]:
        at = (base + other[PEAK] + 1) * 2 + (halves[row, CLASS] >> HOUR_SHIFT)
        keys.halves[at] += 1
        cells[base + other[PEAK]] = max(cells[base + other[PEAK]], np.int64(keys.halves[at]))
    if other[TOP5]:
        value = frequent(log, row, kind, TRANSFER_IN if slot == PAYEE - MERCHANT else event)
        if value:
            one_more(tables, cells, base + other[TOP5], kind * WINDOWS + window, handle, value, run)
    amount = log.words[row, AMOUNT]
    if amount >= 0:
        if other[EQUAL] and before[EQUAL] > start:
            cells[base + other[EQUAL]] += 1 if before[LAST_BUT_ONE] > start else 2
        largest = MAX + halves[row, CURRENCY]
        if largest < len(other) and other[largest]:
            at = base + other[largest]
            if cells[at] == 0 or cells[at + 1] <= amount:
                cells[at] = pointer
                cells[at + 1] = amount


LAST_BUT_ONE = GAP + 1
"""Place in ``before`` of the last row but one with the same amount."""
BEFORE = LAST_BUT_ONE + 1
assert _ATTRIBUTES == EQUAL and LAST_EQUAL and GAP == EQUAL + 1  # noqa: S101 - the order that ``before`` relies on
