"""The money on an account: what comes goes on top or into the pool, what leaves is the oldest or of all alike."""

from __future__ import annotations

import numpy as np
from numba import njit

from graph.proceeds.layout import CLEAN, L_AMOUNT, L_LABEL, L_NEXT, L_TS, Book


@njit(cache=True)
def share_of(amount: int, part: int, whole: int) -> int:
    """floor(amount * part / whole) for 0 <= part <= whole, exact although the product may not fit 64 bits.

    The quotient is estimated in doubles and put right by the remainder, which is small and so survives the wrap-around.
    """
    if part == whole:
        return amount
    guess = np.int64(np.float64(amount) * (np.float64(part) / np.float64(whole)))
    rest = amount * part - guess * whole
    while rest < 0:
        guess -= 1
        rest += whole
    while rest >= whole:
        guess += 1
        rest -= whole
    return guess  # type: ignore[return-value]  # numba's int64 is an int


@njit(cache=True)
def open_slot(book: Book, trace: int, node: int, used: int, labels: int) -> int:
    """The slot of an account in this trace, a new one (at ``used``) when it has none; -1 when there is no room."""
    if book.slot_of[node, 0] == trace:
        return book.slot_of[node, 1]
    if used == len(book.node_of):
        return -1
    book.slot_of[node, 0], book.slot_of[node, 1] = trace, used
    book.node_of[used] = node
    book.pool[used, :labels] = 0
    book.fresh[used, : labels + 1] = 0
    book.kept[used, :labels] = 0
    book.first[used] = book.last[used] = -1
    return used


@njit(cache=True)
def add_lot(book: Book, slot: int, amount: int, label: int, ts: int) -> bool:
    """Append a lot to an account's queue; False when no lot is left."""
    if book.free[0] >= 0:
        lot = book.free[0]
        book.free[0] = book.lots[lot, L_NEXT]
    elif book.free[1] < len(book.lots):
        lot = book.free[1]
        book.free[1] += 1
    else:
        return False
    row = book.lots[lot]
    row[L_AMOUNT], row[L_LABEL], row[L_TS], row[L_NEXT] = amount, label, ts, -1
    if book.first[slot] < 0:
        book.first[slot] = lot
    else:
        book.lots[book.last[slot], L_NEXT] = lot
    book.last[slot] = lot
    return True


@njit(cache=True)
def draw_first_in(book: Book, slot: int, amount: int, ts: int, same_time: bool, labels: int) -> None:
    """Take an outgoing amount from the oldest money on the account into ``parts``."""
    book.parts[:labels] = 0
    left = amount
    while left > 0 and book.first[slot] >= 0:
        lot = book.first[slot]
        row = book.lots[lot]
        if row[L_TS] > ts or (row[L_TS] == ts and not same_time):
            break
        part = min(left, row[L_AMOUNT])
        book.parts[row[L_LABEL]] += part
        row[L_AMOUNT] -= part
        left -= part
        if row[L_AMOUNT] == 0:
            book.first[slot] = row[L_NEXT]
            row[L_NEXT] = book.free[0]
            book.free[0] = lot
    book.parts[CLEAN] += left  # money that was there before the loan's came


@njit(cache=True)
def settle(book: Book, slot: int, ts: int, same_time: bool, labels: int) -> None:
    """Money that came earlier than ``ts`` becomes part of the pool."""
    if book.fresh[slot, 0] < ts or same_time:
        for k in range(labels):
            book.pool[slot, k] += book.fresh[slot, 1 + k]
            book.fresh[slot, 1 + k] = 0


@njit(cache=True)
def draw_in_proportion(book: Book, slot: int, amount: int, ts: int, same_time: bool, labels: int) -> None:
    """Take an outgoing amount from all money on the account alike; cents left over by rounding: clean money first."""
    settle(book, slot, ts, same_time, labels)
    pool, parts = book.pool[slot], book.parts
    whole = np.int64(0)
    for k in range(labels):
        whole += pool[k]
    if amount >= whole:
        for k in range(labels):
            parts[k] = pool[k]
            pool[k] = 0
        parts[CLEAN] += amount - whole
        return
    left = amount
    for k in range(labels):
        parts[k] = share_of(amount, pool[k], whole)
        left -= parts[k]
    for k in range(labels):
        more = min(left, pool[k] - parts[k])
        parts[k] += more
        left -= more
    for k in range(labels):
        pool[k] -= parts[k]


@njit(cache=True)
def put(book: Book, fifo: bool, slot: int, amount: int, label: int, ts: int, same_time: bool, labels: int) -> bool:
    """Money arrives on an account; False when there was no room for it."""
    if fifo:
        return add_lot(book, slot, amount, label, ts)
    settle(book, slot, ts, same_time, labels)
    book.fresh[slot, 0] = ts
    book.fresh[slot, 1 + label] += amount
    return True


@njit(cache=True)
def stop_following(book: Book, fifo: bool, used: int, low: int, high: int) -> int:
    """Money with labels low..high - 1 stays counted where it lies and is clean from now on; returns how much it is."""
    total = 0
    for slot in range(used):
        if fifo:
            lot = book.first[slot]
            while lot >= 0:
                row = book.lots[lot]
                if low <= row[L_LABEL] < high:
                    book.kept[slot, row[L_LABEL]] += row[L_AMOUNT]
                    total += row[L_AMOUNT]
                    row[L_LABEL] = CLEAN
                lot = row[L_NEXT]
        else:
            for k in range(low, high):
                old, new = book.pool[slot, k], book.fresh[slot, 1 + k]
                book.kept[slot, k] += old + new
                total += old + new
                book.pool[slot, CLEAN] += old
                book.fresh[slot, 1 + CLEAN] += new
                book.pool[slot, k] = book.fresh[slot, 1 + k] = 0
    return total
