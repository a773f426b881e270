"""Aggregates and structure equal plain loops and networkx; nothing later than a row reaches it."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.graph import relation
from scoring.evaluate import aggregates as module
from scoring.evaluate.aggregates import aggregates, moments_of
from scoring.evaluate.labelled import NODE, LabelledGraph, Times
from scoring.evaluate.structure import structure
from scoring.evaluate.views import has_direction, joined, undirected, views
from tests.evaluate.test_label_history import graph_of


def told(graph: LabelledGraph, notes: list[str] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Aggregates of all features at all nodes."""
    order = range(len(graph.names))
    return aggregates(views(graph), graph.x, graph.names, np.arange(len(graph)), order, [] if notes is None else notes)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_moments_leave_missing_values_out(seed: int) -> None:
    graph = graph_of(seed, n=15, edges=40)
    x = graph.x.copy()
    x[np.random.default_rng(seed).random(x.shape) < 0.3] = np.nan
    csr = graph.relations[0].into
    mean, spread, most = moments_of(csr, x)
    for i in range(csr.rows):
        rows = x[csr.nbr[csr.ptr[i] : csr.ptr[i + 1]]].astype(np.float64)
        for k in range(2):
            there = rows[~np.isnan(rows[:, k]), k]
            expected = [there.mean(), there.std(), there.max()] if len(there) else [np.nan] * 3
            np.testing.assert_allclose([mean[i, k], spread[i, k], most[i, k]], expected, atol=1e-5)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_structure_equals_networkx(seed: int) -> None:
    graph = graph_of(seed, n=25, edges=60)
    found, names = structure(graph, views(graph))
    g = nx.Graph()
    g.add_nodes_from(range(len(graph)))
    csr = joined(graph)
    g.add_edges_from(zip(csr.row_of.tolist(), csr.nbr.tolist(), strict=True))
    rank = nx.pagerank(g, alpha=0.85, tol=1e-10, dangling={n: 1 / len(g) for n in g})
    sizes = {v: len(c) for c in nx.connected_components(g) for v in c}
    expected = {
        "degree": dict(g.degree),
        "triangles": nx.triangles(g),
        "clustering": nx.clustering(g),
        "core": nx.core_number(g),
        "component_size": sizes,
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[:, names.index(name)], [values[i] for i in range(len(graph))], atol=1e-5)
    if not any(d == 0 for _, d in g.degree):
        ours = found[:, names.index("pagerank")]
        np.testing.assert_allclose(ours, [rank[i] * len(graph) for i in range(len(graph))], atol=0.02)


def test_pairs_stored_once_have_no_direction_and_others_have() -> None:
    rng = np.random.default_rng(0)
    low, high = np.sort(rng.integers(0, 50, (200, 2)), axis=1).T
    assert not has_direction(relation((NODE, "r", NODE), (low, high), (50, 50)))
    assert not has_direction(relation((NODE, "r", NODE), (high, low), (50, 50)))
    mixed = rng.integers(0, 50, (2, 200))
    assert has_direction(relation((NODE, "r", NODE), (mixed[0], mixed[1]), (50, 50)))


def test_with_times_nothing_later_reaches_a_row() -> None:
    graph = graph_of(7, n=60, edges=200, timed=True)
    assert graph.time is not None
    late = int(np.argmax(np.where(graph.time.known, graph.time.at, -1)))
    x = graph.x.copy()
    x[late] += 1000
    changed = LabelledGraph(graph.ids, graph.label, x, graph.names, graph.relations, graph.time)
    before, _ = told(graph)
    after, _ = told(changed)
    differ = np.flatnonzero((np.nan_to_num(before) != np.nan_to_num(after)).any(axis=1))
    assert set(graph.time.at[differ]) <= {int(graph.time.at[late])}
    free = LabelledGraph(graph.ids, graph.label, x, graph.names, graph.relations)
    apart = LabelledGraph(graph.ids, graph.label, graph.x, graph.names, graph.relations)
    one, two = (told(g)[0] for g in (free, apart))
    assert len(np.flatnonzero((np.nan_to_num(one) != np.nan_to_num(two)).any(axis=1))) > len(differ)


def test_what_does_not_fit_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(8)
    monkeypatch.setattr(module, "MOST_COLUMNS", 13)
    notes: list[str] = []
    table, names = told(graph, notes)
    assert table.shape[1] == len(names) <= 13
    assert "left out" in notes[0]


def test_times_make_views_of_what_was_there_by_then() -> None:
    made = relation((NODE, "r", NODE), (np.array([0, 2, 1]), np.array([1, 1, 3])), (4, 4))
    time = Times(np.array([1, 2, 3, 0]), np.array([True, True, True, False]))
    ids, label = pa.array(list("abcd")), np.array([0, 1, 0, 1.0])
    timed = LabelledGraph(ids, label, np.zeros((4, 0), np.float32), (), (made,), time)
    csr = joined(timed)
    around = {i: set(csr.nbr[csr.ptr[i] : csr.ptr[i + 1]].tolist()) for i in range(4)}
    assert around == {0: set(), 1: {0, 3}, 2: {1}, 3: set()}
    assert len(undirected((made,)).nbr) == 6
