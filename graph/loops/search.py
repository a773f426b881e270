"""The search for the loops that one edge is part of: numba kernels over the arrays of graph.loops.layout.

For the edge payer -> payee every loop that it closes is a path back from payee to payer, rising in time. The search
grows from both ends, the cheaper side first: forward from the payee with the earliest arrival at each account, backward
from the payer with the latest departure. Most edges close nothing, and then one side soon runs dry. Only when the two
meet are the collected edges, a small graph, walked depth first. A late edge may also have later companions: then the
walk rises from the payee past the edge, turns once to the earlier part, and rises from there to the payer.

With an amount rule each account also carries the span of amounts it was reached with, and only edges that can follow
(or precede) an amount in that span are taken. That is a superset of what the rule allows; the walk applies the rule
itself. Labels are improved in place, so an account is looked at again only over the newly opened keys, or wholly when
its span grew.
"""

from __future__ import annotations

from numba import njit

from graph.loops.layout import (
    AHEAD,
    AMOUNT,
    BEHIND,
    BUDGET,
    DEGREE,
    DST,
    HI_ORDER,
    HI_TS,
    L_ORDER,
    L_TS,
    LEAST,
    LO_ORDER,
    LO_TS,
    MOST,
    NEXT_OUT,
    NONE,
    ORDER,
    PLACE,
    QUEUED,
    SEQ,
    STAMP,
    STEPS,
    TAIL,
    TS,
    WHO,
    Int64,
    Quest,
    Ring,
    Rule,
    Scratch,
)
from graph.loops.walk import before, chain, cut, label_ways_home, walk

SLACK = 1e-9  # bounds made by division are widened by this, so that rounding never loses an edge
FAR_ORDER = 1 << 62


@njit(cache=True, inline="always")  # called twice for each edge: passing all of scratch costs more than the work
def start_side(
    scratch: Scratch,
    search: int,
    side: int,
    who: int,
    at: tuple[int, int],
    least: float,
    most: float,
    lo: tuple[int, int],
    hi: tuple[int, int],
) -> None:
    """Label the account a side begins at and make it the whole of the first queue, over keys ``lo`` to ``hi``."""
    labels, queue = scratch.labels, scratch.queue
    labels[side, who, STAMP] = search
    labels[side, who, L_TS] = at[0]
    labels[side, who, L_ORDER] = at[1]
    labels[side, who, STEPS] = 0
    labels[side, who, QUEUED] = 0
    scratch.spans[side, who, LEAST] = least
    scratch.spans[side, who, MOST] = most
    queue[side, 0, 0, WHO] = who
    queue[side, 0, 0, LO_TS] = lo[0]
    queue[side, 0, 0, LO_ORDER] = lo[1]
    queue[side, 0, 0, HI_TS] = hi[0]
    queue[side, 0, 0, HI_ORDER] = hi[1]


@njit(cache=True)
def open_keys(scratch: Scratch, side: int, who: int, level: int, queued: int, from_ts: int, from_order: int) -> int:
    """Queue an account for the next level, over the keys from its label to ``from``; returns the queue's length."""
    labels, queue = scratch.labels, scratch.queue
    if side == AHEAD:
        lo_ts, lo_order = labels[side, who, L_TS], labels[side, who, L_ORDER] + 1
        hi_ts, hi_order = from_ts, from_order
    else:
        lo_ts, lo_order = from_ts, from_order
        hi_ts, hi_order = labels[side, who, L_TS], labels[side, who, L_ORDER] - 1
    then = level & 1
    if labels[side, who, QUEUED] == level:
        at = labels[side, who, PLACE]
        if before(queue[side, then, at, LO_TS], queue[side, then, at, LO_ORDER], lo_ts, lo_order):
            lo_ts, lo_order = queue[side, then, at, LO_TS], queue[side, then, at, LO_ORDER]
        if before(hi_ts, hi_order, queue[side, then, at, HI_TS], queue[side, then, at, HI_ORDER]):
            hi_ts, hi_order = queue[side, then, at, HI_TS], queue[side, then, at, HI_ORDER]
    else:
        at = queued
        queued += 1
        labels[side, who, QUEUED] = level
        labels[side, who, PLACE] = at
        queue[side, then, at, WHO] = who
    queue[side, then, at, LO_TS] = lo_ts
    queue[side, then, at, LO_ORDER] = lo_order
    queue[side, then, at, HI_TS] = hi_ts
    queue[side, then, at, HI_ORDER] = hi_order
    return queued


