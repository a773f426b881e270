"""Parameters for questions, taken from a graph so that answers are seldom empty; graphs loaded into stores."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from cypher.catalogue import Question
from graph.model import EDGES, KINDS
from graph.store.contract import Store
from graph.store.rows import with_bare_nodes
from tests.cypher.hostile_graphs import PARTIES, Graph

LOADS = ("copy", "upsert", "copy", "copy", "mixed", "copy")


def load(store: Store, g: Graph, how: str) -> None:
    """Bring a graph into a store by ``copy``, ``upsert`` or ``mixed``: half in bulk, a checkpoint, half by upserts."""
    nodes = {k.name: g.node_table(k.name) for k in KINDS}
    edges = {e.name: g.edge_table(e.name) for e in EDGES}
    if how == "copy":
        store.bulk_load(nodes, edges)
        return
    share = {"upsert": 0, "mixed": 2}[how]
    first_nodes = {k: t.slice(0, t.num_rows * share // 3) for k, t in nodes.items()}
    first_edges = {k: t.slice(0, t.num_rows * share // 3) for k, t in edges.items()}
    store.bulk_load(with_bare_nodes(first_nodes, first_edges), first_edges)
    store.checkpoint()
    for kind, rows in nodes.items():
        _upsert(store.upsert_nodes, kind, rows, first_nodes[kind].num_rows)
    for type_, rows in edges.items():
        _upsert(store.upsert_edges, type_, rows, first_edges[type_].num_rows)


def _upsert(bring: Any, name: str, rows: pa.Table, start: int) -> None:
    rest = rows.slice(start)
    if rest.num_rows:
        bring(name, rest)


def draw_params(question: Question, g: Graph, r: random.Random) -> dict[str, Any]:
    """Parameters of a question, mostly of things the graph has."""
    loop = r.choice(g.loops) if g.loops and r.random() < 0.7 else None
    length = re.search(r"fund_loop_(?:closed_by_)?(\d)", question.name)
    if loop and length:
        loop = next((x for x in g.loops if len(x) == int(length[1])), loop)
    anchor = re.search(r"\((?:\w+):(\w+) \{id: \$id\}\)", question.text)
    kind = anchor[1] if anchor else ""
    transfers = g.edges["TRANSFER"]
    transfer = loop[-1] if loop else (r.choice(transfers) if transfers else None)

    def one_id() -> str:
        if kind == "Account" and loop:
            return loop[0].src
        if kind == "Loan" and g.loans and r.random() < 0.7:
            return r.choice(g.loans)
        ids = list(g.nodes[kind])
        return r.choice(ids) if ids and r.random() < 0.93 else "nobody"

    def some(kinds: tuple[str, ...], n: int) -> list[str]:
        pool = sorted({i for k in kinds for i in g.nodes[k]} | {"nobody"})
        return r.sample(pool, min(n, len(pool)))

    def many() -> list[str]:
        if question.template.startswith(("expand", "node")):
            return some(tuple(g.nodes), 25)
        return some(("Account", *PARTIES), r.choice([1, 6, 14]))

    make: dict[str, Callable[[], Any]] = {
        "id": one_id,
        "ids": many,
        "buyers": lambda: some(("Buyer",), 5),
        "merchants": lambda: some(("Merchant",), 3),
        "k": lambda: r.choice([1, 1, 2, 3]),
        "limit": lambda: r.choice([1_000_000, 1_000_000, 3]),
        "from_ts": lambda: r.choice([0, 0, 5]),
        "window": lambda: r.choice([6, 15, 1000]),
        "decay": lambda: r.choice([0.05, 0.1, 1.0]),
        "growth": lambda: r.choice([0.0, 0.05, 1.0]),
        "min_share": lambda: r.choice([0.0, 0.5, 0.9]),
        "tid": lambda: transfer.id if transfer else "none",
        "src": lambda: transfer.src if transfer else "nobody",
    }
    return {name: make[name]() for name, _ in question.params}
