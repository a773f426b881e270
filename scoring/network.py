"""The GraphSAGE network as a feature: out of fold for the rows to fit on, and its files for serving.

All snapshots behind the training rows stand side by side in one graph (scoring.network_inputs), so a merchant is a node
once a snapshot. Importing this needs torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch

from gnn.graph import TypedGraph, union
from gnn.merchants import SageModel, fit, out_of_fold
from gnn.train import TrainPlan
from graph.snapshot import Float64, Int64, Snapshot
from scoring.network_inputs import READS, link_graph, network_inputs
from scoring.splits import by_group
from scoring.table import TrainingTable

PLAN = TrainPlan(hidden=32, layers=2, epochs=60, patience=4, look_every=3)
FOLDS = 3


@dataclass
class Seen:
    """The snapshots behind a training table, kept while it is built: ``scoring.table`` shows each to ``watch``."""

    as_of: list[int] = field(default_factory=list)
    graphs: list[TypedGraph] = field(default_factory=list)
    inputs: list[np.ndarray[tuple[int, int], np.dtype[np.float32]]] = field(default_factory=list)
    merchants: list[pa.Array] = field(default_factory=list)

    @property
    def linked(self) -> bool:
        """Whether any merchant is linked with another in any snapshot: without links there is nothing to learn from."""
        return any(len(r) for g in self.graphs for r in g.relations)

    def watch(self, snapshot: Snapshot, features: pa.Table) -> None:
        """Keep what a network needs of a snapshot."""
        self.as_of.append(snapshot.as_of)
        self.graphs.append(link_graph(snapshot))
        self.inputs.append(network_inputs(features, READS))
        self.merchants.append(snapshot.nodes["Merchant"].ids)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Such small layers: more threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class SageNetwork:
    """Fits networks on rows of one table. Merchants of one connected group are never on two sides."""

    def __init__(self, table: TrainingTable, seen: Seen, plan: TrainPlan = PLAN) -> None:
        self._graph = union(seen.graphs)
        self._inputs = np.concatenate(seen.inputs)
        self._labels = table.labels
        self._groups = table.groups
        self._plan = plan
        self._node = _nodes(table, seen)

    def fit(self, rows: Int64, seed: int) -> FittedSage:
        """A network that has seen the labels of these rows and of no others."""
        y, groups = self._targets(rows)
        with _one_thread():
            model = fit(self._graph, self._inputs, y, seed=seed, names=READS, plan=self._plan, groups=groups)
        return FittedSage(model, self._graph, self._inputs, self._node)

    def out_of_fold(self, rows: Int64, seed: int) -> Float64:
        """Log-odds of these rows, each by a network that saw neither its label nor one of its group."""
        y, groups = self._targets(rows)
        fold = np.full(len(y), -1, np.int64)
        for number, part in enumerate(by_group(self._labels[rows], self._groups[rows], FOLDS, seed)):
            fold[self._node[rows[part.rest]]] = number
        with _one_thread():
            found = out_of_fold(self._graph, self._inputs, y, fold, seed=seed, plan=self._plan, groups=groups)
        return found[self._node[rows]].astype(np.float64)

    def _targets(self, rows: Int64) -> tuple[Float64, Int64]:
        """Per node the label of its rows (bad when one is) and its group; NaN and group -1 where there is none."""
        y, groups = np.full(len(self._inputs), np.nan), np.full(len(self._inputs), -1, np.int64)
        node = self._node[rows]
        y[node] = 0.0
        y[node[self._labels[rows] == 1]] = 1.0
        groups[node] = self._groups[rows]
        return y, groups


class FittedSage:
    """A network fitted on some rows of a table."""

    def __init__(self, model: SageModel, graph: TypedGraph, inputs: np.ndarray, node: Int64) -> None:
        self._model, self._graph, self._inputs, self._node = model, graph, inputs, node
        self._logits: Float64 | None = None

    def logits(self, rows: Int64) -> Float64:
        """Log-odds of the merchants of rows, each in the graph as of its own snapshot."""
        if self._logits is None:
            self._logits = self._model.logits(self._graph, self._inputs, all_cores=True).astype(np.float64)
        return self._logits[self._node[rows]]

    def files(self) -> dict[str, bytes]:
        """The network as a model keeps it, by file name."""
        return self._model.files()


def _nodes(table: TrainingTable, seen: Seen) -> Int64:
    """The node of each row in the joined graph."""
    found = np.zeros(table.frame.num_rows, np.int64)
    base = 0
    moments = table.frame["snapshot_as_of"].to_numpy()
    for as_of, merchants in zip(seen.as_of, seen.merchants, strict=True):
        mine = np.flatnonzero(moments == as_of)
        names = table.frame["merchant_id"].take(pa.array(mine))
        place = pc.index_in(names, merchants)
        found[mine] = base + place.to_numpy(zero_copy_only=False)
        base += len(merchants)
    return found
