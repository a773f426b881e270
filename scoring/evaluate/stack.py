"""The variants: what each block of columns adds, on the same rows, split and seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnn.needs import TorchMissingError, require_torch
from gnn.segments import Float32
from graph.snapshot import Float64
from scoring.evaluate.aggregates import aggregates
from scoring.evaluate.booster import Chosen, choose_booster
from scoring.evaluate.challengers import choose_forest, choose_logistic
from scoring.evaluate.figures import best_threshold, figures
from scoring.evaluate.folds import Choosing, choosing
from scoring.evaluate.label_history import label_history
from scoring.evaluate.labelled import TEST, TRAIN, VALID, EvaluateError, Folds, LabelledGraph
from scoring.evaluate.sage import sage_logits
from scoring.evaluate.structure import structure
from scoring.evaluate.views import views
from scoring.fit import fit_calibration
from scoring.measures import average_precision

Report = Callable[[str], None]
Choose = Callable[[Float32, Float64, Choosing, int], Chosen]

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "features": ("features",),
    "aggregates": ("features", "aggregates"),
    "history": ("features", "aggregates", "history"),
    "graphsage": ("features", "aggregates", "graphsage"),
    "stack": ("features", "aggregates", "history", "graphsage"),
    "graphsage_alone": ("graphsage",),
    "forest": ("features", "aggregates", "history", "graphsage"),
    "logistic": ("features", "aggregates", "history", "graphsage"),
}
"""The blocks of columns that each variant reads."""

USUAL = ("features", "aggregates", "history", "graphsage", "stack")


@dataclass(frozen=True)
class Evaluated:
    """``figures``: per variant, on the test fold; ``scores``: per variant, of every node."""

    figures: dict[str, dict[str, object]]
    scores: dict[str, Float64]
    chosen: str


def evaluate(
    graph: LabelledGraph,
    fold: Folds,
    seed: int,
    report: Report,
    variants: Sequence[str] | None = None,
    by_time: bool = False,
) -> Evaluated:
    """Fit every variant on the training fold and measure it on the test fold.

    No test label reaches anything but the figures: they are taken out of the graph before any block is made.
    """
    known = np.where(fold == TRAIN, graph.label, np.nan)
    stop = np.where(fold == VALID, graph.label, np.nan) if (fold == VALID).any() else None
    chooses = choosing(graph, fold, by_time, seed)
    wanted = _wanted(graph, variants)
    blocks = _Blocks(graph, known, stop, chooses, seed, report)
    may_see = np.where(fold == TEST, np.nan, graph.label)
    test = np.flatnonzero(fold == TEST)
    told, scores, held_ap = {}, {}, {}
    for variant in wanted:
        table = blocks.table(VARIANTS[variant])
        report(f"{variant}: fitting {len(chooses.train):,} rows x {table.shape[1]:,} columns")
        began = time.perf_counter()
        chosen = _choose(variant)(table, may_see, chooses, seed)
        held = may_see[chooses.held]
        calibration = fit_calibration(chosen.held, held)
        scores[variant] = chosen.scores(table)
        probability = np.array([calibration.probability(m) for m in scores[variant][test].tolist()])
        threshold = best_threshold(held, chosen.held)
        held_ap[variant] = average_precision(held, chosen.held)
        seconds = time.perf_counter() - began + sum(blocks.seconds[b] for b in VARIANTS[variant])
        told[variant] = {
            **figures(graph.label[test], scores[variant][test], probability, threshold),
            "average_precision_held_out": held_ap[variant],
            "columns": int(table.shape[1]),
            "chosen": chosen.told,
            "seconds": round(seconds, 2),
        }
    return Evaluated(told, scores, max(held_ap, key=lambda v: held_ap[v]))


def _wanted(graph: LabelledGraph, variants: Sequence[str] | None) -> list[str]:
    wanted = list(USUAL if variants is None else variants)
    unknown = [v for v in wanted if v not in VARIANTS]
    if unknown:
        raise EvaluateError("bad_option", f"no variant {unknown[0]!r}; there are {', '.join(VARIANTS)}")
    if not graph.names and "features" in wanted:
        wanted.remove("features")
        graph.notes.append("no features: the variant features is left out, the others rest on structure")
    if variants is None:
        try:
            require_torch()
        except TorchMissingError as e:
            wanted = ["history" if v == "stack" else v for v in wanted if v not in ("graphsage", "history")]
            graph.notes.append(f"without GraphSAGE: {e}")
    if not wanted:
        raise EvaluateError("no_variant", "there is no variant to fit")
    return wanted


def _choose(variant: str) -> Choose:
    return {"forest": choose_forest, "logistic": choose_logistic}.get(variant, choose_booster)


class _Blocks:
    """Columns by block, each made once, and how long it took."""

    def __init__(
        self,
        graph: LabelledGraph,
        known: Float64,
        stop: Float64 | None,
        chooses: Choosing,
        seed: int,
        report: Report,
    ) -> None:
        self._graph, self._known, self._stop, self._chooses = graph, known, stop, chooses
        self._seed, self._report = seed, report
        self._views = views(graph)
        self._structure, self._structure_names = structure(graph, self._views)
        self._made: dict[str, Float32] = {"features": graph.x}
        self.seconds: dict[str, float] = {"features": 0.0}

    def table(self, blocks: Sequence[str]) -> Float32:
        """Blocks side by side, nodes x columns."""
        for block in blocks:
            if block not in self._made:
                self._report(f"columns: {block}")
                began = time.perf_counter()
                self._made[block] = self._make(block)
                self.seconds[block] = time.perf_counter() - began
        return np.concatenate([self._made[b] for b in blocks], 1)

    def _make(self, block: str) -> Float32:
        graph = self._graph
        if block == "history":
            return label_history(graph, self._views, self._known, self._chooses)[0]
        if block == "graphsage":
            x = np.concatenate([graph.x, self._structure], 1)
            return sage_logits(graph, self._views, x, self._known, self._chooses, self._stop, self._seed)[:, None]
        x, names = (graph.x, graph.names) if graph.names else (self._structure, self._structure_names)
        around, _ = aggregates(self._views, x, names, graph.notes)
        return np.concatenate([self._structure, around], 1)
