"""How the rows of a key hang together: what a new row ties to older ones, what is cut when a row is past.

Rows are tied once for all windows of a key. A window then knows what has changed in it from the times of the rows that
were found (``before``) when a row enters, and from what newer rows have written on it when it leaves.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from flow.window.layout import (
    ABOVE,
    AMOUNT,
    BELOW,
    CURRENCY,
    EQUAL,
    GAP,
    LAST_BUT_ONE,
    LAST_EQUAL,
    LATER,
    MAX,
    MERCHANT,
    NAMED,
    NEWEST,
    NEXT,
    NEXT_EQUAL,
    NOTES,
    POPPED,
    TS,
    Bool,
    Int32,
    Int64,
)
from flow.window.tables import put_value, slot_of, take_value, value_of

NEVER = -(1 << 62)


@njit(forceinline=True, _nrt=False)
def forget(
    keeps: Bool, tops: Int32, pointer_at: Int32, words: Int64, halves: Int32, pointers: Int32, cells: Int64,
    values: Int64, run: Int64, kind: int, slot: int, row: int, pointer: int,
) -> None:  # fmt: skip
    """A row leaves the longest window of a key: nothing may point to it for that key any more."""
    mask = len(words) - 1
    handle = np.int64(halves[row, MERCHANT + slot])
    base = handle * 8
    if cells[base + NEWEST] == pointer:
        cells[base + NEWEST] = 0
    later = halves[row, LATER] >> (slot * NAMED)
    for attribute in range(NAMED):
        if keeps[kind, attribute] and not (later >> attribute) & 1:
            value = value_of(halves, row, slot, attribute)
            if value:
                take_value(values, handle, attribute, value, pointer, run)
    amount = words[row, AMOUNT]
    if amount < 0:
        return
    if keeps[kind, EQUAL]:
        newer = pointers[row, pointer_at[NEXT_EQUAL] + slot]
        if newer:
            at = (newer - 1) & mask
            pointers[at, pointer_at[LAST_EQUAL] + slot_of(halves, at, slot, handle)] = 0
        else:
            take_value(values, handle, EQUAL, amount, pointer, run)
    largest = MAX + halves[row, CURRENCY]
    if largest < keeps.shape[1] and keeps[kind, largest] and not (halves[row, POPPED] >> slot) & 1:
        above = pointers[row, pointer_at[ABOVE] + slot]
        if above:
            at = (above - 1) & mask
            pointers[at, pointer_at[BELOW] + slot_of(halves, at, slot, handle)] = 0
        else:
            cells[base + tops[kind, largest - MAX]] = 0


@njit(forceinline=True, _nrt=False)
def link(
    keeps: Bool, tops: Int32, pointer_at: Int32, words: Int64, halves: Int32, pointers: Int32, cells: Int64,
    values: Int64, run: Int64, kind: int, slot: int, row: int, pointer: int, before: Int64,
) -> None:  # fmt: skip
    """Tie a new row to the key's older ones, and note when those were (``before``, see flow.window.passing.enter)."""
    mask = len(words) - 1
    handle = np.int64(halves[row, MERCHANT + slot])
    base = handle * 8
    for i in range(NOTES):
        before[i] = NEVER
    for attribute in range(NAMED):
        if keeps[kind, attribute]:
            value = value_of(halves, row, slot, attribute)
            if value:
                last = put_value(values, words, halves, handle, slot, attribute, value, 0, pointer, run)
                if last:
                    at = (last - 1) & mask
                    there = slot_of(halves, at, slot, handle)
                    halves[at, LATER] |= np.int32(1 << (there * NAMED + attribute))
                    before[attribute] = words[at, TS]
    if keeps[kind, GAP]:
        last = cells[base + NEWEST]
        if last:
            at = (last - 1) & mask
            pointers[at, pointer_at[NEXT] + slot_of(halves, at, slot, handle)] = pointer
            before[GAP] = words[at, TS]
        cells[base + NEWEST] = pointer
    amount = words[row, AMOUNT]
    if amount < 0:
        return
    currency = np.int64(halves[row, CURRENCY])
    if keeps[kind, EQUAL]:
        last = put_value(values, words, halves, handle, slot, EQUAL, amount, currency, pointer, run)
        pointers[row, pointer_at[LAST_EQUAL] + slot] = last
        if last:
            at = (last - 1) & mask
            there = slot_of(halves, at, slot, handle)
            pointers[at, pointer_at[NEXT_EQUAL] + there] = pointer
            before[EQUAL] = words[at, TS]
            last = np.int64(pointers[at, pointer_at[LAST_EQUAL] + there])
            if last:
                before[LAST_BUT_ONE] = words[(last - 1) & mask, TS]
    if MAX + currency < keeps.shape[1] and keeps[kind, MAX + currency]:
        top = base + tops[kind, currency]
        last = cells[top]
        while last:
            at = (last - 1) & mask
            there = slot_of(halves, at, slot, handle)
            if words[at, AMOUNT] > amount:
                pointers[at, pointer_at[ABOVE] + there] = pointer
                break
            halves[at, POPPED] |= np.int32(1 << there)
            last = np.int64(pointers[at, pointer_at[BELOW] + there])
        pointers[row, pointer_at[BELOW] + slot] = last
        cells[top] = pointer
