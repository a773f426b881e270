"""Who counts as a node's neighbour, relation by relation and direction by direction.

With times a neighbour counts only when it was there no later than the node itself, so nothing of a row was unknown in
its time; a node without a time was always there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnn.graph import Csr, Relation, csr_of
from gnn.segments import Int64
from scoring.evaluate.labelled import LabelledGraph


@dataclass(frozen=True)
class View:
    """``name``: of the relation, with ``<`` for those that point at a node, ``>`` for those it points at, nothing where
    direction does not count. ``whole``: whether the view holds what two others hold apart.
    """

    name: str
    csr: Csr
    whole: bool = False


def views(graph: LabelledGraph) -> tuple[View, ...]:
    """One view a relation that has no direction; else three: towards a node, away from it, and both in one.

    A relation has no direction when every edge has its reverse, or when every edge goes from a lower to a higher place
    in the table of nodes (or every one the other way): so are pairs written that are stored once.
    """
    found: list[View] = []
    for r in graph.relations:
        both = _by_then(undirected((r,)), graph)
        apart = [View(f"{r.name}<", _by_then(r.into, graph)), View(f"{r.name}>", _by_then(r.out, graph))]
        if not has_direction(r):
            apart = []
        elif any(len(v.csr.nbr) == len(both.nbr) for v in apart):  # with times one direction may hold everything
            found.append(next(v for v in apart if len(v.csr.nbr) == len(both.nbr)))
            continue
        found += [*apart, View(r.name, both, whole=bool(apart))]
    return tuple(v for v in found if len(v.csr.nbr))


def has_direction(r: Relation) -> bool:
    """Whether an edge and its reverse would be told apart."""
    if r.symmetric:
        return False
    down = r.into.nbr > r.into.row_of
    return bool(down.any() and not down.all())


def undirected(relations: tuple[Relation, ...]) -> Csr:
    """All edges of the relations without their direction, each pair once, neighbours in order."""
    n = relations[0].into.columns
    pairs: list[Int64] = []
    for r in relations:
        row, nbr = r.into.row_of.astype(np.int64), r.into.nbr.astype(np.int64)
        pairs += [row * n + nbr, nbr * n + row]
    both = np.unique(np.concatenate(pairs))
    return csr_of((both // n).astype(np.int32), (both % n).astype(np.int32), n, n)


def joined(graph: LabelledGraph) -> Csr:
    """All relations in one, without direction; with times the neighbours that were there by then."""
    return _by_then(undirected(graph.relations), graph)


def _by_then(csr: Csr, graph: LabelledGraph) -> Csr:
    """Entries whose neighbour was there by the row's time. Rows without a time keep none: through them the future would
    reach the past."""
    if graph.time is None:
        return csr
    row, nbr, at, known = csr.row_of, csr.nbr, graph.time.at, graph.time.known
    kept = known[row] & (~known[nbr] | (at[nbr] <= at[row]))
    return csr_of(row[kept], nbr[kept], csr.rows, csr.columns)
