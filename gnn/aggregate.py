"""Mean aggregation of GraphSAGE (Hamilton et al., NeurIPS 2017) for torch: a CSR kernel on the CPU, scatter on CUDA.

The kernel reads every neighbour's row once and writes every target's once; PyTorch Geometric's edge list writes a
message per edge first. Both give the same numbers and the same gradients (tests/gnn, benchmarks/gnn.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.graph import Relation, relation
from gnn.needs import require_torch
from gnn.segments import Float32, mean_rows, weighted_rows

require_torch()
import torch  # noqa: E402 - only after saying what to install
from torch_geometric.utils import scatter  # noqa: E402

Tensor = Any
"""torch.Tensor; torch is not checked by mypy here, as it is there for training only."""


class Adjacency:
    """One relation as messages need it: who sends to each target and back, and the share of each message."""

    def __init__(self, edges: Relation) -> None:
        self.into, self.out = edges.into, edges.out
        degree = np.maximum(edges.into.degree, 1).astype(np.float32)
        self.share: Float32 = np.float32(1.0) / degree
        self._edge_index: Tensor | None = None

    @classmethod
    def of(cls, edge_index: Tensor, sources: int, targets: int) -> Adjacency:
        """From PyTorch Geometric's 2 x edges; every edge counts, repeated ones and self loops too, as there."""
        src, dst = edge_index.cpu().numpy()
        kept = relation(("s", "edges", "t"), (src, dst), (sources, targets), keep_duplicates=True)
        return cls(kept)

    def edge_index(self, device: Any) -> Tensor:
        """Sources above targets, on a device."""
        if self._edge_index is None or self._edge_index.device != device:
            both = np.stack([self.into.nbr.astype(np.int64), self.into.row_of.astype(np.int64)])
            self._edge_index = torch.from_numpy(both).to(device)
        return self._edge_index


class _Mean(torch.autograd.Function):  # type: ignore[misc]  # torch is Any to mypy
    @staticmethod
    def forward(ctx: Any, x: Tensor, adjacency: Adjacency) -> Tensor:
        ctx.adjacency = adjacency
        out = torch.empty((adjacency.into.rows, x.shape[1]), dtype=torch.float32)
        mean_rows(adjacency.into.ptr, adjacency.into.nbr, x.detach().contiguous().numpy(), out.numpy())
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        adjacency: Adjacency = ctx.adjacency
        out = torch.empty((adjacency.out.rows, gradient.shape[1]), dtype=torch.float32)
        weighted_rows(adjacency.out.ptr, adjacency.out.nbr, adjacency.share, gradient.contiguous().numpy(), out.numpy())
        return out, None


def neighbour_mean(x: Tensor, adjacency: Adjacency) -> Tensor:
    """Mean of the sources' rows for every target, targets x width; 0 where there are none. float32.

    On the CPU by our kernel, with its own gradient; on CUDA by PyTorch Geometric's scatter.
    """
    if x.is_cuda:
        src, dst = adjacency.edge_index(x.device)
        return scatter(x[src], dst, dim=0, dim_size=adjacency.into.rows, reduce="mean")
    return _Mean.apply(x, adjacency)
