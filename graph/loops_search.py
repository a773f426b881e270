"""The search for the loops that one edge is part of: numba kernels over the arrays of graph.loops_layout.

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

from graph.loops_layout import (
    AMOUNT,
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
    LOOPS,
    MORE_IN,
    MORE_OUT,
    MOST,
    NEWEST_TS,
    NEXT_IN,
    NEXT_OUT,
    NONE,
    ORDER,
    PLACE,
    QUEUED,
    ROW,
    SEQ,
    SRC,
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
    Side,
)

SLACK = 1e-9  # bounds made by division are widened by this, so that rounding never loses an edge
FAR_ORDER = 1 << 62


@njit(cache=True)
def before(ts: int, order: int, other_ts: int, other_order: int) -> bool:
    """Whether one key is earlier than another."""
    return ts < other_ts or (ts == other_ts and order < other_order)


@njit(cache=True)
def follows(rule: Rule, amount: float, next_amount: float) -> bool:
    """Whether the amount rule lets a step of ``next_amount`` follow one of ``amount``; a missing amount never fits."""
    return not rule.by_amount or (next_amount >= amount * rule.keep and next_amount <= amount * rule.grow)


@njit(cache=True)
def cut(ring: Ring, reason: int, account: int) -> None:
    """Note on an account that something about it was not looked at."""
    ring.flags[account] |= 1 << reason


@njit(cache=True)
def start_side(side: Side, quest: Quest, who: int, ts: int, order: int, least: float, most: float) -> None:
    """Label the account a side begins at."""
    label = side.labels[who]
    label[STAMP] = quest.search
    label[L_TS] = ts
    label[L_ORDER] = order
    label[STEPS] = 0
    label[QUEUED] = 0
    side.spans[who, LEAST] = least
    side.spans[who, MOST] = most


@njit(cache=True)
def queue_first(side: Side, who: int, lo_ts: int, lo_order: int, hi_ts: int, hi_order: int) -> None:
    """Make an account the whole of the first queue."""
    entry = side.queue[0, 0]
    entry[WHO] = who
    entry[LO_TS] = lo_ts
    entry[LO_ORDER] = lo_order
    entry[HI_TS] = hi_ts
    entry[HI_ORDER] = hi_order


@njit(cache=True)
def one_step(
    ring: Ring,
    rule: Rule,
    quest: Quest,
    scratch: Scratch,
    forward: bool,
    level: int,
    waiting: int,
    end_ts: int,
    end_order: int,
    found: int,
    work: int,
) -> tuple[int, int, int, int, bool]:
    """Grow one side by one step over its queue of ``waiting`` entries.

    ``end``: the last key worth looking at on this side (the greatest forward, the least backward). Returns the length
    of the next queue, what it will cost, edges collected, work done, and whether the sides have met.
    """
    if forward:
        side, other, first, start, goal = scratch.ahead, scratch.behind, ring.first_out, quest.payee, quest.payer
    else:
        side, other, first, start, goal = scratch.behind, scratch.ahead, ring.first_in, quest.payer, quest.payee
    next_column, end_column = (NEXT_OUT, DST) if forward else (NEXT_IN, SRC)
    mask = ring.rows.shape[0] - 1
    tail = ring.state[TAIL]
    now, then = (level - 1) & 1, level & 1
    queued, cost, met = 0, 0, False
    for i in range(waiting):
        entry = side.queue[now, i]
        who, lo_ts, lo_order, hi_ts, hi_order = entry[WHO], entry[LO_TS], entry[LO_ORDER], entry[HI_TS], entry[HI_ORDER]
        least, most = quest.least, quest.most
        if rule.by_amount:
            low, high = side.spans[who, LEAST], side.spans[who, MOST]
            if forward:
                low, high = low * rule.keep, high * rule.grow
            else:
                low, high = low / rule.grow, high / rule.keep
            least, most = max(least, low * (1 - SLACK)), min(most, high * (1 + SLACK))
        at = first[who]
        while at >= tail:
            row = ring.rows[at & mask]
            work += 1
            if work > rule.budget:
                return queued, cost, found, work, met
            ts, order = row[TS], row[ORDER]
            if ts < lo_ts or (ts == lo_ts and order < lo_order):
                break
            here = at
            at = row[next_column]
            if ts > hi_ts or (ts == hi_ts and order > hi_order):
                continue
            far = row[end_column]
            if far == start:
                continue
            amount = ring.amounts[here & mask, AMOUNT]
            if rule.by_amount and not (amount >= least and amount <= most):
                continue
            if rule.degree_cap > 0 and far != goal and ring.out_degree[far] + ring.in_degree[far] > rule.degree_cap:
                cut(ring, DEGREE, far)
                ring.counts[DEGREE] += 1
                continue
            if scratch.marks[here & mask] != quest.search:
                scratch.marks[here & mask] = quest.search
                scratch.found[found, SEQ] = here
                found += 1
            meets = other.labels[far]
            if meets[STAMP] == quest.search and meets[STEPS] + level < rule.max_length:
                if forward:
                    met |= before(ts, order, meets[L_TS], meets[L_ORDER])
                else:
                    met |= before(meets[L_TS], meets[L_ORDER], ts, order)
            if far == goal:
                continue
            label = side.labels[far]
            if label[STAMP] != quest.search:
                label[STAMP] = quest.search
                label[STEPS] = level
                label[QUEUED] = NONE
                label[L_TS], label[L_ORDER] = ts, order
                side.spans[far, LEAST] = side.spans[far, MOST] = amount
                from_ts, from_order = end_ts, end_order
            else:
                if forward:
                    better = before(ts, order, label[L_TS], label[L_ORDER])
                else:
                    better = before(label[L_TS], label[L_ORDER], ts, order)
                wider = rule.by_amount and (amount < side.spans[far, LEAST] or amount > side.spans[far, MOST])
                if not better and not wider:
                    continue
                from_ts, from_order = label[L_TS], label[L_ORDER]
                if better:
                    label[L_TS], label[L_ORDER] = ts, order
                if wider:
                    side.spans[far, LEAST] = min(side.spans[far, LEAST], amount)
                    side.spans[far, MOST] = max(side.spans[far, MOST], amount)
                    from_ts, from_order = end_ts, end_order
            # Open the keys past the label, up to what was open before (or all of them).
            if forward:
                lo_t, lo_o, hi_t, hi_o = label[L_TS], label[L_ORDER] + 1, from_ts, from_order
            else:
                lo_t, lo_o, hi_t, hi_o = from_ts, from_order, label[L_TS], label[L_ORDER] - 1
            if label[QUEUED] == level:
                entry = side.queue[then, label[PLACE]]
                if before(lo_t, lo_o, entry[LO_TS], entry[LO_ORDER]):
                    entry[LO_TS], entry[LO_ORDER] = lo_t, lo_o
                if before(entry[HI_TS], entry[HI_ORDER], hi_t, hi_o):
                    entry[HI_TS], entry[HI_ORDER] = hi_t, hi_o
            else:
                entry = side.queue[then, queued]
                entry[WHO] = far
                entry[LO_TS], entry[LO_ORDER], entry[HI_TS], entry[HI_ORDER] = lo_t, lo_o, hi_t, hi_o
                label[QUEUED] = level
                label[PLACE] = queued
                queued += 1
                cost += ring.out_degree[far] if forward else ring.in_degree[far]
    return queued, cost, found, work, met


@njit(cache=True)
def collect_closing(ring: Ring, rule: Rule, quest: Quest, scratch: Scratch) -> tuple[int, int, bool]:
    """Collect the earlier edges that may form a path from payee to payer: how many, work done, whether any can."""
    low = quest.ts - rule.window
    start_side(scratch.behind, quest, quest.payer, quest.ts, quest.order, quest.amount, quest.amount)
    # The first step of a loop has none before it: only the bounds that hold for all steps apply.
    start_side(scratch.ahead, quest, quest.payee, low, NONE, quest.least / rule.keep, quest.most / rule.grow)
    queue_first(scratch.ahead, quest.payee, low, NONE, quest.ts, quest.order - 1)
    queue_first(scratch.behind, quest.payer, low, NONE, quest.ts, quest.order - 1)
    waiting_ahead, waiting_behind = 1, 1
    cost_ahead, cost_behind = ring.out_degree[quest.payee], ring.in_degree[quest.payer]
    ahead, behind, found, work, met = 0, 0, 0, 0, False
    while ahead + behind < rule.max_length - 1:
        if cost_ahead <= cost_behind:
            ahead += 1
            waiting_ahead, cost_ahead, found, work, touched = one_step(
                ring, rule, quest, scratch, True, ahead, waiting_ahead, quest.ts, quest.order - 1, found, work
            )
            met |= touched
            if waiting_ahead == 0:
                break
        else:
            behind += 1
            waiting_behind, cost_behind, found, work, touched = one_step(
                ring, rule, quest, scratch, False, behind, waiting_behind, low, NONE, found, work
            )
            met |= touched
            if waiting_behind == 0:
                break
        if work > rule.budget:
            break
    return found, work, met


@njit(cache=True)
def collect_late(ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, newest: int) -> tuple[int, int, bool]:
    """Collect later edges onward from the payee and earlier ones back from the payer of an edge that came late.

    Returns how many, work done, whether there are later ones at all. Steps of the two parts are not bounded by each
    other here; the walk does that.
    """
    top = min(quest.ts + rule.window, newest)
    start_side(scratch.ahead, quest, quest.payee, quest.ts, quest.order, quest.amount, quest.amount)
    start_side(scratch.behind, quest, quest.payer, quest.ts, quest.order, quest.amount, quest.amount)
    queue_first(scratch.ahead, quest.payee, quest.ts, quest.order + 1, top, FAR_ORDER)
    queue_first(scratch.behind, quest.payer, quest.ts - rule.window, NONE, quest.ts, quest.order - 1)
    found, work, waiting, level = 0, 0, 1, 0
    while waiting > 0 and level < rule.max_length - 1 and work <= rule.budget:
        level += 1
        waiting, _, found, work, _ = one_step(
            ring, rule, quest, scratch, True, level, waiting, top, FAR_ORDER, found, work
        )
    if found == 0:
        return 0, work, False
    waiting, level = 1, 0
    while waiting > 0 and level < rule.max_length - 2 and work <= rule.budget:
        level += 1
        waiting, _, found, work, _ = one_step(
            ring, rule, quest, scratch, False, level, waiting, quest.ts - rule.window, NONE, found, work
        )
    return found, work, True


@njit(cache=True)
def chain(ring: Ring, scratch: Scratch, search: int, found: int, into: bool) -> None:
    """Link the collected edges of each account, those into it or those out of it."""
    mask = ring.rows.shape[0] - 1
    heads, end, more = (scratch.chain_in, DST, MORE_IN) if into else (scratch.chain_out, SRC, MORE_OUT)
    for i in range(found):
        head = heads[ring.rows[scratch.found[i, SEQ] & mask, end]]
        scratch.found[i, more] = head[1] if head[0] == search else NONE
        head[0], head[1] = search, i


@njit(cache=True)
def label_ways_home(ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, search: int) -> None:
    """Latest departure and fewest steps to the payer from each account, over the collected edges before the quest's."""
    mask = ring.rows.shape[0] - 1
    labels = scratch.behind.labels
    home = labels[quest.payer]
    home[STAMP], home[L_TS], home[L_ORDER], home[STEPS] = search, quest.ts, quest.order, 0
    scratch.wave[0, 0] = quest.payer
    waiting = 1
    for level in range(1, rule.max_length):
        now, then = (level - 1) & 1, level & 1
        ahead = 0
        for i in range(waiting):
            who = scratch.wave[now, i]
            if scratch.chain_in[who, 0] != search:
                continue
            leave_ts, leave_order = labels[who, L_TS], labels[who, L_ORDER]
            j = scratch.chain_in[who, 1]
            while j != NONE:
                row = ring.rows[scratch.found[j, SEQ] & mask]
                j = scratch.found[j, MORE_IN]
                if not before(row[TS], row[ORDER], leave_ts, leave_order) or row[SRC] == quest.payer:
                    continue
                label = labels[row[SRC]]
                fresh = label[STAMP] != search
                if fresh:
                    label[STAMP] = search
                    label[STEPS] = level
                    label[QUEUED] = NONE
                if fresh or before(label[L_TS], label[L_ORDER], row[TS], row[ORDER]):
                    label[L_TS], label[L_ORDER] = row[TS], row[ORDER]
                    if label[QUEUED] != level:
                        label[QUEUED] = level
                        scratch.wave[then, ahead] = row[SRC]
                        ahead += 1
        waiting = ahead
        if waiting == 0:
            break