@njit(cache=True)
def one_step(
    ring: Ring,
    rule: Rule,
    quest: Quest,
    scratch: Scratch,
    side: int,
    level: int,
    waiting: int,
    end_ts: int,
    end_order: int,
    found: int,
    work: int,
) -> tuple[int, int, int, int, bool]:
    """Grow one side by one step over its queue of ``waiting`` entries.

    ``end``: the last key worth looking at on this side (the greatest ahead, the least behind). Returns the length of
    the next queue, what it will cost, edges collected, work done, and whether the sides have met.
    """
    rows, labels, spans, queue = ring.rows, scratch.labels, scratch.spans, scratch.queue
    start, goal = (quest.payee, quest.payer) if side == AHEAD else (quest.payer, quest.payee)
    other = 1 - side
    mask = rows.shape[0] - 1
    tail = ring.state[TAIL]
    now = (level - 1) & 1
    queued, cost, met = 0, 0, False
    for i in range(waiting):
        who = queue[side, now, i, WHO]
        lo_ts, lo_order = queue[side, now, i, LO_TS], queue[side, now, i, LO_ORDER]
        hi_ts, hi_order = queue[side, now, i, HI_TS], queue[side, now, i, HI_ORDER]
        least, most = quest.least, quest.most
        if rule.by_amount:
            low, high = spans[side, who, LEAST], spans[side, who, MOST]
            if side == AHEAD:
                low, high = low * rule.keep, high * rule.grow
            else:
                low, high = low / rule.grow, high / rule.keep
            least, most = max(least, low - abs(low) * SLACK), min(most, high + abs(high) * SLACK)
        at = ring.first[side, who]
        while at >= tail:
            slot = at & mask
            work += 1
            if work > rule.budget:
                return queued, cost, found, work, met
            ts, order = rows[slot, TS], rows[slot, ORDER]
            if before(ts, order, lo_ts, lo_order):
                break
            here = at
            if ts > hi_ts or (ts == hi_ts and hi_order < 0):
                # All of the row's run is too new. When its end has been forgotten, so has all after it but late rows.
                end = ring.ends[side, slot]
                if end < tail and rule.lateness == 0:
                    break
                at = rows[end & mask if end >= tail else slot, NEXT_OUT + side]
                continue
            at = rows[slot, NEXT_OUT + side]
            if order > hi_order and ts == hi_ts:
                continue
            far = rows[slot, DST - side]
            if far == start:
                continue
            amount = ring.amounts[slot, AMOUNT]
            if rule.by_amount and not (amount >= least and amount <= most):
                continue
            if rule.degree_cap > 0 and far != goal and ring.degree[0, far] + ring.degree[1, far] > rule.degree_cap:
                cut(ring, DEGREE, far)
                ring.counts[DEGREE] += 1
                continue
            if scratch.marks[slot] != quest.search:
                scratch.marks[slot] = quest.search
                scratch.found[found, SEQ] = here
                found += 1
            if labels[other, far, STAMP] == quest.search and labels[other, far, STEPS] + level < rule.max_length:
                other_ts, other_order = labels[other, far, L_TS], labels[other, far, L_ORDER]
                if side == AHEAD:
                    met |= before(ts, order, other_ts, other_order)
                else:
                    met |= before(other_ts, other_order, ts, order)
            if far == goal:
                continue
            from_ts, from_order = end_ts, end_order
            if labels[side, far, STAMP] != quest.search:
                labels[side, far, STAMP] = quest.search
                labels[side, far, STEPS] = level
                labels[side, far, QUEUED] = NONE
                labels[side, far, L_TS] = ts
                labels[side, far, L_ORDER] = order
                spans[side, far, LEAST] = amount
                spans[side, far, MOST] = amount
            else:
                known_ts, known_order = labels[side, far, L_TS], labels[side, far, L_ORDER]
                if side == AHEAD:
                    better = before(ts, order, known_ts, known_order)
                else:
                    better = before(known_ts, known_order, ts, order)
                wider = rule.by_amount and (amount < spans[side, far, LEAST] or amount > spans[side, far, MOST])
                if better:
                    labels[side, far, L_TS] = ts
                    labels[side, far, L_ORDER] = order
                if wider:
                    spans[side, far, LEAST] = min(spans[side, far, LEAST], amount)
                    spans[side, far, MOST] = max(spans[side, far, MOST], amount)
                elif better:
                    from_ts, from_order = known_ts, known_order  # the keys past it were open before
                else:
                    continue
            longer = open_keys(scratch, side, far, level, queued, from_ts, from_order)
            if longer > queued:
                queued = longer
                cost += ring.degree[side, far]
    return queued, cost, found, work, met


