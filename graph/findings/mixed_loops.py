"""How a walk that left a loan comes back to it: the edges between where its money arrived and the loan.

Money travels over DISBURSED_TO, TRANSFER and REPAID; what closes the loop are OWNS (who holds the account, who owns the
borrower), GUARANTEES (the guarantor of the borrower), PLACED and SOLD_BY (a buyer who then orders in the shop) and
APPLIED_FOR (the borrower of this loan, the group of the other).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from graph.findings.finding import EdgeRef
from graph.findings.holders import Holders, Party
from graph.findings.loan_money import LoanTrace
from graph.findings.loan_parties import PARTIES, Circle
from graph.proceeds.layout import AMOUNT, BUYER, EVENT, HOME, WHERE
from graph.snapshot import NULL, Int32, Int64, Relation, Snapshot


class LoopClosings:
    """Finds what closes the loops of a loan's money."""

    def __init__(self, snapshot: Snapshot, holders: Holders) -> None:
        self.snapshot = snapshot
        self.holders = holders

    def closing(self, circle: Circle, accounts: Iterable[int], loans: Iterable[int]) -> list[EdgeRef]:
        """Edges that lead from accounts of the circle, and from loans of the group, back to the loan, each once.

        The shortest way through owners; of several edges between the same two, the first.
        """
        found: dict[EdgeRef, None] = {}
        loan = ("Loan", circle.loan)
        inside = {*circle.borrowers, *circle.owners}
        ends = [(p, a) for a in accounts for p in self.holders.of(a) if p in inside or p in circle.guarantors]
        for party, account in ends:
            self._add(found, party, "OWNS", ("Account", account))
        parties = [p for p, _ in ends]
        for other in loans:
            for party in sorted({*inside, *circle.guarantors}):
                if party[0] in PARTIES and self._add(found, party, "APPLIED_FOR", ("Loan", other)):
                    parties.append(party)
        for party in dict.fromkeys(parties):
            for borrower in self._back(party, circle, inside, found):
                self._add(found, borrower, "APPLIED_FOR", loan)
        return list(found)

    def _back(self, party: Party, circle: Circle, inside: set[Party], found: dict[EdgeRef, None]) -> list[Party]:
        """Adds the way from a party to a borrower, and returns the borrowers reached."""
        if party in circle.borrowers:
            return [party]
        if party in circle.guarantors:
            return [b for b in circle.borrowers if self._add(found, party, "GUARANTEES", b)]
        came: dict[Party, Party] = {}
        wave = [party]
        while wave:
            ahead = []
            for p in wave:
                for q in [*self.holders.owned(p), *self.holders.owners(p)]:
                    if q in inside and q not in came and q != party:
                        came[q] = p
                        ahead.append(q)
            reached = [q for q in ahead if q in circle.borrowers]
            if reached:
                q = reached[0]
                while q != party:
                    if not self._add(found, q, "OWNS", came[q]):
                        self._add(found, came[q], "OWNS", q)
                    q = came[q]
                return reached[:1]
            wave = ahead
        return []

    def orders_after(self, t: LoanTrace, until: int) -> tuple[int, list[EdgeRef]]:
        """What buyers who got money of the disbursement then ordered with it in the borrower's shops, up to ``until``.

        Each cent of an arrival pays for one later order of the buyer at most; orders before it do not count. Returns
        the amount and the edges PLACED and SOLD_BY of those orders.
        """
        arrivals: dict[int, list[tuple[int, int, int]]] = {}
        for flow in t.trace.flows:
            event = int(flow[EVENT])
            account = int(t.ledger.moves.dst[event])
            if flow[WHERE] == HOME and t.class_of(account) == BUYER:
                for kind, buyer in self.holders.of(account):
                    if kind == "Buyer":
                        arrivals.setdefault(buyer, []).append((int(t.ledger.moves.ts[event]), 0, int(flow[AMOUNT])))
        total, edges = 0, []
        for buyer, came in arrivals.items():
            credit = 0
            for ts, order, amount in sorted([*came, *self._orders(buyer, t, until)]):
                if order == 0:
                    credit += amount
                elif credit > 0 and ts <= until:
                    total += min(credit, amount)
                    credit -= min(credit, amount)
                    placed = self.snapshot.relation("Buyer", "PLACED", "Orders")
                    edges += [edge_ref(self.snapshot, placed, order - 1)]
                    edges += self._sold(int(placed.dst[order - 1]), t.circle)
        return total, edges

    def _orders(self, buyer: int, t: LoanTrace, until: int) -> list[tuple[int, int, int]]:
        """Time, edge of PLACED + 1 and amount of the buyer's orders at the shops of the circle."""
        placed, sold = self.snapshot.relation("Buyer", "PLACED", "Orders"), self._sold_by()
        ts, amount, codes, names = self._order_columns
        found = []
        for e in range(int(placed.out_ptr[buyer]), int(placed.out_ptr[buyer + 1])):
            order = int(placed.dst[e])
            shops = set(sold.dst[sold.out_ptr[order] : sold.out_ptr[order + 1]].tolist())
            if ts[e] == NULL or amount[order] == NULL or codes[order] < 0 or names[codes[order]] != t.currency:
                continue
            if t.ts <= ts[e] <= until and shops & t.circle.shops:
                found.append((int(ts[e]), e + 1, int(amount[order])))
        return found

    @cached_property
    def _order_columns(self) -> tuple[Int64, Int64, Int32, list[str]]:
        """Times of PLACED; amounts, codes of the currency and their names of the orders: read once, asked a buyer."""
        orders = self.snapshot.nodes["Orders"]
        ts = self.snapshot.relation("Buyer", "PLACED", "Orders").int64("ts")
        return ts, orders.int64("amount"), *orders.codes("currency")

    def _sold_by(self) -> Relation:
        return self.snapshot.relation("Orders", "SOLD_BY", "Merchant")

    def _sold(self, order: int, circle: Circle) -> list[EdgeRef]:
        sold = self._sold_by()
        at = range(int(sold.out_ptr[order]), int(sold.out_ptr[order + 1]))
        return [edge_ref(self.snapshot, sold, e) for e in at if int(sold.dst[e]) in circle.shops]

    def _add(self, found: dict[EdgeRef, None], src: Party, type_: str, dst: Party) -> bool:
        """Adds the edge between two nodes where there is one."""
        if (src[0], type_, dst[0]) not in self.snapshot.relations:
            return False
        relation = self.snapshot.relation(src[0], type_, dst[0])
        for e in range(int(relation.out_ptr[src[1]]), int(relation.out_ptr[src[1] + 1])):
            if int(relation.dst[e]) == dst[1]:
                found[edge_ref(self.snapshot, relation, e)] = None
                return True
        return False


def edge_ref(snapshot: Snapshot, relation: Relation, position: int) -> EdgeRef:
    """An edge of a relation as evidence, with time and amount where it has them."""
    src = snapshot.nodes[relation.src_kind].id(int(relation.src[position]))
    dst = snapshot.nodes[relation.dst_kind].id(int(relation.dst[position]))
    values = {n: relation.table[n][position].as_py() for n in ("ts", "amount") if n in relation.table.column_names}
    return EdgeRef(
        relation.type, relation.edge_id(position), f"{relation.src_kind}:{src}", f"{relation.dst_kind}:{dst}", **values
    )
