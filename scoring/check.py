"""What a training table must have before anything is fitted on it; and the leak test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graph.snapshot import Float64
from scoring.blocks import SAGE_LOGIT
from scoring.measures import auc
from scoring.table import TrainingTable

TOO_GOOD = 0.98
"""A single feature that ranks the outcomes better than this knows them: no figure of a merchant is that good."""

LEAK_CASES = 20
"""Cases of each class among the rows where a feature is known, below which it is not judged."""


class TrainingError(Exception):
    """There is nothing sound to train on; the model that serves stays.

    Codes: no_rows, too_few_labels, one_class, nan_label, no_positives_in_split, infinite_feature, missing_feature,
    unknown_feature, no_edges, leak_suspected, no_tuner.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


@dataclass(frozen=True)
class Needs:
    """``rows``, ``cases``: fewer, and training is refused."""

    rows: int = 30
    cases: int = 8


def check_table(table: TrainingTable, needs: Needs) -> None:
    """Raise TrainingError unless the table can support a model."""
    absent = sorted(set(table.features) - set(table.frame.column_names))
    if absent:
        raise TrainingError("missing_feature", f"the table lacks {', '.join(absent)}")
    strange = sorted(set(table.frame.column_names) - set(table.features) - set(table.other_columns))
    if strange:
        raise TrainingError("unknown_feature", f"the table has {', '.join(strange)}, which no feature set names")
    labels = table.labels
    if len(labels) == 0:
        raise TrainingError("no_rows", "no application has a label that was known before the cut")
    unknown = np.flatnonzero(~np.isin(labels, (0.0, 1.0)))
    if len(unknown):
        first = table.frame["application_id"][int(unknown[0])].as_py()
        raise TrainingError("nan_label", f"{len(unknown)} labels say neither yes nor no, first of application {first}")
    bad = int(labels.sum())
    if bad in (0, len(labels)):
        raise TrainingError("one_class", f"all {len(labels)} labels are {'true' if bad else 'false'}")
    if len(labels) < needs.rows or min(bad, len(labels) - bad) < needs.cases:
        raise TrainingError(
            "too_few_labels",
            f"{len(labels)} labels, {bad} true; needed: {needs.rows}, and {needs.cases} of each",
        )
    if table.edges == 0:
        raise TrainingError(
            "no_edges", "the snapshots behind the training rows hold no edge: ingest the sources that bring them"
        )
    for name in table.features:
        if np.isinf(table.frame[name].to_numpy()).any():
            raise TrainingError("infinite_feature", f"feature {name} is infinite in a row")
    leaks = suspected_leaks(table)
    if leaks:
        name, how_good = leaks[0]
        raise TrainingError(
            "leak_suspected",
            f"feature {name} alone ranks the outcomes with AUC {how_good:.3f} ({len(leaks)} such): it knows what was "
            "learnt after the application; look for rows whose known_ts is before they were known",
        )


def suspected_leaks(table: TrainingTable) -> list[tuple[str, float]]:
    """Features that alone, by their value or by being known, tell the outcome almost surely; the best first."""
    labels = table.labels
    found = []
    for name in table.features:
        if name == SAGE_LOGIT:
            continue  # a model of its own, out of fold
        values = table.frame[name].to_numpy()
        known = ~np.isnan(values)
        by_value = _either_way(labels[known], values[known])
        by_absence = _either_way(labels, known.astype(np.float64)) if not known.all() else 0.5
        best = max(by_value, by_absence)
        if best > TOO_GOOD:
            found.append((name, best))
    return sorted(found, key=lambda f: (-f[1], f[0]))


def _either_way(labels: Float64, values: Float64) -> float:
    bad = int(labels.sum())
    if min(bad, len(labels) - bad) < LEAK_CASES:
        return 0.5
    ranked = auc(labels, values)
    return max(ranked, 1 - ranked)
