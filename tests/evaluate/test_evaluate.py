"""``ringfence evaluate`` learns what is there, nothing from labels it must not see, and names what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from graph.table_columns import TableError
from jobs.evaluate import EvaluateOptions, run_evaluate
from scoring.evaluate import booster, sage
from scoring.evaluate.labelled import EvaluateError
from tests.evaluate.graphs import Files, folds, homophilous, written

QUICK = ("features", "aggregates", "history")


def options(files: Files, **more: object) -> EvaluateOptions:
    base = EvaluateOptions(files.nodes, (("knows", files.edges),), split=files.split, variants=QUICK)
    return replace(base, **more)  # type: ignore[arg-type]  # names of fields


def ran(files: Files, **more: object) -> dict:
    return run_evaluate(options(files, **more), lambda _: None)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for what is told here, and quick."""
    monkeypatch.setattr(booster, "MOST_TREES", 150)
    monkeypatch.setattr(booster, "STOP_AFTER", 15)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    label, x, ends = homophilous(0)
    return written(tmp_path, label, {"f0": x[:, 0], "f1": x[:, 1]}, ends, folds(len(label), 0))


def test_the_graph_tells_what_features_do_not(files: Files) -> None:
    done = ran(files)
    figures = done["variants"]
    assert figures["history"]["average_precision"] > figures["features"]["average_precision"] + 0.1
    for told in figures.values():
        assert all(0 <= told[f] <= 1 for f in ("auroc", "average_precision", "f1", "ks", "recall_at_k", "brier", "ece"))
    assert done["split"]["valid"]["rows"] > 0
    assert done["chosen"] in figures


def test_the_same_seed_gives_the_same_figures(files: Files) -> None:
    def plain(done: dict) -> dict:
        return {v: {k: x for k, x in t.items() if k != "seconds"} for v, t in done["variants"].items()}

    assert plain(ran(files)) == plain(ran(files))


def test_csv_and_parquet_give_the_same(files: Files, tmp_path: Path) -> None:
    for path in (files.nodes, files.edges, files.split):
        pacsv.write_csv(pq.read_table(path), path.with_suffix(".csv"))
    text = Files(*(p.with_suffix(".csv") for p in (files.nodes, files.edges, files.split)))
    one, two = (ran(f, variants=("features",))["variants"]["features"] for f in (files, text))
    assert one["auroc"] == pytest.approx(two["auroc"], abs=1e-9)


def scored(files: Files, out: Path, **more: object) -> np.ndarray:
    ran(files, out=out, **more)
    return pq.read_table(out)["score"].to_numpy()


def test_labels_of_the_test_fold_change_no_score(tmp_path: Path) -> None:
    label, x, ends = homophilous(1)
    fold = folds(len(label), 1)
    test = np.array(fold) == "test"
    other = label.copy()
    other[test] = np.random.default_rng(0).permutation(label[test])
    features = {"f0": x[:, 0], "f1": x[:, 1]}
    first = scored(written(tmp_path / "a", label, features, ends, fold), tmp_path / "a.parquet")
    second = scored(written(tmp_path / "b", other, features, ends, fold), tmp_path / "b.parquet")
    assert np.array_equal(first, second)


