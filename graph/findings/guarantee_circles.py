"""Guarantee circles: parties that stand guarantor for one another, so that the guarantees secure nothing.

One finding per strongly connected group over the guarantees in force at the snapshot's time (begun by then, not ended).
Its numbers:

* ``size``; ``guarantees``: guarantees inside; ``circles``: elementary circles of at most ``max_length`` members;
  ``shortest``, ``longest``: members of the shortest and longest of them (0 where none was listed)
* ``guaranteed_amount``: sum of the guarantees inside; ``outstanding_amount``: disbursed minus repaid of the members'
  loans, not below zero per loan; ``largest_outstanding``; ``loss_if_largest_fails``: that and, in the worst case, the
  outstanding of all who stand guarantor for it inside (one pass); ``called_amount``: what they are called for.
  All in ``currency``, the one with most guaranteed; other currencies stand in ``evidence["other_currencies"]``.
* ``chain_depth``: steps of the longest chain of guarantees that leads from the group on to others
* ``structure``: ``circle``, or ``joint_liability`` when three or more all guarantee each other both ways

Score = structure x (0.5 exposure + 0.3 reciprocity + 0.2 size), with exposure = E / (E + the 75th percentile of loan
amounts in the currency) for E the greater of guaranteed and outstanding, reciprocity = 1 for circles of two or three
and falling with the shortest circle (2.5 / shortest), size = 1 - 1 / members, structure 0.5 for joint liability else 1.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from graph.findings.figures import count_en, money
from graph.findings.finding import EdgeRef, Finding, Member, fresh_id
from graph.guarantees import chain_depths, circles_in, one_failure, strong_groups
from graph.snapshot import NULL, Relation, Snapshot

PARTIES = ("Merchant", "Person", "Company")
_WHY_EN = {
    "circles": "there are more circles than are listed",
    "budget": "the search for circles reached its limit of work",
    "edges": "there are more guarantees than are listed",
}


@dataclass(frozen=True)
class CircleParams:
    """Longest circle, most circles listed per group, work and guarantees shown per group."""

    max_length: int = 8
    max_circles: int = 1000
    budget: int = 200_000
    max_edges: int = 200


@dataclass(frozen=True)
class _Guarantee:
    relation: Relation
    position: int
    guarantor: int
    debtor: int
    amount: int | None
    currency: str


class _Book:
    """The guarantees in force and what each party owes, over one numbering of all parties."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.first: dict[str, int] = {}
        total = 0
        for kind in PARTIES:
            self.first[kind] = total
            total += len(snapshot.nodes[kind])
        self.guarantees = [g for r in snapshot.of_type("GUARANTEES") for g in self._in_force(r)]
        self.arcs: dict[int, list[int]] = {}
        for g in self.guarantees:
            self.arcs.setdefault(g.guarantor, []).append(g.debtor)
        self.owed, self.loan_amounts = self._debts()

    def member(self, number: int, role: str) -> Member:
        kind = [k for k in PARTIES if self.first[k] <= number][-1]
        return Member(kind, self.snapshot.nodes[kind].id(number - self.first[kind]), role)

    def _in_force(self, relation: Relation) -> list[_Guarantee]:
        as_of = self.snapshot.as_of
        until, ts, amount = relation.int64("until"), relation.int64("ts"), relation.int64("amount")
        active = ((until == NULL) | (until > as_of)) & ((ts == NULL) | (ts <= as_of))
        currency = relation.strings("currency")
        found = []
        for i in np.flatnonzero(active).tolist():
            guarantor = self.first[relation.src_kind] + int(relation.src[i])
            debtor = self.first[relation.dst_kind] + int(relation.dst[i])
            if guarantor != debtor:
                known = None if amount[i] == NULL else int(amount[i])
                found.append(_Guarantee(relation, i, guarantor, debtor, known, currency[i].as_py() or ""))
        return found

    def _debts(self) -> tuple[dict[int, dict[str, int]], dict[str, list[int]]]:
        """Outstanding per party and currency, and the amounts of all loans per currency."""
        paid_out: Counter[tuple[int, str]] = Counter()
        paid_back: Counter[tuple[int, str]] = Counter()
        for side, triple in (
            (paid_out, ("Loan", "DISBURSED_TO", "Account")),
            (paid_back, ("Account", "REPAID", "Loan")),
        ):
            relation = self.snapshot.relation(*triple)
            loans = relation.src if triple[0] == "Loan" else relation.dst
            amount, currency = relation.int64("amount"), relation.strings("currency").to_pylist()
            for i in np.flatnonzero(amount != NULL).tolist():
                side[(int(loans[i]), currency[i] or "")] += int(amount[i])
        amounts: dict[str, list[int]] = {}
        for (_, currency), amount_out in paid_out.items():
            amounts.setdefault(currency, []).append(amount_out)
        borrowers: dict[int, set[int]] = {}
        for kind in PARTIES:
            relation = self.snapshot.relation(kind, "APPLIED_FOR", "Loan")
            for party, loan in zip(relation.src.tolist(), relation.dst.tolist(), strict=True):
                borrowers.setdefault(loan, set()).add(self.first[kind] + party)
        owed: dict[int, dict[str, int]] = {}
        for (loan, currency), amount_out in paid_out.items():
            for party in borrowers.get(loan, ()):
                mine = owed.setdefault(party, {})
                mine[currency] = mine.get(currency, 0) + max(0, amount_out - paid_back[(loan, currency)])
        return owed, amounts


