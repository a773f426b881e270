"""GraphSAGE's logit as a column: out of fold for training rows, the mean of the same models for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gnn.graph import Relation, TypedGraph
from gnn.merchants import out_of_fold
from gnn.segments import Float32
from graph.snapshot import Float64
from scoring.evaluate.folds import INNER, Choosing
from scoring.evaluate.labelled import NODE, LabelledGraph
from scoring.evaluate.views import View

if TYPE_CHECKING:
    from gnn.train import TrainPlan

LARGE_MESSAGES = 1_500_000
LARGE_NODES = 60_000
MOST_INPUTS = 120_000_000
"""Numbers the first layer may read: nodes x (features and their means by relation)."""


def sage_logits(
    graph: LabelledGraph,
    views: tuple[View, ...],
    x: Float32,
    known: Float64,
    choosing: Choosing,
    stop: Float64 | None,
    seed: int,
) -> Float32:
    """A logit per node. ``known``: training labels, NaN elsewhere; ``stop``: labels of a valid fold that decide when to
    stop, None to hold back a part of training for it; ``x``: nodes x features, NaN missing, those that matter first.

    A training row's logit comes from models that saw no label of its inner fold; every other row gets the mean over all
    of them, so both are made alike.
    """
    there = (~np.isnan(x)).max(axis=1, initial=False).astype(np.float32)[:, None]
    typed = typed_graph(graph, tuple(v for v in views if not v.whole and v.csr.sum(there).any()))
    width = MOST_INPUTS // (len(graph) * (1 + len(typed.relations)))
    if width < x.shape[1]:
        graph.notes.append(f"GraphSAGE reads {width} of {x.shape[1]} features")
        x = x[:, : max(width, 1)]
    plan, folds = plan_for(typed)
    fold = np.where(choosing.inner >= 0, choosing.inner % folds, -1)
    labels, valid = known, None
    if stop is not None:
        valid = ~np.isnan(stop)
        labels = np.where(valid, stop, known)
    return out_of_fold(typed, x, labels, fold, seed=seed, plan=plan, valid=valid, target=NODE)


def typed_graph(graph: LabelledGraph, views: tuple[View, ...]) -> TypedGraph:
    """The views as relations whose messages reach a node from its neighbours."""
    relations = tuple(Relation(v.name, NODE, NODE, v.csr, v.csr.transposed()) for v in views)
    return TypedGraph({NODE: len(graph)}, relations)


def plan_for(graph: TypedGraph) -> tuple[TrainPlan, int]:
    """How to train on a graph of this size, and in how many folds."""
    from gnn.train import TrainPlan

    messages = sum(len(r) for r in graph.relations)
    if messages > LARGE_MESSAGES or graph.sizes[NODE] > LARGE_NODES:
        return TrainPlan(batch=2048, fanout=10, rate=0.003, epochs=24, patience=5, look_every=1), 3
    return TrainPlan(), INNER