@pytest.mark.slow
def test_graphsage_and_the_stack_see_no_label_of_the_test_fold(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    label, x, ends = homophilous(1, n=300)
    fold = folds(len(label), 1)
    test = np.array(fold) == "test"
    other = label.copy()
    other[test] = np.random.default_rng(0).permutation(label[test])
    which = {"variants": ("graphsage_alone", "graphsage", "stack", "logistic", "forest")}
    features = {"f0": x[:, 0], "f1": x[:, 1]}
    first = scored(written(tmp_path / "a", label, features, ends, fold), tmp_path / "a.parquet", **which)
    second = scored(written(tmp_path / "b", other, features, ends, fold), tmp_path / "b.parquet", **which)
    assert np.array_equal(first, second)


@pytest.mark.slow
def test_a_large_graph_is_trained_on_in_sampled_batches(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(sage, "LARGE_MESSAGES", 100)
    done = ran(files, variants=("graphsage_alone",))["variants"]["graphsage_alone"]
    assert done["auroc"] > 0.65


@pytest.mark.parametrize("valid", [True, False])
def test_shuffled_labels_give_an_auc_of_half(tmp_path: Path, valid: bool) -> None:
    rng = np.random.default_rng(4)
    aucs = []
    for seed in range(3):
        label, x, ends = homophilous(seed, n=900)
        made = written(tmp_path / str(seed), rng.permutation(label), {"f": x[:, 0]}, ends, folds(900, seed, valid))
        aucs.append(ran(made, variants=("history",))["variants"]["history"]["auroc"])
    assert abs(np.mean(aucs) - 0.5) < 0.08


@pytest.mark.parametrize("leak", ["self loop", "twin"])
def test_a_label_that_reaches_only_its_own_row_helps_nobody(tmp_path: Path, leak: str) -> None:
    """Self loops, and pairs of rows that are each other's only neighbours' only neighbour: a two-hop way back."""
    rng = np.random.default_rng(5)
    n = 800
    label = (rng.random(n) < 0.4).astype(np.int64)
    hub = np.arange(n)
    if leak == "self loop":
        ends = np.concatenate([hub, rng.integers(0, n, n)]), np.concatenate([hub, rng.integers(0, n, n)])
    else:  # every row has a neighbour of its own that nobody else has
        label = np.concatenate([label, np.full(n, 2)])
        ends = hub, hub + n
    x = rng.normal(size=len(label))
    done = ran(written(tmp_path, label, {"f": x}, ends, folds(len(label), 5)), variants=("features", "history"))
    assert abs(done["variants"]["history"]["auroc"] - 0.5) < 0.09


def test_nothing_but_structure_is_enough(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    n = 600
    label = (rng.random(n) < 0.3).astype(np.int64)
    src = np.concatenate([np.repeat(np.flatnonzero(label), 6), np.arange(n)])
    ends = src, rng.integers(0, n, len(src))
    files = written(tmp_path, label, {}, ends, folds(n, 6))
    done = ran(files, features=("f*",), variants=("features", "aggregates"))
    assert done["variants"]["aggregates"]["auroc"] > 0.8
    assert "features" not in done["variants"]
    assert any("no column matches" in note for note in done["notes"])


def test_by_time_the_first_are_trained_on_and_history_is_earlier(tmp_path: Path) -> None:
    label, x, ends = homophilous(7)
    made = written(tmp_path, label, {"f0": x[:, 0]}, ends, time=np.arange(len(label)))
    done = ran(made, split=None, time="time", train=0.6)
    assert done["split"]["train"]["rows"] == round(0.6 * len(label))
    assert done["split"]["way"] == "by time"
    assert done["features"] == ["f0"]


def test_scores_of_all_that_was_not_trained_on_are_written(files: Files, tmp_path: Path) -> None:
    ran(files, out=tmp_path / "deep" / "scores.parquet", variants=("features",))
    table = pq.read_table(tmp_path / "deep" / "scores.parquet")
    assert table.column_names == ["id", "variant", "score", "fold"]
    split = pq.read_table(files.split)
    kept = {i for i, f in zip(split["id"].to_pylist(), split["fold"].to_pylist(), strict=True) if f != "train"}
    assert set(table["id"].to_pylist()) == kept


def changed(path: Path, column: str, values: object) -> None:
    table = pq.read_table(path)
    at = table.column_names.index(column)
    pq.write_table(table.set_column(at, column, pa.array(values)), path)


def spoil_labels(files: Files) -> None:
    changed(files.nodes, "label", [1] * pq.read_metadata(files.nodes).num_rows)


def lose_a_label(files: Files) -> None:
    labels = pq.read_table(files.nodes)["label"].to_pylist()
    changed(files.nodes, "label", [float("nan"), *map(float, labels[1:])])


def name_strangers(files: Files) -> None:
    ends = pq.read_table(files.edges)["src"].to_pylist()
    changed(files.edges, "src", ["who", "else", *ends[2:]])


def split_strangers(files: Files) -> None:
    ids = pq.read_table(files.split)["id"].to_pylist()
    changed(files.split, "id", ["who", *ids[1:]])


def no_edges(files: Files) -> None:
    pq.write_table(pq.read_table(files.edges).slice(0, 0), files.edges)


def no_positives(files: Files) -> None:
    label = dict(zip(*(pq.read_table(files.nodes)[c].to_pylist() for c in ("id", "label")), strict=True))
    split = pq.read_table(files.split)
    fold = [
        "train" if f == "valid" and label[i] == 1 else f
        for i, f in zip(split["id"].to_pylist(), split["fold"].to_pylist(), strict=True)
    ]
    changed(files.split, "fold", fold)


def write_words(files: Files) -> None:
    n = pq.read_metadata(files.nodes).num_rows
    changed(files.nodes, "f1", ["many"] * n)


def go_beyond(files: Files) -> None:
    changed(files.nodes, "f1", [float("inf"), *([0.0] * (pq.read_metadata(files.nodes).num_rows - 1))])


def repeat_a_node(files: Files) -> None:
    ids = pq.read_table(files.nodes)["id"].to_pylist()
    changed(files.nodes, "id", [ids[1], *ids[1:]])


def repeat_in_split(files: Files) -> None:
    ids = pq.read_table(files.split)["id"].to_pylist()
    changed(files.split, "id", [ids[1], *ids[1:]])


def misname_a_fold(files: Files) -> None:
    fold = pq.read_table(files.split)["fold"].to_pylist()
    changed(files.split, "fold", ["tset", *fold[1:]])


def train_on_nothing(files: Files) -> None:
    changed(files.split, "fold", ["test"] * pq.read_metadata(files.split).num_rows)


WRONG = [
    (spoil_labels, "one_class", "one class"),
    (lose_a_label, "nan_label", "1 nodes have no value, first n0"),
    (name_strangers, "unknown_id", "2 rows name 2 ids that are no node: who, else"),
    (split_strangers, "unknown_id", "1 rows name 1 ids that are no node: who"),
    (no_edges, "no_edges", "no edges"),
    (no_positives, "fold_without_positives", "fold valid"),
    (write_words, "non_numeric_feature", "'f1'"),
    (go_beyond, "infinite_feature", "'f1', row 0"),
    (repeat_a_node, "duplicate_node", "1 ids are there more than once: n1"),
    (repeat_in_split, "duplicate_in_split", "more than once"),
    (misname_a_fold, "bad_fold", "row 0: fold 'tset'"),
    (train_on_nothing, "no_train", "fold train"),
]


@pytest.mark.parametrize(("spoil", "code", "says"), WRONG, ids=[w[1] + "-" + w[0].__name__ for w in WRONG])
def test_what_is_wrong_is_named(files: Files, spoil: object, code: str, says: str) -> None:
    spoil(files)  # type: ignore[operator]  # one of the functions above
    with pytest.raises((EvaluateError, TableError)) as caught:
        ran(files, features=("f*",))
    assert (caught.value.code, says in str(caught.value)) == (code, True), str(caught.value)


def test_a_variant_that_is_none_is_named(files: Files) -> None:
    with pytest.raises(EvaluateError, match="no variant 'best'") as caught:
        ran(files, variants=("best",))
    assert caught.value.code == "bad_option"


def test_without_torch_the_other_variants_are_fitted_and_it_is_said(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gnn import needs

    monkeypatch.setattr(needs, "has", lambda _: False)
    done = ran(files, variants=None)
    assert list(done["variants"]) == ["features", "aggregates", "history"]
    assert any("pip install -r requirements-gnn.txt" in note for note in done["notes"])
    with pytest.raises(needs.TorchMissingError):
        ran(files, variants=("graphsage_alone",))


def test_the_command_ends_with_two_and_one_object(files: Files) -> None:
    words = ["evaluate", "--json", "--nodes", str(files.nodes), "--edges", f"knows={files.edges}"]

    def call(*more: str) -> tuple[int, dict]:
        done = subprocess.run(
            [sys.executable, "-m", "api.cli.main", *words, *more], capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        return done.returncode, json.loads(done.stdout)

    again = files.edges.with_name("meets.parquet")
    again.write_bytes(files.edges.read_bytes())
    code, told = call(str(again), "--split", str(files.split), "--variants", "features")
    assert (code, list(told["variants"]), list(told["edges"])) == (0, ["features"], ["knows", "meets"])
    code, told = call("--label", "lable")
    assert (code, told["error"]["code"]) == (2, "missing_column")
