"""FinBench's own question about a loan's money: complex read 8, "transfer trace after loan applied".

As specified by LDBC FinBench; where its text leaves a choice, the choice is stated here:

* From each account the loan was paid out to, money is traced over transfers and withdrawals by at most three steps.
  Every edge, the payout too, lies strictly between ``start`` and ``end``. Times need not increase along a path.
* An edge is followed when amount > threshold x upstream. Upstream "account", the words of the specification: the sum
  of what flowed into its source in the trace, the payouts for the first step, then the edges by which the step before
  reached the account. Upstream "edge", as the published Cypher reads: the one edge before it on a path; the first edge
  of a path has none and is always followed.
* Truncation: at each account at most ``limit`` edges that lie in the window, those first by time (``order`` "asc") or
  last ("desc"), equal times by position; payouts too. What is truncated is not looked at.
* ``ratio``: the sum of all edges followed into an account, each once however many steps reach it, over the amount of
  the loan, rounded half up to three decimals. ``distance``: from the loan, the payout counted: 2 to 4.
* Sorted by distance, then ratio, both descending, then id ascending (by number where ids are numbers). An account the
  loan was paid out to is in the answer only when money came back to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from graph.snapshot import NULL, Relation, Snapshot

Order = Literal["asc", "desc"]
Upstream = Literal["account", "edge"]
STEPS = 3


@dataclass(frozen=True)
class FinBenchRule:
    """The parameters of the question. Times in epoch ms, both ends outside the window; ``limit`` 0: no truncation."""

    start: int
    end: int
    threshold: float = 0.0
    limit: int = 0
    order: Order = "desc"
    upstream: Upstream = "account"

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"the window must begin before it ends, got {self.start}..{self.end}")
        if self.threshold < 0 or self.limit < 0:
            raise ValueError("threshold and limit must not be negative")
        if self.order not in ("asc", "desc"):
            raise ValueError(f"order must be asc or desc, got {self.order!r}")
        if self.upstream not in ("account", "edge"):
            raise ValueError(f"upstream must be account or edge, got {self.upstream!r}")


@dataclass(frozen=True)
class Reached:
    """One row of the answer."""

    account: str
    ratio: float
    distance: int


@dataclass(frozen=True)
class FinBenchTrace:
    """The answer, and how many accounts had edges truncated."""

    rows: tuple[Reached, ...]
    truncated: int


def finbench_trace(snapshot: Snapshot, loan: int, rule: FinBenchRule) -> FinBenchTrace:
    """Answers the question for a loan (a node number). ValueError when the loan has no amount to take a ratio of."""
    amount = int(snapshot.nodes["Loan"].int64("amount")[loan])
    if amount in (NULL, 0):
        raise ValueError(f"loan {snapshot.nodes['Loan'].id(loan)} has no amount: there is nothing to take a ratio of")
    payouts = snapshot.relation("Loan", "DISBURSED_TO", "Account")
    transfers = snapshot.relation("Account", "TRANSFER", "Account")
    cut: set[int] = set()
    paid, moved = payouts.int64("amount"), transfers.int64("amount")
    first = _edges(payouts, loan, rule)
    cut |= {-1} if first.truncated else set()
    inflow: dict[int, list[int]] = {}
    for e in first.edges:
        inflow.setdefault(int(payouts.dst[e]), []).append(int(paid[e]))
    threshold = Fraction(rule.threshold)
    into: dict[int, set[int]] = {}
    distance: dict[int, int] = {}
    for step in range(1, STEPS + 1):
        reached: dict[int, list[int]] = {}
        for account, amounts in inflow.items():
            out = _edges(transfers, account, rule)
            cut |= {account} if out.truncated else set()
            if rule.upstream == "account":
                least = threshold * sum(amounts)
            else:
                least = threshold * min(amounts) if step > 1 else Fraction(-1)
            for e in out.edges:
                if int(moved[e]) > least:
                    to = int(transfers.dst[e])
                    reached.setdefault(to, []).append(int(moved[e]))
                    into.setdefault(to, set()).add(e)
                    distance.setdefault(to, step + 1)
        inflow = reached
    names = snapshot.nodes["Account"]
    rows = []
    for to, edges in into.items():
        ratio = Fraction(sum(int(moved[e]) for e in edges), amount)
        rows.append(Reached(names.id(to), float((ratio * 1000 + Fraction(1, 2)).__floor__()) / 1000, distance[to]))
    rows.sort(key=lambda r: (-r.distance, -r.ratio, len(r.account) if r.account.isdigit() else 0, r.account))
    return FinBenchTrace(tuple(rows), len(cut))


@dataclass(frozen=True)
class _Kept:
    edges: Sequence[int]
    truncated: bool


def _edges(relation: Relation, node: int, rule: FinBenchRule) -> _Kept:
    ts, amount = relation.int64("ts"), relation.int64("amount")
    inside = [
        e
        for e in range(int(relation.out_ptr[node]), int(relation.out_ptr[node + 1]))
        if rule.start < int(ts[e]) < rule.end and int(amount[e]) != NULL and int(ts[e]) != NULL
    ]
    if not rule.limit or len(inside) <= rule.limit:
        return _Kept(inside, False)
    inside.sort(key=lambda e: (int(ts[e]) if rule.order == "asc" else -int(ts[e]), e))
    return _Kept(inside[: rule.limit], True)
