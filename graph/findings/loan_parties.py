"""Who stands around a loan: borrower, owners, guarantors, buyers of the shop; their accounts and other loans."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.findings.holders import Holders, Party
from graph.proceeds.layout import BORROWER, BUYER, GROUP_LOAN, GUARANTOR, LOAN, OTHER, OWN_LOAN, OWNER, Int8
from graph.snapshot import NULL, Snapshot

PARTIES = ("Merchant", "Person", "Company")


@dataclass(frozen=True)
class Circle:
    """The parties around one loan.

    ``accounts``: account -> its class; where several apply, the nearest to the loan. ``loans``: other loans that a
    borrower, an owner or a guarantor asked for. ``shops``: those of the borrower and of whatever it owns.
    """

    loan: int
    borrowers: tuple[Party, ...]
    owners: frozenset[Party]
    guarantors: frozenset[Party]
    shops: frozenset[int]
    accounts: dict[int, int]
    loans: frozenset[int]

    def class_of(self, node: int, accounts: int) -> int:
        """The class of a node: accounts, of which there are ``accounts``, then loans."""
        if node < accounts:
            return self.accounts.get(node, OTHER)
        loan = node - accounts
        return OWN_LOAN if loan == self.loan else GROUP_LOAN if loan in self.loans else LOAN

    @contextmanager
    def marked(self, classes: Int8, accounts: int) -> Iterator[None]:
        """Within, ``classes`` of ``nobody`` says the class of each node; no loan pays for all nodes there are."""
        mine = np.fromiter(self.accounts, np.int64, len(self.accounts))
        loans = accounts + np.fromiter((self.loan, *self.loans), np.int64, 1 + len(self.loans))
        classes[mine] = list(self.accounts.values())
        classes[loans] = GROUP_LOAN
        classes[loans[0]] = OWN_LOAN
        try:
            yield
        finally:
            classes[mine] = OTHER
            classes[loans] = LOAN


def nobody(accounts: int, loans: int) -> Int8:
    """The class of each node when no loan is traced: accounts, then loans."""
    classes = np.full(accounts + loans, OTHER, np.int8)
    classes[accounts:] = LOAN
    return classes


class LoanParties:
    """Finds the circle of a loan in a snapshot."""

    def __init__(self, snapshot: Snapshot, holders: Holders) -> None:
        self.snapshot = snapshot
        self.holders = holders
        self._of_buyers: dict[int, list[int]] = {}

    @cached_property
    def _borrowers(self) -> dict[int, list[Party]]:
        found: dict[int, list[Party]] = {}
        for kind in PARTIES:
            asked = self.snapshot.relation(kind, "APPLIED_FOR", "Loan")
            for party, loan in zip(asked.src.tolist(), asked.dst.tolist(), strict=True):
                if (kind, party) not in found.setdefault(loan, []):
                    found[loan].append((kind, party))
        return found

    def borrowers(self, loan: int) -> tuple[Party, ...]:
        """Who asked for the loan."""
        return tuple(self._borrowers.get(loan, ()))

    def circle(self, loan: int, paid_to: Collection[int], ts: int) -> Circle:
        """The circle of a loan paid out to the accounts ``paid_to``, from ``ts`` on.

        Whoever holds an account paid to counts as borrower. Owners: all behind a borrower and whatever else they own.
        """
        borrowers = list(self.borrowers(loan))
        owners = {p for b in borrowers for p in self.holders.group(b)} - set(borrowers)
        guarantors = {g for b in borrowers for g in self._guarantors(b, ts)} - set(borrowers) - owners
        shops = {n for kind, n in borrowers if kind == "Merchant"}
        shops |= {n for b in borrowers for kind, n in self.holders.owned_by(b) if kind == "Merchant"}
        accounts: dict[int, int] = {}
        for shop in shops:
            accounts.update(dict.fromkeys(self._accounts_of_buyers(shop), BUYER))
        payees = {p for a in paid_to for p in self.holders.of(a) if p in owners or p in borrowers}
        for parties, kind in ((guarantors, GUARANTOR), (owners, OWNER), ({*borrowers, *payees}, BORROWER)):
            for party in parties:
                accounts.update(dict.fromkeys(self.holders.accounts(party), kind))
        accounts.update(dict.fromkeys(paid_to, BORROWER))
        loans = {n for p in {*borrowers, *owners, *guarantors} for n in self.loans_of(p)} - {loan}
        return Circle(
            loan,
            tuple(borrowers),
            frozenset(owners),
            frozenset(guarantors),
            frozenset(shops),
            accounts,
            frozenset(loans),
        )

    def loans_of(self, party: Party) -> set[int]:
        """The loans a party asked for."""
        kind, number = party
        if kind not in PARTIES:
            return set()
        asked = self.snapshot.relation(kind, "APPLIED_FOR", "Loan")
        return set(asked.dst[asked.out_ptr[number] : asked.out_ptr[number + 1]].tolist())

    def _guarantors(self, party: Party, ts: int) -> set[Party]:
        kind, number = party
        found: set[Party] = set()
        for guarantor in PARTIES:
            relation = self.snapshot.relation(guarantor, "GUARANTEES", kind)
            at = relation.in_edges[relation.in_ptr[number] : relation.in_ptr[number + 1]]
            until = relation.int64("until")[at]
            found |= {(guarantor, int(n)) for n in relation.src[at[(until == NULL) | (until > ts)]]}
        return found

    def _accounts_of_buyers(self, shop: int) -> list[int]:
        """The accounts of all who ordered in a shop."""
        if shop not in self._of_buyers:
            sold = self.snapshot.relation("Orders", "SOLD_BY", "Merchant")
            placed = self.snapshot.relation("Buyer", "PLACED", "Orders")
            owns = self.snapshot.relation("Buyer", "OWNS", "Account")
            buyers = np.unique(placed.src[placed.entering(sold.src[sold.entering([shop])])])
            self._of_buyers[shop] = np.unique(owns.dst[owns.leaving(buyers)]).tolist()
        return self._of_buyers[shop]
