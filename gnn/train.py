"""Training GraphSAGE: full batch or sampled, stopped early on validation, resumed to the identical result.

Every epoch draws its randomness from (seed, epoch), so a training that was cut off and goes on from its checkpoint
gives the same weights as one that was not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from gnn import checkpoint
from gnn.aggregate import Adjacency
from gnn.graph import Triple, TypedGraph
from gnn.needs import require_torch
from gnn.sage import HeteroSage
from gnn.sample import NeighbourSampler
from gnn.segments import Float32, Int64
from gnn.shape import SageShape

require_torch()
import torch  # noqa: E402 - only after saying what to install
from torch.nn import functional  # noqa: E402

SMALL = 10_000
"""Nodes below which torch works on one thread."""

Report = Callable[[int, float], None]
"""Called after each look at validation: epochs done, best average precision so far."""


@dataclass(frozen=True)
class TrainPlan:
    """``patience``: epochs without a better validation before it stops; ``look_every``: epochs between looks.

    ``batch``: target rows a step, None for all at once; ``fanout``: sampled neighbours by relation in batches.
    """

    hidden: int = 64
    layers: int = 2
    dropout: float = 0.3
    rate: float = 0.01
    decay: float = 5e-5
    epochs: int = 120
    patience: int = 24
    look_every: int = 3
    batch: int | None = None
    fanout: int = 10


@dataclass(frozen=True)
class Trained:
    """``weights``: those best on validation; ``epoch``: when; ``average_precision``: on validation then."""

    shape: SageShape
    weights: dict[str, Float32]
    epoch: int
    average_precision: float
    epochs_run: int


class SageTrainingError(ValueError):
    """There is nothing to train on. Codes: one_class, no_validation_cases, not_finite."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


def train(
    graph: TypedGraph,
    x: Mapping[str, Float32],
    target: str,
    labels: Float32,
    fit: Int64,
    valid: Int64,
    plan: TrainPlan,
    seed: int,
    *,
    folder: Path | None = None,
    report: Report | None = None,
) -> Trained:
    """Train on rows ``fit`` of the target kind, stop by rows ``valid``. ``labels``: 0 or 1 at those rows.

    ``x``: per kind nodes x features, finite and scaled. ``folder``: where checkpoints go and are taken up from.
    """
    _check(x, labels, fit, valid)
    shape = SageShape(
        {k: v.shape[1] for k, v in x.items()},
        tuple(r.triple for r in graph.relations),
        target,
        plan.hidden,
        plan.layers,
        plan.dropout,
    )
    with torch.random.fork_rng(devices=[]), _threads_for(sum(len(v) for v in x.values())):
        torch.manual_seed(seed)
        return _Run(graph, x, shape, labels, fit, valid, plan, seed).run(folder, report)


