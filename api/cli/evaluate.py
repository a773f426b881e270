"""The command that measures the scorer's stack on any labelled graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import Json, answer, fail, progress, table

SHOWN = ("auroc", "average_precision", "f1", "ks", "recall_at_k", "brier", "ece", "seconds")


def register(app: typer.Typer) -> None:
    app.command()(evaluate)


def evaluate(
    nodes: Annotated[Path, typer.Option(help="CSV or Parquet: a row a node")],
    edges: Annotated[list[str], typer.Option(help="[NAME=]FILE, columns src and dst; once for every kind of edge")],
    more_edges: Annotated[
        list[str] | None, typer.Argument(metavar="EDGES", help="further edges, as after --edges")
    ] = None,
    id_: Annotated[str, typer.Option("--id", help="column of nodes: their id")] = "id",
    label: Annotated[str, typer.Option(help="column of nodes: 1, 0, or another value for unlabelled")] = "label",
    features: Annotated[
        list[str] | None,
        typer.Option(help="columns of nodes, as patterns ('f*', or several by comma); default: every numeric one"),
    ] = None,
    split: Annotated[Path | None, typer.Option(help="columns id and fold: train, valid (may be absent), test")] = None,
    time: Annotated[
        str | None,
        typer.Option(help="column of nodes: nothing later is used for a node; splits by it where no --split is given"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=999_999_999, help="of the split, the trees and GraphSAGE")] = 0,
    train: Annotated[float, typer.Option(help="share of labelled nodes to train on, without --split")] = 0.5,
    variants: Annotated[
        str | None,
        typer.Option(
            help="by comma: features, aggregates, history, graphsage, stack (the default), graphsage_alone, forest, "
            "logistic"
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Parquet to write: id, variant, score, fold")] = None,
    as_json: Json = False,
) -> None:
    """How well the scorer's stack tells the labels of a graph: features, + aggregates, + label history, + GraphSAGE."""
    from gnn.needs import TorchMissingError
    from graph.table_columns import TableError
    from jobs.evaluate import EvaluateOptions, run_evaluate
    from scoring.evaluate.labelled import EvaluateError

    options = EvaluateOptions(
        nodes=nodes,
        edges=tuple(_named(e) for e in [*edges, *(more_edges or [])]),
        id=id_,
        label=label,
        features=None if features is None else tuple(p.strip() for f in features for p in f.split(",") if p.strip()),
        split=split,
        time=time,
        train=train,
        seed=seed,
        variants=None if variants is None else tuple(v.strip() for v in variants.split(",") if v.strip()),
        out=out,
    )
    try:
        done = run_evaluate(options, progress)
    except (EvaluateError, TableError, TorchMissingError) as e:
        fail(e.code, str(e), "see ringfence evaluate --help")
    answer(done, as_json, _lines(done))


def _named(edge: str) -> tuple[str, Path]:
    """``NAME=FILE``, or a file that gives the name."""
    name, equals, path = edge.partition("=")
    if equals and name and not Path(edge).exists():
        return name, Path(path)
    return Path(edge).stem, Path(edge)


def _lines(done: dict[str, Any]) -> list[str]:
    rows = [[name, *(told[f] for f in SHOWN)] for name, told in done["variants"].items()]
    split = done["split"]
    there = [n for n in ("train", "valid", "test") if n in split]
    folds = ", ".join(f"{n} {split[n]['rows']:,} ({split[n]['positives']:,} positive)" for n in there)
    edges = ", ".join(f"{n} {c:,}" for n, c in done["edges"].items())
    return [
        f"{done['nodes']:,} nodes, {done['labelled']:,} labelled, {done['positives']:,} positive; edges: {edges}",
        f"split ({split['way']}): {folds}",
        "",
        *table(rows, ("variant", *(f.replace("_", " ") for f in SHOWN))),
        "",
        f"best on held-out rows: {done['chosen']}",
        *(f"note: {n}" for n in done["notes"]),
    ]
