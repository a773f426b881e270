"""One row on one core: the score, its exact contributions, its reasons, beside XGBoost's own on the same trees.

``python -m benchmarks.one_row --home demo/home``: the model that serves there, on rows of the published snapshot. Times
are CPU microseconds of the thread, so that other work on the machine is not counted, and wall microseconds beside them.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xgboost

from benchmarks.clock import show
from graph.features.application import application_features
from graph.snapshot_files import current_version, read_table
from jobs.home import Home
from jobs.published import FeatureRows
from scoring.blocks import SAGE_LOGIT
from scoring.reasons import reasons
from scoring.registry import open_serving, serving, version_folder

Row = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.one_row", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--home", type=Path, default=Path("demo/home"))
    parser.add_argument("--rows", type=int, default=5000, help="calls a way")
    options = parser.parse_args(arguments)
    home = Home(options.home)
    scorer, served = open_serving(home.models), serving(home.models)
    assert served is not None
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(str(version_folder(home.models, served.version) / "model.json"))
    rows = _rows(home, options.rows)
    vectors = [scorer.vector(r)[None, :] for r in rows]
    scored = [scorer.score(r) for r in rows]
    ways: dict[str, Callable[[int], object]] = {
        "score (vector, trees, calibration)": lambda i: scorer.margin_and_probability(rows[i]),
        "score with exact contributions": lambda i: scorer.score(rows[i]),
        "reasons from them": lambda i: reasons(scored[i], rows[i]),
        "score, contributions and reasons": lambda i: reasons(scorer.score(rows[i]), rows[i]),
        "xgboost inplace_predict": lambda i: booster.inplace_predict(vectors[i]),
        "xgboost pred_contribs": lambda i: booster.predict(xgboost.DMatrix(vectors[i], nthread=1), pred_contribs=True),
    }
    found = {name: _times(way, len(rows)) for name, way in ways.items()}
    table = [
        [name, *np.quantile(cpu, [0.5, 0.99]), *np.quantile(wall, [0.5, 0.99])] for name, (cpu, wall) in found.items()
    ]
    show(
        f"{served.version}: {len(scorer.features)} features; microseconds a row, {len(rows):,} rows a way, one thread",
        ("way", "cpu p50", "cpu p99", "wall p50", "wall p99"),
        table,
    )
    cpu = {name: float(np.median(c)) for name, (c, _) in found.items()}
    print(f"  score: {cpu['xgboost inplace_predict'] / cpu['score (vector, trees, calibration)']:.1f} times as fast")
    both = cpu["xgboost pred_contribs"] / cpu["score, contributions and reasons"]
    print(f"  with contributions and reasons: {both:.1f} times as fast as XGBoost's contributions alone")


def _rows(home: Home, n: int) -> list[Row]:
    """Rows as the service makes them: a merchant's features, a request, a logit."""
    features = FeatureRows(read_table(home.snapshots / str(current_version(home.snapshots)), "features"))
    ids = read_table(home.snapshots / str(current_version(home.snapshots)), "features")["merchant_id"].to_pylist()
    rng, made = np.random.default_rng(0), []
    for _ in range(n):
        row = features.row(str(rng.choice(ids))) or {}
        columns = {name: np.array([value]) for name, value in row.items()}
        asked = application_features(columns, np.array([float(rng.integers(10**5, 10**8))]), np.array([True]))
        values = {**row, **{k: float(v[0]) for k, v in asked.items()}, SAGE_LOGIT: float(rng.normal())}
        assert not any(math.isinf(v) for v in values.values())
        made.append(values)
    return made


def _times(way: Callable[[int], object], n: int) -> tuple[np.ndarray, np.ndarray]:
    """CPU and wall microseconds of each call; the first hundred are not counted."""
    cpu, wall = np.zeros(n), np.zeros(n)
    for i in range(-100, n):
        before, started = time.thread_time_ns(), time.perf_counter_ns()
        way(max(i, 0))
        if i >= 0:
            cpu[i], wall[i] = (time.thread_time_ns() - before) / 1000, (time.perf_counter_ns() - started) / 1000
    return cpu, wall


if __name__ == "__main__":
    main()
