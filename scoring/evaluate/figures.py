"""The figures of one variant on the rows it is measured on."""

from __future__ import annotations

import numpy as np

from graph.snapshot import Float64
from scoring.measures import auc, average_precision, brier, calibration_error, ks


def figures(labels: Float64, scores: Float64, probabilities: Float64, threshold: float) -> dict[str, float]:
    """auroc, average_precision, f1 and f1_macro at the threshold, ks, recall_at_k, brier, ece.

    ``scores`` rank, ``probabilities`` are calibrated. recall_at_k: of k positives, how many are among the k highest;
    rows that tie at the border count by their share.
    """
    named = scores >= threshold
    return {
        "auroc": auc(labels, scores),
        "average_precision": average_precision(labels, scores),
        "f1": f1(labels, named),
        "f1_macro": (f1(labels, named) + f1(1 - labels, ~named)) / 2,
        "threshold": float(threshold),
        "ks": ks(labels, scores),
        "recall_at_k": recall_at_k(labels, scores),
        "brier": brier(labels, probabilities),
        "ece": calibration_error(labels, probabilities),
    }


def f1(labels: Float64, named: np.ndarray) -> float:
    """Harmonic mean of precision and recall; 0 when nothing named is right."""
    hits = float((labels[named] == 1).sum())
    return 2 * hits / (float(named.sum()) + float((labels == 1).sum())) if hits else 0.0


def best_threshold(labels: Float64, scores: Float64) -> float:
    """The score from which on naming rows gives the best F1."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(labels[order] == 1)
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    value = 2 * hits[ends] / (ends + 1 + hits[-1])
    best = int(np.argmax(value))
    at = scores[order][ends]
    return float(at[best]) if best + 1 == len(at) else float((at[best] + at[best + 1]) / 2)


def recall_at_k(labels: Float64, scores: Float64) -> float:
    """Share of the positives among as many highest scores as there are positives."""
    k = int((labels == 1).sum())
    if not k:
        return float("nan")
    border = np.sort(scores)[::-1][k - 1]
    above, at = scores > border, scores == border
    share = (k - above.sum()) / at.sum()
    return float(((labels[above] == 1).sum() + share * (labels[at] == 1).sum()) / k)
