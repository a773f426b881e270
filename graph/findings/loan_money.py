"""The money of loans: all movements of a currency in one ledger, and each disbursement followed through it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graph.findings.holders import Holders
from graph.findings.loan_parties import Circle, LoanParties, nobody
from graph.proceeds.layout import (
    BORROWER,
    BUYER,
    EVENT,
    GROUP_LOAN,
    GUARANTOR,
    HELD,
    HOME,
    MOVED,
    OWNER,
    REPAID,
    SMALL,
    TO_HOP,
    WHERE,
    Int8,
    Int64,
    Moves,
)
from graph.proceeds.tracer import Payout, Trace, Tracer, TraceRule, in_time_order
from graph.snapshot import NULL, Relation, Snapshot
from landing.text import text_order


@dataclass(frozen=True)
class LoanTrace:
    """One disbursement and where its money went. ``account``, ``loan``: node numbers; ``edge``: of DISBURSED_TO.

    ``parts``: disbursements of the loan in this currency; ``loan_amount``: the sum of all of them.
    """

    loan: int
    account: int
    edge: int
    amount: int
    ts: int
    currency: str
    circle: Circle
    trace: Trace
    ledger: Ledger
    parts: int
    loan_amount: int

    def class_of(self, node: int) -> int:
        """Who holds an account, or whose loan it is, seen from the borrower (graph.proceeds.layout)."""
        return self.circle.class_of(node, self.ledger.accounts)


class Ledger:
    """The movements of one currency: transfers, repayments and disbursements in order of time."""

    def __init__(self, snapshot: Snapshot, currency: str) -> None:
        self.accounts = len(snapshot.nodes["Account"])
        self.nodes = self.accounts + len(snapshot.nodes["Loan"])
        self.relations = (
            snapshot.relation("Account", "TRANSFER", "Account"),
            snapshot.relation("Account", "REPAID", "Loan"),
            snapshot.relation("Loan", "DISBURSED_TO", "Account"),
        )
        parts = [self._moves(i, r, currency) for i, r in enumerate(self.relations)]
        which, at, src, dst, ts, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
        # At one millisecond: by kind of movement, then by id (relations are sorted by source; ids decide).
        names = np.concatenate([_rank_of_ids(r)[p[1]] for r, p in zip(self.relations, parts, strict=True)])
        moves = Moves(src.astype(np.int32), dst.astype(np.int32), ts, amount)
        self.moves, order = in_time_order(moves, which * (int(names.max(initial=0)) + 1) + names)
        self.which, self.at = which[order], at[order]

    def _moves(self, which: int, relation: Relation, currency: str) -> tuple[Int64, Int64, Int64, Int64, Int64, Int64]:
        codes, names = relation.codes("currency")
        ts, amount = relation.int64("ts"), relation.int64("amount")
        mine = names.index(currency) if currency in names else -2
        at = np.flatnonzero((codes == mine) & (ts != NULL) & (amount != NULL) & (amount > 0))
        src, dst = relation.src[at].astype(np.int64), relation.dst[at].astype(np.int64)
        src += self.accounts if relation.src_kind == "Loan" else 0
        dst += self.accounts if relation.dst_kind == "Loan" else 0
        return np.full(len(at), which, np.int64), at, src, dst, ts[at], amount[at]

    def relation_of(self, event: int) -> tuple[Relation, int]:
        """The relation and position of a movement."""
        return self.relations[int(self.which[event])], int(self.at[event])


def trace_loans(snapshot: Snapshot, rule: TraceRule | None = None, loan: int | None = None) -> Iterator[LoanTrace]:
    """Where the money of each disbursement (of one loan, if given) went, whether or not it came home.

    Disbursements of one loan in one currency are followed together and come one after the other, in order of time.
    Those without time, amount or currency cannot be followed and are left out.
    """
    parties = LoanParties(snapshot, Holders(snapshot))
    disbursed = snapshot.relation("Loan", "DISBURSED_TO", "Account")
    codes, currencies = disbursed.codes("currency")
    for code, currency in enumerate(currencies):
        wanted = codes == code
        if loan is not None:
            wanted = wanted & (disbursed.src == loan)
        if not wanted.any():
            continue
        ledger = Ledger(snapshot, currency)
        tracer = Tracer(ledger.moves, ledger.nodes, rule or TraceRule())
        classes = nobody(ledger.accounts, ledger.nodes - ledger.accounts)
        of_loan: dict[int, list[int]] = {}
        for event in np.flatnonzero(ledger.which == 2).tolist():
            if wanted[ledger.at[event]]:
                of_loan.setdefault(int(disbursed.src[ledger.at[event]]), []).append(event)
        for number, events in of_loan.items():
            yield from _trace_loan(number, events, currency, ledger, tracer, classes, parties, disbursed)


def _trace_loan(
    loan: int,
    events: list[int],
    currency: str,
    ledger: Ledger,
    tracer: Tracer,
    classes: Int8,
    parties: LoanParties,
    disbursed: Relation,
) -> Iterator[LoanTrace]:
    moves = ledger.moves
    edges = [int(ledger.at[e]) for e in events]
    paid = [
        Payout(int(disbursed.dst[at]), int(moves.amount[e]), int(moves.ts[e]), e)
        for at, e in zip(edges, events, strict=True)
    ]
    circle = parties.circle(loan, {p.node for p in paid}, paid[0].ts)
    with circle.marked(classes, ledger.accounts):
        traces = tracer.trace_all(paid, classes)
    whole = sum(p.amount for p in paid)
    for at, p, trace in zip(edges, paid, traces, strict=True):
        yield LoanTrace(loan, p.node, at, p.amount, p.ts, currency, circle, trace, ledger, len(paid), whole)


def _rank_of_ids(relation: Relation) -> Int64:
    ids = relation.strings("id")
    rank = np.empty(len(ids), np.int64)
    rank[text_order(ids)] = np.arange(len(ids))
    return rank


PLACES = ("borrower", "owner", "guarantors", "buyers", "group_loans", "repaid", "rest", "left")
"""Where a loan's money can be; the first five mean that it came home. See ``places``."""

