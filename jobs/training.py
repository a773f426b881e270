"""Training: landing's history to a table, a model, its files; served when asked for, or when it is the first."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from graph.findings.mine import mine_findings
from graph.model import landing_schemas
from jobs.progress import Report, Steps, quiet
from landing.tables import Landing, View
from scoring.keep import keep
from scoring.registry import promote, serving, version_folder
from scoring.table import Mine, build_training_table
from scoring.train import TrainParams, train

DAY = 86_400_000


@dataclass(frozen=True)
class TrainingOptions:
    """``cut_ms``: only labels known before it are seen. ``cadence_ms``: from snapshot to snapshot of training rows."""

    cut_ms: int
    cadence_ms: int = 7 * DAY
    seed: int = 0
    promote: bool = False
    params: TrainParams = field(default_factory=TrainParams)


@dataclass(frozen=True)
class Trained:
    """What a training gave: the version, whether it serves, its metrics, where its card lies, seconds per step."""

    version: str
    serves: bool
    metrics: dict[str, Any]
    card: str
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
) -> Trained:
    """Train on what landing holds and keep the model.

    It serves when ``options.promote`` says so or when nothing serves yet. Raises TrainingError, with a code, when the
    labels cannot support a model; what serves then stays.
    """
    view = landing if isinstance(landing, View) else Landing(landing, landing_schemas()).view()
    steps = Steps(report)
    with steps.step("building the training table"):
        table = build_training_table(view, options.cut_ms, options.cadence_ms, mine, report)
    with steps.step(f"training on {table.frame.num_rows} applications"):
        model = train(table, options.params, options.seed)
    with steps.step("keeping the model"):
        version = keep(model, models_root)
        if options.promote or serving(models_root) is None:
            promote(models_root, version)
    current = serving(models_root)
    return Trained(
        version=version,
        serves=current is not None and current.version == version,
        metrics=cast("dict[str, Any]", model.metrics),
        card=str(version_folder(models_root, version) / "card.md"),
        seconds=steps.seconds,
    )
