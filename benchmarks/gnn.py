"""Own mean aggregation beside PyTorch Geometric's two ways, same graph, one run: python -m benchmarks.gnn

Forward and backward through one SAGEConv-like mean of 64 features over 10 million messages (200,000 nodes, degrees with
a long tail): our CSR kernel (gnn.aggregate), PyG's SAGEConv on torch's CSR tensor, and on edge_index (gather and
scatter). The linear layer is left out for all. Before anything is timed, the three are compared: forward and gradient.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch_geometric.nn import SAGEConv

from gnn.aggregate import Adjacency, neighbour_mean
from gnn.graph import relation

TOLERANCE = 1e-4
"""Between ways, relative: sums of some thousand float32 in another order."""

Way = Callable[[torch.Tensor], torch.Tensor]


def ways(messages: int, nodes: int, width: int, seed: int) -> tuple[dict[str, Way], torch.Tensor]:
    """Each way as a function of the features, and features."""
    rng = np.random.default_rng(seed)
    src = rng.integers(0, nodes, messages)
    dst = (rng.random(messages) ** 2 * nodes).astype(np.int64)
    made = relation(("n", "r", "n"), (src, dst), (nodes, nodes), keep_duplicates=True, keep_self_loops=True)
    adjacency = Adjacency(made)
    edge_index = torch.from_numpy(made.edge_index())
    matrix = torch.sparse_csr_tensor(
        torch.from_numpy(made.into.ptr),
        torch.from_numpy(made.into.nbr.astype(np.int64)),
        torch.ones(messages),
        size=(nodes, nodes),
    )
    conv = SAGEConv((width, width), width, aggr="mean", root_weight=False, bias=False)
    conv.lin_l = torch.nn.Identity()

    def over(edges: Any) -> Way:
        return lambda x: conv((x, x), edges)

    x = torch.from_numpy(rng.normal(size=(nodes, width)).astype(np.float32))
    found = {
        "own kernel": lambda z: neighbour_mean(z, adjacency),
        "PyG, torch CSR": over(matrix),
        "PyG, edge_index (scatter)": over(edge_index),
    }
    return found, x


def both_ways(way: Way, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, tuple[float, float]]:
    """Output, gradient of its sum of squares, seconds by the clock and of the processor."""
    given = x.clone().requires_grad_()
    began = time.perf_counter(), time.process_time()
    out = way(given)
    (out * out).sum().backward()
    return out.detach(), given.grad, (time.perf_counter() - began[0], time.process_time() - began[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000_000)
    parser.add_argument("--nodes", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
    small, x = ways(10_000, 500, options.width, 1)  # compiles
    for way in small.values():
        both_ways(way, x)
    found, x = ways(options.messages, options.nodes, options.width, 0)
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{options.messages:,} messages of {options.width} features, {load}")
    first: tuple[torch.Tensor, torch.Tensor] | None = None
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
    for _ in range(options.rounds):
        for name, way in found.items():
            out, gradient, spent = both_ways(way, x)
            seconds[name].append(spent)
            first = first or (out, gradient)
            for mine, theirs in zip(first, (out, gradient), strict=True):
                worst = float((mine - theirs).abs().max() / theirs.abs().max())
                assert worst < TOLERANCE, f"{name} differs by {worst:.1e}"
    own = np.median(seconds["own kernel"], axis=0)
    print("| way | forward and backward, s | of the processor | times as long | of the processor |")
    print("| --- | --- | --- | --- | --- |")
    for name, each in seconds.items():
        clock, processor = np.median(each, axis=0)
        times = f"{clock / own[0]:.1f} | {processor / own[1]:.1f}"
        print(f"| {name} | {clock:.2f} | {processor:.2f} | {times} |")


if __name__ == "__main__":
    main()