HOME_PLACES = PLACES[:5]


def places(trace: Trace) -> dict[str, int]:
    """The amounts of one disbursement by place; they add up to it exactly.

    ``borrower``: back at the borrower after it was elsewhere. ``owner``, ``guarantors``, ``buyers``: on their accounts.
    ``group_loans``: by way of others repaid another loan of the borrower, its owners or its guarantors. ``repaid``:
    repaid the loan itself or a stranger's, or any straight from the borrower, as refinancing does.
    ``rest``: never left the borrower's accounts. ``left``: with others, or out of sight.
    """
    sums = trace.sums
    home, group = sums[HOME].sum(axis=1).tolist(), int(sums[REPAID, GROUP_LOAN, 2:].sum())
    amounts = {
        "borrower": home[BORROWER],
        "owner": home[OWNER],
        "guarantors": home[GUARANTOR],
        "buyers": home[BUYER],
        "group_loans": group,
        "repaid": int(sums[REPAID].sum()) - group,
        "rest": int(sums[HELD, :, 0].sum()) + int(sums[SMALL, BORROWER, 0]),
    }
    return {**amounts, "left": trace.disbursed - sum(amounts.values())}


def place_of(t: LoanTrace, flow: Int64) -> str:
    """The place that a recorded flow of the trace ends in; empty when the money moved on."""
    where, holder = int(flow[WHERE]), t.class_of(int(t.ledger.moves.dst[int(flow[EVENT])]))
    if where == HOME:
        return {BORROWER: "borrower", OWNER: "owner", GUARANTOR: "guarantors", BUYER: "buyers"}[holder]
    if where == REPAID:
        return "group_loans" if holder == GROUP_LOAN and flow[TO_HOP] > 1 else "repaid"
    return "" if where == MOVED else "left"
