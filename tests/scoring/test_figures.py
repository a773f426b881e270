"""Figures of a training: curves, deciles, segments, importance, challengers, what it was made with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from scoring.blocks import variants
from scoring.challengers import CHALLENGERS
from scoring.figures import deciles, lifts, precision_recall, roc, segments
from scoring.fit import BoosterParams, fit_booster
from scoring.importance import importance
from scoring.made_with import commit_of, made_with
from scoring.measures import auc
from tests.scoring.tables import NAMES, training_table


def _scores(seed: int = 0, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < 0.2).astype(float)
    return labels, np.round(labels + rng.normal(size=n), 1)  # rounded: ties


def test_the_area_under_the_curves_is_that_of_the_library() -> None:
    labels, scores = _scores()
    x, y = np.array(roc(labels, scores, 10_000)).T
    assert np.trapezoid(y, x) == pytest.approx(roc_auc_score(labels, scores))
    recall, precision = np.array(precision_recall(labels, scores, 10_000)).T
    steps = np.diff(recall, prepend=0.0)
    assert (steps * precision).sum() == pytest.approx(average_precision_score(labels, scores))
    assert len(roc(labels, np.random.default_rng(1).random(500), 50)) <= 50


def test_deciles_hold_all_rows_and_the_riskiest_come_first() -> None:
    labels, scores = _scores()
    found = deciles(labels, scores)
    assert sum(d["rows"] for d in found) == 500
    assert sum(d["cases"] for d in found) == labels.sum()
    assert found[0]["lift"] > 2 > 1 > found[-1]["lift"]


def test_segments_hold_all_rows_and_rank_only_where_there_are_cases_enough() -> None:
    table = training_table(0, rows=400)
    frame = table.frame.append_column("region", pa.array(["north"] * 390 + [None] * 10))
    table = replace(table, frame=frame)
    scores = np.random.default_rng(0).random(400)
    found = segments(table, np.arange(400), scores, scores)
    assert set(found) == {"size", "region"}
    assert [(s["name"], s["rows"]) for s in found["region"]] == [("north", 390), ("not known", 10)]
    assert found["region"][1]["auc"] is None
    assert sum(int(str(s["rows"])) for s in found["size"]) == 400


def test_each_block_is_set_against_the_one_before_it() -> None:
    labels, scores = _scores()
    rng = np.random.default_rng(2)
    every = variants(NAMES)
    models = {v.name: scores + rng.normal(size=500) * (4 - i) for i, v in enumerate(every)}
    found = lifts(labels, models, every, 0, 30)
    blocks = found["blocks"]
    assert isinstance(blocks, list)
    assert [(b["name"], b["over"]) for b in blocks] == [
        ("graph", "tabular"), ("aggregates", "graph"), ("full", "aggregates")
    ]  # fmt: skip
    assert "lift_of_findings" in found
    only = lifts(labels, {k: models[k] for k in ("tabular", "full")}, every, 0, 30)
    assert only["blocks"] == []  # not one block apart


def test_importance_names_what_moves_the_scores() -> None:
    table = training_table(0, rows=400)
    booster = fit_booster(table.matrix(), table.labels, BoosterParams(trees=20, rate=0.3), 0)
    found = importance(booster, table.matrix(), NAMES)
    features, concepts = found["features"], found["concepts"]
    assert isinstance(features, list)
    assert isinstance(concepts, list)
    assert {"refund_rate_90d", "crowded_device_share_90d"} <= {f["name"] for f in features[:4]}
    assert concepts[0]["name"] in ("operations", "fake_orders")


@pytest.mark.parametrize("name", CHALLENGERS)
def test_a_challenger_learns_what_is_there_and_bears_gaps(name: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 6))
    labels = (rng.random(500) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(float)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:, 5] = np.nan  # never known
    x[:, 4] = 3.0  # never varies
    predict = CHALLENGERS[name](x[:300], labels[:300], 0)
    found = predict(x[300:])
    assert np.isfinite(found).all()
    assert auc(labels[300:], found) > 0.75
    assert np.array_equal(found, CHALLENGERS[name](x[:300], labels[:300], 0)(x[300:]))


def test_what_a_model_was_made_with_names_commit_and_packages(tmp_path: Path) -> None:
    found = made_with(Path(__file__).parents[2])
    packages = found["packages"]
    assert isinstance(packages, dict)
    assert {"numpy", "xgboost-cpu", "scikit-learn"} <= set(packages)
    assert commit_of(tmp_path) is None
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(tmp_path) is None
    (tmp_path / ".git" / "packed-refs").write_text(f"# pack\n{'b' * 40} refs/heads/main\n")
    assert commit_of(tmp_path) == "b" * 40
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    assert commit_of(tmp_path) == "a" * 40
    (tmp_path / ".git" / "HEAD").write_text("c" * 40)
    assert commit_of(tmp_path) == "c" * 40
