"""Cutting pieces out of a snapshot: a drawn neighbourhood with limits, and an exact one without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from graph.findings.finding import Finding
from graph.snapshot import Columns, Int64, Nodes, Relation, Snapshot, Triple

Scalar = str | int | float | bool | None
Node = tuple[str, int]


@dataclass(frozen=True)
class SubNode:
    """A node of a subgraph. ``hop``: steps from where it was entered; ``role`` where a finding gives it one."""

    kind: str
    id: str
    hop: int
    properties: Mapping[str, Scalar] = field(default_factory=dict)
    role: str | None = None

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class SubEdge:
    """An edge of a subgraph; ends are ``Kind:id``."""

    type: str
    id: str
    src: str
    dst: str
    properties: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True)
class Subgraph:
    """A piece of the graph as of a time. ``complete`` is False when a limit left something out; then it says what."""

    as_of: int
    nodes: tuple[SubNode, ...]
    edges: tuple[SubEdge, ...]
    complete: bool = True
    truncated_why: str | None = None

    def to_json(self) -> dict[str, object]:
        """For programs: nodes and edges as plain objects, in a fixed order."""
        return {
            "as_of": self.as_of,
            "complete": self.complete,
            "truncated_why": self.truncated_why,
            "nodes": [
                {"id": n.name, "kind": n.kind, "hop": n.hop, "role": n.role, "properties": dict(n.properties)}
                for n in self.nodes
            ],
            "edges": [
                {"type": e.type, "id": e.id, "src": e.src, "dst": e.dst, "properties": dict(e.properties)}
                for e in self.edges
            ],
        }


@dataclass(frozen=True)
class Limits:
    """How far a neighbourhood may grow: nodes in all, and the degree above which a node is shown but not walked."""

    max_nodes: int = 500
    max_degree: int = 200


def neighbourhood(
    snapshot: Snapshot,
    starts: Sequence[Node],
    hops: int,
    limits: Limits = Limits(),
    only: Iterable[str] | None = None,
) -> Subgraph:
    """Everything within ``hops`` edges of ``starts``, whatever their direction.

    ``starts`` are (kind, number) pairs, ``only`` the edge types to walk (None: all). A node with more edges than
    ``limits.max_degree`` is kept and not walked further; growth stops at ``limits.max_nodes``. Both are said.
    """
    walked = [r for r in snapshot.relations.values() if len(r) and (only is None or r.type in set(only))]
    hop: dict[Node, int] = dict.fromkeys(starts, 0)
    edges: dict[tuple[Triple, int], None] = {}
    hubs: list[Node] = []
    frontier = list(hop)
    full = False
    for step in range(1, hops + 1):
        reached: list[Node] = []
        for node in frontier:
            touching = [(r, e) for r in walked for e in _touching(r, node)]
            if step > 1 and len(touching) > limits.max_degree:
                hubs.append(node)
                continue
            for relation, e in touching:
                other = _other_end(relation, e, node)
                if other not in hop:
                    if len(hop) >= limits.max_nodes:
                        full = True
                        continue
                    hop[other] = step
                    reached.append(other)
                edges[(relation.triple, e)] = None
        frontier = reached
    why = []
    if full:
        why.append(f"stopped at {limits.max_nodes} nodes")
    if hubs:
        why.append(f"{len(hubs)} nodes with more than {limits.max_degree} edges were not walked further")
    return Subgraph(
        as_of=snapshot.as_of,
        nodes=tuple(_node(snapshot, kind, number, h) for (kind, number), h in hop.items()),
        edges=tuple(_edge(snapshot, snapshot.relations[t], e) for t, e in edges),
        complete=not why,
        truncated_why="; ".join(why) or None,
    )


TIES = ("OWNS", "APPLIED_FOR")
"""Edges that show how the members of a finding belong together."""


def of_finding(snapshot: Snapshot, finding: Finding) -> Subgraph:
    """The members and evidence of a finding, who owns what among them, and what the snapshot knows of them."""
    properties: dict[str, Mapping[str, Scalar]] = {}
    ties: list[SubEdge] = []
    for name in named_by(finding):
        kind, id_ = name.split(":", 1)
        number = snapshot.nodes[kind].number(id_)
        if number is not None:
            properties[name] = _properties(snapshot.nodes[kind], number, ("id",))
            ties += _ties(snapshot, kind, number)
    return drawn_finding(snapshot.as_of, finding, properties, ties)


def named_by(finding: Finding) -> list[str]:
    """The nodes of a finding as ``Kind:id``, its members first, then the ends of its evidence."""
    members = [m.node for m in finding.members]
    return list(dict.fromkeys([*members, *(end for e in finding.edges for end in (e.src, e.dst))]))


def drawn_finding(
    as_of: int, finding: Finding, properties: Mapping[str, Mapping[str, Scalar]], ties: Iterable[SubEdge]
) -> Subgraph:
    """A finding as a subgraph, with what is known of its nodes, by name, and those ties that join two of them."""
    roles = {m.node: m.role for m in finding.members}
    names = named_by(finding)
    nodes = []
    for name in names:
        kind, id_ = name.split(":", 1)
        nodes.append(SubNode(kind, id_, 0 if name in roles else 1, properties.get(name, {}), roles.get(name)))
    among = set(names)
    edges = {f"{e.type}:{e.id}": e for e in ties if e.src in among and e.dst in among}
    for e in finding.edges:
        told = {k: v for k, v in (("ts", e.ts), ("amount", e.amount)) if v is not None}
        edges[f"{e.type}:{e.id}"] = SubEdge(e.type, e.id, e.src, e.dst, told)
    return Subgraph(as_of, tuple(nodes), tuple(edges.values()), finding.complete, finding.truncated_why)


def _ties(snapshot: Snapshot, kind: str, number: int) -> list[SubEdge]:
    return [
        _edge(snapshot, r, e)
        for r in snapshot.relations.values()
        if r.type in TIES and r.src_kind == kind
        for e in range(int(r.out_ptr[number]), int(r.out_ptr[number + 1]))
    ]


def sub_snapshot(snapshot: Snapshot, merchants: Iterable[int], hops: int) -> Snapshot:
    """The exact neighbourhood of merchants as a snapshot of its own, nothing left out.

    Holds every node within ``hops`` edges, every edge with an end nearer than ``hops``, and the facts of the merchants
    among those nodes. Work grows with the whole snapshot: this is for checking features, not for serving.
    """
    near = {k: np.full(len(n), hops + 1, np.int64) for k, n in snapshot.nodes.items()}
    near["Merchant"][list(merchants)] = 0
    for step in range(1, hops + 1):
        for r in snapshot.relations.values():
            for here, there, a, b in ((r.src, r.dst, r.src_kind, r.dst_kind), (r.dst, r.src, r.dst_kind, r.src_kind)):
                reached = there[near[a][here] == step - 1]
                near[b][reached] = np.minimum(near[b][reached], step)
    kept = {k: np.flatnonzero(d <= hops) for k, d in near.items()}
    renumber = {k: _renumbering(len(near[k]), kept[k]) for k in near}
    nodes = {k: Nodes(k, n.table.take(kept[k])) for k, n in snapshot.nodes.items()}
    relations: dict[Triple, Relation] = {}
    for t, r in snapshot.relations.items():
        inside = np.flatnonzero(np.minimum(near[r.src_kind][r.src], near[r.dst_kind][r.dst]) < hops)
        table = r.table.take(inside)
        table = table.set_column(0, "src", pa.array(renumber[r.src_kind][r.src[inside]].astype(np.int32)))
        table = table.set_column(1, "dst", pa.array(renumber[r.dst_kind][r.dst[inside]].astype(np.int32)))
        relations[t] = Relation(t, table, len(nodes[r.src_kind]), len(nodes[r.dst_kind]))
    facts = {}
    for name, columns in snapshot.facts.items():
        merchant = snapshot.fact_merchants(name)
        mine = (merchant >= 0) & (near["Merchant"][np.maximum(merchant, 0)] <= hops)
        facts[name] = Columns(columns.table.filter(pa.array(mine)))
    return Snapshot(snapshot.as_of, nodes, relations, facts)


def _touching(relation: Relation, node: Node) -> list[int]:
    kind, number = node
    found: list[int] = []
    if relation.src_kind == kind:
        found.extend(range(int(relation.out_ptr[number]), int(relation.out_ptr[number + 1])))
    if relation.dst_kind == kind:
        into = relation.in_edges[relation.in_ptr[number] : relation.in_ptr[number + 1]]
        found.extend(e for e in into.tolist() if not (relation.src_kind == kind and relation.src[e] == number))
    return found


def _other_end(relation: Relation, edge: int, node: Node) -> Node:
    src = (relation.src_kind, int(relation.src[edge]))
    return (relation.dst_kind, int(relation.dst[edge])) if src == node else src


def _node(snapshot: Snapshot, kind: str, number: int, hop: int) -> SubNode:
    nodes = snapshot.nodes[kind]
    return SubNode(kind, nodes.id(number), hop, _properties(nodes, number, ("id",)))


def _edge(snapshot: Snapshot, relation: Relation, e: int) -> SubEdge:
    src = f"{relation.src_kind}:{snapshot.nodes[relation.src_kind].id(int(relation.src[e]))}"
    dst = f"{relation.dst_kind}:{snapshot.nodes[relation.dst_kind].id(int(relation.dst[e]))}"
    return SubEdge(relation.type, relation.edge_id(e), src, dst, _properties(relation, e, ("id", "src", "dst")))


def _properties(columns: Columns, row: int, without: tuple[str, ...]) -> dict[str, Scalar]:
    table = columns.table
    values = {
        n: table[n][int(row)].as_py() for n in table.column_names if n not in without and not n.endswith("_token")
    }
    return {n: v for n, v in values.items() if v is not None}


def _renumbering(n: int, kept: Int64) -> Int64:
    numbers = np.full(n, -1, np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers
