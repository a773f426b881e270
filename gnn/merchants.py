"""GraphSAGE for merchants: out-of-fold logits for the scorer's training rows, and a model to serve without torch.

What a scorer calls::

    from gnn.dataset import merchant_graph            # a snapshot as a graph; union([...]) joins several times
    from gnn.merchants import SageModel, fit, out_of_fold

    graph = merchant_graph(snapshot)
    logits = out_of_fold(graph, features, y, fold, seed=0)              # merchants, float32
    model = fit(graph, features, y, seed=0, names=names)                # SageModel
    model.save(folder); model = SageModel.load(folder)                  # numpy and numba only from here on
    logits = model.logits(graph_of_today, features_of_today)            # inductive: any merchants, known or new

``features``: merchants x features, in the order of the snapshot's merchants, NaN where not known (never infinite).
``y``: per merchant 1, 0, or NaN where there is no label; with ``union`` a merchant stands there once a snapshot.
``fold``: per merchant the number of its fold, the same for all rows of one merchant, -1 where it has no label. A logit
out of fold comes from a model that saw no label of that fold, neither to fit nor to stop; rows of fold -1 get the mean
over all models. Any number of classes of nodes may stand around: their features are their degrees.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.forward import forward, pack, unpack
from gnn.graph import GraphError, TypedGraph
from gnn.scaling import KNOTS, Scaler, fit_scaler
from gnn.segments import Float32, Int64
from gnn.shape import SageShape, ShapeError

if TYPE_CHECKING:
    from gnn.train import TrainPlan

MERCHANT = "Merchant"
DESCRIPTION, VECTOR = "sage.json", "sage.npy"
VALIDATION = 0.15
"""Share of the rows to fit on that only decide when to stop."""


@dataclass(frozen=True)
class SageModel:
    """A trained model with all it needs to score a graph. ``names``: of the features, in order.

    ``validation``: average precision on the rows that decided when to stop; ``epoch``: when that was.
    """

    shape: SageShape
    weights: dict[str, Float32]
    scalers: dict[str, Scaler]
    names: tuple[str, ...]
    epoch: int
    validation: float

    def logits(self, graph: TypedGraph, features: np.ndarray, *, all_cores: bool = False) -> Float32:
        """One logit a node of the target kind. GraphError when the graph or the features are others."""
        graph = graph.only(self.shape.relations, list(self.shape.widths))
        x = _inputs(graph, self.shape.target, features, self.scalers)
        return forward(self.shape, self.weights, graph, x, all_cores=all_cores)

    def files(self) -> dict[str, bytes]:
        """The model as files by name; read back by ``of_files``."""
        described, raw = pack(self.shape, self.weights)
        scalers = {k: {"knots": s.knots.tolist(), "marked": list(s.marked)} for k, s in self.scalers.items()}
        described |= {"names": list(self.names), "scalers": scalers}
        described |= {"epoch": self.epoch, "validation": self.validation}
        return {DESCRIPTION: json.dumps(described, indent=1, allow_nan=False).encode(), VECTOR: raw}

    @classmethod
    def of_files(cls, files: dict[str, bytes]) -> SageModel:
        """A model from its files; ShapeError when they are none."""
        try:
            described = json.loads(files[DESCRIPTION])
            shape, weights = unpack(described, files[VECTOR])
            scalers = {k: _scaler(s) for k, s in described["scalers"].items()}
            names, epoch = tuple(described["names"]), int(described["epoch"])
            return cls(shape, weights, scalers, names, epoch, float(described["validation"]))
        except ShapeError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ShapeError(f"{DESCRIPTION} of the GraphSAGE model is damaged [gnn_format]") from error

    def save(self, folder: Path) -> None:
        """Write the model's files."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, raw in self.files().items():
            (folder / name).write_bytes(raw)

    @classmethod
    def load(cls, folder: Path) -> SageModel:
        """Read a model's files."""
        return cls.of_files({n: (folder / n).read_bytes() for n in (DESCRIPTION, VECTOR)})


