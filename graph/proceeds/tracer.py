"""Where the money of a loan went: from its disbursement hop by hop over later transfers, every cent in one place.

Attribution is a rule, named by the caller, never a fact. ``fifo``: an account's first money in is its first money out.
``proportional``: an outgoing amount is a mixture of all money on the account. Both know an account's money only from
the moment the loan's first reached it: what stood there before is left out, and spending more than is known is taken to
be spending that. Money that arrives at one millisecond can leave from the next on (``same_time``: in the same, where it
is booked later).

A cent ends in exactly one place: *held* by an account at the horizon; *home*, on an account of the borrower (after it
was elsewhere), an owner, a guarantor or a buyer, where following ends; *repaid* into a loan; *beyond* the last hop; or
*small*, a part too small (or one too many) to open another account for. Moves between the borrower's own accounts are
no hops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from graph.proceeds.kernel import (
    PLACES,
    TOO_MANY_ACCOUNTS,
    TOO_MANY_FLOWS,
    TOO_MANY_LOTS,
    Book,
    Int8,
    Int64,
    Moves,
    follow,
)

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
class Trace:
    """Where one disbursement went.

    ``sums``: amount by [place, class of the holder, hop], see graph.proceeds.kernel for both lists; it adds up to
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
        hops, slots = rule.max_hops, rule.max_accounts
        self._traces = 0
        self._book = Book(
            np.zeros((nodes, 2), np.int64),
            np.zeros(slots, np.int64),
            np.zeros((slots, hops + 2), np.int64),
            np.zeros((slots, hops + 3), np.int64),
            np.zeros(slots, np.int64),
            np.zeros(slots, np.int64),
            np.zeros((rule.max_lots, 4), np.int64),
            np.zeros(2, np.int64),
            np.zeros(hops + 2, np.int64),
            np.zeros((rule.max_flows, 5), np.int64),
            np.zeros((len(PLACES), 6, hops + 1), np.int64),
        )

    def trace(self, node: int, amount: int, ts: int, classes: Int8, own_move: int = -1) -> Trace:
        """Follow ``amount`` that reached ``node`` at ``ts``.

        ``classes``: the class of each node (graph.proceeds.kernel: OTHER .. LOAN). ``own_move``: the disbursement's own
        row among the movements, which must not count as other money.
        """
        rule, book = self.rule, self._book
        self._traces += 1
        begin = int(np.searchsorted(self.moves.ts, ts, side="left"))
        end = int(np.searchsorted(self.moves.ts, ts + rule.horizon_ms, side="right"))
        if own_move >= 0 and rule.same_time:
            begin = max(begin, own_move + 1)
        used, written, limits = follow(
            self.moves,
            classes,
            book,
            self._traces,
            node,
            amount,
            ts,
            own_move,
            begin,
            end,
            rule.attribution == "fifo",
            rule.same_time,
            int(rule.small_share * amount),
        )
        slots, hops = np.nonzero(book.pool[:used, :-1])
        held = np.column_stack([book.node_of[slots], hops, book.pool[slots, hops]]).astype(np.int64)
        why = tuple(text for bit, text in _WHY.items() if limits & bit)
        return Trace(amount, book.sums.copy(), book.flows[:written].copy(), held, why)


def in_time_order(moves: Moves, ties: npt.NDArray[np.int64]) -> tuple[Moves, Int64]:
    """Movements ordered by (time, ``ties``), and the old place of each."""
    order = np.lexsort((ties, moves.ts))
    return Moves(moves.src[order], moves.dst[order], moves.ts[order], moves.amount[order]), order
