"""Own measures equal scikit-learn's, ties included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

from scoring.measures import auc, average_precision, brier, calibration_error, interval, ks, lift, pooled


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(1, 8))
def test_ranking_measures_equal_the_library(seed: int, n: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.concatenate([[0.0, 1.0], rng.integers(0, 2, n)]))
    scores = rng.integers(0, levels, n + 2) / levels
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))
    assert average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores))
    fpr, tpr, _ = roc_curve(labels, scores)
    assert ks(labels, scores) == pytest.approx(np.abs(tpr - fpr).max())
    assert brier(labels, scores) == pytest.approx(brier_score_loss(labels, scores))


def test_one_class_has_no_ranking() -> None:
    ones, scores = np.ones(4), np.arange(4.0)
    assert np.isnan(auc(ones, scores))
    assert np.isnan(ks(ones, scores))
    assert np.isnan(average_precision(1 - ones, scores))


def test_a_calibrated_score_has_a_small_error_and_a_shifted_one_a_large() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    labels = (rng.random(20_000) < p).astype(float)
    assert calibration_error(labels, p) < 0.02
    assert calibration_error(labels, np.clip(p + 0.2, 0, 1)) > 0.1


def test_intervals_hold_the_figure_and_a_lift_over_itself_is_nothing() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300).astype(float)
    scores = labels + rng.normal(size=300)
    found = interval(auc, labels, scores, 0, draws=100)
    assert found.low < found.value < found.high
    none = lift(auc, labels, scores, scores, 0)
    assert (none.value, none.low, none.high) == (0.0, 0.0, 0.0)


def test_a_pooled_figure_is_the_mean_of_its_parts_and_surer_than_each() -> None:
    rng = np.random.default_rng(0)
    labels = [rng.integers(0, 2, 200).astype(float) for _ in range(4)]
    scores = [y + rng.normal(size=200) + 100 * i for i, y in enumerate(labels)]  # levels of models do not compare
    noise = [rng.normal(size=200) for _ in labels]
    whole = pooled(auc, labels, scores, 0, draws=100)
    parts = [interval(auc, y, s, 0, draws=100) for y, s in zip(labels, scores, strict=True)]
    assert whole.value == pytest.approx(np.mean([p.value for p in parts]))
    assert whole.high - whole.low < min(p.high - p.low for p in parts)
    assert pooled(auc, labels, scores, 0, noise, draws=100).low > 0
    none = pooled(auc, labels, scores, 0, scores, draws=20)
    assert (none.value, none.low, none.high) == (0.0, 0.0, 0.0)
