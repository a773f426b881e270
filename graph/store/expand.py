"""The neighbourhood of some nodes, hop by hop, by the catalogue's expand questions: the same on every store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from graph.model import KIND, RELATIONS
from graph.store.contract import ExpandLimits, Neighbourhood, NodeKey, Row, StoredEdge, StoreError

IN_LIST = 200
"""Up to so many ids a store is asked with ``IN``; above, once per id, which then is quicker."""


class Asks(Protocol):
    """Whatever answers questions of the catalogue."""

    def query(self, question: str, params: Mapping[str, Any], timeout_s: float | None = None) -> list[Row]: ...


def expand(store: Asks, ids: Sequence[NodeKey], limits: ExpandLimits) -> Neighbourhood:
    """Follow edges in both directions from ``ids``; nearer nodes first, edges of a relation in the order of their ids.

    Seeds that the store does not know are told in ``unknown``. What a limit cut is told in ``truncated_why``.
    """
    for kind, _ in ids:
        if kind not in KIND:
            raise StoreError("unknown_kind", f"there is no node kind {kind!r}")
    seeds = list(dict.fromkeys(ids))
    nodes = _described(store, seeds)
    unknown = tuple(s for s in seeds if s not in nodes)
    edges: dict[tuple[str, NodeKey, NodeKey, str], StoredEdge] = {}
    cuts: list[str] = []
    frontier = [s for s in seeds if s in nodes]
    for _ in range(limits.hops):
        reached: dict[NodeKey, None] = {}
        for edge in _hop(store, frontier, limits, cuts):
            key = (edge.type, edge.src, edge.dst, edge.id)
            if key in edges:
                continue
            fresh = [n for n in dict.fromkeys((edge.src, edge.dst)) if n not in nodes and n not in reached]
            if len(nodes) + len(reached) + len(fresh) > limits.max_nodes:
                _note(cuts, f"more than {limits.max_nodes} nodes")
                continue
            if len(edges) >= limits.max_edges:
                _note(cuts, f"more than {limits.max_edges} edges")
                break
            edges[key] = edge
            reached.update(dict.fromkeys(fresh))
        nodes.update(_described(store, list(reached)))
        frontier = list(reached)
        if not frontier:
            break
    return Neighbourhood(nodes, tuple(edges.values()), unknown, not cuts, "; ".join(cuts))


def _hop(store: Asks, frontier: Sequence[NodeKey], limits: ExpandLimits, cuts: list[str]) -> list[StoredEdge]:
    by_kind: dict[str, list[str]] = {}
    for kind, id_ in frontier:
        by_kind.setdefault(kind, []).append(id_)
    found: list[StoredEdge] = []
    for src_kind, type_, dst_kind in RELATIONS:
        if limits.types is not None and type_ not in limits.types:
            continue
        for way, kind in (("out", src_kind), ("in", dst_kind)):
            ids = by_kind.get(kind)
            if not ids:
                continue
            form = f"expand_{way}" if len(ids) <= IN_LIST else f"expand_{way}_unwind"
            params = {"ids": ids, "limit": limits.per_relation + 1}
            rows = store.query(f"{form}:{src_kind}-{type_}-{dst_kind}", params)
            if len(rows) > limits.per_relation:
                _note(cuts, f"more than {limits.per_relation} edges {src_kind}-{type_}-{dst_kind} in one hop")
            for row in rows[: limits.per_relation]:
                ends = (src_kind, row.pop("src")), (dst_kind, row.pop("dst"))
                found.append(StoredEdge(type_, *ends, row.pop("id"), row))
    return found


def _described(store: Asks, keys: Sequence[NodeKey]) -> dict[NodeKey, Mapping[str, Any]]:
    by_kind: dict[str, list[str]] = {}
    for kind, id_ in keys:
        by_kind.setdefault(kind, []).append(id_)
    found: dict[NodeKey, Mapping[str, Any]] = {}
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), IN_LIST):
            some = ids[start : start + IN_LIST]
            for row in store.query(f"node:{kind}", {"ids": some, "limit": len(some)}):
                found[(kind, row.pop("id"))] = row
    return {k: found[k] for k in keys if k in found}


def _note(cuts: list[str], why: str) -> None:
    if why not in cuts:
        cuts.append(why)
