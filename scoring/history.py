"""Landing as of many times: every table read once, each past moment then picked out by a mask.

A version of a row is in force from the moment it is known until a newer one of its id is known. Sorting and numbering
are done once over all versions; a snapshot as of a time keeps their order, so it equals, row for row, what
graph.snapshot_build makes of ``view.newest(table, as_of)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from graph.model import EDGES, FACTS, KINDS, RELATIONS, edge_schema, node_schema
from graph.snapshot import Columns, Int32, Int64, Nodes, Relation, Snapshot, Triple
from landing.tables import View

FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class _Versions:
    """All versions of a table's rows, in the order a snapshot wants them, and when each is in force."""

    table: pa.Table
    known: Int64
    until: Int64

    def at(self, as_of: int) -> Int64:
        """Positions in force at a time."""
        return np.flatnonzero((self.known <= as_of) & (as_of < self.until))


@dataclass(frozen=True)
class _Edges:
    """Versions of one relation's edges; ends are numbers among all ids ever known."""

    versions: _Versions
    src: Int32
    dst: Int32


@dataclass(frozen=True)
class _Nodes:
    """All ids of a kind ever known, sorted, and the versions of their descriptions with the id's number."""

    ids: pa.Array
    versions: _Versions
    number: Int32


class History:
    """What landing held at any past moment."""

    def __init__(self, view: View) -> None:
        edges = {e.name: _versions(view.all_versions(e.name)) for e in EDGES}
        described = {k.name: _versions(view.all_versions(k.name)) for k in KINDS}
        self._nodes = {k: _number_nodes(k, described[k], edges) for k in described}
        self._edges = {t: _number_edges(t, edges[t[1]], self._nodes) for t in RELATIONS}
        self._facts = {f.name: _sorted(_versions(view.all_versions(f.name)), ["id"]) for f in FACTS}

    def fact_versions(self, fact: str) -> pa.Table:
        """Every version of a fact's rows."""
        return self._facts[fact].table

    def fact(self, fact: str, as_of: int) -> pa.Table:
        """A fact's rows in force at a time."""
        versions = self._facts[fact]
        return versions.table.take(versions.at(as_of))

    def snapshot(self, as_of: int) -> Snapshot:
        """The graph as of a time, equal to the one built from landing's newest versions then."""
        chosen = {t: e.versions.at(as_of) for t, e in self._edges.items()}
        inside = {k: np.zeros(len(n.ids), np.bool_) for k, n in self._nodes.items()}
        for (src_kind, _, dst_kind), at in chosen.items():
            edges = self._edges[src_kind, _, dst_kind]
            inside[src_kind][edges.src[at]] = True
            inside[dst_kind][edges.dst[at]] = True
        rows = {}
        for kind, nodes in self._nodes.items():
            at = nodes.versions.at(as_of)
            rows[kind] = np.full(len(nodes.ids), -1, np.int64)
            rows[kind][nodes.number[at]] = at
            inside[kind][nodes.number[at]] = True
        number = {k: (np.cumsum(mask) - 1).astype(np.int32) for k, mask in inside.items()}
        nodes_now = {k: self._nodes_at(k, inside[k], rows[k]) for k in self._nodes}
        relations: dict[Triple, Relation] = {}
        for triple, at in chosen.items():
            relations[triple] = self._relation_at(triple, at, number, nodes_now)
        facts = {name: Columns(self.fact(name, as_of).combine_chunks()) for name in self._facts}
        return Snapshot(as_of, nodes_now, relations, facts)

    def _nodes_at(self, kind: str, inside: np.ndarray[tuple[int], np.dtype[np.bool_]], rows: Int64) -> Nodes:
        nodes = self._nodes[kind]
        kept = np.flatnonzero(inside)
        place = pa.array(rows[kept], mask=rows[kept] < 0)
        columns = {"id": nodes.ids.take(pa.array(kept))}
        for name in node_schema(kind).names[1:]:
            columns[name] = _flat(nodes.versions.table[name]).take(place)
        return Nodes(kind, pa.table(columns))

    def _relation_at(self, triple: Triple, at: Int64, number: dict[str, Int32], nodes: dict[str, Nodes]) -> Relation:
        src_kind, type_, dst_kind = triple
        edges = self._edges[triple]
        rest = edges.versions.table.take(pa.array(at)).select(_kept(type_))
        columns = {n: _flat(rest[n]) for n in rest.column_names}
        src, dst = number[src_kind][edges.src[at]], number[dst_kind][edges.dst[at]]
        table = pa.table({"src": src, "dst": dst, **columns})
        return Relation(triple, table, len(nodes[src_kind]), len(nodes[dst_kind]))