@contextmanager
def _threads_for(nodes: int) -> Iterator[None]:
    """One thread for torch on small graphs: more would wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if nodes < SMALL else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _check(x: Mapping[str, Float32], labels: Float32, fit: Int64, valid: Int64) -> None:
    for name, rows, code in (("fit", fit, "one_class"), ("validation", valid, "no_validation_cases")):
        if len(np.unique(labels[rows])) < 2:
            raise SageTrainingError(code, f"the {len(rows)} rows for {name} hold one class only")
    for kind, values in x.items():
        if not np.isfinite(values).all():
            raise SageTrainingError("not_finite", f"a feature of {kind} is not finite")


class _Run:
    """One training: the data as tensors, the model and how far it has come."""

    def __init__(
        self,
        graph: TypedGraph,
        x: Mapping[str, Float32],
        shape: SageShape,
        labels: Float32,
        fit: Int64,
        valid: Int64,
        plan: TrainPlan,
        seed: int,
    ) -> None:
        self.plan, self.seed, self.shape = plan, seed, shape
        self.fit, self.valid, self.labels = fit, valid, labels
        self.digest = _digest(graph, x, shape, labels, fit, valid, plan, seed)
        self.edges: dict[Triple, Adjacency] = {r.triple: Adjacency(r) for r in graph.relations}
        self.model = HeteroSage(shape)
        tensors = {k: torch.from_numpy(np.ascontiguousarray(v, np.float32)) for k, v in x.items()}
        with torch.no_grad():
            self.first = self.model.first_inputs(tensors, self.edges)
        self.sampler = NeighbourSampler(graph, shape, plan.fanout, seed) if plan.batch else None
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=plan.rate, weight_decay=plan.decay)
        cases = float(labels[fit].sum())
        self.weight = torch.tensor((len(fit) - cases) / cases)
        self.best, self.best_epoch, self.best_ap, self.epoch = self._state(), 0, -1.0, 0

    def run(self, folder: Path | None, report: Report | None) -> Trained:
        if folder is not None:
            self._take_up(folder)
        while self.epoch < self.plan.epochs and self.epoch - self.best_epoch <= self.plan.patience:
            self._step()
            self.epoch += 1
            if self.epoch % self.plan.look_every == 0 or self.epoch == self.plan.epochs:
                self._look()
                if folder is not None:
                    self._keep(folder)
                if report is not None:
                    report(self.epoch, self.best_ap)
        weights = {n: np.ascontiguousarray(t.numpy(), np.float32) for n, t in self.best.items()}
        return Trained(self.shape, weights, self.best_epoch, self.best_ap, self.epoch)

    def _step(self) -> None:
        torch.manual_seed(int(np.random.SeedSequence([self.seed, self.epoch]).generate_state(1)[0]))
        self.model.train()
        if self.sampler is None or self.plan.batch is None:
            self._learn(self._logits(), self.fit)
            return
        for batch in self.sampler.epoch(self.fit, self.plan.batch, self.epoch):
            first = {k: self.first[k][torch.from_numpy(n)] for k, n in batch.nodes.items()}
            layers = [{t: Adjacency(r) for t, r in layer.items()} for layer in batch.layers]
            logits = self.model.above(first, layers, batch.rows)
            self._learn(logits, batch.seeds, of_batch=True)

    def _learn(self, logits: Any, rows: Int64, *, of_batch: bool = False) -> None:
        wanted = torch.from_numpy(self.labels[rows].astype(np.float32))
        given = logits if of_batch else logits[torch.from_numpy(rows)]
        loss = functional.binary_cross_entropy_with_logits(given, wanted, pos_weight=self.weight)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()

    def _logits(self) -> Any:
        return self.model.above(self.first, [self.edges] * (self.shape.layers - 1))

    def _look(self) -> None:
        self.model.eval()
        with torch.no_grad():
            logits = self._logits().numpy()[self.valid]
        found = float(average_precision_score(self.labels[self.valid], logits))
        if found > self.best_ap:
            self.best, self.best_epoch, self.best_ap = self._state(), self.epoch, found

    def _state(self) -> dict[str, Any]:
        return {n: t.detach().clone() for n, t in self.model.state_dict().items()}

    def _keep(self, folder: Path) -> None:
        tensors = {"model": self._state(), "best": self.best, "optimiser": self.optimiser.state_dict()}
        values = {
            "epoch": self.epoch,
            "best_epoch": self.best_epoch,
            "best_average_precision": self.best_ap,
            "seed": self.seed,
            "plan": asdict(self.plan),
            "digest": self.digest,
        }
        checkpoint.save(folder, tensors, values)

    def _take_up(self, folder: Path) -> None:
        found = checkpoint.load(folder, self.digest)
        if found is not None:
            tensors, values = found
            self.model.load_state_dict(tensors["model"])
            self.optimiser.load_state_dict(tensors["optimiser"])
            self.best = tensors["best"]
            self.epoch, self.best_epoch = values["epoch"], values["best_epoch"]
            self.best_ap = values["best_average_precision"]


def _digest(
    graph: TypedGraph,
    x: Mapping[str, Float32],
    shape: SageShape,
    labels: Float32,
    fit: Int64,
    valid: Int64,
    plan: TrainPlan,
    seed: int,
) -> str:
    """What must be the same for a training to go on from a checkpoint."""
    found = hashlib.sha256(json.dumps([shape.to_json(), asdict(plan), seed]).encode())
    arrays = [labels[fit], labels[valid], fit, valid, *x.values()]
    arrays += [a for r in graph.relations for a in (r.into.ptr, r.into.nbr)]
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()
