"""Who owns what, as the stream needs it: a table in memory, made once for each published snapshot.

The stream never asks a store. A new snapshot gives a new table, and a transfer is judged by one of them. Parties are
written ``Kind:id``, accounts and loans by their plain ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from graph.findings.holders import HOLDER_KINDS
from graph.findings.loan_parties import PARTIES
from graph.snapshot import NULL, Relation, Snapshot

Role = Literal["borrower", "owner", "guarantor", "buyer"]
Place = Literal["operating", "business", "person", "unknown"]

_DEPTH = 3  # steps of ownership, as for findings
_REGULAR = 3  # transfers between two accounts that make them regular counterparties

Many = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Circle:
    """Who stands around one loan: accounts by role; ``parties`` are the borrowers."""

    roles: Mapping[str, Role]
    parties: frozenset[str]
    known: bool


@dataclass(frozen=True)
class Ownership:
    """``holders``: account -> parties; ``owners``: party -> who owns it; ``borrowers``: loan -> parties;
    ``guarantors``: party -> who guarantees for it; ``partners``: party -> parties it trades with, by invoices;
    ``regular``: account -> accounts it has dealt with often; ``buyers``: party -> buyers of its shop."""

    version: str
    holders: Many
    owners: Many = field(default_factory=dict)
    borrowers: Many = field(default_factory=dict)
    guarantors: Many = field(default_factory=dict)
    partners: Many = field(default_factory=dict)
    regular: Many = field(default_factory=dict)
    buyers: Many = field(default_factory=dict)
    _accounts: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)
    _owned: dict[str, list[str]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        _turn(self.holders, self._accounts)
        _turn(self.owners, self._owned)

    def customer(self, account: str) -> str | None:
        """The party an account belongs to; a merchant before others."""
        held = self.holders.get(account, ())
        return next((p for p in held if p.startswith("Merchant:")), held[0] if held else None)

    def circle(self, account: str, loan: str | None = None, merchant: str | None = None) -> Circle:
        """Who stands around a loan paid out to an account: borrowers, all behind them and what those own, guarantors,
        buyers of their shops. An account with several roles has the nearest to the loan.

        Who asked for the loan is its borrower; where nobody is known to, whoever holds the account is. A holder from
        among their owners counts as borrower too.
        """
        borrowers = set(self.borrowers.get(loan or "", ()))
        if merchant is not None:
            borrowers.add(f"Merchant:{merchant}")
        held = set(self.holders.get(account, ()))
        borrowers = borrowers or held
        behind = _closure(borrowers, self.owners)
        group = behind | _closure(borrowers | behind, self._owned)
        guarantors = {g for b in borrowers for g in self.guarantors.get(b, ())}
        shops = borrowers | _closure(borrowers, self._owned)
        buyers = {b for shop in shops for b in self.buyers.get(shop, ())}
        roles: dict[str, Role] = {}
        named: tuple[tuple[Role, Iterable[str]], ...] = (
            ("buyer", buyers),
            ("guarantor", guarantors - group - borrowers),
            ("owner", group - borrowers),
            ("borrower", borrowers | (held & group)),
        )
        for role, parties in named:
            for party in parties:
                roles.update(dict.fromkeys(self._accounts.get(party, ()), role))
        roles[account] = "borrower"
        return Circle(roles, frozenset(borrowers), bool(borrowers))

    def place(self, circle: Circle, payer: str, payee: str) -> Place:
        """What an account outside the circle is to the borrower: an ``operating`` counterparty (invoices, or regular
        transfers before), another ``business``, a ``person``, or ``unknown``."""
        if payee in self.regular.get(payer, ()):
            return "operating"
        held = self.holders.get(payee, ())
        if any(h in self.partners.get(p, ()) for p in circle.parties for h in held):
            return "operating"
        if any(h.startswith(("Merchant:", "Company:")) for h in held):
            return "business"
        return "person" if held else "unknown"


def ownership_of(snapshot: Snapshot, version: str) -> Ownership:
    """The table of a snapshot."""
    holders: dict[str, list[str]] = {}
    owners: dict[str, list[str]] = {}
    for relation in snapshot.of_type("OWNS"):
        into = holders if relation.dst_kind == "Account" else owners
        if relation.dst_kind == "Account" and relation.src_kind not in HOLDER_KINDS:
            continue
        whole = relation.dst_kind != "Account"
        _add(into, _ids(snapshot, relation, False, whole), _ids(snapshot, relation, True, True))
    borrowers: dict[str, list[str]] = {}
    guarantors: dict[str, list[str]] = {}
    partners: dict[str, list[str]] = {}
    for kind in PARTIES:
        asked = snapshot.relation(kind, "APPLIED_FOR", "Loan")
        _add(borrowers, _ids(snapshot, asked, False, False), _ids(snapshot, asked, True, True))
        for other in PARTIES:
            guarantee = snapshot.relation(kind, "GUARANTEES", other)
            until = guarantee.int64("until")
            valid = (until == NULL) | (until > snapshot.as_of)
            _add(guarantors, _ids(snapshot, guarantee, False, True), _ids(snapshot, guarantee, True, True), valid)
    for relation in snapshot.of_type("INVOICED"):
        a, b = _ids(snapshot, relation, True, True), _ids(snapshot, relation, False, True)
        _add(partners, a, b)
        _add(partners, b, a)
    return Ownership(
        version,
        _frozen(holders),
        _frozen(owners),
        _frozen(borrowers),
        _frozen(guarantors),
        _frozen(partners),
        _frozen(_regular(snapshot)),
        _frozen(_buyers(snapshot)),
    )


def _regular(snapshot: Snapshot) -> dict[str, list[str]]:
    transfers = snapshot.relation("Account", "TRANSFER", "Account")
    n = max(len(snapshot.nodes["Account"]), 1)
    pairs, times = np.unique(transfers.src.astype(np.int64) * n + transfers.dst, return_counts=True)
    often = pairs[times >= _REGULAR]
    name = snapshot.nodes["Account"].id
    found: dict[str, list[str]] = {}
    for src, dst in zip((often // n).tolist(), (often % n).tolist(), strict=True):
        found.setdefault(name(src), []).append(name(dst))
    return found


def _buyers(snapshot: Snapshot) -> dict[str, list[str]]:
    """Buyers with accounts of each shop."""
    sold = snapshot.relation("Orders", "SOLD_BY", "Merchant")
    placed = snapshot.relation("Buyer", "PLACED", "Orders")
    held = np.zeros(len(snapshot.nodes["Buyer"]), np.bool_)
    held[snapshot.relation("Buyer", "OWNS", "Account").src] = True
    shop = np.full(len(snapshot.nodes["Orders"]), -1, np.int64)
    shop[sold.src] = sold.dst
    n = max(len(held), 1)
    at = np.flatnonzero(held[placed.src] & (shop[placed.dst] >= 0))
    pairs = np.unique(shop[placed.dst[at]] * n + placed.src[at])
    found: dict[str, list[str]] = {}
    merchants, buyers = snapshot.nodes["Merchant"].id, snapshot.nodes["Buyer"].id
    for merchant, buyer in zip((pairs // n).tolist(), (pairs % n).tolist(), strict=True):
        found.setdefault(f"Merchant:{merchants(merchant)}", []).append(f"Buyer:{buyers(buyer)}")
    return found


def _ids(snapshot: Snapshot, relation: Relation, source: bool, named: bool) -> list[str]:
    """The ids of one end of a relation, with their kind where ``named``."""
    kind = relation.src_kind if source else relation.dst_kind
    name: Callable[[int], str] = snapshot.nodes[kind].id
    numbers = (relation.src if source else relation.dst).tolist()
    return [f"{kind}:{name(n)}" for n in numbers] if named else [name(n) for n in numbers]


def _add(into: dict[str, list[str]], keys: list[str], values: list[str], wanted: Iterable[bool] | None = None) -> None:
    for key, value, good in zip(keys, values, wanted if wanted is not None else [True] * len(keys), strict=True):
        if good:
            into.setdefault(key, []).append(value)


def _frozen(table: Mapping[str, list[str]]) -> Many:
    return {key: tuple(sorted(set(values))) for key, values in table.items()}


def _turn(table: Many, into: dict[str, list[str]]) -> None:
    for key, values in table.items():
        for value in values:
            into.setdefault(value, []).append(key)


def _closure(start: set[str], step: Mapping[str, Iterable[str]]) -> set[str]:
    """All within three steps of the start, the start itself left out."""
    seen, wave = set(start), set(start)
    for _ in range(_DEPTH):
        wave = {n for p in wave for n in step.get(p, ())} - seen
        seen |= wave
    return seen - start
