"""The engine's pass over a batch of edges: forget what is past, search, remember. Numba over graph.loops.layout."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numba import njit

from graph.loops.layout import (
    AHEAD,
    AMOUNT,
    BEHIND,
    CAPACITY,
    CUT_SHORT,
    DEGREE,
    DST,
    LATE,
    NEWEST_ORDER,
    NEWEST_TS,
    NEXT_OUT,
    NEXT_SEQ,
    NONE,
    ORDER,
    PUSHED,
    ROW,
    SEARCH,
    SEARCHED,
    SRC,
    TAIL,
    TS,
    WORK,
    Float64,
    Int64,
    Quest,
    Ring,
    Rule,
    Scratch,
)
from graph.loops.search import SLACK, loops_through
from graph.loops.walk import before, cut
from graph.source_version import source_version


@njit(cache=True)
def forget(ring: Ring, rule: Rule) -> None:
    """Free rows that no edge still to come can use and, when the ring is full, the oldest arrival (flagged)."""
    state = ring.state
    mask = ring.rows.shape[0] - 1
    past = state[NEWEST_TS] - rule.window - rule.lateness
    while state[TAIL] < state[NEXT_SEQ]:
        slot = state[TAIL] & mask
        src, dst = ring.rows[slot, SRC], ring.rows[slot, DST]
        if ring.rows[slot, TS] >= past:
            if state[NEXT_SEQ] - state[TAIL] < ring.rows.shape[0]:
                return
            cut(ring, CAPACITY, src)
            cut(ring, CAPACITY, dst)
            ring.counts[CAPACITY] += 1
        ring.degree[AHEAD, src] -= 1
        ring.degree[BEHIND, dst] -= 1
        state[TAIL] += 1


@njit(cache=True, inline="always")  # called twice for each edge: passing the ring costs more than the work
def place(ring: Ring, side: int, account: int, seq: int) -> None:
    """Put a row into an account's chain, which is ordered newest first; only a late row goes further than its head."""
    rows, ends = ring.rows, ring.ends
    mask = rows.shape[0] - 1
    ts, order = rows[seq & mask, TS], rows[seq & mask, ORDER]
    at, newer = ring.first[side, account], NONE
    while at >= ring.state[TAIL] and before(ts, order, rows[at & mask, TS], rows[at & mask, ORDER]):
        newer, end = at, ends[side, at & mask]
        if ts < rows[at & mask, TS] and end >= ring.state[TAIL]:
            newer = end  # all of the run is newer
        at = rows[newer & mask, NEXT_OUT + side]
    rows[seq & mask, NEXT_OUT + side] = at
    same = at >= ring.state[TAIL] and rows[at & mask, TS] == ts
    ends[side, seq & mask] = ends[side, at & mask] if same else seq
    if newer == NONE:
        ring.first[side, account] = seq
    else:
        rows[newer & mask, NEXT_OUT + side] = seq
    ring.degree[side, account] += 1


@njit(cache=True)
def remember(ring: Ring, src: int, dst: int, ts: int, order: int, amount: float, row_number: int) -> None:
    """Add an edge to the ring."""
    rows = ring.rows
    seq = ring.state[NEXT_SEQ]
    slot = seq & (rows.shape[0] - 1)
    rows[slot, TS], rows[slot, ORDER], rows[slot, SRC], rows[slot, DST] = ts, order, src, dst
    rows[slot, ROW] = row_number
    ring.amounts[slot, AMOUNT] = amount
    place(ring, AHEAD, src, seq)
    place(ring, BEHIND, dst, seq)
    ring.state[NEXT_SEQ] = seq + 1