def _versions(table: pa.Table) -> _Versions:
    """When each version is in force: newest is by updated_ts, then known_ts, then commit order."""
    table = table.combine_chunks()
    known, updated = (_flat(table[c]).to_numpy() for c in ("known_ts", "updated_ts"))
    codes = _flat(table["id"]).dictionary_encode().indices.to_numpy(zero_copy_only=False) if len(table) else known
    order = np.lexsort((np.arange(len(known)), known, updated, codes))
    until = np.full(len(known), FOREVER, np.int64)
    until[order] = _superseded(codes[order].astype(np.int64), known[order])
    return _Versions(table, known, until)


@njit(cache=True)
def _superseded(codes: Int64, known: Int64) -> Int64:
    """For versions sorted by (id, newness): the first moment that a newer one of the same id is known."""
    until = np.full(len(codes), np.iinfo(np.int64).max)
    for i in range(len(codes) - 2, -1, -1):
        if codes[i] == codes[i + 1]:
            until[i] = min(until[i + 1], known[i + 1])
    return until


def _pick(versions: _Versions, order: pa.Array | Int64) -> _Versions:
    at = order.to_numpy() if isinstance(order, pa.Array) else order
    return _Versions(versions.table.take(pa.array(at)).combine_chunks(), versions.known[at], versions.until[at])


def _sorted(versions: _Versions, keys: list[str]) -> _Versions:
    return _pick(versions, pc.sort_indices(versions.table, sort_keys=[(k, "ascending") for k in keys]))


def _number_nodes(kind: str, described: _Versions, edges: dict[str, _Versions]) -> _Nodes:
    named = [_flat(described.table["id"])]
    for edge in EDGES:
        table = edges[edge.name].table
        for end in (0, 1):
            if any(pair[end] == kind for pair in edge.pairs):
                column, kinds = ("src", "src_kind") if end == 0 else ("dst", "dst_kind")
                named.append(pc.unique(_flat(table[column].filter(pc.equal(table[kinds], kind)))))
    ids = pc.unique(pa.concat_arrays(named))
    ids = ids.take(pc.sort_indices(ids))
    return _Nodes(ids, described, _numbers(described.table["id"], ids))


def _number_edges(triple: Triple, versions: _Versions, nodes: dict[str, _Nodes]) -> _Edges:
    src_kind, type_, dst_kind = triple
    table = versions.table
    mine = pc.and_(pc.equal(table["src_kind"], src_kind), pc.equal(table["dst_kind"], dst_kind))
    mine_at = np.flatnonzero(_flat(mine).to_numpy(zero_copy_only=False))
    versions = _pick(versions, mine_at)
    src = _numbers(versions.table["src"], nodes[src_kind].ids)
    keyed = versions.table.append_column("_src", pa.array(src))
    keys = ["_src", *(c for c in ("ts", "id") if c in _kept(type_))]
    order = pc.sort_indices(keyed, sort_keys=[(k, "ascending") for k in keys]).to_numpy()
    versions = _pick(versions, order)
    return _Edges(versions, src[order], _numbers(versions.table["dst"], nodes[dst_kind].ids))


def _numbers(column: pa.ChunkedArray, ids: pa.Array) -> Int32:
    return _flat(pc.index_in(column, ids)).to_numpy(zero_copy_only=False).astype(np.int32)


def _kept(type_: str) -> list[str]:
    return [n for n in edge_schema(type_).names if n not in ("src_kind", "src", "dst_kind", "dst")]


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
