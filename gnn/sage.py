"""GraphSAGE over several kinds of nodes and relations, with jumping knowledge.

Each layer gives a node ``relu(norm(W [own, mean by relation 1, mean by relation 2, ...]))``: GraphSAGE with the mean
aggregator (Hamilton et al., NeurIPS 2017), a matrix per relation (Schlichtkrull et al., ESWC 2018) and LayerNorm. The
head reads all layers and the raw features (jumping knowledge by concatenation, Xu et al., ICML 2018). Only what the
target kind needs is computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gnn.aggregate import Adjacency, Tensor, neighbour_mean
from gnn.graph import Triple
from gnn.needs import require_torch
from gnn.shape import SageShape

require_torch()
import torch  # noqa: E402 - only after saying what to install
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

Edges = Mapping[Triple, Any]
"""Per relation an Adjacency, or PyTorch Geometric's edge_index (2 x edges)."""


class HeteroSage(nn.Module):  # type: ignore[misc]  # torch is Any to mypy
    """One logit per node of the target kind.

    Called as models of PyTorch Geometric are: ``model(x_dict, edge_index_dict)``, or ``model.of(hetero_data)``.
    """

    def __init__(self, shape: SageShape) -> None:
        super().__init__()
        self.shape = shape
        self.layers = nn.ModuleDict()
        for layer in range(shape.layers):
            for kind in shape.kinds_at(layer):
                name = shape.block(layer, kind)
                self.layers[name] = nn.Linear(shape.width_into(layer, kind), shape.hidden)
                self.layers[f"{name}_norm"] = nn.LayerNorm(shape.hidden)
        width = shape.hidden * shape.layers + shape.widths[shape.target]
        self.inner, self.outer = nn.Linear(width, shape.hidden), nn.Linear(shape.hidden, 1)

    def of(self, data: Any) -> Tensor:
        """Logits for a HeteroData whose node stores have ``x``."""
        return self(data.x_dict, data.edge_index_dict)

    def forward(self, x_dict: Mapping[str, Tensor], edge_index_dict: Edges) -> Tensor:
        """Logits of the target kind's nodes."""
        edges = adjacencies(x_dict, edge_index_dict, self.shape.relations)
        return self.above(self.first_inputs(x_dict, edges), [edges] * (self.shape.layers - 1))

    def first_inputs(self, x_dict: Mapping[str, Tensor], edges: Mapping[Triple, Adjacency]) -> dict[str, Tensor]:
        """What the first layer reads of every kind: raw features and their means. Constant while training."""
        return {k: self._input(k, x_dict, edges, len(x_dict[k])) for k in self.shape.kinds_at(0)}

    def above(
        self,
        first: Mapping[str, Tensor],
        edges: Sequence[Mapping[Triple, Adjacency]],
        rows: Sequence[Mapping[str, int]] | None = None,
    ) -> Tensor:
        """Logits from the first layer's inputs on. ``edges``: of the second layer, the third and so on.

        In a sampled batch a layer computes fewer nodes than the one below, ``rows`` of each kind (default: as many);
        those it keeps come first in both.
        """
        shape = self.shape
        h = {k: self._block(0, k, x) for k, x in first.items()}
        seen = [h[shape.target]]
        for layer in range(1, shape.layers):
            kept = rows[layer - 1] if rows is not None else {k: len(v) for k, v in h.items()}
            h = {k: self._block(layer, k, self._input(k, h, edges[layer - 1], kept[k])) for k in shape.kinds_at(layer)}
            seen.append(h[shape.target])
        raw = first[shape.target][:, : shape.widths[shape.target]]
        last = len(seen[-1])
        joined = torch.cat([functional.dropout(s[:last], shape.dropout, self.training) for s in seen] + [raw[:last]], 1)
        inner = functional.dropout(functional.relu(self.inner(joined)), shape.dropout, self.training)
        return self.outer(inner)[:, 0]

    def _block(self, layer: int, kind: str, x: Tensor) -> Tensor:
        name = self.shape.block(layer, kind)
        x = functional.dropout(x, self.shape.dropout, self.training)
        return functional.relu(self.layers[f"{name}_norm"](self.layers[name](x)))

    def _input(self, kind: str, h: Mapping[str, Tensor], edges: Mapping[Triple, Adjacency], rows: int) -> Tensor:
        means = [neighbour_mean(h[t[0]], edges[t]) for t in self.shape.into(kind)]
        return torch.cat([h[kind][:rows], *means], 1)


def adjacencies(x_dict: Mapping[str, Tensor], edges: Edges, relations: Sequence[Triple]) -> dict[Triple, Adjacency]:
    """Every relation of the model in the form that messages need."""
    found = {}
    for triple in relations:
        given = edges[triple]
        found[triple] = (
            given
            if isinstance(given, Adjacency)
            else Adjacency.of(given, x_dict[triple[0]].shape[0], x_dict[triple[2]].shape[0])
        )
    return found
