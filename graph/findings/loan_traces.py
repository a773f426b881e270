"""Loan traces: loans whose money comes home to the borrower's side or to the buyers of its shop.

From each disbursement the money is followed over transfers (graph.proceeds). A finding is one disbursement of which at
least ``min_share`` came back. Its numbers, amounts in ``currency`` and shares of ``disbursed``:

* ``returned_amount``, ``returned_share``: the sum of what reached accounts of the borrower after it was elsewhere
  (``to_borrower_share``), of its owners and their other businesses (``to_owner_share``), of its guarantors
  (``to_guarantors_share``), of buyers who order in the borrower's shop (``to_buyers_share``)
* ``rest_share``: still on the account paid to, or the borrower's others; ``repaid_share``: went into repayments;
  ``left_share``: everything else. ``returned_share + rest_share + repaid_share + left_share = 1`` up to rounding; the
  amounts, each as ``..._amount``, add up to ``disbursed`` exactly
* ``hops``: those over which most of the returned money came; ``days``: from disbursement to the last return, begun days
  counted whole; ``attribution``: the rule by which money was followed

Score = returned_share x speed x cover: speed = 0.6 + 0.4 exp(-days / 10); cover = 0.7 when most of the money came home
over one hop to the owners (an owner's draw looks like this), else 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from graph.findings.figures import DAY, count_en, money, percent
from graph.findings.finding import EdgeRef, Finding, Member, fresh_id
from graph.findings.holders import Holders
from graph.findings.loan_parties import Circle, LoanParties
from graph.proceeds.kernel import (
    BORROWER,
    BUYER,
    EVENT,
    FROM_HOP,
    GUARANTOR,
    HELD,
    HOME,
    LOAN,
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
from graph.proceeds.tracer import Trace, Tracer, TraceRule, in_time_order
from graph.snapshot import NULL, Relation, Snapshot

_HOME = {BORROWER: "borrower", OWNER: "owner", GUARANTOR: "guarantors", BUYER: "buyers"}
_ROLES = {BORROWER: "borrower_account", OWNER: "owner_account", GUARANTOR: "guarantor_account", BUYER: "buyer_account"}


@dataclass(frozen=True)
class LoanTraceParams:
    """How money is followed, the least share that makes a finding, and transfers shown at most."""

    rule: TraceRule = field(default_factory=TraceRule)
    min_share: float = 0.2
    max_edges: int = 200


@dataclass(frozen=True)
class LoanTrace:
    """One disbursement and where its money went. ``account``, ``loan``: node numbers; ``edge``: of DISBURSED_TO."""

    loan: int
    account: int
    edge: int
    amount: int
    ts: int
    currency: str
    circle: Circle
    classes: Int8
    trace: Trace
    ledger: Ledger


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


def find_loan_traces(
    snapshot: Snapshot,
    params: LoanTraceParams = LoanTraceParams(),
) -> list[Finding]:
    """Disbursements of which a material share came home, as findings, highest score first."""
    holders = Holders(snapshot)
    found = [_finding(snapshot, holders, t, params) for t in trace_loans(snapshot, params.rule) if _home(t) > 0]
    kept = [f for f in found if float(f.numbers["returned_share"]) >= params.min_share]
    return sorted(kept, key=lambda f: (-f.score, f.id))


def trace_loans(snapshot: Snapshot, rule: TraceRule | None = None, loan: int | None = None) -> Iterator[LoanTrace]:
    """Where the money of each disbursement (of one loan, if given) went, whether or not it came home.

    Disbursements without time, amount or currency cannot be followed and are left out.
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
        base = np.zeros(ledger.nodes, np.int8)
        base[ledger.accounts :] = LOAN
        for event in np.flatnonzero(ledger.which == 2).tolist():
            at = int(ledger.at[event])
            if not wanted[at]:
                continue
            number, account = int(disbursed.src[at]), int(disbursed.dst[at])
            amount, ts = int(ledger.moves.amount[event]), int(ledger.moves.ts[event])
            circle = parties.circle(number, account, ts)
            classes = circle.classes(base)
            trace = tracer.trace(account, amount, ts, classes, event)
            yield LoanTrace(number, account, at, amount, ts, currency, circle, classes, trace, ledger)


def _rank_of_ids(relation: Relation) -> Int64:
    ids = np.array(relation.table["id"].to_pylist(), dtype=object)
    rank = np.empty(len(ids), np.int64)
    rank[np.argsort(ids, kind="stable")] = np.arange(len(ids))
    return rank


def _home(t: LoanTrace) -> int:
    return int(t.trace.sums[HOME].sum())