def find_guarantee_circles(
    snapshot: Snapshot,
    params: CircleParams = CircleParams(),
) -> list[Finding]:
    """Every strongly connected group of guarantees in force, as findings, highest score first."""
    book = _Book(snapshot)
    depths = chain_depths(book.arcs)
    groups = strong_groups(book.arcs)
    group_of = {n: i for i, group in enumerate(groups) for n in group}
    inside: list[list[_Guarantee]] = [[] for _ in groups]
    for g in book.guarantees:
        at = group_of.get(g.guarantor)
        if at is not None and at == group_of.get(g.debtor):
            inside[at].append(g)
    found = [
        _finding(book, group, held, max(depths[n] for n in group), params)
        for group, held in zip(groups, inside, strict=True)
    ]
    return sorted(found, key=lambda f: (-f.score, f.id))


def _finding(book: _Book, group: list[int], held: list[_Guarantee], depth: int, params: CircleParams) -> Finding:
    listed = circles_in(group, book.arcs, params.max_length, params.max_circles, params.budget)
    lengths = [len(c) for c in listed.circles]
    sums: Counter[str] = Counter()
    for g in held:
        sums[g.currency] += g.amount or 0
    owing: Counter[str] = Counter()
    for n in group:
        owing.update(book.owed.get(n, {}))
    currency = min({*sums, *owing}, key=lambda c: (-sums[c], -owing[c], c))
    amounts: Counter[tuple[int, int]] = Counter()
    for g in held:
        if g.currency == currency:
            amounts[(g.guarantor, g.debtor)] += g.amount or 0
    owed = {n: book.owed.get(n, {}).get(currency, 0) for n in group}
    blow = one_failure(group, amounts, owed)
    outstanding = sum(owed.values())
    arcs = {(g.guarantor, g.debtor) for g in held}
    joint = len(group) > 2 and len(arcs) == len(group) * (len(group) - 1)
    structure = "joint_liability" if joint else "circle"
    shortest = min(lengths, default=0)
    loans = book.loan_amounts.get(currency)
    reference = float(np.percentile(loans, 75)) if loans else float(np.percentile([*amounts.values()] or [0], 75))
    exposure = max(sums[currency], outstanding)
    score = 0.5 * (exposure / (exposure + reference) if exposure > 0 else 0.0)
    score += 0.3 * min(1.0, 2.5 / shortest if shortest else 2.5 / params.max_length) + 0.2 * (1 - 1 / len(group))
    score *= 0.5 if joint else 1.0
    why = [_WHY_EN[listed.cut]] if listed.cut else []
    shown = sorted(held, key=lambda g: (-(g.amount or 0), g.relation.edge_id(g.position)))
    if len(shown) > params.max_edges:
        shown = shown[: params.max_edges]
        why.append(_WHY_EN["edges"])
    members = tuple(book.member(n, "largest" if n == blow.failed and blow.outstanding else "guarantor") for n in group)
    times = [int(t) for g in held if (t := g.relation.int64("ts")[g.position]) != NULL]
    en, zh = _sentences(len(group), len(held), lengths, sums[currency], outstanding, blow.loss, currency, joint)
    others = {c: s for c, s in sorted(sums.items()) if c != currency}
    return Finding(
        kind="guarantee_circle",
        id=fresh_id("guarantee_circle", [m.node for m in members]),
        score=round(score, 6),
        members=members,
        edges=tuple(_edge(book, g) for g in shown),
        numbers={
            "size": len(group),
            "guarantees": len(held),
            "circles": len(lengths),
            "shortest": shortest,
            "longest": max(lengths, default=0),
            "guaranteed_amount": sums[currency],
            "outstanding_amount": outstanding,
            "largest_outstanding": blow.outstanding,
            "called_amount": blow.called,
            "loss_if_largest_fails": blow.loss,
            "currency": currency,
            "chain_depth": depth,
            "structure": structure,
        },
        first_ts=min(times, default=None),
        last_ts=max(times, default=None),
        text_en=en,
        text_zh=zh,
        complete=not why,
        truncated_why="; ".join(why) or None,
        evidence={
            "circles": [[book.member(n, "").node for n in c] for c in listed.circles[:20]],
            "other_currencies": others,
        },
    )


def _edge(book: _Book, g: _Guarantee) -> EdgeRef:
    ts = int(g.relation.int64("ts")[g.position])
    src, dst = book.member(g.guarantor, ""), book.member(g.debtor, "")
    return EdgeRef(
        "GUARANTEES", g.relation.edge_id(g.position), src.node, dst.node, None if ts == NULL else ts, g.amount
    )


def _sentences(
    size: int, held: int, lengths: list[int], guaranteed: int, outstanding: int, loss: int, currency: str, joint: bool
) -> tuple[str, str]:
    en = (
        f"{count_en(size, 'party', 'parties').capitalize()} stand guarantor for one another in a circle: "
        f"{count_en(held, 'guarantee')} over {money(guaranteed, currency)}, {money(outstanding, currency)} still owed"
    )
    zh = f"{size} 个主体互相担保成环：{held} 笔担保，"
    zh += f"共 {money(guaranteed, currency)}，未还余额 {money(outstanding, currency)}"
    if len(lengths) > 1:
        en += f"; {count_en(len(lengths), 'circle')} run through them"
        zh += f"；其中共有 {len(lengths):,} 个担保圈"
    if loss > 0:
        en += f"; if the largest borrower fails, up to {money(loss, currency)} is lost"
        zh += f"；若最大借款方违约，损失最高可达 {money(loss, currency)}"
    if joint:
        en += "; all guarantee each other, as a joint-liability group does"
        zh += "；成员两两互保，形同联保小组"
    return en + ".", zh + "。"
