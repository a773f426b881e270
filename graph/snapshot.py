"""A snapshot: the whole graph as of one time, as immutable columns with integer node numbers.

Nodes of a kind are numbered 0..n-1 in the order of their ids (sorted as text). A relation is one (source kind, edge
type, target kind); its edges are sorted by source, so ``out_ptr`` delimits the edges that leave a node, and ``in_ptr``
with ``in_edges`` those that enter it. Building, saving and publishing are in graph.snapshot_build and
graph.snapshot_files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]

NULL = np.iinfo(np.int64).min
"""What a missing INT64 reads as in numpy."""

Triple = tuple[str, str, str]


class Columns:
    """Named columns of equal length, read as numpy arrays on demand."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self._cache: dict[str, npt.NDArray[np.int64] | npt.NDArray[np.float64]] = {}

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def int64(self, name: str) -> Int64:
        """An INT64 column; missing values are NULL."""
        return self._numpy(name, pa.int64(), NULL)  # type: ignore[return-value]  # the type was asked for

    def float64(self, name: str) -> Float64:
        """A DOUBLE column; missing values are NaN."""
        return self._numpy(name, pa.float64(), np.nan)  # type: ignore[return-value]  # the type was asked for

    def true(self, name: str) -> npt.NDArray[np.bool_]:
        """Where a BOOLEAN column is true; missing is not true."""
        return pc.fill_null(self.table[name], False).to_numpy(zero_copy_only=False)

    def known(self, name: str) -> npt.NDArray[np.bool_]:
        """Where a column has a value."""
        return pc.is_valid(self.table[name]).to_numpy(zero_copy_only=False)

    def strings(self, name: str) -> pa.Array:
        """A STRING column as one Arrow array."""
        return _one(self.table[name])

    def codes(self, name: str) -> tuple[Int32, list[str]]:
        """A STRING column as numbers into a sorted list of its values; missing is -1."""
        values = sorted(v for v in pc.unique(self.table[name]).to_pylist() if v is not None)
        found = pc.fill_null(pc.index_in(self.table[name], pa.array(values, pa.string())), -1)
        return _one(found).to_numpy(zero_copy_only=False).astype(np.int32), values

    def _numpy(self, name: str, type_: pa.DataType, null: float) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
        if name not in self._cache:
            column = self.table[name]
            if column.type != type_:
                raise TypeError(f"column {name!r} is {column.type}, not {type_}")
            filled = _one(pc.fill_null(column, pa.scalar(null, type_))) if column.null_count else _one(column)
            self._cache[name] = filled.to_numpy(zero_copy_only=False)
        return self._cache[name]


class Nodes(Columns):
    """The nodes of one kind. ``ids`` is sorted; position in it is the node's number."""

    def __init__(self, kind: str, table: pa.Table) -> None:
        super().__init__(table)
        self.kind = kind
        self.ids: pa.Array = _one(table["id"])

    def number(self, id_: str) -> int | None:
        """The node's number, or None when the snapshot does not know the id."""
        at = bisect_left(self.ids, id_, key=lambda s: s.as_py())
        return at if at < len(self.ids) and self.ids[at].as_py() == id_ else None

    def id(self, number: int) -> str:
        """The id of a node number."""
        return self.ids[int(number)].as_py()


class Relation(Columns):
    """The edges of one (source kind, type, target kind), sorted by (source, time where it has one, id)."""

    def __init__(self, triple: Triple, table: pa.Table, nodes_from: int, nodes_to: int) -> None:
        super().__init__(table)
        self.triple = triple
        self.src_kind, self.type, self.dst_kind = triple
        self.src: Int32 = _one(table["src"]).to_numpy(zero_copy_only=False)
        self.dst: Int32 = _one(table["dst"]).to_numpy(zero_copy_only=False)
        self._nodes_from = nodes_from
        self._nodes_to = nodes_to

    @cached_property
    def out_ptr(self) -> Int64:
        """Edges out of node i are out_ptr[i]:out_ptr[i+1]."""
        return _pointers(self.src, self._nodes_from)

    @cached_property
    def in_ptr(self) -> Int64:
        """Edges into node j are in_edges[in_ptr[j]:in_ptr[j+1]]."""
        return _pointers(self.dst, self._nodes_to)

    @cached_property
    def in_edges(self) -> Int64:
        """Edge positions ordered by target, then by position."""
        return np.argsort(self.dst, kind="stable")

    def leaving(self, sources: npt.ArrayLike) -> Int64:
        """The positions of the edges that leave any of the nodes, node by node in the order given."""
        return _spans(self.out_ptr, np.asarray(sources, np.int64))

    def entering(self, targets: npt.ArrayLike) -> Int64:
        """The positions of the edges that enter any of the nodes, node by node in the order given."""
        return self.in_edges[_spans(self.in_ptr, np.asarray(targets, np.int64))]

    @property
    def out_degree(self) -> Int64:
        return np.diff(self.out_ptr)

    @property
    def in_degree(self) -> Int64:
        return np.diff(self.in_ptr)

    def edge_id(self, position: int) -> str:
        """The edge's own id."""
        return self.table["id"][int(position)].as_py()


class Snapshot:
    """The graph as of ``as_of`` (epoch ms): every node, edge and fact with known_ts <= as_of, newest version each."""

    def __init__(
        self,
        as_of: int,
        nodes: Mapping[str, Nodes],
        relations: Mapping[Triple, Relation],
        facts: Mapping[str, Columns],
    ) -> None:
        self.as_of = as_of
        self.nodes = nodes
        self.relations = relations
        self.facts = facts

    def relation(self, src_kind: str, type_: str, dst_kind: str) -> Relation:
        """One relation; empty when no such edge is known, KeyError when the model has no such relation."""
        return self.relations[(src_kind, type_, dst_kind)]

    def of_type(self, type_: str) -> list[Relation]:
        """All relations of an edge type."""
        return [r for t, r in self.relations.items() if t[1] == type_]

    def fact_merchants(self, fact: str) -> Int32:
        """Merchant number of each row of a fact; -1 where the merchant is not in the snapshot."""
        found = pc.index_in(self.facts[fact].table["merchant_id"], self.nodes["Merchant"].ids)
        return _one(pc.fill_null(found, -1)).to_numpy(zero_copy_only=False).astype(np.int32)

    @property
    def size(self) -> dict[str, int]:
        """How many nodes of each kind, edges of each type and rows of each fact there are."""
        edges: dict[str, int] = {}
        for relation in self.relations.values():
            edges[relation.type] = edges.get(relation.type, 0) + len(relation)
        return {
            **{k: len(n) for k, n in self.nodes.items()},
            **edges,
            **{f: len(c) for f, c in self.facts.items()},
        }


def _one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as a single array, without a copy when it is one already."""
    if isinstance(column, pa.ChunkedArray):
        return (
            column.chunk(0)
            if column.num_chunks == 1
            else pa.concat_arrays(column.chunks or [pa.array([], column.type)])
        )
    return column


def _spans(pointers: Int64, keys: Int64) -> Int64:
    """pointers[k] .. pointers[k + 1] - 1 for each key, one after the other."""
    first, many = pointers[keys], pointers[keys + 1] - pointers[keys]
    ends = np.cumsum(many)
    return np.arange(int(many.sum())) + np.repeat(first - (ends - many), many)


def _pointers(keys: Int32, n: int) -> Int64:
    pointers = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=n), out=pointers[1:])
    return pointers
