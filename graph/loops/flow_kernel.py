"""Money that leaves one account, followed until it is back: the kernel of graph.loops.flows.

Two rules of attribution. First in, first out: what an account sends is its oldest money, wherever it goes. Homeward:
transfers that lie on a loop of the origin take the origin's money first, all others take other money.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Int64 = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

# Columns of a lot: amount, departure it comes from (CLEAN: other money), transfers so far, when it came, next lot.
AMOUNT, ORIGIN, HOP, CAME, NEXT = range(5)
CLEAN = -1

# Columns of a recorded step: transfer, departure, transfers so far (this one included), amount carried.
S_ROW, S_DEPARTURE, S_HOP, S_AMOUNT = range(4)

# Columns of what is known of a departure: transfer, amount back, time of the last return, transfers it took at most.
D_ROW, D_BACK, D_LAST, D_HOPS = range(4)

TOO_MANY_LOTS, TOO_MANY_STEPS = 1, 2


class Transfers(NamedTuple):
    """Transfers in order of time, with whole amounts."""

    src: Int32
    dst: Int32
    ts: Int64
    amount: Int64


class Purse(NamedTuple):
    """Scratch: the queue of lots of each account that holds money of the origin."""

    slot_of: Int64  # [accounts] 1 + slot of a member, 0 for others
    first: Int64  # [slots]
    last: Int64
    alive: Int64  # [slots] lots of the origin's money in the queue
    lots: Int64  # [lots, 5]
    free: Int64  # [2] first free lot (chained), lots never used yet
    taken: Int64  # [lots, 3] what a transfer consists of: departure, hop, amount
    on_loop: Bools  # [transfers] homeward: which lie on a loop of the origin


@njit(cache=True)
def drop(purse: Purse, slot: int) -> None:
    """Forget the money on an account."""
    while purse.first[slot] >= 0:
        lot = purse.first[slot]
        purse.first[slot] = purse.lots[lot, NEXT]
        purse.lots[lot, NEXT] = purse.free[0]
        purse.free[0] = lot
    purse.last[slot] = -1
    purse.alive[slot] = 0


@njit(cache=True)
def add(purse: Purse, slot: int, amount: int, origin: int, hop: int, ts: int) -> bool:
    """Append a lot to an account's queue; False when no lot is left."""
    if purse.free[0] >= 0:
        lot = purse.free[0]
        purse.free[0] = purse.lots[lot, NEXT]
    elif purse.free[1] < len(purse.lots):
        lot = purse.free[1]
        purse.free[1] += 1
    else:
        return False
    row = purse.lots[lot]
    row[AMOUNT], row[ORIGIN], row[HOP], row[CAME], row[NEXT] = amount, origin, hop, ts, -1
    if purse.first[slot] < 0:
        purse.first[slot] = lot
    else:
        purse.lots[purse.last[slot], NEXT] = lot
    purse.last[slot] = lot
    purse.alive[slot] += origin != CLEAN
    return True


@njit(cache=True)
def expire(purse: Purse, moves: Transfers, departures: Int64, slot: int, before: int, homeward: bool) -> None:
    """Money that left the origin before ``before`` is other money from now on; without any left all is forgotten.

    Homeward no other money is kept.
    """
    previous, lot = -1, purse.first[slot]
    while lot >= 0:
        row = purse.lots[lot]
        following = row[NEXT]
        if row[ORIGIN] != CLEAN and moves.ts[departures[row[ORIGIN], D_ROW]] < before:
            row[ORIGIN] = CLEAN
            purse.alive[slot] -= 1
            if homeward:
                if previous < 0:
                    purse.first[slot] = following
                else:
                    purse.lots[previous, NEXT] = following
                if following < 0:
                    purse.last[slot] = previous
                row[NEXT] = purse.free[0]
                purse.free[0] = lot
                lot = following
                continue
        previous, lot = lot, following
    if purse.alive[slot] == 0:
        drop(purse, slot)


