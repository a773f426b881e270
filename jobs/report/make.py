"""The report of what is published: findings drawn, the scores of all merchants, how true the model's scores are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from graph.drawing.svg import short_name
from graph.features.application import application_features
from graph.snapshot import Float64
from graph.snapshot_files import current_version
from jobs.home import Home
from jobs.logits import Logits
from jobs.look import LookError
from jobs.published import Version, open_version
from jobs.report.charts import calibration, score_distribution
from jobs.report.page import Figure, Report, cards, write_page
from policy.rating import LEVELS, read_rating
from scoring.blocks import SAGE_LOGIT
from scoring.model_files import read_model
from scoring.registry import open_serving, serving, version_folder
from scoring.serve import Scorer

TOP = 12
"""How many findings the table at the end lists."""


def make_report(home: Home, out: Path, scored: Mapping[str, Any] | None = None) -> Path:
    """Write the report of the published version as one HTML file; ``scored``: an answer of ``POST /v1/score`` to show.

    Without a model the report shows the findings alone.
    """
    current = current_version(home.snapshots)
    if current is None:
        raise LookError("nothing is published yet: run `ringfence refresh`")
    version = open_version(home.snapshots / current)
    report = Report(
        as_of=version.as_of,
        version=version.version,
        size=version.snapshot.size,
        cards=cards(version.snapshot, version.findings),
        figures=_figures(home, version),
        scored=scored,
        top=version.findings[:TOP],
    )
    write_page(report, out)
    return out


def _figures(home: Home, version: Version) -> list[Figure]:
    served = serving(home.models)
    if served is None:
        return []
    scores = all_scores(version, open_serving(home.models), home.models)
    rating = read_rating()
    metrics = read_model(version_folder(home.models, served.version), served.sha256).metrics
    full = cast("dict[str, Any]", metrics["models"])["full"]
    bins = full["reliability"]
    cases, rows = (int(cast("dict[str, int]", metrics[k])["measure"]) for k in ("cases", "rows"))
    return [
        Figure(
            "Scores of all merchants",
            "全部商户评分分布",
            f"{len(scores):,} merchants, each with its last application where there is one; the count is logarithmic "
            f"above 10. Model {short_name(served.version)}.",
            score_distribution(scores, list(zip(LEVELS, rating.starts, strict=True))),
        ),
        Figure(
            "Calibration",
            "校准",
            f"{cases} cases among {rows} applications not used to fit; bins of equally many. On the dashed line "
            f"outcomes are as predicted. Expected calibration error {full['ece']:.3f}.",
            calibration(*([b[k] for b in bins] for k in ("predicted", "observed", "rows"))),
        ),
    ]


def all_scores(version: Version, scorer: Scorer, models: Path) -> Float64:
    """The score of every merchant of a version, by its last application (none: amounts not known)."""
    logits = Logits(models).of(version.version, version.as_of, scorer.version, scorer.sha256, len(version.features))
    merchants = version.snapshot.nodes["Merchant"]
    applications = version.snapshot.facts["application"]
    asked, currency = np.full(len(merchants), np.nan), np.full(len(merchants), "", object)
    by_time = np.argsort(applications.int64("ts"), kind="stable")
    of_merchant = version.snapshot.fact_merchants("application")
    for row in by_time[of_merchant[by_time] >= 0].tolist():
        asked[of_merchant[row]] = applications.table["amount"][row].as_py() or np.nan
        currency[of_merchant[row]] = applications.table["currency"][row].as_py()
    scores = np.zeros(len(merchants))
    for number in range(len(merchants)):
        id_ = merchants.id(number)
        values = version.features.row(id_) or {}
        values[SAGE_LOGIT] = float("nan") if logits is None else float(logits[number])
        same = np.array([version.features.currency(id_) == currency[number]])
        columns = {name: np.array([value]) for name, value in values.items()}
        request = application_features(columns, asked[number : number + 1], same)
        scores[number] = scorer.score({**values, **{n: float(v[0]) for n, v in request.items()}}).probability
    return scores
