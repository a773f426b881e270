"""Small random graphs that the tests of gnn share."""

from __future__ import annotations

import numpy as np

from gnn.graph import TypedGraph, relation
from gnn.segments import Float32

SIZES = {"shop": 60, "buyer": 90, "device": 25}
KINDS = [
    ("shop", "sold", "buyer", 400),
    ("buyer", "uses", "device", 150),
    ("shop", "pays", "shop", 120),
]


def random_graph(seed: int, *, scale: int = 1) -> TypedGraph:
    """Shops, buyers and devices with edges at random, messages flowing both ways."""
    rng = np.random.default_rng(seed)
    sizes = {k: n * scale for k, n in SIZES.items()}
    relations = []
    for source, name, target, edges in KINDS:
        ends = rng.integers(0, sizes[source], edges * scale), rng.integers(0, sizes[target], edges * scale)
        relations.append(relation((source, name, target), ends, (sizes[source], sizes[target])))
    return TypedGraph(sizes, tuple(relations)).both_ways()


def random_features(graph: TypedGraph, seed: int) -> dict[str, Float32]:
    """Standard normal numbers, another width for each kind."""
    rng = np.random.default_rng([seed, 1])
    widths = dict(zip(graph.sizes, (7, 3, 2), strict=True))
    return {k: rng.normal(size=(n, widths[k])).astype(np.float32) for k, n in graph.sizes.items()}


def planted_labels(graph: TypedGraph, x: dict[str, Float32], seed: int) -> Float32:
    """Labels of shops that lie in what their buyers are like."""
    sold = next(r for r in graph.relations if r.triple == ("buyer", "rev_sold", "shop"))
    rng = np.random.default_rng([seed, 2])
    signal = sold.into.mean(x["buyer"])[:, 0] * 3 + 0.3 * rng.normal(size=graph.sizes["shop"])
    return (signal > np.quantile(signal, 0.7)).astype(np.float32)
