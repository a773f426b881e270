"""Fills the page of a training with what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scoring.figures import precision_recall, roc
from scoring.report.cases import sample_cases
from scoring.report.charts import bars, columns, lines
from scoring.train import Trained

CURVES = ("tabular", "full", "random_forest", "logistic_regression")
"""Of which models the curves are drawn."""


def report_page(trained: Trained, when_ms: int) -> str:
    """The page as HTML text: self-contained, every word that comes from data escaped."""
    metrics = cast("dict[str, Any]", trained.model.metrics)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["day"] = lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")
    environment.filters["interval"] = lambda f: f"{f['value']:.3f} ({f['low']:.3f} to {f['high']:.3f})"
    environment.filters["signed"] = lambda f: f"{f['value']:+.3f} ({f['low']:+.3f} to {f['high']:+.3f})"
    cases = [(c, Markup(bars(c.moved, signed=True))) for c in sample_cases(trained)]  # noqa: S704  # our own SVG, its words escaped
    return environment.get_template("page.html").render(
        m=metrics, charts=_charts(trained, metrics), cases=cases, features=len(trained.model.features), when=when_ms
    )


def _charts(trained: Trained, metrics: Mapping[str, Any]) -> dict[str, Markup]:
    y, scores = trained.measured.labels, trained.measured.scores
    drawn = [n for n in CURVES if n in scores]
    bins = metrics["models"]["full"]["reliability"]
    said = [(b["predicted"], b["observed"]) for b in bins]
    most = max(0.1, *(v for pair in said for v in pair)) * 1.05
    deciles = [(str(i + 1), d["lift"]) for i, d in enumerate(metrics["curves"]["deciles"])]
    features = [(f["name"], f["mean"]) for f in metrics["importance"]["features"][:20]]
    concepts = [(c["name"].replace("_", " "), c["mean"]) for c in metrics["importance"]["concepts"]]
    pictures = {
        "roc": lines({n: roc(y, scores[n]) for n in drawn}, "false alarms", "found", diagonal=True),
        "precision_recall": lines(
            {n: precision_recall(y, scores[n]) for n in drawn}, "found (recall)", "precision", names_on_top=True
        ),
        "calibration": lines({"full": said}, "predicted", "observed", diagonal=True, dots=True, most=most),
        "deciles": columns(deciles, "cases against the average", line=1.0),
        "features": bars(features),
        "concepts": bars(concepts),
    }
    return {name: Markup(svg) for name, svg in pictures.items()}  # noqa: S704  # our own SVG, its words escaped
