"""Where the money of a loan went: from each disbursement hop by hop over later transfers, every cent in one place.

Attribution is a rule, named by the caller, never a fact. ``fifo``: an account's first money in is its first money out.
``proportional``: an outgoing amount is a mixture of all money on the account. Both know an account's money only from
the moment the loan's first reached it: what stood there before is left out, and spending more than is known is taken to
be spending that. Money that arrives at one millisecond can leave from the next on (``same_time``: in the same, where it
is booked later).

A cent ends in exactly one place: *held* by an account at the horizon; *home*, on an account of the borrower (after it
was elsewhere), an owner, a guarantor or a buyer, where following ends; *repaid* into a loan; *beyond* the last hop; or
*small*, a part too small (or one too many) to open another account for. Moves between the borrower's own accounts are
no hops. The disbursements of one loan are followed together, each for its own time: a movement out of money of two of
them is shared out between the two, so the places of all of them add up to what was disbursed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from graph.proceeds.kernel import follow
from graph.proceeds.layout import (
    CLASSES,
    D_AMOUNT,
    D_EVENT,
    D_NODE,
    D_PLACE,
    D_SMALL,
    D_TS,
    D_UNTIL,
    PART,
    PLACES,
    TOO_MANY_ACCOUNTS,
    TOO_MANY_FLOWS,
    TOO_MANY_LOTS,
    Book,
    Int8,
    Int64,
    Moves,
)
from graph.proceeds.marks import touching

Attribution = Literal["fifo", "proportional"]

_WHY = {
    TOO_MANY_ACCOUNTS: "the money reached more accounts than are followed",
    TOO_MANY_LOTS: "the accounts saw more movements than are told apart",
    TOO_MANY_FLOWS: "there were more movements of this money than are listed",
}


@dataclass(frozen=True)
class TraceRule:
    """How money is followed: the attribution, hops and time at most, and parts (of the loan) too small to follow."""

    attribution: Attribution = "fifo"
    max_hops: int = 4
    horizon_ms: int = 30 * 86_400_000
    small_share: float = 0.001
    same_time: bool = False
    max_accounts: int = 4096
    max_lots: int = 1 << 17
    max_flows: int = 1 << 15

    def __post_init__(self) -> None:
        if self.attribution not in ("fifo", "proportional"):
            raise ValueError(f"attribution must be fifo or proportional, got {self.attribution!r}")
        if not 1 <= self.max_hops <= 16:
            raise ValueError(f"max_hops must lie in 1..16, got {self.max_hops}")
        if self.horizon_ms < 0 or not 0 <= self.small_share <= 1:
            raise ValueError("horizon_ms must not be negative and small_share must lie in 0..1")
        if min(self.max_accounts, self.max_lots, self.max_flows) < 1:
            raise ValueError("max_accounts, max_lots and max_flows must be at least 1")


@dataclass(frozen=True)
class Payout:
    """One disbursement: ``amount`` reached ``node`` at ``ts``; ``event``: its own row among the movements, -1 for none.

    That row is not counted as other money.
    """

    node: int
    amount: int
    ts: int
    event: int = -1


@dataclass(frozen=True)
class Trace:
    """Where one disbursement went.

    ``sums``: amount by [place, class of the holder, hop], see graph.proceeds.layout for both lists; it adds up to
    ``disbursed`` exactly. ``flows``: one row per movement and hop: movement, hop before, hop after, amount, place it
    ended in (or moved on). ``held``: account, hop, amount of what still lies there. ``why``: limits reached, if any.
    """

    disbursed: int
    sums: Int64
    flows: Int64
    held: Int64
    why: tuple[str, ...]


class Tracer:
    """Traces disbursements over one currency's movements. ``moves`` must be in order of time."""

    def __init__(self, moves: Moves, nodes: int, rule: TraceRule) -> None:
        if len(moves.ts) and bool((np.diff(moves.ts) < 0).any()):
            raise ValueError("movements must be in order of time")
        if len(moves.amount) and int(moves.amount.min()) < 0:
            raise ValueError("amounts must not be negative")
        self.moves = moves
        self.rule = rule
        self._traces = 0
        self._index = touching(moves.src, moves.dst, nodes)
        self._marks = np.zeros((len(moves.ts) >> 6) + 1, np.uint64)
        self._marked = np.zeros((len(self._marks) >> 6) + 1, np.uint64)
        self._slot_of = np.zeros((nodes, 2), np.int64)
        self._room = 0
        self._book = self._make_book(1)

    def _make_book(self, disbursements: int) -> Book:
        rule, slots = self.rule, self.rule.max_accounts
        self._room = disbursements
        labels = 1 + disbursements * (rule.max_hops + 1)
        return Book(
            self._marks,
            self._marked,
            self._slot_of,
            np.zeros(slots, np.int64),
            np.zeros((slots, labels), np.int64),
            np.zeros((slots, labels + 1), np.int64),
            np.zeros((slots, labels), np.int64),
            np.zeros(slots, np.int64),
            np.zeros(slots, np.int64),
            np.zeros((rule.max_lots, 4), np.int64),
            np.zeros(2, np.int64),
            np.zeros(labels, np.int64),
            np.zeros((rule.max_flows, 6), np.int64),
            np.zeros((disbursements, len(PLACES), CLASSES, rule.max_hops + 1), np.int64),
        )

    def trace(self, node: int, amount: int, ts: int, classes: Int8, own_move: int = -1) -> Trace:
        """Follow one disbursement: ``trace_all`` of one."""
        return self.trace_all([Payout(node, amount, ts, own_move)], classes)[0]

    def trace_all(self, payouts: Sequence[Payout], classes: Int8) -> list[Trace]:
        """Follow the disbursements of one loan together; a trace for each, in the order given.

        ``classes``: the class of each node (graph.proceeds.layout: OTHER .. GROUP_LOAN). A limit that is reached is
        told in the trace of each.
        """
        rule, ts = self.rule, self.moves.ts
        if not payouts:
            return []
        order = sorted(range(len(payouts)), key=lambda k: (payouts[k].ts, payouts[k].event))
        paid = np.zeros((len(payouts), 7), np.int64)
        for row, k in zip(paid, order, strict=True):
            p = payouts[k]
            row[D_EVENT], row[D_NODE], row[D_AMOUNT], row[D_TS] = p.event, p.node, p.amount, p.ts
            first = int(np.searchsorted(ts, p.ts, side="left"))
            row[D_PLACE] = max(first, p.event + 1) if rule.same_time and p.event >= 0 else first
            row[D_UNTIL], row[D_SMALL] = p.ts + rule.horizon_ms, int(rule.small_share * p.amount)
        if len(payouts) > self._room:
            self._book = self._make_book(len(payouts))
        self._traces += 1
        end = int(np.searchsorted(ts, paid[-1, D_UNTIL], side="right"))
        fifo = rule.attribution == "fifo"
        used, written, limits = follow(
            self.moves, self._index, classes, self._book, self._traces, paid, rule.max_hops, end, fifo, rule.same_time
        )
        why = tuple(text for bit, text in _WHY.items() if limits & bit)
        traces = [self._read(d, int(paid[d, D_AMOUNT]), used, written, why) for d in range(len(payouts))]
        return [traces[order.index(k)] for k in range(len(payouts))]

    def _read(self, d: int, amount: int, used: int, written: int, why: tuple[str, ...]) -> Trace:
        book, low = self._book, 1 + d * (self.rule.max_hops + 1)
        kept = book.kept[:used, low : low + self.rule.max_hops + 1]
        slots, hops = np.nonzero(kept)
        held = np.column_stack([book.node_of[slots], hops, kept[slots, hops]]).astype(np.int64)
        flows = book.flows[:written]
        return Trace(amount, book.sums[d].copy(), flows[flows[:, PART] == d, :PART].copy(), held, why)


def in_time_order(moves: Moves, ties: npt.NDArray[np.int64]) -> tuple[Moves, Int64]:
    """Movements ordered by (time, ``ties``), and the old place of each."""
    order = np.lexsort((ties, moves.ts))
    return Moves(moves.src[order], moves.dst[order], moves.ts[order], moves.amount[order]), order
