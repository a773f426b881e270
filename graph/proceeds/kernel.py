"""Following the money of a loan's disbursements through later movements, to the cent: the kernel of graph.proceeds.

All disbursements of a loan are followed together, so that no movement is credited to two of them. Money on an account
is told apart by a label: 0 is clean (not the loan's), 1 + part * (hops + 1) + hop that of a disbursement.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Int8 = npt.NDArray[np.int8]
UInt64 = npt.NDArray[np.uint64]

# Where a cent can be in the end (rows of the sums) or, for MOVED, that a flow went on.
HELD, HOME, REPAID, BEYOND, SMALL, MOVED = range(6)
PLACES = ("held", "home", "repaid", "beyond", "small")

# Who holds an account, seen from the borrower (columns of the sums). The last three are loans, reached by a repayment:
# anybody's, the traced loan itself, another loan of the borrower's group.
OTHER, BORROWER, OWNER, GUARANTOR, BUYER, LOAN, OWN_LOAN, GROUP_LOAN = range(8)
CLASSES = 8

# Columns of a recorded flow; PART is the disbursement.
EVENT, FROM_HOP, TO_HOP, AMOUNT, WHERE, PART = range(6)

# Columns of a lot: whose money, when it came, the next lot.
L_AMOUNT, L_LABEL, L_TS, L_NEXT = range(4)
CLEAN = 0

# Columns of a disbursement: its row among the movements (-1: none), the movement before which it is there, account,
# amount, time, when following ends, the least part that opens an account.
D_EVENT, D_PLACE, D_NODE, D_AMOUNT, D_TS, D_UNTIL, D_SMALL = range(7)

# Limits reached, as bits.
TOO_MANY_ACCOUNTS, TOO_MANY_LOTS, TOO_MANY_FLOWS = 1, 2, 4


class Moves(NamedTuple):
    """All movements of one currency in order of time; nodes are accounts, then loans."""

    src: Int32
    dst: Int32
    ts: Int64
    amount: Int64


class Touching(NamedTuple):
    """The movements from or to each node, in order of time; those of a node to itself are left out."""

    ptr: Int64  # [nodes + 1]
    events: Int32


class Book(NamedTuple):
    """Scratch of one trace: the accounts it has reached (slots) and the money on them."""

    marks: UInt64  # [movements / 64 + 1] a bit for each movement still to come that touches an account reached
    marked: UInt64  # [words of marks / 64 + 1] a bit for each word of marks that has one
    slot_of: Int64  # [nodes, 2] trace, slot
    node_of: Int64  # [slots]
    pool: Int64  # [slots, labels] proportional: money by label
    fresh: Int64  # [slots, 1 + labels] proportional: when money came last, and that money
    kept: Int64  # [slots, labels] what lay there when following of its disbursement ended
    first: Int64  # [slots] fifo: first lot, last lot
    last: Int64
    lots: Int64  # [lots, 4]
    free: Int64  # [2] first free lot (chained), lots never used yet
    parts: Int64  # [labels] what a movement consists of
    flows: Int64  # [flows, 6]
    sums: Int64  # [disbursements, places, classes, hops + 1]


@njit(cache=True)
def touching(src: Int32, dst: Int32, nodes: int) -> Touching:
    """Sort movements, which are in order of time, by the nodes they touch: by counting, so in linear time."""
    ptr = np.zeros(nodes + 1, np.int64)
    for i in range(len(src)):
        if src[i] != dst[i]:
            ptr[src[i] + 1] += 1
            ptr[dst[i] + 1] += 1
    for node in range(nodes):
        ptr[node + 1] += ptr[node]
    events, filled = np.empty(ptr[nodes], np.int32), ptr[:nodes].copy()
    for i in range(len(src)):
        if src[i] != dst[i]:
            for node in (src[i], dst[i]):
                events[filled[node]] = i
                filled[node] += 1
    return Touching(ptr, events)


@njit(cache=True)
def mark(book: Book, index: Touching, node: int, begin: int, end: int) -> None:
    """Mark the movements ``begin`` to ``end`` - 1 that touch a node."""
    low, stop = index.ptr[node], index.ptr[node + 1]
    high = stop
    while low < high:
        middle = (low + high) // 2
        if index.events[middle] < begin:
            low = middle + 1
        else:
            high = middle
    while low < stop and index.events[low] < end:
        i = index.events[low]
        book.marks[i >> 6] |= np.uint64(1) << np.uint64(i & 63)
        book.marked[i >> 12] |= np.uint64(1) << np.uint64((i >> 6) & 63)
        low += 1


@njit(cache=True)
def next_bit(words: UInt64, begin: int, end: int) -> int:
    """The first bit set from ``begin`` on, ``end`` when there is none before it; reads no word past that of ``end``."""
    if begin >= end:
        return end
    word = begin >> 6
    bits = (words[word] >> np.uint64(begin & 63)) << np.uint64(begin & 63)
    while bits == 0:
        word += 1
        if word > (end - 1) >> 6:
            return end
        bits = words[word]
    at = word << 6
    while bits & np.uint64(255) == 0:
        bits >>= np.uint64(8)
        at += 8
    while bits & np.uint64(1) == 0:
        bits >>= np.uint64(1)
        at += 1
    return min(at, end)


@njit(cache=True)
def next_marked(book: Book, begin: int, end: int) -> int:
    """The first marked movement from ``begin`` on, ``end`` when there is none before it."""
    if begin >= end:
        return end
    stop = min(((begin >> 6) + 1) << 6, end)
    at = next_bit(book.marks, begin, stop)
    if at < stop:
        return at
    last = ((end - 1) >> 6) + 1
    word = next_bit(book.marked, stop >> 6, last) if stop < end else last
    return end if word == last else next_bit(book.marks, word << 6, end)


@njit(cache=True)
def clear_marks(book: Book, begin: int, end: int) -> None:
    """Forget the marks from ``begin`` to ``end``, which are all there are."""
    last = (end >> 6) + 1
    word = next_bit(book.marked, begin >> 6, last)
    while word < last:
        book.marks[word] = 0
        word = next_bit(book.marked, word + 1, last)
    book.marked[begin >> 12 : (end >> 12) + 1] = 0


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


@njit(cache=True)
def note_flow(book: Book, written: int, event: int, hop: int, to_hop: int, amount: int, where: int, part: int) -> int:
    """Record a flow where there is room; returns how many are recorded."""
    if written == len(book.flows):
        return written
    row = book.flows[written]
    row[EVENT], row[FROM_HOP], row[TO_HOP], row[AMOUNT], row[WHERE], row[PART] = event, hop, to_hop, amount, where, part
    return written + 1


@njit(cache=True)
def where_to(classes: Int8, u: int, v: int, hop: int, hops: int, known: bool, small: bool) -> tuple[int, int]:
    """Which place money that goes from u to v is in, and its hop there."""
    to = hop if hop == 0 and classes[u] == BORROWER and classes[v] == BORROWER else hop + 1
    if classes[v] >= LOAN:
        return REPAID, min(to, hops)
    if to > hops:
        return BEYOND, hop
    if classes[v] >= OWNER or (classes[v] == BORROWER and to > 0):
        return HOME, to
    if small and not known:
        return SMALL, to
    return MOVED, to


@njit(cache=True)
def follow(
    moves: Moves,
    index: Touching,
    classes: Int8,
    book: Book,
    trace: int,
    paid: Int64,
    hops: int,
    end: int,
    fifo: bool,
    same_time: bool,
) -> tuple[int, int, int]:
    """Follow the disbursements ``paid`` (rows of D_ columns, in order of time) through movements up to ``end``.

    Only movements that touch an account reached are looked at: the others change nothing. Fills ``book.flows``,
    ``book.sums`` and ``book.kept``; returns accounts reached, flows recorded, limits reached.
    """
    many = len(paid)
    labels = 1 + many * (hops + 1)
    book.sums[:many] = 0
    book.free[0], book.free[1] = -1, 0
    used, written, limits = 0, 0, 0
    moving = 0  # the loan's money that a later movement could still take along
    begun, own, over = 0, 0, 0  # disbursements that are there, whose own row was passed, that are no longer followed
    at = paid[0, D_PLACE]  # the first movement not looked at yet
    while True:
        i = next_marked(book, at, end)
        if begun < many and paid[begun, D_PLACE] <= i:
            at = max(at, paid[begun, D_PLACE])  # what it opens may be touched before the one just found
            node, amount = paid[begun, D_NODE], paid[begun, D_AMOUNT]
            slot = open_slot(book, trace, node, used, labels)
            if slot == used:
                mark(book, index, node, at, end)
                used += 1
            label = 1 + begun * (hops + 1)
            if slot >= 0 and put(book, fifo, slot, amount, label, paid[begun, D_TS], same_time, labels):
                moving += amount
            else:
                limits |= TOO_MANY_ACCOUNTS if slot < 0 else TOO_MANY_LOTS
                book.sums[begun, SMALL, classes[node], 0] += amount
            begun += 1
            continue
        if i == end or (moving == 0 and begun == many):
            break
        at = i + 1
        u, v, x, t = moves.src[i], moves.dst[i], moves.amount[i], moves.ts[i]
        while over < begun and paid[over, D_UNTIL] < t:
            low = 1 + over * (hops + 1)
            moving -= stop_following(book, fifo, used, low, low + hops + 1)
            over += 1
        if moving == 0 and begun == many:
            break
        while own < many and paid[own, D_EVENT] < i:
            own += 1
        active = book.slot_of[u, 0] == trace
        known = book.slot_of[v, 0] == trace
        if u == v or (own < many and paid[own, D_EVENT] == i) or not (active or known):
            continue
        if not active:
            if not put(book, fifo, book.slot_of[v, 1], x, CLEAN, t, same_time, labels):
                limits |= TOO_MANY_LOTS
            continue
        if fifo:
            draw_first_in(book, book.slot_of[u, 1], x, t, same_time, labels)
        else:
            draw_in_proportion(book, book.slot_of[u, 1], x, t, same_time, labels)
        for k in range(1, labels):
            part = book.parts[k]
            if part == 0:
                continue
            d, h = (k - 1) // (hops + 1), (k - 1) % (hops + 1)
            where, to = where_to(classes, u, v, h, hops, book.slot_of[v, 0] == trace, part < paid[d, D_SMALL])
            if where == MOVED:
                slot = open_slot(book, trace, v, used, labels)
                if slot == used:
                    mark(book, index, v, at, end)
                    used += 1
                if slot < 0:
                    where = SMALL
                    limits |= TOO_MANY_ACCOUNTS
                elif not put(book, fifo, slot, part, k - h + to, t, same_time, labels):
                    where = SMALL
                    limits |= TOO_MANY_LOTS
            if where != MOVED:
                moving -= part
                book.sums[d, where, classes[u] if where == BEYOND else classes[v], to] += part
            if written == len(book.flows):
                limits |= TOO_MANY_FLOWS
            written = note_flow(book, written, i, h, to, part, where, d)
        rest = book.parts[CLEAN]
        if (
            rest > 0
            and book.slot_of[v, 0] == trace
            and not put(book, fifo, book.slot_of[v, 1], rest, CLEAN, t, same_time, labels)
        ):
            limits |= TOO_MANY_LOTS
    clear_marks(book, paid[0, D_PLACE], end)
    stop_following(book, fifo, used, 1, labels)
    for slot in range(used):
        for k in range(1, labels):
            book.sums[(k - 1) // (hops + 1), HELD, classes[book.node_of[slot]], (k - 1) % (hops + 1)] += book.kept[
                slot, k
            ]
    return used, written, limits
