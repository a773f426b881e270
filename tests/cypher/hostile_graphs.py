"""Small random graphs with everything that has led an engine astray: ties in time, parallel edges, self loops, hubs,
missing properties, ids full of quotes, one id in several kinds, empty kinds, with structures planted that chance alone
would seldom make."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

import pyarrow as pa

from graph.model import EDGE, EDGES, KIND, KINDS, edge_schema, node_schema

# no character above U+FFFF beside one in U+E000..U+FFFF: engines order such ids differently
TAILS = [
    "",
    "",
    "",
    "é",
    "中",
    "商家",
    "🙂",
    "'",
    '"',
    " ",
    "\\",
    "İ",
    "Z",
    "z",
    "%",
    "$id",
    "{}",
    "-1",
    "\n",
    "//",
    "`",
]
PARTIES = ("Merchant", "Person", "Company")
SIZES = {"Merchant": 5, "Company": 3, "Person": 4, "Buyer": 7, "Account": 7, "Device": 3, "Phone": 3, "Address": 3}
SIZES |= {"Orders": 25, "Loan": 2}
EDGE_SIZES = {"PLACED": 30, "SOLD_BY": 30, "SHIPPED_TO": 25, "OWNS": 4, "USED_DEVICE": 8, "DISBURSED_TO": 3}
EDGE_SIZES |= {"APPLIED_FOR": 2, "REGISTERED_AT": 5}
MONEY = [100, 100, 99, 97, 95, 90, 102, 110, 60, 0, -5, 10**15]

Key = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Edge:
    """An edge of a test graph."""

    type: str
    a: Key
    b: Key
    id: str
    props: dict[str, Any]

    @property
    def src(self) -> str:
        return self.a[1]

    @property
    def dst(self) -> str:
        return self.b[1]


@dataclass
class Graph:
    """Nodes by kind and id, edges by type, and what was planted."""

    seed: int
    nodes: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {k.name: {} for k in KINDS})
    edges: dict[str, list[Edge]] = field(default_factory=lambda: {e.name: [] for e in EDGES})
    loops: list[list[Edge]] = field(default_factory=list)
    loans: list[str] = field(default_factory=list)

    def node_table(self, kind: str) -> pa.Table:
        """Nodes of a kind in landing columns."""
        schema = node_schema(kind)
        return pa.Table.from_pylist([_padded(n, schema) for n in self.nodes[kind].values()], schema)

    def edge_table(self, type_: str) -> pa.Table:
        """Edges of a type in landing columns."""
        schema = edge_schema(type_)
        rows = []
        for e in self.edges[type_]:
            ends = {"src_kind": e.a[0], "src": e.src, "dst_kind": e.b[0], "dst": e.dst}
            rows.append(_padded({"id": e.id, **ends, **e.props}, schema))
        return pa.Table.from_pylist(rows, schema)


def _padded(row: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    return {"updated_ts": 1, "known_ts": 1, **{n: row.get(n) for n in schema.names if n in row}}


def hostile_graph(seed: int) -> Graph:
    """The graph of a seed."""
    r = random.Random(seed)
    g = Graph(seed)
    same_ids = r.random() < 0.15
    missing = r.choice([0, 0.05, 0.15])
    span = r.choice([6, 20, 60])

    def value(name: str, type_: str) -> Any:
        if r.random() < missing:
            return None
        if type_ == "INT64":
            return r.choice(MONEY[: r.choice([6, 12])]) if name == "amount" else r.randrange(span)
        if type_ == "BOOLEAN":
            return r.random() < 0.5
        if type_ == "DOUBLE":
            return r.choice([0.0, 0.25, 1.0])
        return r.choice(["CNY", "CNY", "USD"]) if name == "currency" else r.choice(["a", "b", "中"])

    for kind, size in SIZES.items():
        for i in range(r.choice([0, size, size, size, size, size + 2]) if r.random() < 0.5 else size):
            ident = f"n{i}{TAILS[i % len(TAILS)]}" if same_ids else f"{kind[:2]}{i}{r.choice(TAILS)}"
            g.nodes[kind][ident] = {"id": ident, **{p.name: value(p.name, p.type) for p in KIND[kind].properties}}
    numbers = count()
    for edge in EDGES:
        for src_kind, dst_kind in edge.pairs:
            sources, targets = list(g.nodes[src_kind]), list(g.nodes[dst_kind])
            if not sources or not targets or r.random() < 0.08:
                continue
            size = _size(edge.name, r)
            hub_out, hub_in, hubness = r.choice(sources), r.choice(targets), r.choice([0, 0.3])
            for _ in range(r.randrange(size + 1) if r.random() < 0.3 else size):
                src = hub_out if r.random() < hubness else r.choice(sources)
                dst = hub_in if r.random() < hubness else r.choice(targets)
                props = {p.name: value(p.name, p.type) for p in edge.properties}
                ends = (src_kind, src), (dst_kind, dst)
                g.edges[edge.name].append(Edge(edge.name, *ends, f"e{next(numbers)}{r.choice(TAILS)}", props))
                if r.random() < 0.05:  # a parallel edge, alike but for its id
                    g.edges[edge.name].append(Edge(edge.name, *ends, f"e{next(numbers)}", dict(props)))
    _Planter(g, r).plant()
    return g


def _size(type_: str, r: random.Random) -> int:
    if type_ == "TRANSFER":
        return r.choice([10, 40, 70])
    return r.choice([1, 3, 5]) if type_ == "GUARANTEES" else EDGE_SIZES.get(type_, 4)


class _Planter:
    """Loops, returning loans, circles and rings; those whose ends are not there are left out."""

    def __init__(self, g: Graph, r: random.Random) -> None:
        self.g = g
        self.r = r
        self.numbers = count()

    def add(self, type_: str, a: Key, b: Key, **props: Any) -> Edge:
        whole = {**{p.name: None for p in EDGE[type_].properties}, **props}
        edge = Edge(type_, a, b, f"p{next(self.numbers)}{self.r.choice(TAILS)}", whole)
        self.g.edges[type_].append(edge)
        return edge

    def pick(self, kinds: Iterable[str], n: int) -> list[Key]:
        pool = [(k, i) for k in kinds for i in self.g.nodes[k]]
        return self.r.sample(pool, n) if len(pool) >= n else []

    def chain(self, accounts: Sequence[Key], ts: int, amount: int) -> list[Edge]:
        path = []
        for a, b in pairwise(accounts):
            path.append(self.add("TRANSFER", a, b, ts=ts, amount=amount, currency="CNY"))
            ts += self.r.choice([1, 1, 2])
            amount -= self.r.choice([0, 0, 1, 2])
        return path

    def plant(self) -> None:
        for n in range(2, 7):
            ring = self.pick(["Account"], n)
            if ring and self.r.random() < 0.8:
                self.g.loops.append(self.chain([*ring, ring[0]], self.r.randrange(6), 1000))
        for n in range(1, 5):
            self.loan(n)
        for n in range(2, 6):
            circle = self.pick(PARTIES, n)
            if circle and self.r.random() < 0.7:
                for a, b in zip(circle, circle[1:] + circle[:1], strict=True):
                    self.add("GUARANTEES", a, b, amount=5, currency="CNY")
        self.same_name()
        self.ring()

    def same_name(self) -> None:
        """A circle of a person and a company that have one id, and a third party."""
        shared = sorted(self.g.nodes["Person"].keys() & self.g.nodes["Company"].keys())
        third = self.pick(["Merchant"], 1)
        if shared and third:
            both = [("Person", shared[0]), ("Company", shared[0])]
            for circle in (both, [*both, *third]):
                for a, b in zip(circle, circle[1:] + circle[:1], strict=True):
                    self.add("GUARANTEES", a, b, amount=7, currency="CNY")

    def loan(self, n: int) -> None:
        way, loan = self.pick(["Account"], n + 1), self.pick(["Loan"], 1)
        borrower, owner = self.pick(PARTIES, 1), self.pick(["Person", "Company"], 1)
        if not (way and loan and borrower) or self.r.random() < 0.3:
            return
        self.add("DISBURSED_TO", loan[0], way[0], ts=0, amount=1000, currency="CNY")
        self.add("APPLIED_FOR", borrower[0], loan[0])
        end = way[0] if n > 1 and self.r.random() < 0.3 else way[-1]
        self.chain([*way[:-1], end], self.r.randrange(3), 1000)
        self.add("OWNS", borrower[0], end)
        if owner and borrower[0][0] != "Person" and owner[0] != borrower[0]:
            self.add("OWNS", owner[0], borrower[0])
            self.add("OWNS", owner[0], end)
        self.g.loans.append(loan[0][1])

    def ring(self) -> None:
        merchants, buyers, orders = self.pick(["Merchant"], 2), self.pick(["Buyer"], 3), self.pick(["Orders"], 8)
        device, address, phone = self.pick(["Device"], 1), self.pick(["Address"], 1), self.pick(["Phone"], 1)
        if not (merchants and buyers and orders and device and address) or self.r.random() < 0.2:
            return
        for m in merchants:
            self.add("USED_DEVICE", m, device[0])
            self.add("REGISTERED_AT", m, address[0])
        accounts = self.pick(["Account"], 2)
        if accounts:
            self.add("OWNS", merchants[0], accounts[0])
            self.add("OWNS", buyers[0], accounts[1])
            self.chain(accounts, 3, 500)
            self.add("USED_DEVICE", accounts[0], device[0])
        for b in buyers:
            self.add("USED_DEVICE", b, device[0])
            if phone:
                self.add("HAS_PHONE", b, phone[0])
        for i, o in enumerate(orders):
            self.add("PLACED", buyers[i % 3], o)
            self.add("SOLD_BY", o, merchants[i // 3 % 2])
            self.add("SHIPPED_TO", o, address[0])
