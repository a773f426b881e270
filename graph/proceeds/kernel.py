"""Following the money of one disbursement through later movements, to the cent: the numba kernel of graph.proceeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]

# Where a cent can be in the end (rows of the sums) or, for MOVED, that a flow went on.
HELD, HOME, REPAID, BEYOND, SMALL, MOVED = range(6)
PLACES = ("held", "home", "repaid", "beyond", "small")

# Who holds an account, seen from the borrower (columns of the sums). LOAN: a loan's own node, reached by a repayment.
OTHER, BORROWER, OWNER, GUARANTOR, BUYER, LOAN = range(6)

# Columns of a recorded flow.
EVENT, FROM_HOP, TO_HOP, AMOUNT, WHERE = range(5)

# Columns of a lot: whose money (hop, or CLEAN), when it came, the next lot.
L_AMOUNT, L_HOP, L_TS, L_NEXT = range(4)
CLEAN = -1

# Limits reached, as bits.
TOO_MANY_ACCOUNTS, TOO_MANY_LOTS, TOO_MANY_FLOWS = 1, 2, 4


class Moves(NamedTuple):
    """All movements of one currency in order of time; nodes are accounts, then loans."""

    src: Int32
    dst: Int32
    ts: Int64
    amount: Int64


class Book(NamedTuple):
    """Scratch of one trace: the accounts it has reached (slots) and the money on them."""

    slot_of: Int64  # [nodes, 2] trace, slot
    node_of: Int64  # [slots]
    pool: Int64  # [slots, hops + 2] proportional: money by hop, then clean money
    fresh: Int64  # [slots, 1 + hops + 2] proportional: when money came last, and that money
    first: Int64  # [slots] fifo: first lot, last lot
    last: Int64
    lots: Int64  # [lots, 4]
    free: Int64  # [2] first free lot (chained), lots never used yet
    parts: Int64  # [hops + 2] what a movement consists of
    flows: Int64  # [flows, 5]
    sums: Int64  # [places, classes, hops + 1]


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
def open_slot(book: Book, trace: int, node: int, used: int) -> int:
    """The slot of an account in this trace, a new one (at ``used``) when it has none; -1 when there is no room."""
    if book.slot_of[node, 0] == trace:
        return book.slot_of[node, 1]
    if used == len(book.node_of):
        return -1
    book.slot_of[node, 0], book.slot_of[node, 1] = trace, used
    book.node_of[used] = node
    book.pool[used, :] = 0
    book.fresh[used, :] = 0
    book.first[used] = book.last[used] = -1
    return used


@njit(cache=True)
def add_lot(book: Book, slot: int, amount: int, hop: int, ts: int) -> bool:
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
    row[L_AMOUNT], row[L_HOP], row[L_TS], row[L_NEXT] = amount, hop, ts, -1
    if book.first[slot] < 0:
        book.first[slot] = lot
    else:
        book.lots[book.last[slot], L_NEXT] = lot
    book.last[slot] = lot
    return True


@njit(cache=True)
def draw_first_in(book: Book, slot: int, amount: int, ts: int, same_time: bool) -> None:
    """Take an outgoing amount from the oldest money on the account into ``parts``."""
    clean = len(book.parts) - 1
    book.parts[:] = 0
    left = amount
    while left > 0 and book.first[slot] >= 0:
        lot = book.first[slot]
        row = book.lots[lot]
        if row[L_TS] > ts or (row[L_TS] == ts and not same_time):
            break
        part = min(left, row[L_AMOUNT])
        book.parts[clean if row[L_HOP] == CLEAN else row[L_HOP]] += part
        row[L_AMOUNT] -= part
        left -= part
        if row[L_AMOUNT] == 0:
            book.first[slot] = row[L_NEXT]
            row[L_NEXT] = book.free[0]
            book.free[0] = lot
    book.parts[clean] += left  # money that was there before the loan's came


@njit(cache=True)
def settle(book: Book, slot: int, ts: int, same_time: bool) -> None:
    """Money that came earlier than ``ts`` becomes part of the pool."""
    if book.fresh[slot, 0] < ts or same_time:
        for h in range(len(book.parts)):
            book.pool[slot, h] += book.fresh[slot, 1 + h]
            book.fresh[slot, 1 + h] = 0


@njit(cache=True)
def draw_in_proportion(book: Book, slot: int, amount: int, ts: int, same_time: bool) -> None:
    """Take an outgoing amount from all money on the account alike; cents left over by rounding: clean money first."""
    settle(book, slot, ts, same_time)
    pool, parts = book.pool[slot], book.parts
    clean = len(parts) - 1
    whole = pool.sum()
    if amount >= whole:
        parts[:] = pool
        pool[:] = 0
        parts[clean] += amount - whole
        return
    left = amount
    for h in range(len(parts)):
        parts[h] = share_of(amount, pool[h], whole)
        left -= parts[h]
    for back in range(len(parts)):
        h = clean if back == 0 else back - 1
        more = min(left, pool[h] - parts[h])
        parts[h] += more
        left -= more
    for h in range(len(parts)):
        pool[h] -= parts[h]


@njit(cache=True)
def put(book: Book, fifo: bool, slot: int, amount: int, hop: int, ts: int, same_time: bool) -> bool:
    """Money arrives on an account; False when there was no room for it."""
    if fifo:
        return add_lot(book, slot, amount, hop, ts)
    settle(book, slot, ts, same_time)
    book.fresh[slot, 0] = ts
    book.fresh[slot, 1 + (len(book.parts) - 1 if hop == CLEAN else hop)] += amount
    return True


@njit(cache=True)
def note_flow(book: Book, written: int, event: int, hop: int, to_hop: int, amount: int, where: int) -> int:
    """Record a flow where there is room; returns how many are recorded."""
    if written == len(book.flows):
        return written
    row = book.flows[written]
    row[EVENT], row[FROM_HOP], row[TO_HOP], row[AMOUNT], row[WHERE] = event, hop, to_hop, amount, where
    return written + 1


@njit(cache=True)
def follow(
    moves: Moves,
    classes: Int8,
    book: Book,
    trace: int,
    node: int,
    amount: int,
    ts: int,
    skip: int,
    begin: int,
    end: int,
    fifo: bool,
    same_time: bool,
    small: int,
) -> tuple[int, int, int]:
    """Follow ``amount`` paid to ``node`` at ``ts`` through movements begin..end, without ``skip`` (its own).

    Fills ``book.flows`` and ``book.sums``; returns accounts reached, flows recorded, limits reached.
    """
    hops = len(book.parts) - 2
    clean = hops + 1
    book.sums[:] = 0
    book.free[0], book.free[1] = -1, 0
    used, written, limits = 1, 0, 0
    open_slot(book, trace, node, 0)
    put(book, fifo, 0, amount, 0, ts, same_time)
    moving = amount  # the loan's money that a later movement could still take along
    for i in range(begin, end):
        if moving == 0:
            break
        u, v, x, t = moves.src[i], moves.dst[i], moves.amount[i], moves.ts[i]
        active = book.slot_of[u, 0] == trace
        known = book.slot_of[v, 0] == trace
        if u == v or i == skip or not (active or known):
            continue
        if not active:
            if not put(book, fifo, book.slot_of[v, 1], x, CLEAN, t, same_time):
                limits |= TOO_MANY_LOTS
            continue
        source = book.slot_of[u, 1]
        if fifo:
            draw_first_in(book, source, x, t, same_time)
        else:
            draw_in_proportion(book, source, x, t, same_time)
        for h in range(hops + 1):
            part = book.parts[h]
            if part == 0:
                continue
            to = h if h == 0 and classes[u] == BORROWER and classes[v] == BORROWER else h + 1
            where = MOVED
            if classes[v] == LOAN:
                where, to = REPAID, min(to, hops)
            elif to > hops:
                where, to = BEYOND, h
            elif classes[v] >= OWNER or (classes[v] == BORROWER and to > 0):
                where = HOME
            elif book.slot_of[v, 0] != trace and part < small:
                where = SMALL
            if where == MOVED:
                slot = open_slot(book, trace, v, used)
                if slot < 0:
                    where = SMALL
                    limits |= TOO_MANY_ACCOUNTS
                else:
                    used = max(used, slot + 1)
                    if not put(book, fifo, slot, part, to, t, same_time):
                        where = SMALL
                        limits |= TOO_MANY_LOTS
            if where != MOVED:
                moving -= part
                book.sums[where, classes[u] if where == BEYOND else classes[v], to] += part
            if written == len(book.flows):
                limits |= TOO_MANY_FLOWS
            written = note_flow(book, written, i, h, to, part, where)
        rest = book.parts[clean]
        if (
            rest > 0
            and book.slot_of[v, 0] == trace
            and not put(book, fifo, book.slot_of[v, 1], rest, CLEAN, t, same_time)
        ):
            limits |= TOO_MANY_LOTS
    for slot in range(used):
        gather(book, fifo, slot)
        for h in range(hops + 1):
            book.sums[HELD, classes[book.node_of[slot]], h] += book.pool[slot, h]
    return used, written, limits


@njit(cache=True)
def gather(book: Book, fifo: bool, slot: int) -> None:
    """Bring what is on an account together in its row of ``pool``: by hop, then clean."""
    clean = len(book.parts) - 1
    if not fifo:
        settle(book, slot, 0, True)
        return
    lot = book.first[slot]
    while lot >= 0:
        hop = book.lots[lot, L_HOP]
        book.pool[slot, clean if hop == CLEAN else hop] += book.lots[lot, L_AMOUNT]
        lot = book.lots[lot, L_NEXT]
