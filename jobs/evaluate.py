"""``ringfence evaluate``: the scorer's stack on a labelled graph of one's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scoring.evaluate.folds import check_folds, split_at_random, split_by_time
from scoring.evaluate.labelled import FOLD_NAMES, NONE, TRAIN, EvaluateError, Folds, LabelledGraph
from scoring.evaluate.stack import Evaluated, evaluate
from scoring.evaluate.tables import read_labelled, read_split


@dataclass(frozen=True)
class EvaluateOptions:
    """``features``: patterns of column names, None for every numeric column; ``train``: share of the labelled nodes
    that are trained on where no split is given; ``time``: a column of nodes that orders them, and splits them where no
    split is given; ``variants``: None for the usual ones; ``out``: Parquet for the scores.
    """

    nodes: Path
    edges: tuple[tuple[str, Path], ...]
    id: str = "id"
    label: str = "label"
    features: tuple[str, ...] | None = None
    split: Path | None = None
    time: str | None = None
    train: float = 0.5
    seed: int = 0
    variants: tuple[str, ...] | None = None
    out: Path | None = None


def run_evaluate(options: EvaluateOptions, report: Callable[[str], None]) -> dict[str, object]:
    """Read, fit, measure; the summary as one object.

    EvaluateError or TableError, with what is wrong and where, when the tables cannot be evaluated on.
    """
    began = time.perf_counter()
    if not 0 < options.train < 1:
        raise EvaluateError("bad_option", f"--train {options.train:g} is not between 0 and 1")
    if not options.edges:
        raise EvaluateError("no_edges", "there are no edges: name a file with --edges")
    report("reading")
    graph = read_labelled(options.nodes, options.edges, options.id, options.label, options.features, options.time)
    fold = _fold(graph, options)
    check_folds(graph, fold)
    by_time = options.split is None and options.time is not None
    done = evaluate(graph, fold, options.seed, report, options.variants, by_time, options.out is not None)
    if options.out is not None:
        _write(graph, fold, done, options.out)
    return {
        "nodes": len(graph),
        "labelled": int((~np.isnan(graph.label)).sum()),
        "positives": int(np.nansum(graph.label)),
        "edges": {r.name: len(r) for r in graph.relations},
        "features": list(graph.names),
        "split": _told(graph, fold, options),
        "seed": options.seed,
        "variants": done.figures,
        "chosen": done.chosen,
        "notes": list(graph.notes),
        "out": None if options.out is None else str(options.out),
        "seconds": round(time.perf_counter() - began, 2),
    }


def _fold(graph: LabelledGraph, options: EvaluateOptions) -> Folds:
    if options.split is not None:
        return read_split(options.split, graph)
    if options.time is not None:
        return split_by_time(graph, options.train)
    return split_at_random(graph, options.train, options.seed)


def _told(graph: LabelledGraph, fold: Folds, options: EvaluateOptions) -> dict[str, object]:
    way = "given" if options.split else f"by {options.time}" if options.time else "random, stratified"
    counts = {
        name: {"rows": int((fold == n).sum()), "positives": int(np.nansum(graph.label[fold == n]))}
        for name, n in FOLD_NAMES.items()
        if (fold == n).any()
    }
    history = f"labels earlier by {options.time}" if options.time else "out of fold in training"
    return {"way": way, "label_history": history, **counts}


def _write(graph: LabelledGraph, fold: Folds, done: Evaluated, out: Path) -> None:
    """A row a variant and node not trained on: id, variant, score (higher is worse), fold (null: unlabelled)."""
    kept = np.flatnonzero(fold[done.rows] != TRAIN)
    rows = done.rows[kept]
    names = {n: name for name, n in FOLD_NAMES.items()} | {NONE: None}
    folds = pa.array([names[int(f)] for f in fold[rows]], pa.string())
    ids = graph.ids.take(pa.array(rows))
    parts = [
        pa.table({"id": ids, "variant": pa.array([v] * len(rows), pa.string()), "score": s[kept], "fold": folds})
        for v, s in done.scores.items()
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.concat_tables(parts), out, compression="zstd")
