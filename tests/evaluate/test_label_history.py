"""No row sees its own label, one of its moment or a later one; what is told equals a plain loop."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.graph import relation
from scoring.evaluate.folds import choosing, split_at_random
from scoring.evaluate.label_history import earlier_labels, label_history
from scoring.evaluate.labelled import NODE, TRAIN, LabelledGraph, Times
from scoring.evaluate.views import undirected, views


def graph_of(seed: int, n: int = 40, edges: int = 120, timed: bool = False, loops: bool = False) -> LabelledGraph:
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.4).astype(float)
    label[rng.random(n) < 0.2] = np.nan
    label[:8] = [0, 1] * 4
    src, dst = rng.integers(0, n, edges), rng.integers(0, n, edges)
    if loops:
        src, dst = np.concatenate([src, np.arange(n)]), np.concatenate([dst, np.arange(n)])
    times = Times(rng.integers(0, 15, n), rng.random(n) < 0.9) if timed else None
    made = relation((NODE, "r", NODE), (src, dst), (n, n))
    ids, x = pa.array([str(i) for i in range(n)]), rng.normal(size=(n, 2)).astype(np.float32)
    return LabelledGraph(ids, label, x, ("a", "b"), (made,), times)


def history(graph: LabelledGraph, fold: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """What rows are told when training labels are these; the inner folds are those of the graph's own labels."""
    known = np.where(fold == TRAIN, label, np.nan)
    return label_history(graph, views(graph), known, choosing(graph, fold, False, 0))


@given(seed=st.integers(0, 10_000), timed=st.booleans(), loops=st.booleans())
@settings(max_examples=40)
def test_what_a_row_is_told_does_not_depend_on_its_own_label(seed: int, timed: bool, loops: bool) -> None:
    graph = graph_of(seed, timed=timed, loops=loops)
    fold = split_at_random(graph, 0.6, seed)
    row = int(np.random.default_rng(seed).choice(np.flatnonzero(fold == TRAIN)))
    flipped = graph.label.copy()
    flipped[row] = 1 - flipped[row]
    before, names = history(graph, fold, graph.label)
    after, _ = history(graph, fold, flipped)
    # with times all rows share one prior, the rate of training: it moves alike for all
    own = [i for i, n in enumerate(names) if not (timed and n.endswith("rate"))]
    np.testing.assert_array_equal(before[row, own], after[row, own])
    neighbours = graph.relations[0].out.nbr[graph.relations[0].out.ptr[row] : graph.relations[0].out.ptr[row + 1]]
    if not timed and len(neighbours):
        assert not np.array_equal(np.nan_to_num(before), np.nan_to_num(after)), "others must see it"


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_earlier_labels_over_one_and_two_hops_equal_a_plain_loop(seed: int) -> None:
    graph = graph_of(seed, n=20, edges=45, timed=True)
    assert graph.time is not None
    csr, at, timed = undirected(graph.relations), graph.time.at, graph.time.known
    there = ~np.isnan(graph.label) & timed
    found = earlier_labels(csr, graph.label, there, graph.time)

    def around(i: int) -> list[int]:
        return csr.nbr[csr.ptr[i] : csr.ptr[i + 1]].tolist()

    for i in range(len(graph)):
        if not timed[i]:
            assert np.isnan(found[i]).all()
            continue
        one = [j for j in around(i) if there[j] and at[j] < at[i]]
        through = [h for h in around(i) if not timed[h] or at[h] <= at[i]]
        two = [j for h in through for j in around(h) if there[j] and at[j] < at[i]]
        for rows, told in ((one, found[i, :4]), (two, found[i, 4:])):
            positive = [j for j in rows if graph.label[j] == 1]
            since = [min((at[i] - at[j] for j in some), default=np.nan) for some in (rows, positive)]
            np.testing.assert_array_equal(told, [len(positive), len(rows), *since])


def test_labels_of_the_same_moment_and_later_ones_are_not_told() -> None:
    label = np.array([1.0, 1.0, 1.0, 0.0])
    made = relation((NODE, "r", NODE), (np.array([0, 0, 0]), np.array([1, 2, 3])), (4, 4))
    time = Times(np.array([5, 5, 9, 2]), np.ones(4, np.bool_))
    found = earlier_labels(undirected((made,)), label, np.ones(4, np.bool_), time)
    assert found[0, :2].tolist() == [0, 1]  # of three neighbours only the one at 2 is earlier


def test_a_training_row_is_told_as_much_as_a_row_that_is_measured() -> None:
    """On a graph where labels lie nowhere, known neighbours of training and measured rows are distributed alike."""
    graph = graph_of(5, n=2000, edges=12_000)
    fold = split_at_random(graph, 0.5, 0)
    told, names = history(graph, fold, graph.label)
    known = told[:, names.index("r|labels|known")]
    ratio = known[fold == TRAIN].mean() / known[fold != TRAIN].mean()
    assert ratio == pytest.approx(1, abs=0.05)