@njit(cache=True)
def walk(
    ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, late: bool, own_row: int, out: Int64, filled: int
) -> tuple[int, int, int, bool]:
    """Write every loop among the collected edges (already chained and labelled): length, then rows from its first step.

    Returns how far ``out`` is filled, loops found, steps walked, and whether it was cut. A loop of a late edge must
    have a later step: those it closes are found by the other search.
    """
    mask = ring.rows.shape[0] - 1
    search = quest.search + 1
    labels, path = scratch.behind.labels, scratch.path
    who, via, more, turn = path[0], path[1], path[2], path[3]  # account, edge to it, next edge to try, where it turned
    who[0], via[0], turn[0] = quest.payee, NONE, 0 if late else 1
    more[0] = scratch.chain_out[quest.payee, 1] if scratch.chain_out[quest.payee, 0] == search else NONE
    depth, loops, steps = 0, 0, 0
    while depth >= 0:
        j = more[depth]
        if j == NONE:
            depth -= 1
            continue
        more[depth] = scratch.found[j, MORE_OUT]
        steps += 1
        if steps > rule.budget:
            return filled, loops, steps, True
        slot = scratch.found[j, SEQ] & mask
        row = ring.rows[slot]
        ts, order, far, amount = row[TS], row[ORDER], row[DST], ring.amounts[slot, AMOUNT]
        earlier = before(ts, order, quest.ts, quest.order)
        turned = turn[depth]
        if turned > 0 and not earlier:
            continue
        if earlier and turned == 0:
            # From the later part to the earlier one: this is the loop's first step, the last one came by via.
            if depth == 0 or ring.rows[scratch.found[via[depth], SEQ] & mask, TS] - ts > rule.window:
                continue
            turned = depth + 1
        elif depth > 0:
            last = scratch.found[via[depth], SEQ] & mask
            if not before(ring.rows[last, TS], ring.rows[last, ORDER], ts, order):
                continue
            if not follows(rule, ring.amounts[last, AMOUNT], amount):
                continue
        elif late and not follows(rule, quest.amount, amount):
            continue
        if far == quest.payer:
            if earlier and not follows(rule, amount, quest.amount):
                continue
            if loops == rule.loops_per_edge:
                cut(ring, LOOPS, quest.payer)
                cut(ring, LOOPS, quest.payee)
                ring.counts[LOOPS] += 1
                return filled, loops, steps, False
            filled = write_loop(ring, scratch, depth, j, turned, own_row, out, filled)
            loops += 1
            continue
        if depth + 3 > rule.max_length:
            continue
        if earlier:
            label = labels[far]
            if label[STAMP] != search or label[STEPS] > rule.max_length - depth - 2:
                continue
            if not before(ts, order, label[L_TS], label[L_ORDER]):
                continue
        again = False
        for z in range(depth + 1):
            again |= who[z] == far
        if again:
            continue
        depth += 1
        who[depth], via[depth], turn[depth] = far, j, turned
        more[depth] = scratch.chain_out[far, 1] if scratch.chain_out[far, 0] == search else NONE
    return filled, loops, steps, False


