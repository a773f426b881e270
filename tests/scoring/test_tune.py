"""Tuning: never looks at the rows that calibrate and measure, keeps what was given unless something beats it."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest

from scoring import tune as tuning
from scoring.check import TrainingError
from scoring.fit import BoosterParams
from scoring.splits import split_in_time
from scoring.tune import tune
from tests.scoring.tables import training_table

needs_optuna = pytest.mark.skipif(find_spec("optuna") is None, reason="optuna is an extra")
SMALL = BoosterParams(trees=5, depth=2, rate=0.3)


@needs_optuna
@pytest.mark.slow
def test_rows_that_measure_do_not_change_what_is_chosen() -> None:
    table = training_table(0, rows=420)
    _, calibrate, measure = split_in_time(table.times)
    labels = table.labels.copy()
    later = np.concatenate([calibrate, measure])
    labels[later] = 1 - labels[later]
    place = table.frame.column_names.index("label")
    turned = replace(table, frame=table.frame.set_column(place, "label", pa.array(labels)))
    first, second = (tune(t, SMALL, 2, 0, lambda _line: None) for t in (table, turned))
    assert first == second
    assert first.best >= first.given
    assert first.trials == 2


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "find_spec", lambda _name: None)
    with pytest.raises(TrainingError, match=r"requirements-tune\.txt.*no_tuner"):
        tune(training_table(0, rows=420), SMALL, 1, 0, lambda _line: None)
