"""Loan traces: loans whose money comes home to the borrower's side or to the buyers of its shop.

The money of each loan is followed over transfers (graph.proceeds), all its disbursements together. A finding is one
disbursement of which at least ``min_share`` came back. Its numbers, amounts in ``currency``, shares of ``disbursed``:

* ``returned_amount``, ``returned_share``: the sum of what reached accounts of the borrower after it was elsewhere
  (``to_borrower_share``), of its owners and their other businesses (``to_owner_share``), of its guarantors
  (``to_guarantors_share``), of buyers who order in the borrower's shop (``to_buyers_share``), and what by way of others
  repaid other loans of the borrower, its owners or its guarantors (``to_group_loans_share``)
* ``rest_share``: still on the account paid to, or the borrower's others; ``repaid_share``: went into repayments of the
  loan itself or of strangers' loans; ``left_share``: everything else. ``returned_share + rest_share + repaid_share +
  left_share = 1`` up to rounding; the amounts, each as ``..._amount``, add up to ``disbursed`` exactly
* ``reordered_amount``: what those buyers ordered in the shop after the money reached them, up to that money
* ``disbursements``, ``loan_disbursed``, ``loan_returned_amount``: the parts in which the loan was paid out, and over
  all of them (in the currency) the amount and what of it came home
* ``hops``: those over which most of the returned money came; ``days``: from disbursement to the last return, begun
  days counted whole; ``attribution``: the rule by which money was followed

The edges are a walk from the loan and back: its disbursement, the transfers and repayments by which the money came
home, and what closes the loop (graph.findings.mixed_loops).

Score = returned_share x speed x cover: speed = 0.6 + 0.4 exp(-days / 10); cover = 0.7 when most of the money came home
over one hop to the owners (an owner's draw looks like this), else 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from graph.findings.figures import DAY
from graph.findings.finding import EdgeRef, Finding, Member, fresh_id
from graph.findings.holders import Holders
from graph.findings.loan_money import HOME_PLACES, LoanTrace, place_of, places, trace_loans
from graph.findings.loan_sentences import WhereItWent
from graph.findings.mixed_loops import LoopClosings, edge_ref
from graph.proceeds.layout import (
    BORROWER,
    BUYER,
    EVENT,
    FROM_HOP,
    GROUP_LOAN,
    GUARANTOR,
    HOME,
    MOVED,
    OWNER,
    REPAID,
    TO_HOP,
    WHERE,
)
from graph.proceeds.tracer import TraceRule
from graph.snapshot import Snapshot

_ROLES = {BORROWER: "borrower_account", OWNER: "owner_account", GUARANTOR: "guarantor_account", BUYER: "buyer_account"}


@dataclass(frozen=True)
class LoanTraceParams:
    """How money is followed, the least share that makes a finding, and edges shown at most."""

    rule: TraceRule = field(default_factory=TraceRule)
    min_share: float = 0.2
    max_edges: int = 200


def find_loan_traces(
    snapshot: Snapshot,
    params: LoanTraceParams = LoanTraceParams(),
) -> list[Finding]:
    """Disbursements of which a material share came home, as findings, highest score first."""
    holders = Holders(snapshot)
    closings = LoopClosings(snapshot, holders)
    found = []
    for _, group in groupby(trace_loans(snapshot, params.rule), key=lambda t: (t.currency, t.loan)):
        traces = list(group)
        home = [sum(places(t.trace)[p] for p in HOME_PLACES) for t in traces]
        for t, returned in zip(traces, home, strict=True):
            if returned > 0 and round(returned / t.amount, 6) >= params.min_share:
                found.append(_finding(snapshot, holders, closings, t, sum(home), params))
    return sorted(found, key=lambda f: (-f.score, f.id))


def when_home(t: LoanTrace) -> tuple[int, int, int]:
    """Time of the last return (of the disbursement, without any), days to it, hops over which most money came."""
    flows, sums = t.trace.flows, t.trace.sums
    last = max((int(t.ledger.moves.ts[f[EVENT]]) for f in flows if place_of(t, f) in HOME_PLACES), default=t.ts)
    by_hop = sums[HOME].sum(axis=0) + sums[REPAID, GROUP_LOAN] * (np.arange(sums.shape[-1]) > 1)
    return last, -(-(last - t.ts) // DAY), int(np.argmax(by_hop))


def _finding(
    snapshot: Snapshot,
    holders: Holders,
    closings: LoopClosings,
    t: LoanTrace,
    loan_home: int,
    params: LoanTraceParams,
) -> Finding:
    amounts = places(t.trace)
    returned = sum(amounts[p] for p in HOME_PLACES)
    last_home, days, hops = when_home(t)
    reordered, orders = closings.orders_after(t, t.ts + params.rule.horizon_ms)
    named = {f"to_{p}" if p in HOME_PLACES else p: amount for p, amount in amounts.items()}
    draw = hops == 1 and 2 * amounts["owner"] > returned
    score = returned / t.amount * (0.6 + 0.4 * math.exp(-days / 10)) * (0.7 if draw else 1.0)
    path = way_home(t)
    disbursement = snapshot.relation("Loan", "DISBURSED_TO", "Account")
    edges = [edge_ref(snapshot, disbursement, t.edge), *(edge_ref(snapshot, *t.ledger.relation_of(e)) for e in path)]
    ends = dict.fromkeys(int(t.ledger.moves.dst[f[EVENT]]) for f in t.trace.flows if place_of(t, f) in HOME_PLACES)
    accounts = [n for n in ends if n < t.ledger.accounts]
    loans = [n - t.ledger.accounts for n in ends if n >= t.ledger.accounts]
    edges += [*closings.closing(t.circle, accounts, loans), *dict.fromkeys(orders)]
    why = list(t.trace.why)
    if len(edges) > params.max_edges:
        edges = edges[: params.max_edges]
        why.append("more edges are involved than are listed")
    en, zh = WhereItWent(
        t.amount, t.currency, amounts, hops, days, t.parts, t.loan_amount, loan_home, reordered
    ).sentences()
    return Finding(
        kind="loan_trace",
        id=fresh_id("loan_trace", [edges[0].src, edges[0].id]),
        score=round(min(1.0, score), 6),
        members=_members(snapshot, holders, t, path, edges),
        edges=tuple(edges),
        numbers={
            "disbursed": t.amount,
            "returned_amount": returned,
            "returned_share": round(returned / t.amount, 6),
            "hops": hops,
            "days": days,
            **{f"{name}_amount": amount for name, amount in named.items()},
            **{f"{name}_share": round(amount / t.amount, 6) for name, amount in named.items()},
            "reordered_amount": reordered,
            "disbursements": t.parts,
            "loan_disbursed": t.loan_amount,
            "loan_returned_amount": loan_home,
            "currency": t.currency,
            "attribution": params.rule.attribution,
        },
        first_ts=t.ts,
        last_ts=last_home,
        text_en=en,
        text_zh=zh,
        complete=not why,
        truncated_why="; ".join(why) or None,
    )


def way_home(t: LoanTrace) -> list[int]:
    """The movements, in order of time, by which returned money travelled."""
    moves, flows = t.ledger.moves, t.trace.flows
    needed: set[tuple[int, int]] = set()
    kept: list[int] = []
    for row in flows[::-1]:
        event = int(row[EVENT])
        moved_on = row[WHERE] == MOVED and (int(moves.dst[event]), int(row[TO_HOP])) in needed
        if moved_on or place_of(t, row) in HOME_PLACES:
            needed.add((int(moves.src[event]), int(row[FROM_HOP])))
            kept.append(event)
    return list(dict.fromkeys(reversed(kept)))


def _members(
    snapshot: Snapshot, holders: Holders, t: LoanTrace, path: list[int], edges: list[EdgeRef]
) -> tuple[Member, ...]:
    names, moves, circle = snapshot.nodes["Account"], t.ledger.moves, t.circle
    members = [Member("Loan", snapshot.nodes["Loan"].id(t.loan), "loan")]
    members += [holders.member(b, "borrower") for b in circle.borrowers]
    members.append(Member("Account", names.id(t.account), "paid_to"))
    reached: dict[Member, None] = {}
    for node in dict.fromkeys(int(n) for e in path for n in (moves.src[e], moves.dst[e])):
        if node >= t.ledger.accounts:
            members.append(Member("Loan", snapshot.nodes["Loan"].id(node - t.ledger.accounts), "group_loan"))
            continue
        if node != t.account:
            members.append(Member("Account", names.id(node), _ROLES.get(t.class_of(node), "passed_through")))
        for party in holders.of(node):
            if party[0] == "Buyer" and t.class_of(node) == BUYER:
                reached[holders.member(party, "buyer")] = None
    ends = {end for e in edges for end in (e.src, e.dst)}
    for parties, role in ((circle.owners, "owner"), (circle.guarantors, "guarantor")):
        reached |= dict.fromkeys(m for m in (holders.member(p, role) for p in parties) if m.node in ends)
    return (*members, *sorted(reached))
