"""One loan's money as a report: every disbursement hop by hop, every amount in one place, whether or not it came home.

Amounts are minor units of the currency, times epoch ms, shares of the amount disbursed. ``places`` has the keys of
graph.findings.loan_money.PLACES and adds up to the amount exactly; so do ``held`` together with those flows that end
in a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from graph.findings.finding import EdgeRef
from graph.findings.holders import Holders
from graph.findings.loan_money import HOME_PLACES, PLACES, LoanTrace, place_of, places, trace_loans
from graph.findings.loan_sentences import WhereItWent
from graph.findings.loan_traces import when_home
from graph.findings.mixed_loops import LoopClosings, edge_ref
from graph.proceeds.layout import AMOUNT, BORROWER, BUYER, EVENT, FROM_HOP, GUARANTOR, OWNER, SMALL, TO_HOP, WHERE
from graph.proceeds.tracer import TraceRule
from graph.snapshot import Snapshot

_HOLDERS = {BORROWER: "borrower", OWNER: "owner", GUARANTOR: "guarantors", BUYER: "buyers"}


@dataclass(frozen=True)
class Flow:
    """Money of the disbursement carried by one movement.

    ``hop``: hops from the borrower after it. ``place``: where it ended by this movement, None when it went on from
    there; ``why_left`` says for place ``left`` whether it went ``beyond`` the last hop or was ``small``.
    """

    edge: EdgeRef
    amount: int
    share: float
    from_hop: int
    hop: int
    after_ms: int
    place: str | None
    why_left: str | None


@dataclass(frozen=True)
class Lying:
    """Money that still lay on an account at the end of the time: with the borrower (``rest``) or others (``left``)."""

    account: str
    holder: str
    hop: int
    amount: int
    place: str


@dataclass(frozen=True)
class Part:
    """One disbursement."""

    edge: EdgeRef
    amount: int
    ts: int
    places: dict[str, int]
    shares: dict[str, float]
    returned: int
    reordered: int
    hops: int
    days: int
    flows: tuple[Flow, ...]
    held: tuple[Lying, ...]
    text_en: str
    text_zh: str
    complete: bool
    truncated_why: str | None


@dataclass(frozen=True)
class LoanReport:
    """All disbursements of a loan in one currency, and their sum."""

    loan: str
    currency: str
    disbursed: int
    returned: int
    places: dict[str, int]
    shares: dict[str, float]
    parts: tuple[Part, ...]
    text_en: str
    text_zh: str
    complete: bool


def report_loan(snapshot: Snapshot, loan: int, rule: TraceRule) -> list[LoanReport]:
    """Where the money of a loan (a node number) went, by currency; empty when nothing of it can be followed."""
    closings = LoopClosings(snapshot, Holders(snapshot))
    traces = trace_loans(snapshot, rule, loan)
    return [_report(snapshot, closings, list(group), rule) for _, group in groupby(traces, key=lambda t: t.currency)]


def not_followed(snapshot: Snapshot, loan: int) -> int:
    """Disbursements of the loan that lack a time, an amount or a currency."""
    paid = snapshot.relation("Loan", "DISBURSED_TO", "Account")
    mine = paid.src == loan
    whole = paid.known("ts") & paid.known("currency") & paid.known("amount")
    return int((mine & ~(whole & (paid.int64("amount") > 0))).sum())


def _report(snapshot: Snapshot, closings: LoopClosings, traces: list[LoanTrace], rule: TraceRule) -> LoanReport:
    whole = {p: sum(places(t.trace)[p] for t in traces) for p in PLACES}
    home = sum(whole[p] for p in HOME_PLACES)
    parts = tuple(_part(snapshot, closings, t, home, rule) for t in traces)
    first, amount = traces[0], traces[0].loan_amount
    hops = max(parts, key=lambda p: p.returned).hops
    last = max(when_home(t)[0] for t in traces)
    days = -(-(last - first.ts) // 86_400_000)
    reordered = sum(p.reordered for p in parts)
    en, zh = WhereItWent(
        amount, first.currency, whole, hops, days, len(parts), amount, home, reordered, over_loan=True
    ).sentences()
    return LoanReport(
        snapshot.nodes["Loan"].id(first.loan),
        first.currency,
        amount,
        home,
        whole,
        _shares(whole, amount),
        parts,
        en,
        zh,
        all(p.complete for p in parts),
    )


def _part(snapshot: Snapshot, closings: LoopClosings, t: LoanTrace, loan_home: int, rule: TraceRule) -> Part:
    amounts = places(t.trace)
    _, days, hops = when_home(t)
    reordered, _ = closings.orders_after(t, t.ts + rule.horizon_ms)
    en, zh = WhereItWent(
        t.amount, t.currency, amounts, hops, days, t.parts, t.loan_amount, loan_home, reordered
    ).sentences()
    names = snapshot.nodes["Account"]
    flows = []
    for row in t.trace.flows:
        place, amount = place_of(t, row), int(row[AMOUNT])
        edge = edge_ref(snapshot, *t.ledger.relation_of(int(row[EVENT])))
        after = int(t.ledger.moves.ts[row[EVENT]]) - t.ts
        why = ("small" if row[WHERE] == SMALL else "beyond") if place == "left" else None
        share = round(amount / t.amount, 6)
        flows.append(Flow(edge, amount, share, int(row[FROM_HOP]), int(row[TO_HOP]), after, place or None, why))
    held = [
        Lying(names.id(node), _HOLDERS.get(t.class_of(node), "others"), hop, amount, "rest" if hop == 0 else "left")
        for node, hop, amount in t.trace.held.tolist()
    ]
    return Part(
        edge_ref(snapshot, snapshot.relation("Loan", "DISBURSED_TO", "Account"), t.edge),
        t.amount,
        t.ts,
        amounts,
        _shares(amounts, t.amount),
        sum(amounts[p] for p in HOME_PLACES),
        reordered,
        hops,
        days,
        tuple(flows),
        tuple(sorted(held, key=lambda h: (h.hop, -h.amount, h.account))),
        en,
        zh,
        not t.trace.why,
        "; ".join(t.trace.why) or None,
    )


def _shares(amounts: dict[str, int], whole: int) -> dict[str, float]:
    return {place: round(amount / whole, 6) for place, amount in amounts.items()}
