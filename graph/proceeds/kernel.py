"""Following the money of a loan's disbursements through later movements, to the cent: the kernel of graph.proceeds.

All disbursements of a loan are followed together, so that no movement is credited to two of them.
"""

from __future__ import annotations

from collections.abc import Callable

from numba import njit

from graph.proceeds.layout import (
    AMOUNT,
    BEYOND,
    BORROWER,
    CLEAN,
    D_AMOUNT,
    D_EVENT,
    D_NODE,
    D_PLACE,
    D_SMALL,
    D_TS,
    D_UNTIL,
    EVENT,
    FROM_HOP,
    HELD,
    HOME,
    LOAN,
    MOVED,
    OWNER,
    PART,
    REPAID,
    SMALL,
    TO_HOP,
    TOO_MANY_ACCOUNTS,
    TOO_MANY_FLOWS,
    TOO_MANY_LOTS,
    WHERE,
    Book,
    Int8,
    Int64,
    Moves,
    Touching,
)
from graph.proceeds.marks import clear_marks, mark, next_marked
from graph.proceeds.money import draw_first_in, draw_in_proportion, open_slot, put, stop_following
from graph.source_version import source_version


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


def _compile(version: int) -> Callable[..., tuple[int, int, int]]:
    """The kernel for one version of the sources (graph.source_version)."""

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
        if version < 0:  # never; see graph.source_version
            return 0, 0, 0
        many = len(paid)
        labels = 1 + many * (hops + 1)
        book.sums[:many] = 0
        book.free[0], book.free[1] = -1, 0
        used, written, limits = 0, 0, 0
        moving = 0  # the loan's money that a later movement could still take along
        begun, own, over = (
            0,
            0,
            0,
        )  # disbursements that are there, whose row was passed, that are no longer followed
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

    return follow


follow = _compile(source_version(__file__, "layout", "marks", "money"))