def _finding(snapshot: Snapshot, holders: Holders, t: LoanTrace, params: LoanTraceParams) -> Finding:
    sums, flows, moves = t.trace.sums, t.trace.flows, t.ledger.moves
    home = {name: int(sums[HOME, kind].sum()) for kind, name in _HOME.items()}
    returned = sum(home.values())
    rest, repaid = int(sums[HELD, :, 0].sum() + sums[SMALL, BORROWER, 0]), int(sums[REPAID].sum())
    left = t.amount - returned - rest - repaid
    arrivals = flows[flows[:, WHERE] == HOME]
    hops = int(np.argmax(sums[HOME].sum(axis=0)))
    last_home = int(moves.ts[arrivals[:, EVENT]].max()) if len(arrivals) else t.ts
    days = -(-(last_home - t.ts) // DAY)
    amounts = {f"to_{name}": amount for name, amount in home.items()}
    amounts |= {"rest": rest, "repaid": repaid, "left": left}
    draw = hops == 1 and 2 * home["owner"] > returned
    score = returned / t.amount * (0.6 + 0.4 * math.exp(-days / 10)) * (0.7 if draw else 1.0)
    path = _way_home(t)
    why = list(t.trace.why)
    if len(path) > params.max_edges:
        path = path[: params.max_edges]
        why.append("more transfers are involved than are listed")
    disbursement = snapshot.relation("Loan", "DISBURSED_TO", "Account")
    edges = (_edge(snapshot, disbursement, t.edge), *(_edge(snapshot, *t.ledger.relation_of(e)) for e in path))
    en, zh = _sentences(t, home, rest, repaid, left, hops, days)
    return Finding(
        kind="loan_trace",
        id=fresh_id("loan_trace", [edges[0].src, edges[0].id]),
        score=round(min(1.0, score), 6),
        members=_members(snapshot, holders, t, path),
        edges=edges,
        numbers={
            "disbursed": t.amount,
            "returned_amount": returned,
            "returned_share": round(returned / t.amount, 6),
            "hops": hops,
            "days": days,
            **{f"{name}_amount": amount for name, amount in amounts.items()},
            **{f"{name}_share": round(amount / t.amount, 6) for name, amount in amounts.items()},
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


def _way_home(t: LoanTrace) -> list[int]:
    """The movements, in order of time, by which returned money travelled."""
    moves, flows = t.ledger.moves, t.trace.flows
    needed: set[tuple[int, int]] = set()
    kept: list[int] = []
    for row in flows[::-1]:
        event, where = int(row[EVENT]), int(row[WHERE])
        if where == HOME or (where == MOVED and (int(moves.dst[event]), int(row[TO_HOP])) in needed):
            needed.add((int(moves.src[event]), int(row[FROM_HOP])))
            kept.append(event)
    return list(dict.fromkeys(reversed(kept)))


def _members(snapshot: Snapshot, holders: Holders, t: LoanTrace, path: list[int]) -> tuple[Member, ...]:
    names, moves = snapshot.nodes["Account"], t.ledger.moves
    on_path = list(dict.fromkeys(int(n) for e in path for n in (moves.src[e], moves.dst[e])))
    members = [Member("Loan", snapshot.nodes["Loan"].id(t.loan), "loan")]
    members += [holders.member(b, "borrower") for b in t.circle.borrowers]
    members.append(Member("Account", names.id(t.account), "paid_to"))
    reached: dict[Member, None] = {}
    for account in on_path:
        kind = int(t.classes[account])
        if account != t.account:
            members.append(Member("Account", names.id(account), _ROLES.get(kind, "passed_through")))
        for party in holders.of(account):
            if party in t.circle.borrowers:
                continue
            if party in t.circle.owners:
                reached[holders.member(party, "owner")] = None
            elif party in t.circle.guarantors:
                reached[holders.member(party, "guarantor")] = None
            elif kind == BUYER:
                reached[holders.member(party, "buyer")] = None
    return (*members, *sorted(reached))


def _edge(snapshot: Snapshot, relation: Relation, position: int) -> EdgeRef:
    src = snapshot.nodes[relation.src_kind].id(int(relation.src[position]))
    dst = snapshot.nodes[relation.dst_kind].id(int(relation.dst[position]))
    return EdgeRef(
        relation.type,
        relation.edge_id(position),
        f"{relation.src_kind}:{src}",
        f"{relation.dst_kind}:{dst}",
        int(relation.int64("ts")[position]),
        int(relation.int64("amount")[position]),
    )


_TO_EN = {
    "owner": "accounts of the borrower's owners",
    "borrower": "the borrower again, by way of others",
    "guarantors": "accounts of its guarantors",
    "buyers": "buyers who order in the borrower's shop",
}
_TO_ZH = {
    "owner": "借款方所有者的账户",
    "borrower": "借款方自身（经他人账户回流）",
    "guarantors": "担保人的账户",
    "buyers": "在借款方店铺下单的买家",
}


def _sentences(
    t: LoanTrace, home: dict[str, int], rest: int, repaid: int, left: int, hops: int, days: int
) -> tuple[str, str]:
    whole = t.amount
    reached = sorted(((a, name) for name, a in home.items() if a > 0), reverse=True)
    within = "within a day" if days <= 1 else f"within {count_en(days, 'day')}"
    (most, where), others = reached[0], reached[1:]
    en = f"{percent(most / whole)} of the loan of {money(whole, t.currency)} reached {_TO_EN[where]}"
    zh = f"{money(whole, t.currency)} 贷款中 {percent(most / whole)} 流向{_TO_ZH[where]}"
    for amount, name in others:
        en += f", {percent(amount / whole)} {_TO_EN[name]}"
        zh += f"，{percent(amount / whole)} 流向{_TO_ZH[name]}"
    en += f", {within} over {count_en(hops, 'hop')}"
    zh += f"，{max(days, 1)} 天内经 {hops} 跳到账"
    for amount, word_en, word_zh in (
        (repaid, "went into repayments", "用于还款"),
        (left, "left to others", "流向其他账户"),
        (rest, "is still there", "仍在账户中"),
    ):
        if amount > 0:
            en += f"; {percent(amount / whole)} {word_en}"
            zh += f"；{percent(amount / whole)} {word_zh}"
    return en + ".", zh + "。"
