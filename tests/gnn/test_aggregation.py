"""The mean over neighbours, forward and backward, is PyTorch Geometric's; the container keeps every edge's two ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.graph import GraphError, TypedGraph, relation, union
from tests.gnn.graphs import random_features, random_graph

torch = pytest.importorskip("torch")
from torch_geometric.nn import SAGEConv  # noqa: E402 - only where it is installed

from gnn.aggregate import Adjacency, neighbour_mean  # noqa: E402


@given(seed=st.integers(0, 10_000), width=st.integers(1, 9), edges=st.integers(0, 200))
def test_own_aggregation_is_sage_conv_of_pyg_in_numbers_and_gradients(seed: int, width: int, edges: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = 17, 13  # loops and repeated edges count in PyG, so here
    edge_index = torch.from_numpy(np.stack([rng.integers(0, n, edges), rng.integers(0, m, edges)]))
    conv = SAGEConv((width, width), 4, aggr="mean", root_weight=False, bias=False)
    ours, theirs = (torch.from_numpy(rng.normal(size=(n, width)).astype(np.float32)).requires_grad_() for _ in range(2))
    with torch.no_grad():
        theirs.copy_(ours)
    wanted = torch.from_numpy(rng.normal(size=(m, 4)).astype(np.float32))
    adjacency = Adjacency.of(edge_index, n, m)
    found = conv.lin_l(neighbour_mean(ours, adjacency))
    expected = conv((theirs, torch.zeros(m, width)), edge_index)
    (found * wanted).sum().backward()
    (expected * wanted).sum().backward()
    assert torch.allclose(found, expected, atol=1e-5)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-5)


def test_the_comparison_would_see_one_missing_edge() -> None:
    x = torch.eye(4)
    edge_index = torch.tensor([[0, 1, 2], [0, 0, 1]])
    whole = neighbour_mean(x, Adjacency.of(edge_index, 4, 2))
    less = neighbour_mean(x, Adjacency.of(edge_index[:, :2], 4, 2))
    assert not torch.allclose(whole, less, atol=1e-5)


@given(seed=st.integers(0, 10_000))
def test_sums_and_maxima_equal_a_plain_loop_over_edges(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, edges = 9, 7, 30
    src, dst = rng.integers(0, n, edges), rng.integers(0, m, edges)
    made = relation(("a", "r", "b"), (src, dst), (n, m))
    x = rng.normal(size=(n, 3)).astype(np.float32)
    x[rng.random(x.shape) < 0.2] = np.nan
    pairs = sorted({(int(d), int(s)) for s, d in zip(src, dst, strict=True)})
    for j in range(m):
        rows = np.array([x[s] for d, s in pairs if d == j]).reshape(-1, 3)
        assert len(rows) == made.into.degree[j]
        known = [c[~np.isnan(c)] for c in rows.T]
        expected = [c.max() if len(c) else np.nan for c in known]
        np.testing.assert_allclose(made.into.max(x)[j], expected)
        np.testing.assert_allclose(made.into.sum(np.nan_to_num(x))[j], np.nan_to_num(rows).sum(0), atol=1e-5)
    assert sorted(zip(made.into.row_of.tolist(), made.into.nbr.tolist(), strict=True)) == pairs
    assert sorted(zip(made.out.nbr.tolist(), made.out.row_of.tolist(), strict=True)) == pairs
    assert made.duplicates == edges - len(pairs)


def test_loops_and_repeats_are_left_out_and_counted() -> None:
    made = relation(("a", "r", "a"), (np.array([0, 0, 1, 2]), np.array([1, 1, 1, 0])), (3, 3))
    assert (len(made), made.self_loops, made.duplicates) == (2, 1, 1)
    assert not made.symmetric
    both = relation(("a", "r", "a"), (np.array([0, 1]), np.array([1, 0])), (3, 3))
    assert both.symmetric
    assert len(TypedGraph({"a": 3}, (both,)).both_ways().relations) == 1
    assert len(TypedGraph({"a": 3}, (made,)).both_ways().relations) == 2


def test_an_edge_to_no_node_is_refused() -> None:
    with pytest.raises(GraphError, match=r"outside 0\.\.2"):
        relation(("a", "r", "a"), (np.array([0]), np.array([3])), (3, 3))


def test_graphs_side_by_side_do_not_touch() -> None:
    one, two = random_graph(1), random_graph(2)
    both = union([one, two])
    x1, x2 = random_features(one, 1), random_features(two, 2)
    for r, r1, r2 in zip(both.relations, one.relations, two.relations, strict=True):
        joined = np.concatenate([x1[r.source], x2[r.source]])
        expected = np.concatenate([r1.into.mean(x1[r.source]), r2.into.mean(x2[r.source])])
        np.testing.assert_allclose(r.into.mean(joined), expected, atol=1e-6)
