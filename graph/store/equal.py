"""Does a store hold what landing says? Compared with a snapshot built from the same landing view."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from graph.model import EDGES, KINDS, edge_schema, node_schema
from graph.snapshot import Snapshot
from graph.store.contract import Store


def differences(store: Store, snapshot: Snapshot) -> list[str]:
    """What differs, one line for each kind and type that does; empty when node for node and edge for edge is the same.

    Ids, ends and every property count, missing values as missing.
    """
    found: list[str] = []
    for kind in KINDS:
        names = node_schema(kind.name).names
        expected = snapshot.nodes[kind.name].table.select(names)
        _compare(kind.name, store.nodes(kind.name).select(names), expected, found)
    for edge in EDGES:
        _compare(edge.name, store.edges(edge.name), _edges(snapshot, edge.name), found)
    return found


def _edges(snapshot: Snapshot, type_: str) -> pa.Table:
    names = edge_schema(type_).names
    parts = []
    for relation in snapshot.of_type(type_):
        table = relation.table.drop_columns(["src", "dst"])
        ends = {
            "src_kind": pa.array([relation.src_kind] * len(relation), pa.string()),
            "src": snapshot.nodes[relation.src_kind].ids.take(pa.array(relation.src)),
            "dst_kind": pa.array([relation.dst_kind] * len(relation), pa.string()),
            "dst": snapshot.nodes[relation.dst_kind].ids.take(pa.array(relation.dst)),
        }
        for name, column in ends.items():
            table = table.append_column(name, column)
        parts.append(table.select(names))
    return pa.concat_tables(parts)


def _compare(name: str, held: pa.Table, expected: pa.Table, found: list[str]) -> None:
    if held.num_rows != expected.num_rows:
        found.append(f"{name}: the store holds {held.num_rows}, landing {expected.num_rows}")
        return
    a, b = _sorted(held), _sorted(expected)
    wrong = [c for c in a.column_names if not _same(a[c], b[c])]
    if wrong:
        found.append(f"{name}: {', '.join(wrong)} differ")


def _sorted(rows: pa.Table) -> pa.Table:
    keys = [c for c in ("id", "src_kind", "src", "dst_kind", "dst") if c in rows.column_names]
    return rows.take(pc.sort_indices(rows, sort_keys=[(k, "ascending") for k in keys]))


def _same(a: pa.ChunkedArray, b: pa.ChunkedArray) -> bool:
    return bool(a.cast(b.type).combine_chunks().equals(b.combine_chunks()))
