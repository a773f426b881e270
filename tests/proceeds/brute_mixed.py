"""Mixed loops from their definition, on plain rows: who stands around a loan, and where each cent of it went."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from graph.proceeds.layout import BORROWER, BUYER, GROUP_LOAN, GUARANTOR, LOAN, OTHER, OWN_LOAN, OWNER
from graph.proceeds.tracer import Payout, TraceRule
from tests.proceeds.brute import brute_trace

Row = Mapping[str, object]
Rows = Mapping[str, Sequence[Row]]
ORDER = ("TRANSFER", "REPAID", "DISBURSED_TO")


def ends(row: Row) -> tuple[str, str]:
    return f"{row['src_kind']}:{row['src']}", f"{row['dst_kind']}:{row['dst']}"


def number(row: Row, name: str) -> int:
    value = row[name]
    assert isinstance(value, int)
    return value


def reach(start: str, step: Iterable[tuple[str, str]], depth: int = 3) -> set[str]:
    """Nodes other than the start that some path of at most ``depth`` pairs leads to."""
    seen, wave = {start}, {start}
    for _ in range(depth):
        wave = {b for a, b in step if a in wave} - seen
        seen |= wave
    return seen - {start}


class Around:
    """The parties around a loan, by trying everything."""

    def __init__(self, rows: Rows, loan: str) -> None:
        owns = [ends(r) for r in rows["OWNS"]]
        holds = {(a, b) for a, b in owns if b.startswith("Account:")}
        above = {(a, b) for a, b in owns if not b.startswith("Account:")}
        below = {(b, a) for a, b in above}
        paid = [r for r in rows["DISBURSED_TO"] if r["src"] == loan]
        since = min((number(r, "ts") for r in paid), default=0)
        asked = [ends(r) for r in rows["APPLIED_FOR"]]
        borrowers = {a for a, b in asked if b == f"Loan:{loan}"}
        owners: set[str] = set()
        for b in borrowers:
            up = reach(b, below)
            owners |= up | {x for o in {b, *up} for x in reach(o, above)}
        owners -= borrowers
        guarantors = {
            ends(r)[0]
            for r in rows["GUARANTEES"]
            if ends(r)[1] in borrowers and (r.get("until") is None or number(r, "until") > since)
        }
        guarantors -= borrowers | owners
        self.shops = {b for b in borrowers if b.startswith("Merchant:")}
        self.shops |= {x for b in borrowers for x in reach(b, above) if x.startswith("Merchant:")}
        sold = {ends(r)[0] for r in rows["SOLD_BY"] if ends(r)[1] in self.shops}
        buyers = {ends(r)[0] for r in rows["PLACED"] if ends(r)[1] in sold}
        to = {ends(r)[1] for r in paid}
        payees = {p for p, a in holds if a in to} & (borrowers | owners)
        self.classes: dict[str, int] = defaultdict(int)
        for parties, class_ in (
            (buyers, BUYER),
            (guarantors, GUARANTOR),
            (owners, OWNER),
            (borrowers | payees, BORROWER),
        ):
            self.classes.update({a: class_ for p, a in holds if p in parties})
        self.classes.update(dict.fromkeys(to, BORROWER))
        everyone = borrowers | owners | guarantors
        self.classes.update({b: GROUP_LOAN for a, b in asked if a in everyone})
        self.classes[f"Loan:{loan}"] = OWN_LOAN
        self.holders = {a: {p for p, x in holds if x == a} for _, a in holds}


def brute_places(rows: Rows, loan: str, rule: TraceRule) -> dict[str, Counter[str]]:
    """Disbursement (its id) -> amount by place, every cent followed by itself."""
    around = Around(rows, loan)
    moves = [(number(r, "ts"), k, str(r["id"]), r) for k, kind in enumerate(ORDER) for r in rows[kind]]
    moves.sort(key=lambda m: m[:3])
    names = sorted({n for *_, r in moves for n in ends(r)})
    at = {n: i for i, n in enumerate(names)}
    classes = [around.classes[n] or (LOAN if n.startswith("Loan:") else OTHER) for n in names]
    plain = [(at[ends(r)[0]], at[ends(r)[1]], ts, number(r, "amount")) for ts, _, _, r in moves]
    own = [i for i, (_, k, _, r) in enumerate(moves) if k == 2 and r["src"] == loan]
    paid = [Payout(plain[i][1], plain[i][3], plain[i][2], i) for i in own]
    out: dict[str, Counter[str]] = {moves[i][2]: Counter() for i in own}
    for (d, where, node, hop), cents in brute_trace(plain, paid, classes, rule).items():
        class_, place = classes[node], "left"
        if where == "home":
            place = {BORROWER: "borrower", OWNER: "owner", GUARANTOR: "guarantors", BUYER: "buyers"}[class_]
        elif where == "repaid":
            place = "group_loans" if class_ == GROUP_LOAN and hop > 1 else "repaid"
        elif hop == 0 and (where == "held" or (where == "small" and class_ == BORROWER)):
            place = "rest"
        out[moves[own[d]][2]][place] += cents
    return {i: +c for i, c in out.items()}
