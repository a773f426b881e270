"""Rows on their way into a store: one per id, the newest; the bare nodes that edges name."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from graph.model import EDGE, EDGES, KIND, edge_schema, node_schema
from graph.store.contract import StoreError
from landing.tables import newest_versions

ENDS = ("src_kind", "src", "dst_kind", "dst")


def node_rows(kind: str, rows: pa.Table) -> pa.Table:
    """Node rows in the model's columns, the newest per id. Raises StoreError where columns or ids are missing."""
    if kind not in KIND:
        raise StoreError("unknown_kind", f"there is no node kind {kind!r}")
    return newest_versions(_shaped(kind, rows, node_schema(kind)))


def edge_rows(type_: str, rows: pa.Table) -> pa.Table:
    """Edge rows in the model's columns, the newest per id; every pair of kinds is one the type joins."""
    if type_ not in EDGE:
        raise StoreError("unknown_type", f"there is no edge type {type_!r}")
    shaped = newest_versions(_shaped(type_, rows, edge_schema(type_)))
    for pair in by_pair(shaped):
        if pair not in EDGE[type_].pairs:
            raise StoreError("unknown_pair", f"{type_} does not join {pair[0]!r} to {pair[1]!r}")
    return shaped


def by_pair(rows: pa.Table) -> dict[tuple[str, str], pa.Table]:
    """Edge rows by (source kind, target kind)."""
    if rows.num_rows == 0:
        return {}
    pairs = rows.select(["src_kind", "dst_kind"]).group_by(["src_kind", "dst_kind"]).aggregate([]).to_pylist()
    found = {}
    for pair in sorted((p["src_kind"], p["dst_kind"]) for p in pairs):
        mine = pc.and_(pc.equal(rows["src_kind"], pair[0]), pc.equal(rows["dst_kind"], pair[1]))
        found[pair] = rows.filter(mine)
    return found


def end_ids(edges: Mapping[str, pa.Table]) -> dict[str, pa.Array]:
    """The ids that edges name as their ends, by kind, each once."""
    named: dict[str, list[pa.ChunkedArray]] = {}
    for rows in edges.values():
        for (src_kind, dst_kind), mine in by_pair(rows).items():
            named.setdefault(src_kind, []).append(mine["src"])
            named.setdefault(dst_kind, []).append(mine["dst"])
    return {
        kind: pc.unique(pa.chunked_array([c for column in columns for c in column.chunks], pa.string()))
        for kind, columns in named.items()
    }


def with_bare_nodes(nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Node tables by kind, with a row of missing properties for every end of an edge that none of them describes."""
    ends = end_ids(edges)
    whole: dict[str, pa.Table] = {}
    for kind in KIND:
        described = nodes.get(kind, node_schema(kind).empty_table())
        rows = [described.cast(bare_schema(kind))]
        if kind in ends:
            unseen = ends[kind].filter(pc.invert(pc.is_in(ends[kind], described["id"].combine_chunks())))
            rows.append(bare_nodes(kind, unseen))
        whole[kind] = pa.concat_tables(rows)
    return whole


def bare_nodes(kind: str, ids: pa.Array) -> pa.Table:
    """Nodes of which nothing is known but that an edge names them."""
    schema = bare_schema(kind)
    columns = [ids if f.name == "id" else pa.nulls(len(ids), f.type) for f in schema]
    return pa.table(columns, schema=schema)


def bare_schema(kind: str) -> pa.Schema:
    """The columns of a node table in a store, where all but the id may be missing."""
    return pa.schema([pa.field(f.name, f.type) for f in node_schema(kind)])


def stored_edge_schema(type_: str) -> pa.Schema:
    """The columns of an edge table in a store."""
    return pa.schema([pa.field(f.name, f.type) for f in edge_schema(type_)])


def empty_edges() -> dict[str, pa.Table]:
    """No edges, of every type."""
    return {e.name: edge_schema(e.name).empty_table() for e in EDGES}


def _shaped(name: str, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    missing = [c for c in schema.names if c not in rows.column_names]
    if missing:
        raise StoreError("missing_column", f"rows of {name} lack {', '.join(missing)}")
    for field in schema:
        if not field.nullable and rows[field.name].null_count:
            raise StoreError(
                "missing_value", f"rows of {name} have no {field.name} in {rows[field.name].null_count} rows"
            )
    try:
        return rows.select(schema.names).cast(schema)
    except pa.ArrowException:  # what it says may hold values
        raise StoreError("wrong_type", f"rows of {name} have columns of other types than the model") from None
