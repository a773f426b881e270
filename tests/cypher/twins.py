"""Every question answered a second time by looking at everything: slow, plain, and the judge of the stores.

An answer is a list of tuples in the order the question promises. A comparison with a missing value is not true.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from cypher.catalogue import Question
from graph.store.questions import vocabulary
from tests.cypher.hostile_graphs import Edge, Key
from tests.cypher.sight import Params, Rows, Sight, Twin, ordered
from tests.cypher.twins_money import (
    fund_loop,
    fund_loop_closed_by,
    guarantee_circle,
    loan_return,
    loan_trace,
)

# ---- sharing


def users(s: Sight, edge: str, who: str | None) -> dict[str, set[Key]]:
    found: dict[str, set[Key]] = defaultdict(set)
    for e in s.edges(edge, src=who):
        found[e.dst].add(e.a)
    return found


def shared(edge: str, who: str | None) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = [(x, len(u)) for x, u in users(s, edge, who).items() if len(u) >= p["k"]]
        return ordered(rows, (~1, 0), p["limit"])

    return answer


def counted(twin: Twin) -> Twin:
    return lambda s, p: [(len(twin(s, {**p, "limit": 10**9})),)]


def device_shared_by_both(s: Sight, p: Params) -> Rows:
    m, b = users(s, "USED_DEVICE", "Merchant"), users(s, "USED_DEVICE", "Buyer")
    rows = [(d, len(m[d]), len(b[d])) for d in m if d in b and len(m[d]) + len(b[d]) >= p["k"]]
    return ordered(rows, (~2, 0), p["limit"])


def buyers_of(s: Sight, order: Key) -> set[Key]:
    return {e.a for e in s.into["PLACED", order]}


def address_shared_by_buyers(s: Sight, p: Params) -> Rows:
    buyers, orders = defaultdict(set), defaultdict(set)
    for e in s.g.edges["SHIPPED_TO"]:
        for buyer in buyers_of(s, e.a):
            buyers[e.dst].add(buyer)
            orders[e.dst].add(e.a)
    rows = [(x, len(b), len(orders[x])) for x, b in buyers.items() if len(b) >= p["k"]]
    return ordered(rows, (~1, 0), p["limit"])


# ---- rings


def sales(s: Sight) -> set[tuple[Key, Key, Key]]:
    """(buyer, order, merchant), each once."""
    return {(b, e.a, e.b) for e in s.g.edges["SOLD_BY"] for b in buyers_of(s, e.a)}


def ring_seed_device(s: Sight, p: Params) -> Rows:
    groups: dict[tuple[str, str, str | None], set[tuple[Key, Key]]] = defaultdict(set)
    for buyer, order, merchant in sales(s):
        both = {e.b for e in s.out["USED_DEVICE", merchant]} & {e.b for e in s.out["USED_DEVICE", buyer]}
        for device in both:
            groups[merchant[1], device[1], s.g.nodes["Orders"][order[1]]["currency"]].add((buyer, order))
    rows = []
    for (m, d, currency), pairs in groups.items():
        buyers, orders = {b for b, _ in pairs}, {o for _, o in pairs}
        if len(buyers) >= p["k"]:
            amount = sum(s.g.nodes["Orders"][o[1]]["amount"] or 0 for o in orders)
            rows.append((m, d, currency, len(buyers), len(orders), amount))
    return ordered(rows, (~3, 0, 1, 2), p["limit"])


def ring_address(own: bool) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        groups = defaultdict(set)
        for buyer, order, merchant in sales(s):
            for e in s.out["SHIPPED_TO", order]:
                if not own or any(h.b == e.b for h in s.out["REGISTERED_AT", merchant]):
                    groups[merchant[1], e.dst].add((buyer, order))
        rows = [(m, x, len({b for b, _ in g}), len({o for _, o in g})) for (m, x), g in groups.items()]
        return ordered([r for r in rows if r[2] >= p["k"]], (~2, 0, 1), p["limit"])

    return answer


def ring_pair(users_too: bool) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        customers, on_device = defaultdict(set), defaultdict(set)
        for buyer, _, merchant in sales(s):
            customers[merchant].add(buyer)
        for e in s.g.edges["USED_DEVICE"]:
            on_device[e.b].add(e.a)
        rows = []
        for d, people in on_device.items():
            merchants = [u for u in people if u[0] == "Merchant"]
            for m1, m2 in ((x, y) for x in merchants for y in merchants if x[1] < y[1]):
                both = customers[m1] & customers[m2]
                n = len(both & people if users_too else both)
                if n >= max(p["k"], 1):
                    rows.append((m1[1], m2[1], d[1], n))
        return ordered(rows, (~3, 0, 1, 2), p["limit"])

    return answer


def ring_draw_orders(s: Sight, p: Params) -> Rows:
    rows = set()
    for b, o, m in sales(s):
        if b[1] in p["buyers"] and m[1] in p["merchants"]:
            node = s.g.nodes["Orders"][o[1]]
            rows.add((b[1], m[1], o[1], node["amount"], node["currency"], node["ts"]))
    return ordered(rows, (2, 0, 1), p["limit"])


# ---- evidence


def owners(s: Sight, account: Key) -> list[Edge]:
    return s.into["OWNS", account]


def account_owners(s: Sight, p: Params) -> Rows:
    edges = [e for e in s.edges("OWNS", dst="Account") if e.dst in p["ids"]]
    return ordered([(e.dst, e.src, e.a[0], e.id, e.props["since"]) for e in edges], (0, 3), p["limit"])


def device_evidence_owners(s: Sight, p: Params) -> Rows:
    accounts = {e.a for e in s.into["USED_DEVICE", ("Device", p["id"])] if e.a[0] == "Account"}
    return ordered({(a[1], e.src, e.a[0]) for a in accounts for e in owners(s, a)}, (0, 1, 2), p["limit"])


def ring_evidence_devices(s: Sight, p: Params) -> Rows:
    shops, buyers = users(s, "USED_DEVICE", "Merchant"), users(s, "USED_DEVICE", "Buyer")
    rows = []
    for device in shops.keys() & buyers.keys():
        n_shops = sum(m[1] in p["merchants"] for m in shops[device])
        n_buyers = sum(b[1] in p["buyers"] for b in buyers[device])
        if n_shops and n_buyers:
            rows.append((device, n_shops, n_buyers))
    return ordered(rows, (~2, 0), p["limit"])


def ring_evidence_parcels(s: Sight, p: Params) -> Rows:
    groups = defaultdict(set)
    for b, o, m in sales(s):
        if b[1] in p["buyers"] and m[1] in p["merchants"]:
            for e in s.out["SHIPPED_TO", o]:
                groups[e.dst].add((b, o))
    rows = [(x, len({b for b, _ in g}), len({o for _, o in g})) for x, g in groups.items()]
    return ordered(rows, (~1, 0), p["limit"])


def ring_evidence_payback(s: Sight, p: Params) -> Rows:
    rows = set()
    for t in s.g.edges["TRANSFER"]:
        payers = [e.src for e in owners(s, t.a) if e.a[0] == "Merchant" and e.src in p["merchants"]]
        paid = [e.src for e in owners(s, t.b) if e.a[0] == "Buyer" and e.src in p["buyers"]]
        told = (t.src, t.dst, t.id, t.props["amount"], t.props["currency"], t.props["ts"])
        rows |= {(m, b, *told) for m in payers for b in paid}
    return ordered(rows, (4, 0, 1, 2, 3), p["limit"])


def guarantee_evidence_loans(s: Sight, p: Params) -> Rows:
    rows = set()
    for e in s.g.edges["APPLIED_FOR"]:
        if e.src in p["ids"]:
            loan = s.g.nodes["Loan"][e.dst]
            rows.add((e.src, e.a[0], e.dst, loan["amount"], loan["currency"], loan["ts"]))
    return ordered(rows, (0, 1, 2), p["limit"])


def loan_evidence_parties(s: Sight, p: Params) -> Rows:
    borrowers = {e.a for e in s.into["APPLIED_FOR", ("Loan", p["id"])]}
    rows = {(b[1], b[0], e.src, e.a[0]) for b in borrowers for e in owners(s, b)}
    return ordered(rows, (0, 1, 2, 3), p["limit"])


# ---- drawing and walking


def draw_among(edge: str, extra: Sequence[str], with_kind: bool = False) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows: Rows = []
        for e in s.g.edges[edge]:
            if e.src in p["ids"] and e.dst in p["ids"]:
                ends = (e.src, e.a[0], e.dst, e.b[0]) if with_kind else (e.src, e.dst)
                rows.append((*ends, e.id, *(e.props[c] for c in extra)))
        return ordered(rows, (4 if with_kind else 2,), p["limit"])

    return answer


def draw_users(edge: str, kind: str, extra: Sequence[str], with_kind: bool = True) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = []
        for e in s.into[edge, (kind, p["id"])]:
            rows.append((e.src, *([e.a[0]] if with_kind else []), e.dst, e.id, *(e.props[c] for c in extra)))
        return ordered(rows, (0, 3 if with_kind else 2), p["limit"])

    return answer


def loan_draw(edge: str, into: bool) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        edges = (s.into if into else s.out)[edge, ("Loan", p["id"])]
        rows: Rows = []
        for e in edges:
            ends = (e.src, e.a[0], e.dst) if edge == "APPLIED_FOR" else (e.src, e.dst)
            rows.append((*ends, e.id, e.props["amount"], e.props["currency"], e.props["ts"]))
        return ordered(rows, (3 if edge == "APPLIED_FOR" else 2,), p["limit"])

    return answer


_WORDS = vocabulary()


def expand(name: str) -> Twin:
    found = re.fullmatch(r"expand_(in|out)(_any|_unwind)?:(.*)", name)
    assert found
    way, form, rest = found.groups()
    parts = rest.split("-")
    type_ = next(x for x in parts if x in _WORDS.edges)
    src, dst = (parts[0] if parts[0] != type_ else None), (parts[-1] if parts[-1] != type_ else None)
    extra = [p for p in _WORDS.edges[type_].properties if p not in ("id", "known_ts")]

    def answer(s: Sight, p: Params) -> Rows:
        edges = [e for e in s.edges(type_, src, dst) if (e.src if way == "out" else e.dst) in p["ids"]]
        if form == "_any" and way == "in":
            return ordered([(e.src, e.a[0], e.dst, e.id) for e in edges], (3, 0, 1, 2), p["limit"])
        if form == "_any":
            return ordered([(e.src, e.dst, e.b[0], e.id) for e in edges], (3, 0, 1, 2), p["limit"])
        rows = [(e.src, e.dst, e.id, *(1 if c == "updated_ts" else e.props[c] for c in extra)) for e in edges]
        return ordered(rows, (2, 0, 1), p["limit"])

    return answer


def node(kind: str) -> Twin:
    extra = [p for p in _WORDS.kinds[kind] if p not in ("id", "known_ts", "updated_ts")]

    def answer(s: Sight, p: Params) -> Rows:
        nodes = [n for i, n in s.g.nodes[kind].items() if i in p["ids"]]
        return ordered([(n["id"], *(n[c] for c in extra), 1) for n in nodes], (0,), p["limit"])

    return answer


FIXED: dict[str, Twin] = {
    "device_shared_by_merchants": shared("USED_DEVICE", "Merchant"),
    "device_shared_by_buyers": shared("USED_DEVICE", "Buyer"),
    "device_shared_by_accounts": shared("USED_DEVICE", "Account"),
    "device_evidence_owners": device_evidence_owners,
    "account_owners": account_owners,
    "ring_evidence_devices": ring_evidence_devices,
    "ring_evidence_parcels": ring_evidence_parcels,
    "ring_evidence_payback": ring_evidence_payback,
    "guarantee_evidence_loans": guarantee_evidence_loans,
    "loan_evidence_parties": loan_evidence_parties,
    "device_shared_by_both": device_shared_by_both,
    "device_draw": draw_users("USED_DEVICE", "Device", ("first_ts",)),
    "phone_shared": shared("HAS_PHONE", None),
    "phone_shared_by_merchants": shared("HAS_PHONE", "Merchant"),
    "phone_shared_by_persons": shared("HAS_PHONE", "Person"),
    "phone_shared_by_buyers": shared("HAS_PHONE", "Buyer"),
    "phone_draw": draw_users("HAS_PHONE", "Phone", ("since",)),
    "address_shared_by_merchants": shared("REGISTERED_AT", "Merchant"),
    "address_shared_by_buyers": address_shared_by_buyers,
    "address_draw_registered": draw_users("REGISTERED_AT", "Address", ("since",)),
    "address_draw_parcels": draw_users("SHIPPED_TO", "Address", ("shipped_ts", "signed_ts"), with_kind=False),
    "ring_seed_device": ring_seed_device,
    "ring_seed_address": ring_address(own=False),
    "ring_own_address": ring_address(own=True),
    "ring_pair_device": ring_pair(users_too=False),
    "ring_pair_device_users": ring_pair(users_too=True),
    "ring_draw_orders": ring_draw_orders,
    "transfer_draw": draw_among("TRANSFER", ("amount", "currency", "ts")),
    "guarantee_draw": draw_among("GUARANTEES", ("amount", "currency", "ts", "until"), with_kind=True),
    "loan_draw_disbursed": loan_draw("DISBURSED_TO", into=False),
    "loan_draw_repaid": loan_draw("REPAID", into=True),
    "loan_draw_applied": loan_draw("APPLIED_FOR", into=True),
    **{f"fund_loop_{n}": fund_loop(n) for n in range(2, 7)},
    **{f"fund_loop_closed_by_{n}": fund_loop_closed_by(n) for n in range(2, 5)},
    **{f"guarantee_circle_{n}": guarantee_circle(n) for n in range(2, 6)},
    **{f"loan_trace_{n}": loan_trace(n) for n in range(1, 5)},
    **{f"loan_return_own_{n}": loan_return(n, owner=False) for n in range(1, 5)},
    **{f"loan_return_owner_{n}": loan_return(n, owner=True) for n in range(1, 5)},
}


def twin(question: Question) -> Twin:
    """The brute-force answer of a question; KeyError when nobody wrote one."""
    if question.template == "node":
        return node(question.name.split(":")[1])
    if question.template.startswith("expand_"):
        return expand(question.name)
    if question.name.endswith("_count"):
        return counted(FIXED[question.name.removesuffix("_count")])
    return FIXED[question.name]
