"""The second half of a search: every loop among the collected edges, depth first. Numba over graph.loops.layout."""

from __future__ import annotations

from numba import njit

from graph.loops.layout import (
    AMOUNT,
    BEHIND,
    DST,
    L_ORDER,
    L_TS,
    LOOPS,
    MORE_IN,
    MORE_OUT,
    NONE,
    ORDER,
    QUEUED,
    ROW,
    SEQ,
    SRC,
    STAMP,
    STEPS,
    TS,
    Int64,
    Quest,
    Ring,
    Rule,
    Scratch,
)

NEAR = 1e-12  # an amount so near to a bound, relative to the one before it, is on it: decimals are rounded in doubles


@njit(cache=True)
def before(ts: int, order: int, other_ts: int, other_order: int) -> bool:
    """Whether one key is earlier than another."""
    return ts < other_ts or (ts == other_ts and order < other_order)


@njit(cache=True)
def follows(rule: Rule, amount: float, next_amount: float) -> bool:
    """Whether the amount rule lets a step of ``next_amount`` follow one of ``amount``; a missing amount never fits."""
    near = NEAR * abs(amount)
    within = next_amount >= amount * rule.keep - near and next_amount <= amount * rule.grow + near
    return not rule.by_amount or within


@njit(cache=True)
def cut(ring: Ring, reason: int, account: int) -> None:
    """Note on an account that something about it was not looked at."""
    ring.flags[account] |= 1 << reason


@njit(cache=True)
def chain(ring: Ring, scratch: Scratch, search: int, found: int) -> None:
    """Link the collected edges of each account, those out of it and those into it."""
    mask = ring.rows.shape[0] - 1
    chains = scratch.chains
    for i in range(found):
        slot = scratch.found[i, SEQ] & mask
        for side in range(2):
            who = ring.rows[slot, SRC + side]
            scratch.found[i, MORE_OUT + side] = chains[side, who, 1] if chains[side, who, 0] == search else NONE
            chains[side, who, 0] = search
            chains[side, who, 1] = i


@njit(cache=True)
def label_ways_home(ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, search: int) -> None:
    """Latest departure and fewest steps to the payer from each account, over the collected edges before the quest's."""
    rows, labels, wave = ring.rows, scratch.labels, scratch.wave
    mask = rows.shape[0] - 1
    labels[BEHIND, quest.payer, STAMP] = search
    labels[BEHIND, quest.payer, L_TS] = quest.ts
    labels[BEHIND, quest.payer, L_ORDER] = quest.order
    labels[BEHIND, quest.payer, STEPS] = 0
    wave[0, 0] = quest.payer
    waiting = 1
    for level in range(1, rule.max_length):
        now, then = (level - 1) & 1, level & 1
        ahead = 0
        for i in range(waiting):
            who = wave[now, i]
            if scratch.chains[1, who, 0] != search:
                continue
            leave_ts, leave_order = labels[BEHIND, who, L_TS], labels[BEHIND, who, L_ORDER]
            j = scratch.chains[1, who, 1]
            while j != NONE:
                slot = scratch.found[j, SEQ] & mask
                j = scratch.found[j, MORE_IN]
                ts, order, src = rows[slot, TS], rows[slot, ORDER], rows[slot, SRC]
                if src == quest.payer or not before(ts, order, leave_ts, leave_order):
                    continue
                if labels[BEHIND, src, STAMP] != search:
                    labels[BEHIND, src, STAMP] = search
                    labels[BEHIND, src, STEPS] = level
                    labels[BEHIND, src, QUEUED] = NONE
                elif not before(labels[BEHIND, src, L_TS], labels[BEHIND, src, L_ORDER], ts, order):
                    continue
                labels[BEHIND, src, L_TS] = ts
                labels[BEHIND, src, L_ORDER] = order
                if labels[BEHIND, src, QUEUED] != level:
                    labels[BEHIND, src, QUEUED] = level
                    wave[then, ahead] = src
                    ahead += 1
        waiting = ahead
        if waiting == 0:
            break


@njit(cache=True)
def first_out(scratch: Scratch, search: int, who: int) -> int:
    """The first collected edge out of an account, NONE when there is none."""
    return scratch.chains[0, who, 1] if scratch.chains[0, who, 0] == search else NONE


