"""What cannot be trained on is refused by a code that names it; a planted leak is caught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from scoring.check import Needs, TrainingError, check_table, suspected_leaks
from scoring.keep import keep
from scoring.registry import promote, serving
from scoring.table import TrainingTable
from scoring.train import TrainedModel, train
from tests.scoring.tables import training_table
from tests.scoring.test_train import QUICK


def _set(table: TrainingTable, name: str, values: np.ndarray) -> TrainingTable:
    place = table.frame.column_names.index(name)
    return replace(table, frame=table.frame.set_column(place, name, pa.array(values)))


def _code(table: TrainingTable) -> str:
    with pytest.raises(TrainingError) as refused:
        check_table(table, Needs())
    return refused.value.code


def test_a_sound_table_passes() -> None:
    check_table(training_table(0, rows=400), Needs())


def test_a_planted_leak_is_caught_and_named() -> None:
    table = training_table(0, rows=600)
    noise = np.random.default_rng(0).normal(size=600)
    leak = _set(table, "orders_7d", table.labels * 4 + noise * 0.5)
    assert _code(leak) == "leak_suspected"
    assert suspected_leaks(leak)[0][0] == "orders_7d"
    with pytest.raises(TrainingError, match="orders_7d"):
        train(leak, QUICK, 0)


def test_a_leak_the_other_way_round_or_in_what_is_known_is_caught_too() -> None:
    table = training_table(0, rows=600)
    noise = np.random.default_rng(0).normal(size=600)
    assert suspected_leaks(_set(table, "orders_7d", noise * 0.5 - table.labels * 4))[0][0] == "orders_7d"
    only_bad = np.where(table.labels == 1, noise, np.nan)
    assert suspected_leaks(_set(table, "orders_7d", only_bad))[0] == ("orders_7d", 1.0)


def test_a_good_feature_is_no_leak() -> None:
    table = training_table(0, rows=600)
    noise = np.random.default_rng(0).normal(size=600)
    assert suspected_leaks(_set(table, "orders_7d", table.labels * 1.5 + noise)) == []


def test_a_feature_that_appears_or_vanishes_is_named() -> None:
    table = training_table(0, rows=300)
    assert _code(replace(table, frame=table.frame.drop_columns(["orders_7d"]))) == "missing_feature"
    more = table.frame.append_column("surprise", pa.array(np.zeros(300)))
    with pytest.raises(TrainingError, match=r"surprise.*unknown_feature"):
        check_table(replace(table, frame=more), Needs())


def test_snapshots_without_an_edge_are_named() -> None:
    assert _code(replace(training_table(0, rows=300), edges=0)) == "no_edges"


def test_a_refused_training_leaves_the_last_good_model_in_place(
    tmp_path: Path, two_models: tuple[TrainedModel, TrainedModel]
) -> None:
    version = keep(two_models[0], tmp_path)
    promote(tmp_path, version)
    for table in (
        replace(training_table(0, rows=300), edges=0),
        _set(training_table(0, rows=300), "label", np.ones(300)),
        _set(training_table(0, rows=300), "label", np.full(300, np.nan)),
    ):
        with pytest.raises(TrainingError):
            train(table, QUICK, 0)
    now = serving(tmp_path)
    assert now is not None
    assert now.version == version


def test_a_training_cut_off_while_its_files_are_written_leaves_no_version(
    tmp_path: Path, two_models: tuple[TrainedModel, TrainedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    from scoring import model_files
    from scoring.registry import versions

    first = keep(two_models[0], tmp_path)
    promote(tmp_path, first)

    def cut_off(_path: Path, _content: str | bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(model_files, "write_durably", cut_off)
    with pytest.raises(KeyboardInterrupt):
        keep(two_models[1], tmp_path)
    assert versions(tmp_path) == [first]
    now = serving(tmp_path)
    assert now is not None
    assert now.version == first
