"""Where the nodes go: loops and circles on a circle, traces in layers, all else by springs. Same input, same places."""

from __future__ import annotations

import math
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
        points = _circle(graph)
    elif shape == "layers":
        points = graph.layout_sugiyama(layers=_steps(graph), hgap=1, vgap=1, maxiter=200).coords[: len(number)]
        points = [(y, x) for x, y in points]
    else:
        igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 - places on a page
        points = graph.layout_fruchterman_reingold(niter=600).coords
    return _scaled(np.array(points, np.float64).reshape(-1, 2))


def _circle(graph: igraph.Graph) -> list[tuple[float, float]]:
    """The largest loop of the graph on a circle, everything else outside it, next to what it hangs on."""
    if graph.vcount() == 0:
        return []
    core = max(graph.connected_components(mode="strong"), key=lambda c: (len(c), -min(c)))
    ring = _around(graph, set(core))
    angle = {v: 2 * math.pi * i / len(ring) for i, v in enumerate(ring)}
    hanging: dict[int, list[int]] = {v: [] for v in ring}
    for v in range(graph.vcount()):
        if v not in angle:
            hanging[next((w for w in sorted(graph.neighbors(v)) if w in angle), ring[0])].append(v)
    points = {v: (math.sin(a), -math.cos(a)) for v, a in angle.items()}
    for v, outside in hanging.items():
        for i, w in enumerate(outside):
            a = angle[v] + (i - (len(outside) - 1) / 2) * 1.2 * math.pi / max(len(ring), 3) / max(len(outside), 1)
            points[w] = (1.55 * math.sin(a), -1.55 * math.cos(a))
    return [points[v] for v in range(graph.vcount())]


def _around(graph: igraph.Graph, core: set[int]) -> list[int]:
    """Nodes of the core in the order one meets them following edges from the best connected."""
    seen: dict[int, None] = {}
    for start in sorted(core, key=lambda v: (-graph.degree(v), v)):
        stack = [start]
        while stack:
            v = stack.pop()
            if v not in seen:
                seen[v] = None
                stack.extend(w for w in sorted(graph.successors(v), reverse=True) if w in core)
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
