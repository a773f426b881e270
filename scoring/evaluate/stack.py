"""The variants: what each block of columns adds, on the same rows, split and seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnn.needs import TorchMissingError, require_torch
from gnn.segments import Float32, Int64
from graph.snapshot import Float64
from scoring.evaluate.aggregates import aggregates, separation
from scoring.evaluate.booster import Chosen, choose_booster
from scoring.evaluate.challengers import choose_forest, choose_logistic
from scoring.evaluate.figures import best_threshold, figures
from scoring.evaluate.folds import Choosing, choosing
from scoring.evaluate.label_history import label_history
from scoring.evaluate.labelled import NONE, TEST, TRAIN, VALID, EvaluateError, Folds, LabelledGraph
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
    """``figures``: per variant, on the test fold; ``rows``: nodes that were scored; ``scores``: per variant, of those;
    ``chosen``: the variant best on held-out rows.
    """

    figures: dict[str, dict[str, object]]
    rows: Int64
    scores: dict[str, Float64]
    chosen: str


def evaluate(
    graph: LabelledGraph,
    fold: Folds,
    seed: int,
    report: Report,
    variants: Sequence[str] | None = None,
    by_time: bool = False,
    score_all: bool = False,
) -> Evaluated:
    """Fit every variant on the training fold and measure it on the test fold.

    No test label reaches anything but the figures: they are taken out before any block is made. ``score_all``: score
    nodes that are in no fold too.
    """
    chooses = choosing(graph, fold, by_time, seed)
    rows = np.arange(len(graph)) if score_all else np.flatnonzero(fold != NONE)
    wanted = _wanted(graph, variants)
    blocks = _Blocks(graph, fold, rows, chooses, seed, report)
    among = chooses.among(rows, len(graph))
    labels = np.where(fold == TEST, np.nan, graph.label)[rows]
    test = np.flatnonzero(fold[rows] == TEST)
    truth = graph.label[rows][test]
    told, scores, held_ap = {}, {}, {}
    for variant in wanted:
        table = blocks.table(VARIANTS[variant])
        report(f"{variant}: fitting {len(chooses.train):,} rows x {table.shape[1]:,} columns")
        began = time.perf_counter()
        chosen = _choose(variant)(table, labels, among, seed)
        held = labels[among.held]
        calibration = fit_calibration(chosen.held, held)
        scores[variant] = chosen.scores(table)
        probability = np.array([calibration.probability(m) for m in scores[variant][test].tolist()])
        threshold = best_threshold(held, chosen.held)
        held_ap[variant] = average_precision(held, chosen.held)
        seconds = time.perf_counter() - began + sum(blocks.seconds[b] for b in VARIANTS[variant])
        told[variant] = {
            **figures(truth, scores[variant][test], probability, threshold),
            "average_precision_held_out": held_ap[variant],
            "columns": int(table.shape[1]),
            "chosen": chosen.told,
            "seconds": round(seconds, 2),
        }
    return Evaluated(told, rows, scores, max(held_ap, key=lambda v: held_ap[v]))


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
    if any("graphsage" in VARIANTS[v] for v in wanted):
        require_torch()
    if not wanted:
        raise EvaluateError("no_variant", "there is no variant to fit")
    return wanted


def _choose(variant: str) -> Choose:
    return {"forest": choose_forest, "logistic": choose_logistic}.get(variant, choose_booster)


class _Blocks:
    """Columns by block at the scored rows, each made once, and how long it took."""

    def __init__(
        self, graph: LabelledGraph, fold: Folds, rows: Int64, chooses: Choosing, seed: int, report: Report
    ) -> None:
        self._graph, self._rows, self._chooses, self._seed, self._report = graph, rows, chooses, seed, report
        self._known = np.where(fold == TRAIN, graph.label, np.nan)
        valid = fold == VALID
        self._stop = np.where(valid, graph.label, np.nan) if valid.any() else None
        self._views = views(graph)
        began = time.perf_counter()
        self._structure, self._structure_names = structure(graph, self._views)
        self._surroundings = time.perf_counter() - began
        train = chooses.train
        self._order = separation(graph.x[train], graph.label[train])
        self._made: dict[str, Float32] = {}
        self.seconds: dict[str, float] = {}

    def table(self, blocks: Sequence[str]) -> Float32:
        """Blocks side by side, rows x columns."""
        for block in blocks:
            if block not in self._made:
                self._report(f"columns: {block}")
                began = time.perf_counter()
                self._made[block] = self._varied(self._make(block))
                self.seconds[block] = time.perf_counter() - began
                if block == "aggregates":
                    self.seconds[block] += self._surroundings
        return np.concatenate([self._made[b] for b in blocks], 1)

    def _make(self, block: str) -> Float32:
        graph, rows = self._graph, self._rows
        if block == "features":
            return graph.x[rows]
        if block == "history":
            return label_history(graph, self._views, self._known, self._chooses)[0][rows]
        if block == "graphsage":
            x = np.concatenate([graph.x[:, self._order], self._structure], 1)
            logits = sage_logits(graph, self._views, x, self._known, self._chooses, self._stop, self._seed)
            return logits[rows, None]
        x, names, order = graph.x, graph.names, self._order
        if not names:
            x, names, order = self._structure, self._structure_names, list(range(len(self._structure_names)))
        around, _ = aggregates(self._views, x, names, rows, order, graph.notes)
        return np.concatenate([self._structure[rows], around], 1)

    def _varied(self, block: Float32) -> Float32:
        """Without columns that are one value, or missing, in all training rows: nothing can be learnt from them."""
        place = self._chooses.among(self._rows, len(self._graph)).train
        seen = block[place]
        same = (seen == seen[:1]) | (np.isnan(seen) & np.isnan(seen[:1]))
        return block[:, ~same.all(axis=0)]
