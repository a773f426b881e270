"""How much of what leaves an account comes back to it: the flow view beside the path view of fund loops.

A loop of transfers is one path; money that is split in three and merged in two is several, none of which keeps its
amount. Here amounts are conserved: of each transfer that leaves an account and from which some loop leads back (a fund
loop within the window and of at most so many transfers, any amounts), the money is followed through the accounts of the
loops that begin at that account, from one moment to later ones, until it is back. By which rule an account's money is
told apart is named: ``fifo``, first in, first out, or ``homeward``: transfers on such a loop take the money of the
origin first, all others take other money. The first is what an accountant would do and loses the trail where an account
also pays others; the second is the most that can have come back, and the purity below says how likely that is.

What stands on an account counts from when such money comes to it, and is forgotten when none of it is such money any
more (spent, or gone from its origin for longer than the window); what an account sends beyond that is its own. Money
that is sent to accounts on no such loop is gone. Amounts are integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from graph.loops.engine import LoopBounds, LoopEngine, LoopError, LoopRule, Ties
from graph.loops.flow_kernel import (
    D_BACK,
    D_HOPS,
    D_LAST,
    D_ROW,
    S_AMOUNT,
    S_DEPARTURE,
    S_HOP,
    S_ROW,
    Int64,
    Purse,
    Transfers,
    follow_home,
)

Attribution = Literal["fifo", "homeward"]


@dataclass(frozen=True)
class FlowRule:
    """Within which time, over how many transfers, and what may be used.

    ``window``: from the departure to the return at most, in the unit of the times. ``max_loops``: loops looked at;
    ``budget`` and ``degree_cap``: of the loop engine. ``max_events``: transfers looked at for one account.
    ``attribution``: whose money a transfer takes, see the head of this module.
    """

    window: int
    max_length: int = 10
    ties: Ties = "strict"
    budget: int = 1 << 16
    degree_cap: int = 0
    max_loops: int = 2_000_000
    max_events: int = 1 << 21
    max_lots: int = 1 << 18
    max_steps: int = 1 << 17
    attribution: Attribution = "fifo"

    def __post_init__(self) -> None:
        if self.attribution not in ("fifo", "homeward"):
            raise LoopError(f"attribution must be fifo or homeward, got {self.attribution!r}")


@dataclass(frozen=True)
class Return:
    """Money of one account that came back: departures whose times overlap, together.

    ``left``: the sum of those departures; ``returned``: what came back of them. ``purity``: how much of the transfers
    on the way, the departures apart, was this money: low when it only happened to lie there. ``first_ts``: the first
    departure, ``last_ts``: the last return. ``hops``: transfers it took at most. ``steps``: row, departure (a row),
    transfers so far and amount carried, for every transfer on the way home, in order of time.
    """

    account: int
    left: int
    returned: int
    purity: float
    first_ts: int
    last_ts: int
    hops: int
    steps: Int64

    @property
    def share(self) -> float:
        return self.returned / self.left


@dataclass(frozen=True)
class Returns:
    """All returns, by account and time. ``cuts``: how often a limit cut something; ``cut_accounts``: around which."""

    found: list[Return]
    cuts: dict[str, int]
    cut_accounts: frozenset[int]


def find_returns(moves: Transfers, accounts: int, rule: FlowRule, held: int) -> Returns:
    """Returns among transfers in order of time (positive amounts; accounts below ``accounts``).

    ``held``: transfers in any one window at most. Rows in the result are positions in ``moves``.
    """
    engine = LoopEngine(
        LoopRule(rule.window, rule.max_length, ties=rule.ties),
        LoopBounds(max(held, 1), 0, rule.budget, rule.degree_cap),
    )
    loops = engine.push(moves.src, moves.dst, moves.ts, max_loops=rule.max_loops)
    cuts = {**engine.cuts, "events": 0, "lots": 0}
    cut_accounts = set(engine.cut_accounts())
    if len(loops) == 0:
        return Returns([], cuts, frozenset(cut_accounts))
    lookup = _Lookup(moves, accounts)
    purse = Purse(
        np.zeros(accounts, np.int64),
        np.zeros(accounts, np.int64),
        np.zeros(accounts, np.int64),
        np.zeros(accounts, np.int64),
        np.zeros((rule.max_lots, 5), np.int64),
        np.zeros(2, np.int64),
        np.zeros((rule.max_lots, 3), np.int64),
        np.zeros(len(moves.ts), np.bool_),
    )
    homeward = rule.attribution == "homeward"
    steps = np.zeros((rule.max_steps, 4), np.int64)
    found: list[Return] = []
    for home, first, members, on_loop in _origins(moves, loops.ptr, loops.rows):
        if homeward:
            events = on_loop
            purse.on_loop[on_loop] = True
        else:
            events = lookup.events(members, int(moves.ts[first[0]]), int(moves.ts[first[-1]]) + rule.window)
        if len(events) > rule.max_events:
            cuts["events"] += 1
            cut_accounts.add(home)
            continue
        departures = np.zeros((len(first), 4), np.int64)
        departures[:, D_ROW] = first
        written, limits = follow_home(
            moves,
            purse,
            home,
            members,
            events,
            departures,
            steps,
            rule.window,
            rule.max_length,
            rule.ties == "order",
            homeward,
        )
        purse.on_loop[on_loop] = False
        if limits:
            cuts["lots"] += 1
            cut_accounts.add(home)
        found += _rounds(moves, home, departures, steps[:written])
    return Returns(found, cuts, frozenset(cut_accounts))


class _Lookup:
    """Transfers by account, in order of time."""

    def __init__(self, moves: Transfers, accounts: int) -> None:
        self.moves = moves
        self._rows, self._ptr = [], []
        for column in (moves.src, moves.dst):
            self._rows.append(np.argsort(column, kind="stable").astype(np.int64))
            self._ptr.append(np.concatenate([[0], np.cumsum(np.bincount(column, minlength=accounts))]))

    def events(self, members: Int64, begin: int, end: int) -> Int64:
        """Rows of transfers from or to the members from ``begin`` to ``end``, ascending, each once."""
        low, high = np.searchsorted(self.moves.ts, [begin, end + 1])
        parts = []
        for rows, ptr in zip(self._rows, self._ptr, strict=True):
            for account in members:
                mine = rows[ptr[account] : ptr[account + 1]]
                parts.append(mine[np.searchsorted(mine, low) : np.searchsorted(mine, high)])
        return np.unique(np.concatenate(parts))


def _origins(moves: Transfers, ptr: Int64, rows: Int64) -> Iterator[tuple[int, Int64, Int64, Int64]]:
    """For each account at which loops begin: the account, their first transfers, the other accounts, all transfers.

    All ascending.
    """
    first = rows[ptr[:-1]]
    home = moves.src[first].astype(np.int64)
    loop_of = np.repeat(np.arange(len(first)), np.diff(ptr))
    ends = np.ones(len(rows), np.bool_)
    ends[ptr[1:] - 1] = False
    pairs = np.unique(np.column_stack([home[loop_of[ends]], moves.dst[rows[ends]]]), axis=0)
    starts = np.unique(np.column_stack([home, first]), axis=0)
    all_rows = np.unique(np.column_stack([home[loop_of], rows]), axis=0)
    at_rows = np.split(all_rows[:, 1], np.flatnonzero(np.diff(all_rows[:, 0])) + 1)
    at_pairs = np.split(pairs[:, 1], np.flatnonzero(np.diff(pairs[:, 0])) + 1)
    at_starts = np.split(starts[:, 1], np.flatnonzero(np.diff(starts[:, 0])) + 1)
    for account, begin, members, every in zip(np.unique(home).tolist(), at_starts, at_pairs, at_rows, strict=True):
        yield account, np.ascontiguousarray(begin), np.ascontiguousarray(members), np.ascontiguousarray(every)


def _rounds(moves: Transfers, home: int, departures: Int64, steps: Int64) -> Iterator[Return]:
    back = np.flatnonzero(departures[:, D_BACK] > 0)
    groups: list[list[int]] = []
    until = 0
    for d in back.tolist():
        if groups and int(moves.ts[departures[d, D_ROW]]) <= until:
            groups[-1].append(d)
            until = max(until, int(departures[d, D_LAST]))
        else:
            groups.append([d])
            until = int(departures[d, D_LAST])
    for group in groups:
        rows = departures[group]
        mine = steps[np.isin(steps[:, S_DEPARTURE], group)]
        kept = _on_the_way(moves, home, mine)
        on = kept[kept[:, S_HOP] > 1]
        purity = float(on[:, S_AMOUNT].sum() / max(int(moves.amount[np.unique(on[:, S_ROW])].sum()), 1))
        kept[:, S_DEPARTURE] = departures[kept[:, S_DEPARTURE], D_ROW]
        yield Return(
            home,
            int(moves.amount[rows[:, D_ROW]].sum()),
            int(rows[:, D_BACK].sum()),
            purity,
            int(moves.ts[rows[0, D_ROW]]),
            int(rows[:, D_LAST].max()),
            int(rows[:, D_HOPS].max()),
            kept,
        )


def _on_the_way(moves: Transfers, home: int, steps: Int64) -> Int64:
    """Steps by which money that came back travelled: those followed by one that is kept, from the last backwards."""
    needed: set[tuple[int, int, int]] = set()
    kept: npt.NDArray[np.bool_] = np.zeros(len(steps), np.bool_)
    for k in range(len(steps) - 1, -1, -1):
        row, departure, hop = int(steps[k, S_ROW]), int(steps[k, S_DEPARTURE]), int(steps[k, S_HOP])
        if int(moves.dst[row]) == home or (int(moves.dst[row]), departure, hop) in needed:
            kept[k] = True
            needed.add((int(moves.src[row]), departure, hop - 1))
    return steps[kept].copy()
