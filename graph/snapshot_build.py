"""Building a snapshot as of a time from landing rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.model import EDGES, FACTS, KINDS, RELATIONS, edge_schema, node_schema
from graph.snapshot import Columns, Int32, Int64, Nodes, Relation, Snapshot, Triple
from landing.text import text_order

Reader = Callable[[str], pa.Table]
"""Gives the newest rows of a landing table known by the time in question, e.g. ``lambda t: view.newest(t, as_of)``."""

Bools = npt.NDArray[np.bool_]


def build_snapshot(read: Reader, as_of: int) -> Snapshot:
    """The graph as of ``as_of``.

    Every end of an edge becomes a node, also one that no source has described: its properties are then missing. Edges
    are sorted by (source, ts where the type has one, id), nodes by id, facts by id, so the same rows give the same
    snapshot whatever order they were taken in.
    """
    edges = {e.name: _Edges(read(e.name)) for e in EDGES}
    nodes = {k.name: _nodes(k.name, read(k.name), edges) for k in KINDS}
    relations: dict[Triple, Relation] = {}
    for triple in RELATIONS:
        src_kind, type_, dst_kind = triple
        relations[triple] = _relation(triple, edges[type_], len(nodes[src_kind]), len(nodes[dst_kind]))
    facts = {f.name: Columns(_in_order_of_id(read(f.name))) for f in FACTS}
    return Snapshot(as_of, nodes, relations, facts)


@dataclass
class _Edges:
    """The edges of one type; ``numbers``: the node numbers of both ends, as far as their kinds are numbered yet."""

    rows: pa.Table
    kinds: tuple[dict[str, Bools], dict[str, Bools]] = field(init=False)
    numbers: tuple[Int32, Int32] = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = (_where(self.rows["src_kind"]), _where(self.rows["dst_kind"]))
        n = self.rows.num_rows
        self.numbers = (np.zeros(n, np.int32), np.zeros(n, np.int32))


def _where(column: pa.ChunkedArray) -> dict[str, Bools]:
    """The values of a column of few, and where each stands."""
    coded = _flat(column).dictionary_encode()
    codes = coded.indices.to_numpy()
    return {value: codes == code for code, value in enumerate(coded.dictionary.to_pylist())}


def _nodes(kind: str, described: pa.Table, edges: dict[str, _Edges]) -> Nodes:
    """The nodes of a kind; numbers the ends of edges that are of it."""
    named: list[pa.Array] = [_flat(described["id"])]
    ends: list[tuple[Int32, Bools]] = []
    for edge in EDGES:
        of_type = edges[edge.name]
        for end, column in enumerate(("src", "dst")):
            mine = of_type.kinds[end].get(kind)
            if mine is None or not any(pair[end] == kind for pair in edge.pairs):
                continue
            values = _flat(of_type.rows[column])
            named.append(values if mine.all() else values.filter(pa.array(mine)))
            ends.append((of_type.numbers[end], mine))
    coded = pa.concat_arrays([n.cast(pa.large_string()) for n in named]).dictionary_encode()
    order = text_order(coded.dictionary)
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    numbers = number[coded.indices.to_numpy()]
    at = described.num_rows
    for column_of_numbers, mine in ends:
        many = int(mine.sum())
        column_of_numbers[mine] = numbers[at : at + many]
        at += many
    place = np.full(len(order), -1, np.int64)
    place[numbers[: described.num_rows][::-1]] = np.arange(described.num_rows)[::-1]
    taken = pa.array(place, mask=place < 0)
    columns = {"id": coded.dictionary.take(pa.array(order)).cast(pa.string())}
    for name in node_schema(kind).names[1:]:
        columns[name] = _flat(described[name]).take(taken) if described.num_rows else _nulls(kind, name, len(order))
    return Nodes(kind, pa.table(columns))


def _nulls(kind: str, name: str, n: int) -> pa.Array:
    return pa.nulls(n, node_schema(kind).field(name).type)


def _relation(triple: Triple, edges: _Edges, sources: int, targets: int) -> Relation:
    src_kind, type_, dst_kind = triple
    none = np.zeros(edges.rows.num_rows, np.bool_)
    mine = edges.kinds[0].get(src_kind, none) & edges.kinds[1].get(dst_kind, none)
    rows = np.flatnonzero(mine)
    src, dst = edges.numbers[0][rows], edges.numbers[1][rows]
    kept = {n: _flat(edges.rows[n]) for n in _kept(type_)}
    at = pa.array(rows)
    order = edge_order(src, kept["ts"].take(at) if "ts" in kept else None, kept["id"].take(at))
    at = pa.array(rows[order])
    table = pa.table({"src": src[order], "dst": dst[order], **{n: c.take(at) for n, c in kept.items()}})
    return Relation(triple, table, sources, targets)


def edge_order(src: Int32, ts: pa.Array | None, ids: pa.Array) -> Int64:
    """The order of edges by (source, time, id), missing times last. Most are told apart by two numbers alone."""
    moment = np.zeros(len(src), np.int64)
    if ts is not None and len(ts) > ts.null_count:
        known = ts.is_valid().to_numpy(zero_copy_only=False)
        moment = ts.fill_null(0).to_numpy().copy()
        last = int(moment[known].max())
        moment[~known] = last + (ts.null_count > 0)
    span = int(moment.max(initial=0)) - int(moment.min(initial=0)) + 1
    if (int(src.max(initial=0)) + 1) * span < 1 << 62:
        key = src.astype(np.int64) * span + (moment - moment.min(initial=0))
        order = np.argsort(key)
        fresh = np.diff(key[order], prepend=-1) != 0
    else:
        order = np.lexsort((moment, src))
        fresh = (np.diff(src[order], prepend=-1) != 0) | (np.diff(moment[order], prepend=0) != 0)
    tied = ~fresh
    tied[:-1] |= ~fresh[1:]
    at = np.flatnonzero(tied)
    if len(at):
        rows = order[at]
        rank = np.empty(len(at), np.int64)
        rank[text_order(ids.take(pa.array(rows)))] = np.arange(len(at))
        order[at] = rows[np.lexsort((rank, np.cumsum(fresh)[at]))]
    return order


def _kept(type_: str) -> list[str]:
    return [n for n in edge_schema(type_).names if n not in ("src_kind", "src", "dst_kind", "dst")]


def _in_order_of_id(rows: pa.Table) -> pa.Table:
    return rows.take(pa.array(text_order(_flat(rows["id"]))))


def _flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column
