"""A snapshot as a graph to learn on: merchants and what surrounds them, for our kernels and as HeteroData.

Orders are no nodes here: they join a merchant to its buyers, to where its parcels went and to what its orders were
placed on, so that two hops reach the shops with the same customers. Every relation is there even when it is empty, so
graphs of different days have one form. Messages flow both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gnn.graph import Relation, Triple, TypedGraph, relation
from gnn.merchants import MERCHANT
from gnn.needs import require_torch
from gnn.segments import Int32, Int64
from graph.model import RELATIONS
from graph.snapshot import Snapshot

ORDERS = "Orders"
THROUGH_ORDERS: tuple[tuple[Triple, Triple], ...] = (
    (("Buyer", "BOUGHT_FROM", MERCHANT), ("Buyer", "PLACED", ORDERS)),
    ((MERCHANT, "SENT_TO", "Address"), (ORDERS, "SHIPPED_TO", "Address")),
    ((MERCHANT, "ORDERED_ON", "Device"), (ORDERS, "USED_DEVICE", "Device")),
)
"""The relation that orders make, and the one that ties them to its other end; SOLD_BY ties them to the merchant."""


def merchant_graph(snapshot: Snapshot) -> TypedGraph:
    """All of a snapshot but its orders, whose ends are joined. Nodes are numbered as in the snapshot."""
    sizes = {k: len(n) for k, n in snapshot.nodes.items() if k != ORDERS}
    relations = [_given(snapshot, t, sizes) for t in RELATIONS if ORDERS not in (t[0], t[2])]
    relations += [_through_orders(snapshot, made, tie, sizes) for made, tie in THROUGH_ORDERS]
    return _both_ways(TypedGraph(sizes, tuple(relations)))


def hetero_data(snapshot: Snapshot, features: np.ndarray, labels: np.ndarray | None = None) -> Any:
    """The same graph as PyTorch Geometric's HeteroData.

    ``x`` of merchants are the given features (merchants x features, NaN kept as such) and their degrees, ``x`` of other
    kinds their degrees; ``y`` of merchants the labels where given. TorchMissingError when it is not installed.
    """
    require_torch()
    import torch
    from torch_geometric.data import HeteroData

    graph = merchant_graph(snapshot)
    data = HeteroData()
    for kind, n in graph.sizes.items():
        x = graph.degrees(kind)
        if kind == MERCHANT:
            if len(features) != n:
                raise ValueError(f"{len(features)} rows of features for {n} merchants")
            x = np.concatenate([np.asarray(features, np.float32), x], 1)
        data[kind].x = torch.from_numpy(x)
        data[kind].num_nodes = n
    if labels is not None:
        data[MERCHANT].y = torch.from_numpy(np.asarray(labels, np.float32))
    for r in graph.relations:
        data[r.triple].edge_index = torch.from_numpy(r.edge_index())
    return data


def _given(snapshot: Snapshot, triple: Triple, sizes: Mapping[str, int]) -> Relation:
    edges = snapshot.relations.get(triple)
    ends = (edges.src, edges.dst) if edges is not None else _none()
    return relation(triple, ends, (sizes[triple[0]], sizes[triple[2]]))


def _through_orders(snapshot: Snapshot, made: Triple, tie: Triple, sizes: Mapping[str, int]) -> Relation:
    """An edge for every order that has both ends; the same pair once."""
    sold, other = snapshot.relations.get((ORDERS, "SOLD_BY", MERCHANT)), snapshot.relations.get(tie)
    nodes = (sizes[made[0]], sizes[made[2]])
    if sold is None or other is None:
        return relation(made, _none(), nodes)
    seller = np.full(len(snapshot.nodes[ORDERS]), -1, np.int64)
    seller[sold.src] = sold.dst
    order, far = (other.dst, other.src) if tie[2] == ORDERS else (other.src, other.dst)
    shop = seller[order]
    both = shop >= 0
    ends = (far[both], shop[both]) if made[2] == MERCHANT else (shop[both], far[both])
    return relation(made, ends, nodes)


def _both_ways(graph: TypedGraph) -> TypedGraph:
    """Every relation and its reverse, symmetric ones too: which they are may differ from day to day."""
    return TypedGraph(graph.sizes, (*graph.relations, *(r.reversed() for r in graph.relations)))


def _none() -> tuple[Int32 | Int64, Int32 | Int64]:
    return np.zeros(0, np.int32), np.zeros(0, np.int32)