@njit(cache=True)
def write_loop(
    ring: Ring, scratch: Scratch, depth: int, last: int, turned: int, own_row: int, out: Int64, filled: int
) -> int:
    """Write the loop on the path: the steps from the turn on, the quest's own edge, then the steps before the turn."""
    mask = ring.rows.shape[0] - 1
    scratch.path[1, depth + 1] = last
    steps = depth + 1
    first = turned if turned > 0 else steps + 1
    out[filled] = steps + 1
    filled += 1
    for z in range(first, steps + 1):
        out[filled] = ring.rows[scratch.found[scratch.path[1, z], SEQ] & mask, ROW]
        filled += 1
    out[filled] = own_row
    filled += 1
    for z in range(1, first):
        out[filled] = ring.rows[scratch.found[scratch.path[1, z], SEQ] & mask, ROW]
        filled += 1
    return filled


@njit(cache=True)
def loops_through(
    ring: Ring, rule: Rule, quest: Quest, scratch: Scratch, late: bool, own_row: int, out: Int64, filled: int
) -> tuple[int, int]:
    """Write the loops the edge closes or, for ``late``, those it completes that end later: how far filled, work."""
    if late:
        found, work, met = collect_late(ring, rule, quest, scratch, ring.state[NEWEST_TS])
    else:
        found, work, met = collect_closing(ring, rule, quest, scratch)
    short = work > rule.budget
    if met:
        # The second half of a search has a number of its own, so that it sees none of the first half's labels.
        chain(ring, scratch, quest.search + 1, found, True)
        chain(ring, scratch, quest.search + 1, found, False)
        label_ways_home(ring, rule, quest, scratch, quest.search + 1)
        filled, _, steps, broke = walk(ring, rule, quest, scratch, late, own_row, out, filled)
        short |= broke
        work += steps
    if short:
        cut(ring, BUDGET, quest.payer)
        cut(ring, BUDGET, quest.payee)
        ring.counts[BUDGET] += 1
    return filled, work