@njit(cache=True)
def ask(state: Int64, rule: Rule, src: int, dst: int, ts: int, order: int, amount: float, late: bool) -> Quest:
    """A search of its own number for the edge, with the amounts that any of its companions can have."""
    state[SEARCH] += 2
    least, most = -np.inf, np.inf
    if rule.by_amount:
        steps = rule.max_length - 1
        least, most = amount / rule.grow**steps, amount / rule.keep**steps
        if late:
            least, most = min(least, amount * rule.keep**steps), max(most, amount * rule.grow**steps)
            # Across the turn amounts are free of each other, but all lie within these of the edge's own: each part
            # follows on from it or leads up to it.
        least, most = least - abs(least) * SLACK, most + abs(most) * SLACK
    return Quest(state[SEARCH], src, dst, ts, order, amount, least, most)


def _compile(version: int) -> Callable[..., tuple[int, int]]:
    """The kernel for one version of the sources (graph.source_version)."""

    @njit(cache=True)
    def push_edges(
        ring: Ring,
        rule: Rule,
        scratch: Scratch,
        src: npt.NDArray[np.int32],
        dst: npt.NDArray[np.int32],
        ts: Int64,
        order: Int64,
        amount: Float64,
        row: Int64,
        start: int,
        out: Int64,
        search: bool,
    ) -> tuple[int, int]:
        """Take edges from ``start`` on while ``out`` has room for one edge's loops: next to take, how far filled.

        ``search``: False only remembers (the benchmark's measure of the engine's own floor).
        """
        if version < 0:  # never; see graph.source_version
            return start, 0
        state = ring.state
        filled = 0
        room = 2 * rule.loops_per_edge * (rule.max_length + 1)
        i = start
        while i < len(src) and filled + room <= len(out):
            u, v, t, o, a = np.int64(src[i]), np.int64(dst[i]), ts[i], order[i], amount[i]
            state[PUSHED] += 1
            cuts = ring.counts.sum()
            late = False
            if state[PUSHED] == 1 or before(state[NEWEST_TS], state[NEWEST_ORDER], t, o):
                state[NEWEST_TS], state[NEWEST_ORDER] = t, o
            else:
                late = before(t, o, state[NEWEST_TS], state[NEWEST_ORDER])
            if u == v:
                i += 1
                continue
            if t < state[NEWEST_TS] - rule.lateness:
                cut(ring, LATE, u)
                cut(ring, LATE, v)
                ring.counts[LATE] += 1
                state[CUT_SHORT] += 1
                i += 1
                continue
            forget(ring, rule)
            if search and (not rule.by_amount or a == a):
                hub = False
                if rule.degree_cap > 0:
                    for w in (u, v):
                        if ring.degree[0, w] + ring.degree[1, w] > rule.degree_cap:
                            hub = True
                            cut(ring, DEGREE, w)
                            ring.counts[DEGREE] += 1
                if not hub and ring.degree[AHEAD, v] > 0:
                    # What it closes and, for a late one, what it completes that ends later.
                    for part in range(2 if late else 1):
                        if part == 0 and ring.degree[BEHIND, u] == 0:
                            continue
                        quest = ask(state, rule, u, v, t, o, a, part == 1)
                        filled, work = loops_through(ring, rule, quest, scratch, part == 1, row[i], out, filled)
                        state[SEARCHED] += part == 0
                        state[WORK] += work
            state[CUT_SHORT] += ring.counts.sum() > cuts
            remember(ring, u, v, t, o, a, row[i])
            i += 1
        return i, filled

    return push_edges


push_edges = _compile(source_version(__file__, "layout", "search", "walk"))


@njit(cache=True)
def unpack(packed: Int64) -> tuple[Int64, Int64]:
    """Split records of ``length, rows...`` into pointers and rows."""
    loops, at = 0, 0
    while at < len(packed):
        at += packed[at] + 1
        loops += 1
    ptr, rows = np.zeros(loops + 1, np.int64), np.empty(len(packed) - loops, np.int64)
    at = 0
    for i in range(loops):
        length = packed[at]
        ptr[i + 1] = ptr[i] + length
        rows[ptr[i] : ptr[i + 1]] = packed[at + 1 : at + 1 + length]
        at += length + 1
    return ptr, rows