@njit(cache=True)
def collect(ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, late: bool) -> tuple[int, int, bool]:
    """Collect edges that may form loops with the quest's: how many, work done, whether any loop is possible.

    Closing: the earlier edges between payee and payer, from both ends, the cheaper side first. ``late``: later edges
    onward from the payee, then earlier ones back from the payer; there the steps of the two parts are not bounded by
    each other, the walk does that.
    """
    low, here = quest.ts - rule.window, (quest.ts, quest.order)
    since, prior = (low, NONE), (quest.ts, quest.order - 1)
    # The first step of a loop has none before it: only the bounds that hold for all steps apply.
    start, least, most, lo, hi = since, quest.least / rule.keep, quest.most / rule.grow, since, prior
    if late:
        start, least, most = here, quest.amount, quest.amount
        lo, hi = (quest.ts, quest.order + 1), (quest.ts + rule.window, FAR_ORDER)
    start_side(scratch, quest.search, AHEAD, quest.payee, start, least, most, lo, hi)
    start_side(scratch, quest.search, BEHIND, quest.payer, here, quest.amount, quest.amount, since, prior)
    waiting_ahead, waiting_behind = 1, 1
    cost_ahead, cost_behind = ring.degree[AHEAD, quest.payee], ring.degree[BEHIND, quest.payer]
    ahead, behind, found, work, met = 0, 0, 0, 0, late
    steps = rule.max_length - 1
    while work <= rule.budget:
        if late:
            side = AHEAD if waiting_ahead > 0 and ahead < steps else BEHIND
            if side == BEHIND and found == 0:
                return 0, work, False
            if side == BEHIND and (waiting_behind == 0 or behind >= steps - 1):
                break
        else:
            if ahead + behind >= steps or waiting_ahead == 0 or waiting_behind == 0:
                break
            side = AHEAD if cost_ahead <= cost_behind else BEHIND
        if side == AHEAD:
            ahead += 1
            level, waiting, end_ts, end_order = ahead, waiting_ahead, hi[0], hi[1]
        else:
            behind += 1
            level, waiting, end_ts, end_order = behind, waiting_behind, low, NONE
        waiting, cost, found, work, touched = one_step(
            ring, rule, quest, scratch, side, level, waiting, end_ts, end_order, found, work
        )
        met |= touched
        if side == AHEAD:
            waiting_ahead, cost_ahead = waiting, cost
        else:
            waiting_behind, cost_behind = waiting, cost
    return found, work, met


@njit(cache=True)
def loops_through(
    ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, late: bool, own_row: int, out: Int64, filled: int
) -> tuple[int, int]:
    """Write the loops the edge closes or, for ``late``, those it completes that end later: how far filled, work."""
    found, work, met = collect(ring, rule, quest, scratch, late)
    short = work > rule.budget
    if met:
        # The second half of a search has a number of its own, so that it sees none of the first half's labels.
        chain(ring, scratch, quest.search + 1, found)
        label_ways_home(ring, rule, quest, scratch, quest.search + 1)
        filled, steps, broke = walk(ring, rule, quest, scratch, late, own_row, out, filled)
        short |= broke
        work += steps
    if short:
        cut(ring, BUDGET, quest.payer)
        cut(ring, BUDGET, quest.payee)
        ring.counts[BUDGET] += 1
    return filled, work
