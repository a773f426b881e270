"""What the graph adds to the score, on worlds that nobody tuned on.

``python -m benchmarks.model_worlds --merchants 3000 --seeds 101 102 103 --cadence-days 28``

Each world is made in a temporary folder, taken in by every source, and its training table is built once. On it three
models are trained and measured as ``ringfence train`` does: own facts only (tabular), with the graph (graph), with
findings too (full). Printed per world and pooled over them, each with 95 % bootstraps, and the lift in average
precision, paired by row:

* in time: fitted on the first 60 % of applications, calibrated on the next 20 %, measured on the last 20 %
* by connected group: all rows out of fold, each group of tied merchants in one fold, not in time

The pooled figure of a measure is its mean over the worlds; its interval draws anew, within each world, bad and good
rows apart. With ``--permute`` the labels of each world are shuffled before anything is fitted: AUC must be .5 within
noise. ``--keep FOLDER`` keeps each training table there and uses it again.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.worlds import World
from graph.features.compute import FEATURE_SET_VERSION, FEATURES
from graph.findings.mine import mine_findings
from graph.snapshot import Float64
from ingest.intake import IntakeOptions
from ingest.sources import SOURCES
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world
from jobs.home import Home
from jobs.sync import sync
from jobs.training import DAY
from scoring.compare import compare_in_time, cross_validate
from scoring.measures import Interval, Measure, auc, average_precision, brier, calibration_error, pooled
from scoring.splits import by_group
from scoring.table import TrainingTable, build_training_table
from scoring.train import TrainParams

VARIANTS = ("tabular", "graph", "aggregates", "full")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the worlds that the command line names and print what came out."""
    options = _options(arguments)
    tables = {seed: _table(seed, options.merchants, options.cadence_days, options.keep) for seed in options.seeds}
    _report("as they are", tables)
    if options.permute:
        rng = np.random.default_rng(0)
        _report("labels permuted", {seed: _permuted(table, rng) for seed, table in tables.items()})


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.model_worlds", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--merchants", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[10])
    parser.add_argument("--cadence-days", type=int, default=28)
    parser.add_argument("--permute", action="store_true", help="also with permuted labels")
    parser.add_argument("--keep", type=Path, help="folder in which training tables are kept")
    return parser.parse_args(arguments)


def _table(seed: int, merchants: int, days: int, keep: Path | None) -> TrainingTable:
    name = f"table-{merchants}-{seed}-{days}-{FEATURE_SET_VERSION}.parquet"
    if keep is not None and (keep / name).exists():
        frame, end = pq.read_table(keep / name), WorldSpec(merchants=merchants, seed=seed).end_ts
        return TrainingTable(
            frame, tuple(f.name for f in FEATURES), FEATURE_SET_VERSION, end, days * DAY, {}, float("nan")
        )
    with tempfile.TemporaryDirectory(prefix="model-world-") as folder:
        world = World(WorldSpec(merchants=merchants, seed=seed), Path(folder) / "world", Home(Path(folder) / "home"))
        make_world(world.spec, world.files)
        for source in SOURCES:
            options = IntakeOptions(now_ms=world.spec.end_ts)
            home = world.home
            taken = sync(
                source, [world.files / source], home.landing, home.pseudonym_key, home.rejects, options, warn=_unheard
            )
            if not taken.ok:
                print(f"world {seed}, {source}: not all rows were taken: {taken.totals}", flush=True)
        table = build_training_table(world.view(), world.spec.end_ts, days * DAY, mine_findings, _unheard)
    print(f"world {seed}: {table.frame.num_rows} rows, {int(table.labels.sum())} bad", flush=True)
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.frame, keep / name)
    return table


def _unheard(_line: str) -> None:
    """Progress, and warnings about the key of a world that protects nobody."""


def _permuted(table: TrainingTable, rng: np.random.Generator) -> TrainingTable:
    place = table.frame.column_names.index("label")
    return replace(table, frame=table.frame.set_column(place, "label", pa.array(rng.permutation(table.labels))))


def _report(what: str, tables: dict[int, TrainingTable]) -> None:
    params, in_time, across = TrainParams(), {}, {}
    for seed, table in tables.items():
        measured = compare_in_time(table, params.booster, seed=0)
        labels = table.labels[measured.measure]
        in_time[seed] = (labels, measured.scores)
        folds = by_group(table.labels, table.groups, params.folds, seed=0)
        across[seed] = (table.labels, cross_validate(table, folds, params.booster, seed=0)[1])
        for variant in VARIANTS:
            p = measured.probabilities[variant]
            print(f"world {seed} {variant:8} Brier {brier(labels, p):.4f}  ECE {calibration_error(labels, p):.4f}")
    for split, found in (("in time", in_time), ("by connected group", across)):
        print(f"\n{what}, {split}")
        for seed, part in found.items():
            _lines(f"world {seed}", [part])
        if len(found) > 1:
            _lines("pooled", list(found.values()))
    print(flush=True)


def _lines(name: str, parts: list[tuple[Float64, dict[str, Float64]]]) -> None:
    labels = [y for y, _ in parts]
    rows, bad = sum(map(len, labels)), int(sum(y.sum() for y in labels))
    print(f"{name}: {rows} rows, {bad} bad")

    def of(measure: Measure, variant: str, base: str | None = None) -> str:
        scores = [s[variant] for _, s in parts]
        return _shown(pooled(measure, labels, scores, 0, [s[base] for _, s in parts] if base else None), base)

    for v in VARIANTS:
        print(f"  {v:8} AUC {of(auc, v)}  AP {of(average_precision, v)}")
    print(f"  lift     AUC {of(auc, 'full', 'tabular')}  AP {of(average_precision, 'full', 'tabular')}")
    print(f"  of that by findings AP {of(average_precision, 'full', 'aggregates')}", flush=True)


def _shown(found: Interval, base: str | None) -> str:
    sign = "+" if base else ""
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


if __name__ == "__main__":
    main()