def fit(
    graph: TypedGraph,
    features: np.ndarray,
    y: np.ndarray,
    *,
    seed: int,
    names: Sequence[str] | None = None,
    plan: TrainPlan | None = None,
    valid: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    target: str = MERCHANT,
    folder: Path | None = None,
) -> SageModel:
    """Train on all labelled rows. ``valid``: mask of labelled rows that only decide when to stop (default: 15 %, drawn
    by class, rows of one value of ``groups`` together). ``folder``: for checkpoints.

    TorchMissingError without torch; SageTrainingError when a side of the split holds one class.
    """
    from gnn.train import TrainPlan, train

    labelled = np.flatnonzero(~np.isnan(y))
    if valid is None:
        rows, stop = held_out(labelled, y, VALIDATION, seed, groups)
    else:
        rows, stop = labelled[~valid[labelled]], labelled[valid[labelled]]
    graph = graph.peopled(target)
    scalers = _scalers(graph, target, features)
    x = _inputs(graph, target, features, scalers)
    labels = np.nan_to_num(y).astype(np.float32)
    done = train(graph, x, target, labels, rows, stop, plan or TrainPlan(), seed, folder=folder)
    named = tuple(names) if names is not None else tuple(f"f{i}" for i in range(features.shape[1]))
    return SageModel(done.shape, done.weights, scalers, named, done.epoch, done.average_precision)


def out_of_fold(
    graph: TypedGraph,
    features: np.ndarray,
    y: np.ndarray,
    fold: np.ndarray,
    *,
    seed: int,
    plan: TrainPlan | None = None,
    valid: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    target: str = MERCHANT,
    folder: Path | None = None,
) -> Float32:
    """Logits of every node, each from models that saw no label of its fold. ``valid``: rows that decide when to stop,
    in no fold (default: a part of the other folds).
    """
    numbers = np.unique(fold[fold >= 0])
    total, out = np.zeros(len(fold), np.float64), np.zeros(len(fold), np.float32)
    for number in numbers:
        hidden = np.where(fold == number, np.nan, y)
        place = None if folder is None else folder / f"fold-{number}"
        model = fit(
            graph,
            features,
            hidden,
            seed=seed + int(number),
            plan=plan,
            valid=valid,
            groups=groups,
            target=target,
            folder=place,
        )
        logits = model.logits(graph, features, all_cores=True)
        out[fold == number] = logits[fold == number]
        total += logits
    return np.where(fold >= 0, out, total / max(len(numbers), 1)).astype(np.float32)


def held_out(
    rows: Int64, y: np.ndarray, share: float, seed: int, groups: np.ndarray | None = None
) -> tuple[Int64, Int64]:
    """Rows in two: the rest, and about ``share`` of each class; rows of one group stay on one side."""
    rng = np.random.default_rng([seed, 17])
    unit = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    bad = np.zeros(unit.max() + 1, np.bool_)
    bad[unit[rows[y[rows] == 1]]] = True
    mine = np.unique(unit[rows])
    held = np.zeros(len(bad), np.bool_)
    for side in (mine[bad[mine]], mine[~bad[mine]]):
        held[rng.permutation(side)[: max(round(share * len(side)), 1)]] = True
    return rows[~held[unit[rows]]], rows[held[unit[rows]]]


def _scalers(graph: TypedGraph, target: str, features: np.ndarray) -> dict[str, Scaler]:
    return {k: fit_scaler(_raw(graph, k, target, features)) for k in graph.sizes}


def _inputs(graph: TypedGraph, target: str, features: np.ndarray, scalers: dict[str, Scaler]) -> dict[str, Float32]:
    x = {}
    for kind, scaler in scalers.items():
        raw = _raw(graph, kind, target, features)
        if raw.shape[1] != len(scaler.knots):
            raise GraphError(
                "graph_schema",
                f"{kind}: {raw.shape[1]} features and degrees, the model was trained on {len(scaler.knots)}",
            )
        x[kind] = scaler.scale(raw)
    return x


def _raw(graph: TypedGraph, kind: str, target: str, features: np.ndarray) -> np.ndarray:
    degrees = graph.degrees(kind)
    if kind != target:
        return degrees if degrees.shape[1] else np.zeros((graph.sizes[kind], 1), np.float32)
    if len(features) != graph.sizes[target]:
        raise GraphError(
            "graph_schema", f"{len(features)} rows of features for {graph.sizes[target]} nodes of {target}"
        )
    return np.concatenate([np.asarray(features, np.float32), degrees], 1)


def _scaler(raw: dict[str, Any]) -> Scaler:
    knots = np.asarray(raw["knots"], np.float32).reshape(len(raw["knots"]), KNOTS)
    return Scaler(knots, tuple(int(m) for m in raw["marked"]))
