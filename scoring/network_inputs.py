"""What the GraphSAGE network is given of a snapshot, in training as in serving: merchants, their links, their figures.

The graph has merchants only, joined by the four kinds of links of graph.features.merchant_links (shared identity,
buyers in common, counterparties, guarantees): the projection of the whole graph onto what is scored. It is small, so
networks out of fold train in seconds; gnn.dataset has the whole graph for those who want to learn on all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gnn.graph import TypedGraph, relation
from graph.features.compute import FEATURES
from graph.features.lens import Lens
from graph.features.merchant_links import LINK_KINDS
from graph.snapshot import Snapshot

MERCHANT = "Merchant"
READS: tuple[str, ...] = tuple(f.name for f in FEATURES if f.concept not in ("around", "findings", "application"))
"""A merchant's own figures and the structure around it; the figures of linked merchants it has to learn itself."""


def link_graph(snapshot: Snapshot) -> TypedGraph:
    """Merchants, numbered as in the snapshot, and a symmetric relation for every kind of link, empty ones too."""
    lens = Lens(snapshot)
    relations = []
    for kind in LINK_KINDS:
        links = lens.links(kind).tocoo()
        ends = (links.row.astype(np.int64), links.col.astype(np.int64))
        relations.append(relation((MERCHANT, kind, MERCHANT), ends, (lens.n, lens.n)))
    return TypedGraph({MERCHANT: lens.n}, tuple(relations))


def network_inputs(features: pa.Table, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Features of all merchants as a network reads them: merchants x names, NaN where not known."""
    return np.column_stack([features[n].to_numpy() for n in names]).astype(np.float32)