@njit(cache=True)
def may_follow(
    ring: Ring, rule: Rule, quest: Quest, late: bool, last: int, slot: int, earlier: bool, turned: int, depth: int
) -> bool:
    """Whether the edge at ``slot`` can come after the one at ``last`` (NONE: it would be the first after the payee)."""
    rows = ring.rows
    if earlier and turned == 0:
        # From the later part to the earlier one: the edge is the loop's first step, the one at last its last.
        return depth > 0 and rows[last, TS] - rows[slot, TS] <= rule.window
    if turned > 0 and not earlier:
        return False
    if depth > 0:
        in_time = before(rows[last, TS], rows[last, ORDER], rows[slot, TS], rows[slot, ORDER])
        return in_time and follows(rule, ring.amounts[last, AMOUNT], ring.amounts[slot, AMOUNT])
    return not late or follows(rule, quest.amount, ring.amounts[slot, AMOUNT])


@njit(cache=True)
def walk(
    ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, late: bool, own_row: int, out: Int64, filled: int
) -> tuple[int, int, bool]:
    """Write every loop among the collected edges (already chained and labelled): length, then rows from its first step.

    Returns how far ``out`` is filled, steps walked, and whether it was cut. A loop of a late edge must have a later
    step: those it closes are found by the other search.
    """
    rows, labels, path = ring.rows, scratch.labels, scratch.path
    mask = rows.shape[0] - 1
    search = quest.search + 1
    who, via, more, turn = 0, 1, 2, 3  # rows of path: account, edge to it, next edge to try, where the path turned
    path[who, 0], path[via, 0], path[turn, 0] = quest.payee, NONE, 0 if late else 1
    path[more, 0] = first_out(scratch, search, quest.payee)
    depth, loops, steps = 0, 0, 0
    while depth >= 0:
        j = path[more, depth]
        if j == NONE:
            depth -= 1
            continue
        path[more, depth] = scratch.found[j, MORE_OUT]
        steps += 1
        if steps > rule.budget:
            return filled, steps, True
        slot = scratch.found[j, SEQ] & mask
        last = scratch.found[path[via, depth], SEQ] & mask if depth > 0 else NONE
        ts, order, far = rows[slot, TS], rows[slot, ORDER], rows[slot, DST]
        earlier = before(ts, order, quest.ts, quest.order)
        turned = path[turn, depth]
        if not may_follow(ring, rule, quest, late, last, slot, earlier, turned, depth):
            continue
        if earlier and turned == 0:
            turned = depth + 1
        if far == quest.payer:
            if earlier and not follows(rule, ring.amounts[slot, AMOUNT], quest.amount):
                continue
            if loops == rule.loops_per_edge:
                cut(ring, LOOPS, quest.payer)
                cut(ring, LOOPS, quest.payee)
                ring.counts[LOOPS] += 1
                return filled, steps, False
            path[via, depth + 1] = j
            filled = write_loop(ring, scratch, depth + 1, turned, own_row, out, filled)
            loops += 1
            continue
        if depth + 3 > rule.max_length:
            continue
        if earlier:
            if labels[BEHIND, far, STAMP] != search or labels[BEHIND, far, STEPS] > rule.max_length - depth - 2:
                continue
            if not before(ts, order, labels[BEHIND, far, L_TS], labels[BEHIND, far, L_ORDER]):
                continue
        again = False
        for z in range(depth + 1):
            again |= path[who, z] == far
        if again:
            continue
        depth += 1
        path[who, depth], path[via, depth], path[turn, depth] = far, j, turned
        path[more, depth] = first_out(scratch, search, far)
    return filled, steps, False


@njit(cache=True)
def write_loop(ring: Ring, scratch: Scratch, steps: int, turned: int, own_row: int, out: Int64, filled: int) -> int:
    """Write the loop on the path: the steps from the turn on, the quest's own edge, then the steps before the turn."""
    mask = ring.rows.shape[0] - 1
    first = turned if turned > 0 else steps + 1
    out[filled] = steps + 1
    own = filled + 1 + steps - first + 1
    out[own] = own_row
    for z in range(1, steps + 1):
        place = filled + 1 + z - first if z >= first else own + z
        out[place] = ring.rows[scratch.found[scratch.path[1, z], SEQ] & mask, ROW]
    return filled + steps + 2
