"""Scoring one application: values by feature name in, calibrated probability and contributions out.

Imports neither XGBoost nor scikit-learn nor anything that trains: the booster is evaluated by scoring.trees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graph.snapshot import Float64
from scoring.model_files import ModelFileError, ModelFiles, read_model

TOLERANCE = 1e-6
"""How far a golden row may be off when a model is opened."""


LARGEST = 3e38
"""Beyond single precision a value is infinite to the trees."""

_NUMBERS = {float, int}


class ScoreError(Exception):
    """A row cannot be scored.

    ``code``: feature_missing, not_a_number, infinite, other_feature_set; ``feature``: which one.
    """

    def __init__(self, code: str, feature: str, why: str) -> None:
        super().__init__(f"{feature}: {why} [{code}]")
        self.code = code
        self.feature = feature


@dataclass(frozen=True)
class Scored:
    """A score and what it rests on.

    ``probability``: calibrated, of fraud or default; ``margin``: the booster's log-odds; ``contributions``: how much
    each feature moved the margin from ``expected``, exactly (they sum to margin - expected). ``typical``: the median
    of each feature over the training rows, NaN where none was known.
    """

    probability: float
    margin: float
    expected: float
    contributions: Mapping[str, float]
    typical: Mapping[str, float]
    model: str
    version: str
    sha256: str
    feature_set_version: str


class Scorer:
    """An opened model. Safe to share between threads: nothing in it changes."""

    def __init__(self, files: ModelFiles) -> None:
        self.name = files.name
        self.version = files.version
        self.sha256 = files.sha256
        self.features = files.schema.features
        self.feature_set_version = files.schema.feature_set_version
        self.metrics = files.metrics
        self._typical = dict(zip(files.schema.features, files.schema.medians, strict=True))
        self._trees = files.trees
        self._calibration = files.calibration
        _prove(self, files)

    @staticmethod
    def open(folder: Path, sha256: str | None = None) -> Scorer:
        """Read a model folder, check it, and try its golden rows; ModelFileError when it is not fit to serve.

        ``sha256``: the manifest's as registered, where known.
        """
        return Scorer(read_model(folder, sha256))

    def accept(self, feature_set_version: str) -> None:
        """Raise ScoreError (other_feature_set) unless the model was trained on this feature set."""
        if feature_set_version != self.feature_set_version:
            raise ScoreError(
                "other_feature_set",
                "feature_set_version",
                f"the model reads {self.feature_set_version}, the features are {feature_set_version}: refresh or train",
            )

    def vector(self, values: Mapping[str, float]) -> Float64:
        """The values in the booster's order. The one way from names to positions, in training as in serving.

        NaN: not known. ScoreError names a feature that is absent, not a number or infinite; others are left aside.
        """
        given = list(map(values.get, self.features))
        if set(map(type, given)) <= _NUMBERS:  # the usual case: all at once
            row = np.array(given, np.float64)
            if not (np.abs(row) > LARGEST).any():
                return row
        return np.array([_number(values, name) for name in self.features])  # says which one is at fault

    def margin_and_probability(self, values: Mapping[str, float]) -> tuple[float, float]:
        """Log-odds and calibrated probability of one row, without what moved them."""
        margin = self._trees.margin(self.vector(values))
        return margin, self._calibration.probability(margin)

    def score(self, values: Mapping[str, float]) -> Scored:
        """Score one row of values by feature name."""
        row = self.vector(values)
        margin = self._trees.margin(row)
        moved = self._trees.contributions(row)
        return Scored(
            probability=self._calibration.probability(margin),
            margin=margin,
            expected=self._trees.expected,
            contributions=dict(zip(self.features, moved.tolist(), strict=True)),
            typical=self._typical,
            model=self.name,
            version=self.version,
            sha256=self.sha256,
            feature_set_version=self.feature_set_version,
        )


def _number(values: Mapping[str, float], name: str) -> float:
    try:
        value = values[name]
    except KeyError:
        raise ScoreError("feature_missing", name, "the row lacks it (NaN says not known)") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ScoreError("not_a_number", name, "the value is not a number")
    number = float(value)
    if abs(number) > LARGEST:
        raise ScoreError("infinite", name, "the value is infinite")
    return number


def _prove(scorer: Scorer, files: ModelFiles) -> None:
    for row in files.golden:
        values, margin, probability = row.get("values"), row.get("margin"), row.get("probability")
        if not isinstance(values, dict) or not isinstance(margin, float) or not isinstance(probability, float):
            raise ModelFileError("bad_golden", "golden.json", "a row lacks values, margin or probability")
        try:
            scored = scorer.score({k: math.nan if v is None else v for k, v in values.items()})
        except ScoreError as error:
            raise ModelFileError("bad_golden", "golden.json", str(error)) from error
        if abs(scored.margin - margin) > TOLERANCE or abs(scored.probability - probability) > TOLERANCE:
            raise ModelFileError("golden_differs", "golden.json", "a golden row gives another score")
