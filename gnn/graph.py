"""A graph as arrays: kinds of nodes, named relations between them, each as CSR in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnn.segments import Float32, Int32, Int64, grouped, max_rows, mean_rows, weighted_rows

Triple = tuple[str, str, str]
"""Source kind, name, target kind: the key of a relation in PyTorch Geometric."""


class GraphError(ValueError):
    """The arrays are no graph. Codes: edge_ends, node_range, relation_name, kinds_differ, graph_schema."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


@dataclass(frozen=True)
class Csr:
    """Row i's neighbours are ``nbr[ptr[i]:ptr[i + 1]]``, numbers below ``columns``."""

    ptr: Int64
    nbr: Int32
    columns: int

    @property
    def rows(self) -> int:
        return len(self.ptr) - 1

    @property
    def degree(self) -> Int64:
        """Neighbours of each row, repeated ones counted as often as they are there."""
        return np.diff(self.ptr)

    @property
    def row_of(self) -> Int32:
        """The row each entry belongs to."""
        return np.repeat(np.arange(self.rows, dtype=np.int32), self.degree)

    def transposed(self) -> Csr:
        """The same edges seen from the other end."""
        return csr_of(self.nbr, self.row_of, self.columns, self.rows)

    def mean(self, x: Float32) -> Float32:
        """Mean over neighbours, rows x width; 0 where there are none."""
        out = np.empty((self.rows, x.shape[1]), np.float32)
        mean_rows(self.ptr, self.nbr, _packed(x), out)
        return out

    def sum(self, x: Float32, weight: Float32 | None = None) -> Float32:
        """Sum over neighbours, each times its ``weight`` (default 1), rows x width."""
        out = np.empty((self.rows, x.shape[1]), np.float32)
        weight = np.ones(self.columns, np.float32) if weight is None else weight
        weighted_rows(self.ptr, self.nbr, _packed(weight), _packed(x), out)
        return out

    def max(self, x: Float32) -> Float32:
        """Greatest over neighbours, rows x width; NaN where there are none."""
        if not len(self.nbr):
            return np.full((self.rows, x.shape[1]), np.nan, np.float32)
        out = np.empty((self.rows, x.shape[1]), np.float32)
        max_rows(self.ptr, self.nbr, _packed(x), out)
        return out


def csr_of(row: Int32, neighbour: Int32, rows: int, columns: int) -> Csr:
    """CSR of pairs (row, neighbour), neighbours of a row in the order of the pairs."""
    ptr, nbr = grouped(row, neighbour, rows)
    return Csr(ptr, nbr, columns)


@dataclass(frozen=True)
class Relation:
    """Edges of one name from one kind of node to another.

    ``into``: per target its sources (what messages come from); ``out``: per source its targets. ``self_loops`` and
    ``duplicates`` are the edges that were left out when it was made.
    """

    name: str
    source: str
    target: str
    into: Csr
    out: Csr
    self_loops: int = 0
    duplicates: int = 0

    @property
    def triple(self) -> Triple:
        return self.source, self.name, self.target

    def __len__(self) -> int:
        return len(self.into.nbr)

    def reversed(self, name: str | None = None) -> Relation:
        """The same edges against their direction; its name begins with ``rev_`` unless one is given."""
        return Relation(name or f"rev_{self.name}", self.target, self.source, self.out, self.into)

    def edge_index(self) -> Int64:
        """PyTorch Geometric's form: 2 x edges, sources above targets."""
        return np.stack([self.into.nbr.astype(np.int64), self.into.row_of.astype(np.int64)])

    @property
    def symmetric(self) -> bool:
        """Whether every edge is there in both directions."""
        return (
            self.source == self.target
            and np.array_equal(self.into.ptr, self.out.ptr)
            and np.array_equal(_sorted_rows(self.into), _sorted_rows(self.out))
        )


def relation(
    triple: Triple,
    ends: tuple[np.ndarray, np.ndarray],
    nodes: tuple[int, int],
    *,
    keep_duplicates: bool = False,
    keep_self_loops: bool = False,
) -> Relation:
    """A relation from the numbers of its edges' sources and targets; ``nodes``: how many there are of both kinds.

    A self loop joins a node to itself (only where both kinds are one). GraphError when an end is no node.
    """
    source, name, target = triple
    src, dst = (np.ascontiguousarray(e, np.int64) for e in ends)
    if len(src) != len(dst):
        raise GraphError("edge_ends", f"relation {name}: {len(src)} sources but {len(dst)} targets")
    for which, end, n in (("source", src, nodes[0]), ("target", dst, nodes[1])):
        if len(end) and (end.min() < 0 or end.max() >= n):
            raise GraphError("node_range", f"relation {name}: a {which} is outside 0..{n - 1}")
    loops = 0
    if source == target and not keep_self_loops:
        apart = src != dst
        loops = int(len(src) - apart.sum())
        src, dst = src[apart], dst[apart]
    before = len(src)
    if not keep_duplicates and before:
        both = np.unique(dst * nodes[0] + src)
        src, dst = both % nodes[0], both // nodes[0]
    s, d = src.astype(np.int32), dst.astype(np.int32)
    into, out = csr_of(d, s, nodes[1], nodes[0]), csr_of(s, d, nodes[0], nodes[1])
    return Relation(name, source, target, into, out, loops, before - len(src))


