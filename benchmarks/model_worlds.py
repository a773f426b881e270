"""What the graph adds to the score, on worlds that nobody tuned on.

``python -m benchmarks.model_worlds --merchants 3000 --seeds 301 302 303 --cadence-days 28``

Each world is made in a temporary folder, taken in by every source, and its training table is built once. On it the
models are trained and measured as ``ringfence train`` does: own facts only (tabular), with the structure around a
merchant (graph), with the aggregates of linked merchants, with findings, with the GraphSAGE logit (full), and two
challengers. Printed per world and pooled over them, each with 95 % bootstraps, with the lift in average precision of
all over own facts and of each block over the one before, paired by row:

* in time: fitted on the first 60 % of applications, calibrated on the next 20 %, measured on the last 20 %
* by connected group: all rows out of fold, each group of tied merchants in one fold, not in time
* forward in time and by group: five folds, own facts against all but the network

The pooled figure of a measure is its mean over the worlds; its interval draws anew, within each world, bad and good
rows apart. With ``--permute`` the labels of each world are shuffled before anything is fitted, the networks included:
AUC must be .5 within noise. ``--no-gnn`` goes without the network.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.worlds import World
from graph.findings.mine import mine_findings
from graph.snapshot import Float64
from ingest.intake import IntakeOptions
from ingest.sources import SOURCES
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world
from jobs.home import Home
from jobs.sync import sync
from jobs.training import DAY
from scoring.blocks import SAGE_LOGIT, Variant, variants
from scoring.challengers import CHALLENGERS
from scoring.compare import compare_in_time, cross_validate
from scoring.measures import Interval, Measure, auc, average_precision, brier, calibration_error, pooled
from scoring.network import SageNetwork, Seen
from scoring.splits import by_both, by_group
from scoring.table import TrainingTable, build_training_table
from scoring.train import TrainParams

SEED = 0


@dataclass(frozen=True)
class _Made:
    """A world's training table, and what its networks learn from; None: without."""

    table: TrainingTable
    seen: Seen | None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the worlds that the command line names and print what came out."""
    options = _options(arguments)
    worlds = {s: _made(s, options.merchants, options.cadence_days, options.gnn) for s in options.seeds}
    _report("as they are", worlds)
    if options.permute:
        rng = np.random.default_rng(SEED)
        _report("labels permuted", {s: replace(w, table=_permuted(w.table, rng)) for s, w in worlds.items()})


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.model_worlds", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--merchants", type=int, default=3000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[10])
    parser.add_argument("--cadence-days", type=int, default=28)
    parser.add_argument("--permute", action="store_true", help="also with permuted labels")
    parser.add_argument("--gnn", action=argparse.BooleanOptionalAction, default=True, help="with the network")
    return parser.parse_args(arguments)


def _made(seed: int, merchants: int, days: int, gnn: bool) -> _Made:
    seen = Seen() if gnn else None
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
        watch = None if seen is None else seen.watch
        table = build_training_table(world.view(), world.spec.end_ts, days * DAY, mine_findings, _unheard, watch)
    print(f"world {seed}: {table.frame.num_rows} rows, {int(table.labels.sum())} bad", flush=True)
    return _Made(table, seen)


def _unheard(_line: str) -> None:
    """Progress, and warnings about the key of a world that protects nobody."""


def _permuted(table: TrainingTable, rng: np.random.Generator) -> TrainingTable:
    place = table.frame.column_names.index("label")
    return replace(table, frame=table.frame.set_column(place, "label", pa.array(rng.permutation(table.labels))))


Scored = tuple[Float64, dict[str, Float64]]
"""Labels of measured rows and the scores of every model."""


def _report(what: str, worlds: dict[int, _Made]) -> None:
    params = TrainParams()
    found: dict[str, dict[int, Scored]] = {"in time": {}, "by connected group": {}, "in time and by group": {}}
    every: tuple[Variant, ...] = ()
    for seed, world in worlds.items():
        table = world.table
        labels, groups = table.labels, table.groups
        network = None if world.seen is None else SageNetwork(table, world.seen)
        measured = compare_in_time(table, params.booster, SEED, network, tuple(CHALLENGERS))
        every = variants(measured.table.features)
        y = labels[measured.measure]
        found["in time"][seed] = (y, measured.scores)
        for name, p in measured.probabilities.items():
            print(f"world {seed} {name:20} Brier {brier(y, p):.4f}  ECE {calibration_error(y, p):.4f}")
        whole = table
        if network is not None:
            whole = table.with_feature(SAGE_LOGIT, network.out_of_fold(np.arange(len(labels)), SEED))
        folds = by_group(labels, groups, params.folds, SEED)
        _, scores = cross_validate(whole, folds, params.booster, SEED)
        found["by connected group"][seed] = (labels, scores)
        both = [f for f in by_both(table.times, groups, params.folds) if f.fits(labels)]
        rows, scores = cross_validate(table, both, params.booster, SEED, ("tabular", "full"))
        found["in time and by group"][seed] = (labels[rows], scores)
    for split, of_world in found.items():
        print(f"\n{what}, {split}")
        for seed, part in of_world.items():
            _lines(f"world {seed}", [part], every)
        if len(of_world) > 1:
            _lines("pooled", list(of_world.values()), every)
    print(flush=True)


def _lines(name: str, parts: list[Scored], every: tuple[Variant, ...]) -> None:
    labels = [y for y, _ in parts]
    rows, bad = sum(map(len, labels)), int(sum(y.sum() for y in labels))
    print(f"{name}: {rows} rows, {bad} bad")
    scored = parts[0][1]

    def of(measure: Measure, model: str, base: str | None = None) -> str:
        scores = [s[model] for _, s in parts]
        return _shown(pooled(measure, labels, scores, SEED, [s[base] for _, s in parts] if base else None), base)

    for model in scored:
        print(f"  {model:20} AUC {of(auc, model)}  AP {of(average_precision, model)}")
    for before, after in pairwise(every):
        if before.name in scored and after.name in scored:
            print(f"  + {after.adds:31} AP {of(average_precision, after.name, before.name)}")
    print(f"  all over own facts AUC {of(auc, 'full', 'tabular')}  AP {of(average_precision, 'full', 'tabular')}")


def _shown(found: Interval, base: str | None) -> str:
    sign = "+" if base else ""
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"


if __name__ == "__main__":
    main()
