"""Several graphs side by side in one database, under ids of their own: a server is asked of all of them at the price of
planning each question once."""

from __future__ import annotations

from collections.abc import Sequence

from graph.model import EDGES, KINDS
from tests.cypher.hostile_graphs import Edge, Graph, Key


def apart(g: Graph, mark: str) -> Graph:
    """The graph with ``mark`` before every id; what is hostile about the ids stays."""

    def key(end: Key) -> Key:
        return end[0], mark + end[1]

    def edge(e: Edge) -> Edge:
        return Edge(e.type, key(e.a), key(e.b), mark + e.id, e.props)

    fresh = {id(e): edge(e) for edges in g.edges.values() for e in edges}
    return Graph(
        g.seed,
        {kind: {mark + i: {**n, "id": mark + i} for i, n in nodes.items()} for kind, nodes in g.nodes.items()},
        {type_: [fresh[id(e)] for e in edges] for type_, edges in g.edges.items()},
        [[fresh[id(e)] for e in loop] for loop in g.loops],
        [mark + loan for loan in g.loans],
    )


def side_by_side(graphs: Sequence[Graph]) -> Graph:
    """One graph of graphs whose ids differ already."""
    nodes = {k.name: {i: n for g in graphs for i, n in g.nodes[k.name].items()} for k in KINDS}
    edges = {e.name: [e2 for g in graphs for e2 in g.edges[e.name]] for e in EDGES}
    loops, loans = [x for g in graphs for x in g.loops], [x for g in graphs for x in g.loans]
    return Graph(graphs[0].seed, nodes, edges, loops, loans)
