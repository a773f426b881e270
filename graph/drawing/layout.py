"""Where the nodes go: loops and circles on a circle, traces in layers, all else by springs. Same input, same places."""

from __future__ import annotations

import random
from typing import Literal

import igraph
import numpy as np

from graph.snapshot import Float64
from graph.subgraph import Subgraph

Shape = Literal["springs", "circle", "layers"]


def place(subgraph: Subgraph, shape: Shape, seed: int = 1) -> Float64:
    """Coordinates (n, 2), each axis scaled to 0..1, in the order of the subgraph's nodes."""
    number = {n.name: i for i, n in enumerate(subgraph.nodes)}
    pairs = sorted({(number[e.src], number[e.dst]) for e in subgraph.edges if e.src in number and e.dst in number})
    graph = igraph.Graph(n=len(number), edges=[p for p in pairs if p[0] != p[1]], directed=True)
    if shape == "circle":
        points = graph.layout_circle(order=_around(graph)).coords
    elif shape == "layers":
        points = graph.layout_sugiyama(layers=_steps(graph), hgap=1, vgap=1, maxiter=200).coords[: len(number)]
        points = [(y, x) for x, y in points]
    else:
        igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 - places on a page
        points = graph.layout_fruchterman_reingold(niter=600).coords
    return _scaled(np.array(points, np.float64).reshape(-1, 2))


def _around(graph: igraph.Graph) -> list[int]:
    """Nodes in the order one meets them following edges from the best connected."""
    if graph.vcount() == 0:
        return []
    seen: dict[int, None] = {}
    for start in sorted(range(graph.vcount()), key=lambda v: (-graph.degree(v), v)):
        stack = [start]
        while stack:
            v = stack.pop()
            if v not in seen:
                seen[v] = None
                stack.extend(sorted(graph.successors(v), reverse=True))
    return list(seen)


def _steps(graph: igraph.Graph) -> list[int]:
    """The longest way to a node from where nothing comes in, edges that close a loop left aside."""
    aside = set(graph.feedback_arc_set(method="eades"))
    order = graph.copy()
    order.delete_edges(list(aside))
    step = [0] * graph.vcount()
    for v in order.topological_sorting():
        for w in order.successors(v):
            step[w] = max(step[w], step[v] + 1)
    return step


def _scaled(points: Float64) -> Float64:
    if len(points) == 0:
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    scaled: Float64 = (points - low) / span
    return np.where(high > low, scaled, 0.5)
