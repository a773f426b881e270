"""Training: landing's history to a table, a model, its files; served when asked for, or when it is the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from gnn.needs import ASKED, has, require_torch
from graph.findings.mine import mine_findings
from graph.model import landing_schemas
from jobs.network import logits_for_promotion
from jobs.progress import Report, Steps, quiet
from landing.tables import Landing, View
from scoring.check import check_table
from scoring.compare import Network
from scoring.keep import keep
from scoring.made_with import made_with
from scoring.registry import promote, serving, version_folder
from scoring.report.page import report_page
from scoring.table import Mine, TrainingTable, Watch, build_training_table
from scoring.train import TrainParams, is_small, train_and_measure
from scoring.tune import require_tuner, tune

DAY = 86_400_000


@dataclass(frozen=True)
class TrainingOptions:
    """``cut_ms``: only labels known before it are seen. ``cadence_ms``: from snapshot to snapshot of training rows.

    ``gnn``: with the GraphSAGE logit; None: where torch is installed, False: never, True: an error without torch.
    ``tune``: trials of tuning the trees, 0 for none. ``now_ms``: the clock, for the report's date; None: the cut.
    """

    cut_ms: int
    cadence_ms: int = 7 * DAY
    seed: int = 0
    promote: bool = False
    gnn: bool | None = None
    tune: int = 0
    now_ms: int | None = None
    params: TrainParams = field(default_factory=TrainParams)


@dataclass(frozen=True)
class Trained:
    """What a training gave: the version, whether it serves, its metrics, where card and report lie, seconds a step."""

    version: str
    serves: bool
    metrics: dict[str, Any]
    card: str
    report: str
    seconds: dict[str, float]

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For people: how good it is, what each block of features adds, and how the challengers do."""
        shown = [f"model {self.version}: {self.metrics['evaluation']}"]
        for name, f in self.metrics["models"].items():
            shown.append(
                f"  {name:20} {f['features']:3} features   AUC {_shown(f['auc'])}   AP {_shown(f['average_precision'])}"
                f"   Brier {f['brier']:.4f}   ECE {f['ece']:.4f}   KS {f['ks']:.3f}"
            )
        shown += _added(self.metrics)
        for way, words in _WAYS.items():
            found = self.metrics.get("cross_validation", {}).get(way)
            if not found or not found["models"]:
                continue
            shown.append(f"{found['folds']} folds {words}, {found['rows']} rows, {found['cases']} bad:")
            for name, f in found["models"].items():
                shown.append(f"  {name:20} AUC {_shown(f['auc'])}   AP {_shown(f['average_precision'])}")
            shown += [*_added(found), *(f"  left out: {name} (one class to fit on)" for name in found["left_out"])]
        shown.append(f"  GraphSAGE: {self.metrics['network']}")
        shown.append(f"  {'serves now' if self.serves else 'kept, does not serve'}; card: {self.card}")
        shown.append(f"  report: {self.report}")
        return shown


_WAYS = {
    "group": "by connected group, not in time",
    "time": "forward in time",
    "both": "forward in time and by group",
}


def _added(figures: dict[str, Any]) -> list[str]:
    """What each block adds in average precision, and all that is beyond own facts together."""
    steps = [f"  + {b['adds']:34} {_signed(b['average_precision'])} average precision" for b in figures["blocks"]]
    return [*steps, f"  all of it over own facts            {_signed(figures['lift']['average_precision'])}"]


def _shown(figure: dict[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def _signed(figure: dict[str, float]) -> str:
    return f"{figure['value']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})"


def run_training(
    landing: Path | View,
    models_root: Path,
    options: TrainingOptions,
    report: Report = quiet,
    mine: Mine = mine_findings,
    snapshots: Path | None = None,
) -> Trained:
    """Train on what landing holds and keep the model.

    It serves when ``options.promote`` says so or when nothing serves yet. ``snapshots``: where the published graph is,
    so that the network's logits are there before the model serves. Raises TrainingError, with a code, when the labels
    cannot support a model, TorchMissingError when the network is asked for without torch; what serves then stays.
    """
    if options.tune:
        require_tuner()
    with_network = _wants_network(options.gnn, report)
    view = landing if isinstance(landing, View) else Landing(landing, landing_schemas()).view()
    steps = Steps(report)
    watch, networks = _network_of(with_network)
    with steps.step("building the training table"):
        table = build_training_table(view, options.cut_ms, options.cadence_ms, mine, report, watch)
    check_table(table, options.params.needs)
    params, made = options.params, made_with(Path(__file__).parents[1])
    small = is_small(table, params)
    if options.tune and not small:
        with steps.step("tuning"):
            tuned = tune(table, params.booster, options.tune, options.seed, report)
        params, made = replace(params, booster=tuned.params), {**made, "tuned": tuned.to_json()}
    with steps.step(f"training on {table.frame.num_rows} applications"):
        network = None if small else networks(table)
        done = train_and_measure(table, params, options.seed, network, made)
    with steps.step("keeping the model"):
        page = report_page(done, options.cut_ms if options.now_ms is None else options.now_ms)
        version = keep(replace(done.model, report=page), models_root)
        if options.promote or serving(models_root) is None:
            if snapshots is not None:
                logits_for_promotion(models_root, version, snapshots)
            promote(models_root, version)
    current = serving(models_root)
    return Trained(
        version=version,
        serves=current is not None and current.version == version,
        metrics=cast("dict[str, Any]", done.model.metrics),
        card=str(version_folder(models_root, version) / "card.md"),
        report=str(version_folder(models_root, version) / "report.html"),
        seconds=steps.seconds,
    )


def _wants_network(asked: bool | None, report: Report) -> bool:
    """Whether a network is trained; without torch only an explicit wish is an error, else it is said."""
    if asked is False:
        return False
    if asked:
        require_torch()
        return True
    lacking = [name for name in ASKED if not has(name)]
    if lacking:
        report(f"GraphSAGE is left out: {' and '.join(lacking)} not installed (pip install -r requirements-gnn.txt)")
    return not lacking


def _network_of(wanted: bool) -> tuple[Watch | None, Callable[[TrainingTable], Network | None]]:
    """What watches the snapshots go by, and what makes the network of a table afterwards."""
    if not wanted:
        return None, lambda _table: None
    from scoring.network import SageNetwork, Seen  # torch: only where a network is trained

    seen = Seen()
    return seen.watch, lambda table: SageNetwork(table, seen) if seen.linked else None
