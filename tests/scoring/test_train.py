"""Training refuses what cannot support a model, keeps its hands off the measured rows, and shows the graph's lift."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from scoring.blocks import directions, variants
from scoring.calibration import Knots, Platt, read_calibration
from scoring.compare import compare_in_time
from scoring.fit import BoosterParams, fit_booster, fit_calibration, margins
from scoring.measures import auc, interval
from scoring.splits import split_in_time
from scoring.table import TrainingTable
from scoring.train import TrainedModel, TrainingError, TrainParams, train
from tests.scoring.tables import NAMES, training_table

QUICK = TrainParams(
    booster=BoosterParams(trees=20, depth=3, rate=0.2),
    small_booster=BoosterParams(trees=8, depth=2, rate=0.2),
    folds=2,
    repeats=2,
    draws=60,
    challengers=(),
)


ROWS = 900


@pytest.fixture(scope="module")
def trained() -> TrainedModel:
    return train(training_table(0, rows=ROWS), QUICK, 0)


def _with(table: TrainingTable, **columns: object) -> TrainingTable:
    frame = table.frame
    for name, values in columns.items():
        frame = frame.set_column(frame.column_names.index(name), name, pa.array(values))
    return replace(table, frame=frame)


def test_the_graph_lifts_where_only_the_graph_knows(trained: TrainedModel) -> None:
    lift = cast("dict[str, Any]", trained.metrics["lift"])
    assert lift["average_precision"]["low"] > 0


def test_permuted_labels_give_nothing_but_noise() -> None:
    table = training_table(0, rows=ROWS)
    shuffled = _with(table, label=np.random.default_rng(1).permutation(table.labels))
    compared = compare_in_time(shuffled, QUICK.booster, 0)
    found = interval(auc, shuffled.labels[compared.measure], compared.scores["full"], 0, draws=100)
    assert found.low < 0.5 < found.high


def test_the_same_seed_gives_the_same_model(trained: TrainedModel) -> None:
    again = train(training_table(0, rows=ROWS), QUICK, 0)
    assert again.booster == trained.booster
    assert again.metrics == trained.metrics


def test_the_baseline_reads_own_facts_only() -> None:
    sets = {v.name: v.features for v in variants(NAMES)}
    assert set(sets["tabular"]) < set(sets["graph"]) < set(sets["aggregates"]) < set(sets["full"]) == set(NAMES)
    assert "crowded_device_share_90d" not in sets["tabular"]
    assert "ring_score" not in sets["graph"]


def test_no_rise_of_an_adverse_figure_lowers_the_risk_and_volumes_stay_free() -> None:
    """Labels say the opposite of the prior: the trees then leave the feature alone, without the prior they follow."""
    names = ("refund_rate_90d", "rating_mean_90d", "declared_to_turnover", "orders_30d")
    assert directions(names) == [1, -1, 0, 0]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 4))
    labels = (rng.random(400) < 1 / (1 + np.exp(3 * x[:, 0]))).astype(float)
    line = np.column_stack([np.linspace(-2, 2, 30), np.zeros((30, 3))])
    params = BoosterParams(trees=20, rate=0.3)
    held = margins(fit_booster(x, labels, params, 0, directions(names)), line)
    free = margins(fit_booster(x, labels, params, 0), line)
    assert np.ptp(held) == 0
    assert free[0] - free[-1] > 1


def test_a_split_in_time_keeps_moments_together_and_in_order() -> None:
    times = np.sort(np.random.default_rng(0).integers(0, 40, 500))
    parts = split_in_time(times)
    assert sum(map(len, parts)) == 500
    assert times[parts[0]].max() < times[parts[1]].min() <= times[parts[1]].max() < times[parts[2]].min()


def test_calibration_sees_no_row_that_fitted_the_trees(trained: TrainedModel) -> None:
    rows = cast("dict[str, int]", trained.metrics["rows"])
    assert rows["fit"] + rows["calibrate"] + rows["measure"] == ROWS
    figures = cast("dict[str, Any]", trained.metrics["models"])
    assert figures["full"]["ece"] < 0.12


def test_a_small_sample_on_one_date_is_measured_by_folds_and_says_so() -> None:
    table = training_table(3, rows=123)
    one_day = _with(table, ts=np.full(123, 1_700_000_000_000))
    model = train(one_day, replace(QUICK, folds=3), 0)
    assert "small sample: 2 x 3 stratified folds" in str(model.metrics["evaluation"])
    assert isinstance(model.calibration, Platt)
    figures = cast("dict[str, Any]", model.metrics["models"])
    assert set(figures["full"]["sd_over_repeats"]) == {"auc", "average_precision"}


def _refusal(table: TrainingTable) -> str:
    with pytest.raises(TrainingError) as refused:
        train(table, QUICK, 0)
    return refused.value.code


def test_what_cannot_be_trained_on_is_refused_with_its_code() -> None:
    table = training_table(0, rows=300)
    labels = table.labels.copy()
    assert _refusal(_with(table, label=np.ones(300))) == "one_class"
    assert _refusal(_with(table, label=np.zeros(300))) == "one_class"
    assert _refusal(_with(table, label=np.where(np.arange(300) == 7, np.nan, labels))) == "nan_label"
    assert _refusal(_with(table, label=np.where(np.arange(300) == 7, 2.0, labels))) == "nan_label"
    assert _refusal(_with(table, label=(np.arange(300) < 3).astype(float))) == "too_few_labels"
    assert _refusal(replace(table, frame=table.frame.slice(0, 0))) == "no_rows"
    assert _refusal(replace(table, frame=table.frame.slice(0, 20))) in {"too_few_labels", "one_class"}
    assert _refusal(_with(table, orders_7d=np.full(300, np.inf))) == "infinite_feature"
    assert _refusal(replace(table, frame=table.frame.drop_columns(["orders_7d"]))) == "missing_feature"


def test_a_part_of_the_split_without_a_bad_case_is_refused() -> None:
    table = training_table(0)
    early = (np.arange(1500) < 700).astype(float) * (np.arange(1500) % 3 == 0)
    assert _refusal(_with(table, label=early)) == "no_positives_in_split"


def test_an_unsettled_label_is_named_by_its_application() -> None:
    table = training_table(0, rows=300)
    with pytest.raises(TrainingError, match="AP00007"):
        train(_with(table, label=np.where(np.arange(300) == 7, np.nan, table.labels)), QUICK, 0)


def test_calibration_is_isotonic_with_enough_cases_and_platt_with_few() -> None:
    rng = np.random.default_rng(0)
    margins = rng.normal(size=2000)
    labels = (rng.random(2000) < 1 / (1 + np.exp(-margins))).astype(float)
    many, few = fit_calibration(margins, labels), fit_calibration(margins[:80], labels[:80])
    assert isinstance(many, Knots)
    assert isinstance(few, Platt)
    for fitted in (many, few):
        grid = [fitted.probability(m) for m in np.linspace(-9, 9, 200)]
        assert grid == sorted(grid)
        assert 0 < grid[0] < grid[-1] < 1
        assert read_calibration(fitted.to_json()) == fitted
    assert many.probability(0.0) == pytest.approx(0.5, abs=0.08)
