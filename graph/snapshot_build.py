"""Building a snapshot as of a time from landing rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.model import EDGES, FACTS, KINDS, RELATIONS, edge_schema, node_schema
from graph.snapshot import Columns, Nodes, Relation, Snapshot, Triple

Reader = Callable[[str], pa.Table]
"""Gives the newest rows of a landing table known by the time in question, e.g. ``lambda t: view.newest(t, as_of)``."""


def build_snapshot(read: Reader, as_of: int) -> Snapshot:
    """The graph as of ``as_of``.

    Every end of an edge becomes a node, also one that no source has described: its properties are then missing. Edges
    are sorted by (source, ts where the type has one, id), nodes by id, facts by id, so the same rows give the same
    snapshot whatever order they were taken in.
    """
    edges = {e.name: read(e.name) for e in EDGES}
    nodes = {k.name: _nodes(k.name, read(k.name), edges) for k in KINDS}
    relations: dict[Triple, Relation] = {}
    for triple in RELATIONS:
        src_kind, type_, dst_kind = triple
        relations[triple] = _relation(triple, edges[type_], nodes[src_kind], nodes[dst_kind])
    facts = {f.name: Columns(read(f.name).sort_by("id")) for f in FACTS}
    return Snapshot(as_of, nodes, relations, facts)


def _nodes(kind: str, described: pa.Table, edges: dict[str, pa.Table]) -> Nodes:
    named = [described["id"].combine_chunks()]
    for edge in EDGES:
        rows = edges[edge.name]
        for end in (0, 1):
            if not any(pair[end] == kind for pair in edge.pairs):
                continue
            column, kinds = ("src", "src_kind") if end == 0 else ("dst", "dst_kind")
            mine = rows[column].filter(pc.equal(rows[kinds], kind))
            named.append(pc.unique(mine))
    ids = pc.unique(pa.concat_arrays([_flat(n) for n in named]))
    ids = ids.take(pc.sort_indices(ids))
    place = pc.index_in(ids, _flat(described["id"]))
    columns = {"id": ids}
    for name in node_schema(kind).names[1:]:
        columns[name] = _flat(described[name]).take(place) if described.num_rows else _nulls(kind, name, len(ids))
    return Nodes(kind, pa.table(columns))


def _nulls(kind: str, name: str, n: int) -> pa.Array:
    return pa.nulls(n, node_schema(kind).field(name).type)


def _relation(triple: Triple, rows: pa.Table, sources: Nodes, targets: Nodes) -> Relation:
    src_kind, type_, dst_kind = triple
    mine = rows.filter(pc.and_(pc.equal(rows["src_kind"], src_kind), pc.equal(rows["dst_kind"], dst_kind)))
    src = _flat(pc.index_in(mine["src"], sources.ids)).to_numpy(zero_copy_only=False).astype(np.int32)
    dst = _flat(pc.index_in(mine["dst"], targets.ids)).to_numpy(zero_copy_only=False).astype(np.int32)
    table = pa.table({"src": src, "dst": dst, **{n: _flat(mine[n]) for n in _kept(type_)}})
    keys = [("src", "ascending"), *((c, "ascending") for c in ("ts", "id") if c in table.column_names)]
    order = pc.sort_indices(table, sort_keys=keys)
    return Relation(triple, table.take(order).combine_chunks(), len(sources), len(targets))


def _kept(type_: str) -> list[str]:
    return [n for n in edge_schema(type_).names if n not in ("src_kind", "src", "dst_kind", "dst")]


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column
