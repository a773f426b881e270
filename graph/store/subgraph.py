"""Cutting pieces out of a store as graph.subgraph cuts them out of a snapshot: the graph as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from graph.findings.finding import Finding
from graph.store.contract import ExpandLimits, Neighbourhood, NodeKey, Store, StoredEdge
from graph.subgraph import TIES, Scalar, SubEdge, Subgraph, SubNode, drawn_finding, named_by

MOST = 100_000
"""Edges and nodes at most that are read to see who owns what in a finding."""


def stored_neighbourhood(store: Store, starts: Sequence[NodeKey], limits: ExpandLimits, as_of: int) -> Subgraph:
    """Everything within ``limits`` around some nodes, in the same order on every store; ``as_of`` is only passed on.

    Starts that the store does not know are left out.
    """
    found = store.expand(starts, limits)
    hops = _hops(found, starts)
    return Subgraph(
        as_of,
        tuple(SubNode(*key, hops[key], _known(properties)) for key, properties in found.nodes.items()),
        tuple(_edge(e) for e in found.edges),
        found.complete,
        found.truncated_why or None,
    )


def stored_finding(store: Store, finding: Finding, as_of: int) -> Subgraph:
    """The members and evidence of a finding, who owns what among them, and what the store knows of them now."""
    starts = [_key(name) for name in named_by(finding)]
    found = store.expand(starts, ExpandLimits(1, MOST, MOST, MOST, TIES))
    properties = {_name(key): _known(properties) for key, properties in found.nodes.items()}
    drawn = drawn_finding(as_of, finding, properties, [_edge(e) for e in found.edges])
    if found.complete:
        return drawn
    why = "; ".join(w for w in (drawn.truncated_why, f"who owns what: {found.truncated_why}") if w)
    return replace(drawn, complete=False, truncated_why=why)


def _hops(found: Neighbourhood, starts: Sequence[NodeKey]) -> dict[NodeKey, int]:
    """How many steps each node is from where one started, whatever the direction of the edges."""
    beside: dict[NodeKey, list[NodeKey]] = {key: [] for key in found.nodes}
    for e in found.edges:
        beside[e.src].append(e.dst)
        beside[e.dst].append(e.src)
    hops = {key: 0 for key in starts if key in beside}
    frontier = list(hops)
    while frontier:
        reached = dict.fromkeys(n for key in frontier for n in beside[key] if n not in hops)
        hops.update(dict.fromkeys(reached, hops[frontier[0]] + 1))
        frontier = list(reached)
    return hops


def _edge(e: StoredEdge) -> SubEdge:
    return SubEdge(e.type, e.id, _name(e.src), _name(e.dst), _known(e.properties))


def _known(properties: Mapping[str, Any]) -> dict[str, Scalar]:
    """What may be shown: no missing values, no tokens of personal data."""
    return {n: v for n, v in properties.items() if v is not None and not n.endswith("_token")}


def _key(name: str) -> NodeKey:
    kind, _, id_ = name.partition(":")
    return kind, id_


def _name(key: NodeKey) -> str:
    return f"{key[0]}:{key[1]}"
