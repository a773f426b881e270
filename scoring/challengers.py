"""Challengers on the same rows and features: a random forest and a logistic regression, to judge the trees by.

Both see the columns that have two different values among the rows they are fitted on; everything they learn of the
columns, medians and ranks included, they learn from those rows alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from graph.snapshot import Float64

Predict = Callable[[Float64], Float64]
"""Rows to log-odds."""

Fit = Callable[[Float64, Float64, int], Predict]
"""Rows, labels and a seed to something that predicts."""


def random_forest(rows: Float64, labels: Float64, seed: int) -> Predict:
    """Breiman (2001): 300 trees on bootstrapped rows, a value that is not known sent to the better side."""
    model = RandomForestClassifier(300, min_samples_leaf=5, max_features="sqrt", random_state=seed, n_jobs=1)
    model.fit(rows, labels)
    return lambda x: _log_odds(model.predict_proba(x)[:, 1])


def logistic_regression(rows: Float64, labels: Float64, seed: int) -> Predict:
    """Ridge-penalised logistic regression on the normal scores of ranks; a value that is not known is the median."""
    keep = _varies(rows)
    if not keep.any():
        level = _log_odds(np.full(1, labels.mean()))
        return lambda x: np.repeat(level, len(x))
    ranks = QuantileTransformer(
        n_quantiles=min(200, len(rows)), output_distribution="normal", random_state=seed, subsample=100_000
    )
    model = make_pipeline(SimpleImputer(strategy="median"), ranks, LogisticRegression(C=0.01, max_iter=500))
    model.fit(rows[:, keep], labels)
    return lambda x: np.asarray(model.decision_function(x[:, keep]), np.float64)


CHALLENGERS: dict[str, Fit] = {"random_forest": random_forest, "logistic_regression": logistic_regression}


def _varies(rows: Float64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    known = ~np.isnan(rows)
    low = np.min(np.where(known, rows, np.inf), axis=0)
    high = np.max(np.where(known, rows, -np.inf), axis=0)
    return np.asarray(low < high)


def _log_odds(probability: Float64) -> Float64:
    p = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))
