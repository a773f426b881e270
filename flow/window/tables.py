"""Tables of values: which log row had a value last, and how often each value occurs in a window.

Both are open-addressed with steps of one; what is taken out leaves no grave, the rows behind it move up. Functions here
take arrays one by one and are inlined into the kernel (see there why).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from flow.window.layout import (
    ACCOUNT,
    ADDRESS,
    AMOUNT,
    BUYER,
    CURRENCY,
    DEVICE,
    EQUAL,
    MERCHANT,
    OTHER,
    PAYEE,
    Int32,
    Int64,
)
from flow.window.memory import COUNTS_USED, VALUES_USED

# A slot of the table of values: 29 bits of hash, 3 bits of attribute, 31 bits of pointer. Key and value are read from
# the row that the pointer shows.
_TAG = 34
_ATTRIBUTE = 31
_ROW = (1 << _ATTRIBUTE) - 1


@njit(forceinline=True, _nrt=False)
def slot_of(halves: Int32, row: int, slot: int, key: int) -> int:
    """The slot of a row that a key is in, given one in which keys of its kind can be: an account may be either end."""
    found = slot
    if slot >= ACCOUNT - MERCHANT:
        found = ACCOUNT - MERCHANT if halves[row, ACCOUNT] == key else PAYEE - MERCHANT
    return found


@njit(forceinline=True, _nrt=False)
def value_of(halves: Int32, row: int, slot: int, attribute: int) -> int:
    """Handle of a row's value of an attribute, seen from the key in a slot; 0 where it has none."""
    if attribute == 0:
        column = BUYER
    elif attribute == 1:
        column = DEVICE
    elif attribute == 2:
        column = ADDRESS
    elif attribute == 4:
        column = MERCHANT
    else:
        column = ACCOUNT if slot == PAYEE - MERCHANT else OTHER
    return int(halves[row, column])


@njit(forceinline=True, _nrt=False)
def _tag(key: int, attribute: int, value: int) -> int:
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15) ^ (
        np.uint64(value) + np.uint64(attribute) * np.uint64(0x632BE59BD9B4E019)
    ) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return int(np.int64(mixed >> np.uint64(35)))


@njit(forceinline=True, _nrt=False)
def home_of(values: Int64, key: int, attribute: int, value: int) -> int:
    """Where in the table of values the search for a value begins."""
    return _tag(key, attribute, value) & (len(values) - 1)


@njit(_nrt=False)
def put_value(
    values: Int64, words: Int64, halves: Int32,
    key: int, slot: int, attribute: int, value: int, currency: int, pointer: int, run: Int64,
) -> int:  # fmt: skip
    """The newest row of the key with this value becomes that of ``pointer``; returns the one before, 0 for none.
    ``value``: a handle, or with EQUAL an amount, which must be of the same currency."""
    mask, rows = len(values) - 1, len(words) - 1
    tag = _tag(key, attribute, value)
    head = (tag << _TAG) | (attribute << _ATTRIBUTE)
    at = tag & mask
    while True:
        word = values[at]
        if word == 0:
            values[at] = head | pointer
            run[VALUES_USED] += 1
            return 0
        if word >> _ATTRIBUTE == head >> _ATTRIBUTE:
            last = word & _ROW
            row = (last - 1) & rows
            there = slot_of(halves, row, slot, key)
            if halves[row, MERCHANT + there] == key:
                if attribute == EQUAL:
                    same = words[row, AMOUNT] == value and halves[row, CURRENCY] == currency
                else:
                    same = value_of(halves, row, there, attribute) == value
                if same:
                    values[at] = head | pointer
                    return last
        at = (at + 1) & mask


@njit(_nrt=False)
def take_value(values: Int64, key: int, attribute: int, value: int, pointer: int, run: Int64) -> None:
    """Forget a value whose newest row is that of ``pointer``."""
    mask = len(values) - 1
    tag = _tag(key, attribute, value)
    wanted = (tag << _TAG) | (attribute << _ATTRIBUTE) | pointer
    gap = tag & mask
    while values[gap] != wanted:
        gap = (gap + 1) & mask
    run[VALUES_USED] -= 1
    at = gap
    while True:
        at = (at + 1) & mask
        word = values[at]
        if word == 0:
            break
        if (at - (word >> _TAG)) & mask >= (at - gap) & mask:
            values[gap] = word
            gap = at
    values[gap] = 0


@njit(cache=True)
def grown_values(values: Int64) -> Int64:
    """The same table of values with twice the room."""
    found = np.zeros(2 * len(values), np.int64)
    mask = len(found) - 1
    for word in values:
        if word != 0:
            at = (word >> _TAG) & mask
            while found[at] != 0:
                at = (at + 1) & mask
            found[at] = word
    return found


@njit(forceinline=True, _nrt=False)
def name_of(group: int, key: int, value: int, of_count: int) -> int:
    """The name under which the table of counts holds how often the key has a value in a window (``group``: kind and
    window), or how many values it has that often (``of_count`` 1). Up to 2**27 handles."""
    return (group << 58) | (key << 31) | (value << 1) | of_count


@njit(forceinline=True, _nrt=False)
def _home(name: int) -> int:
    mixed = np.uint64(name) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return int(np.int64(mixed >> np.uint64(33)))


@njit(_nrt=False)
def bump(names: Int64, counts: Int32, name: int, by: int, run: Int64) -> int:
    """Add to a count, and return it; one that reaches 0 is taken out."""
    mask = len(names) - 1
    at = _home(name) & mask
    while names[at] != name:
        if names[at] == 0:
            names[at] = name
            counts[at] = 0
            run[COUNTS_USED] += 1
            break
        at = (at + 1) & mask
    counts[at] += by
    left = int(counts[at])
    if left == 0:
        run[COUNTS_USED] -= 1
        gap = at
        while True:
            at = (at + 1) & mask
            if names[at] == 0:
                break
            if (at - _home(names[at])) & mask >= (at - gap) & mask:
                names[gap], counts[gap] = names[at], counts[at]
                gap = at
        names[gap] = 0
    return left


@njit(cache=True)
def grown_counts(names: Int64, counts: Int32) -> tuple[Int64, Int32]:
    """The same table of counts with twice the room."""
    room = 2 * len(names)
    new_names, new_counts = np.zeros(room, np.int64), np.zeros(room, np.int32)
    for i in range(len(names)):
        if names[i] != 0:
            at = _home(names[i]) & (room - 1)
            while new_names[at] != 0:
                at = (at + 1) & (room - 1)
            new_names[at], new_counts[at] = names[i], counts[i]
    return new_names, new_counts