@dataclass(frozen=True)
class TypedGraph:
    """Kinds of nodes with their counts, and relations between them; names differ per pair of kinds."""

    sizes: Mapping[str, int]
    relations: tuple[Relation, ...]

    def __post_init__(self) -> None:
        seen: set[Triple] = set()
        for r in self.relations:
            if r.triple in seen:
                raise GraphError("relation_name", f"relation {r.name} from {r.source} to {r.target} is there twice")
            seen.add(r.triple)
            if (r.into.columns, r.into.rows) != (self.sizes.get(r.source), self.sizes.get(r.target)):
                raise GraphError("node_range", f"relation {r.name} was made for other counts of nodes")

    def both_ways(self) -> TypedGraph:
        """The graph in which messages flow along every edge and back; symmetric relations stay as they are."""
        back = [r.reversed() for r in self.relations if not r.symmetric]
        return TypedGraph(self.sizes, (*self.relations, *back))

    def only(self, triples: Sequence[Triple], kinds: Sequence[str]) -> TypedGraph:
        """These relations and kinds alone, in this order; GraphError (graph_schema) names what it lacks."""
        have = {r.triple: r for r in self.relations}
        absent = [" ".join(t) for t in triples if t not in have] + [k for k in kinds if k not in self.sizes]
        if absent:
            raise GraphError("graph_schema", f"the graph lacks what the model was trained on: {', '.join(absent)}")
        return TypedGraph({k: self.sizes[k] for k in kinds}, tuple(have[t] for t in triples))

    def peopled(self, target: str) -> TypedGraph:
        """Without relations that hold no edge, and without kinds that no relation then touches, but for the target."""
        full = [r for r in self.relations if len(r)]
        touched = {target, *(r.source for r in full), *(r.target for r in full)}
        return self.only([r.triple for r in full], [k for k in self.sizes if k in touched])

    def into(self, kind: str) -> tuple[Relation, ...]:
        """Relations that end at a kind."""
        return tuple(r for r in self.relations if r.target == kind)

    def degrees(self, kind: str) -> Float32:
        """log(1 + neighbours) by each relation that ends at a kind: nodes x relations. What is known of any node."""
        each = [np.log1p(r.into.degree) for r in self.into(kind)]
        return np.column_stack(each).astype(np.float32) if each else np.zeros((self.sizes[kind], 0), np.float32)


def union(graphs: Sequence[TypedGraph]) -> TypedGraph:
    """Graphs side by side with no edge between them, nodes of a kind one graph after the other.

    Snapshots of several times become one training graph in this way. All must have the same kinds and relations.
    """
    first = graphs[0]
    if any(
        list(g.sizes) != list(first.sizes) or [r.triple for r in g.relations] != [r.triple for r in first.relations]
        for g in graphs
    ):
        raise GraphError("kinds_differ", "graphs of other kinds or relations cannot stand side by side")
    sizes = {k: sum(g.sizes[k] for g in graphs) for k in first.sizes}
    relations = []
    for i, r in enumerate(first.relations):
        parts = [g.relations[i] for g in graphs]
        into = _beside([p.into for p in parts])
        relations.append(Relation(r.name, r.source, r.target, into, _beside([p.out for p in parts])))
    return TypedGraph(sizes, tuple(relations))


def _beside(parts: Sequence[Csr]) -> Csr:
    edges = np.cumsum([0, *(len(p.nbr) for p in parts)])
    columns = np.cumsum([0, *(p.columns for p in parts)])
    ptr = np.concatenate([[0], *(p.ptr[1:] + e for p, e in zip(parts, edges, strict=False))]).astype(np.int64)
    nbr = np.concatenate([p.nbr + c for p, c in zip(parts, columns, strict=False)]).astype(np.int32)
    return Csr(ptr, nbr, int(columns[-1]))


def _sorted_rows(csr: Csr) -> Int64:
    return np.sort(csr.row_of.astype(np.int64) * csr.columns + csr.nbr)


def _packed(x: Float32) -> Float32:
    return np.ascontiguousarray(x, np.float32)
