"""Random forest and logistic regression on the same table and the same choosing rows as the booster."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from gnn.scaling import fit_scaler
from gnn.segments import Float32
from graph.snapshot import Float64
from scoring.evaluate.booster import Chosen, Scores
from scoring.evaluate.folds import Choosing

TREES = 300
PENALTIES = (0.01, 0.1, 1.0)
CERTAIN = 1e-4

Fit = Callable[[Float32, Float64], Scores]


def choose_forest(x: Float32, labels: Float64, choosing: Choosing, seed: int) -> Chosen:
    """A random forest (Breiman, 2001); leaf size chosen on held-out rows. Missing values take a side of their own."""
    return _best({f"leaf {leaf}": _forest(leaf, seed) for leaf in (1, 5)}, x, labels, choosing)


def choose_logistic(x: Float32, labels: Float64, choosing: Choosing, seed: int) -> Chosen:
    """Logistic regression with a ridge on features by rank; the ridge chosen on held-out rows."""
    return _best({f"C {c:g}": _logistic(c, seed) for c in PENALTIES}, x, labels, choosing)


def _best(options: dict[str, Fit], x: Float32, labels: Float64, choosing: Choosing) -> Chosen:
    found = {}
    for name, fit in options.items():
        parts = [fit(x[rows], labels[rows])(x[held]) for rows, held in choosing.pairs]
        each = [average_precision_score(labels[h], p) for p, (_, h) in zip(parts, choosing.pairs, strict=True)]
        found[name] = float(np.mean(each)), np.concatenate(parts)
    best = max(found, key=lambda n: found[n][0])
    final = options[best](x[choosing.train], labels[choosing.train])
    return Chosen(found[best][1], final, {"setting": best})


def _forest(leaf: int, seed: int) -> Fit:
    def fit(x: Float32, labels: Float64) -> Scores:
        model = RandomForestClassifier(
            TREES, min_samples_leaf=leaf, max_features="sqrt", n_jobs=2, random_state=seed
        ).fit(x, labels)
        model.n_jobs = 1  # threads would add the trees' votes in any order, and the last digits would differ

        def scores(rows: Float32) -> Float64:
            p = np.clip(model.predict_proba(rows)[:, 1], CERTAIN, 1 - CERTAIN)
            return np.log(p / (1 - p))

        return scores

    return fit


def _logistic(strength: float, seed: int) -> Fit:
    def fit(x: Float32, labels: Float64) -> Scores:
        scaler = fit_scaler(x)
        model = LogisticRegression(C=strength, max_iter=300, random_state=seed).fit(scaler.scale(x), labels)

        def scores(rows: Float32) -> Float64:
            return model.decision_function(scaler.scale(rows)).astype(np.float64)

        return scores

    return fit
