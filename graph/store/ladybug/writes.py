"""What the embedded store is told to write. Labels come from the model, values only from Arrow tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyarrow as pa

from graph.model import EDGE, RELATIONS, edge_schema, node_schema

PREFIX = "r_"
"""Columns of incoming rows bear it, so that none is taken for a variable of the statement."""

Pair = tuple[str, str]


def incoming(rows: pa.Table) -> pa.Table:
    """Rows for LOAD FROM: columns prefixed."""
    return rows.rename_columns([PREFIX + n for n in rows.column_names])


def for_copy(rows: pa.Table) -> pa.Table:
    """Edge rows for COPY: the ends first, without their kinds."""
    ends = ("src_kind", "src", "dst_kind", "dst")
    return rows.select(["src", "dst", *(n for n in rows.column_names if n not in ends)])


def without_empty_chunks(rows: pa.Table) -> pa.Table:
    """The same rows; the engine takes an empty chunk for the end of the table and says nothing."""
    return pa.Table.from_batches([b for b in rows.to_batches() if b.num_rows], rows.schema)


def rows_taken(result: object) -> int:
    """How many rows a COPY or a statement that ends with count(*) has taken."""
    found = result[0][0] if isinstance(result, list) and result else 0
    if isinstance(found, str):
        said = re.match(r"(\d+) tuples", found)
        return int(said[1]) if said else 0
    return int(found)


def copy_nodes(kind: str) -> str:
    """Append rows of nodes that are not there yet."""
    return f"COPY {kind} FROM $rows"


def copy_edges(type_: str, pair: Pair) -> str:
    """Append rows of edges: columns src, dst, then the table's."""
    only = f" (from='{pair[0]}', to='{pair[1]}')" if len(EDGE[type_].pairs) > 1 else ""
    return f"COPY {type_} FROM $rows{only}"


def merge_nodes(kind: str) -> str:
    """Bring versions of nodes, one row per id."""
    names = [n for n in node_schema(kind).names if n != "id"]
    return f"LOAD FROM $rows MERGE (a:{kind} {{id: {PREFIX}id}}) {_set('a', names)} RETURN count(*)"


def add_bare_nodes(kind: str) -> str:
    """Make nodes of ids that are not there yet."""
    return f"LOAD FROM $rows MERGE (a:{kind} {{id: {PREFIX}id}}) RETURN count(*)"


def merge_edges(type_: str, pair: Pair) -> str:
    """Bring versions of edges between nodes that are there, one row per id."""
    names = [n for n in edge_schema(type_).names if n not in ("id", "src_kind", "src", "dst_kind", "dst")]
    return (
        f"LOAD FROM $rows MATCH (a:{pair[0]} {{id: {PREFIX}src}}) MATCH (b:{pair[1]} {{id: {PREFIX}dst}}) "
        f"MERGE (a)-[e:{type_} {{id: {PREFIX}id}}]->(b) {_set('e', names)} RETURN count(*)"
    )


def delete_edges(type_: str, pair: Pair) -> str:
    """Remove edges by their ends and id."""
    return (
        f"LOAD FROM $rows MATCH (a:{pair[0]} {{id: {PREFIX}src}})-[e:{type_}]->(b:{pair[1]}) "
        f"WHERE b.id = {PREFIX}dst AND e.id = {PREFIX}id DELETE e"
    )


def delete_nodes(kind: str) -> str:
    """Remove nodes by id, with their edges."""
    return f"LOAD FROM $rows MATCH (a:{kind} {{id: {PREFIX}id}}) DETACH DELETE a"


def bare_among(kind: str) -> str:
    """Which of some nodes nobody has described."""
    return f"LOAD FROM $rows MATCH (a:{kind} {{id: {PREFIX}id}}) WHERE a.updated_ts IS NULL RETURN a.id"


def joined_among(kind: str) -> Iterator[str]:
    """Which of some nodes have an edge: a statement for each relation, one for all would fill the engine's memory."""
    nodes = f"LOAD FROM $rows MATCH (a:{kind} {{id: {PREFIX}id}})"
    for src_kind, type_, dst_kind in RELATIONS:
        if src_kind == kind:
            yield f"{nodes}-[e:{type_}]->(b:{dst_kind}) RETURN DISTINCT a.id"
        if dst_kind == kind:
            yield f"{nodes}<-[e:{type_}]-(b:{src_kind}) RETURN DISTINCT a.id"


def read_nodes(kind: str) -> str:
    """Every node of a kind in landing columns."""
    return f"MATCH (a:{kind}) RETURN " + ", ".join(f"a.{n} AS {n}" for n in node_schema(kind).names)


def read_edges(type_: str, pair: Pair) -> str:
    """Every edge between two kinds: src, dst, then the table's own columns."""
    names = [n for n in edge_schema(type_).names if n not in ("src_kind", "src", "dst_kind", "dst")]
    columns = ", ".join(f"e.{n} AS {n}" for n in names)
    return f"MATCH (a:{pair[0]})-[e:{type_}]->(b:{pair[1]}) RETURN a.id AS src, b.id AS dst, {columns}"


def _set(var: str, names: list[str]) -> str:
    """SET that keeps the newer of what is stored and what comes; updated_ts and known_ts, the judges, change last."""
    newer = (
        f"{var}.updated_ts IS NULL OR {var}.updated_ts < {PREFIX}updated_ts OR "
        f"({var}.updated_ts = {PREFIX}updated_ts AND {var}.known_ts <= {PREFIX}known_ts)"
    )
    order = [*(n for n in names if n not in ("updated_ts", "known_ts"))]
    whole = "known_ts", "updated_ts"
    return "SET " + ", ".join(
        f"{var}.{n} = CASE WHEN {newer} THEN {PREFIX}{n} ELSE {var}.{n} END" for n in (*order, *whole)
    )