@njit(cache=True)
def draw(purse: Purse, slot: int, amount: int, ts: int, in_order: bool) -> int:
    """Take an amount from the oldest money; returns how many pieces of the origin's are in ``taken``."""
    left, pieces = amount, 0
    while left > 0 and purse.first[slot] >= 0:
        lot = purse.first[slot]
        row = purse.lots[lot]
        if row[CAME] == ts and not in_order:
            break
        part = min(left, row[AMOUNT])
        if row[ORIGIN] != CLEAN:
            purse.taken[pieces, 0], purse.taken[pieces, 1], purse.taken[pieces, 2] = row[ORIGIN], row[HOP], part
            pieces += 1
        row[AMOUNT] -= part
        left -= part
        if row[AMOUNT] == 0:
            purse.first[slot] = row[NEXT]
            purse.alive[slot] -= row[ORIGIN] != CLEAN
            row[NEXT] = purse.free[0]
            purse.free[0] = lot
    if purse.first[slot] < 0:
        purse.last[slot] = -1
    return pieces


@njit(cache=True)
def follow_home(
    moves: Transfers,
    purse: Purse,
    home: int,
    members: Int64,
    events: Int64,
    departures: Int64,
    steps: Int64,
    window: int,
    max_length: int,
    in_order: bool,
    homeward: bool,
) -> tuple[int, int]:
    """Follow the departures (ascending) through ``events`` (ascending, each once) among ``members``.

    Fills the figures of ``departures`` and ``steps``; returns steps recorded and limits reached.
    """
    for slot in range(len(members)):
        purse.slot_of[members[slot]] = slot + 1
        purse.first[slot] = purse.last[slot] = -1
        purse.alive[slot] = 0
    purse.free[0], purse.free[1] = -1, 0
    written, limits, ahead = 0, 0, 0
    for i in events:
        u, v, t, x = moves.src[i], moves.dst[i], moves.ts[i], moves.amount[i]
        if u == v:
            continue
        source, target = purse.slot_of[u] - 1, purse.slot_of[v] - 1
        if u == home:
            if ahead < len(departures) and departures[ahead, D_ROW] == i:
                expire(purse, moves, departures, target, t - window, homeward)
                if not add(purse, target, x, ahead, 1, t):
                    limits |= TOO_MANY_LOTS
                written, limits = note(steps, written, limits, i, ahead, 1, x)
                ahead += 1
            elif not homeward and target >= 0 and purse.alive[target] > 0:
                expire(purse, moves, departures, target, t - window, homeward)
                if purse.alive[target] > 0 and not add(purse, target, x, CLEAN, 0, t):
                    limits |= TOO_MANY_LOTS
            continue
        if homeward and not purse.on_loop[i]:
            continue
        pieces, known = 0, x
        if source >= 0 and purse.alive[source] > 0:
            expire(purse, moves, departures, source, t - window, homeward)
        if source >= 0 and purse.alive[source] > 0:
            pieces = draw(purse, source, x, t, in_order)
        if target >= 0 and purse.alive[target] > 0:
            expire(purse, moves, departures, target, t - window, homeward)
        for k in range(pieces):
            origin, hop, part = purse.taken[k, 0], purse.taken[k, 1] + 1, purse.taken[k, 2]
            if v == home:
                if hop <= max_length:
                    row = departures[origin]
                    row[D_BACK] += part
                    row[D_LAST] = max(row[D_LAST], t)
                    row[D_HOPS] = max(row[D_HOPS], hop)
                    written, limits = note(steps, written, limits, i, origin, hop, part)
            elif target >= 0 and hop < max_length:
                known -= part
                if not add(purse, target, part, origin, hop, t):
                    limits |= TOO_MANY_LOTS
                written, limits = note(steps, written, limits, i, origin, hop, part)
        other = not homeward and target >= 0 and known > 0 and purse.alive[target] > 0
        if other and not add(purse, target, known, CLEAN, 0, t):
            limits |= TOO_MANY_LOTS
        if source >= 0 and pieces > 0 and purse.alive[source] == 0:
            drop(purse, source)
    for slot in range(len(members)):
        purse.slot_of[members[slot]] = 0
    return written, limits


@njit(cache=True)
def note(steps: Int64, written: int, limits: int, row: int, departure: int, hop: int, amount: int) -> tuple[int, int]:
    """Record a step where there is room."""
    if written == len(steps):
        return written, limits | TOO_MANY_STEPS
    step = steps[written]
    step[S_ROW], step[S_DEPARTURE], step[S_HOP], step[S_AMOUNT] = row, departure, hop, amount
    return written + 1, limits
