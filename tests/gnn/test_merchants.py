"""Merchants of a snapshot get logits out of fold, and a kept model scores another day's graph without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from gnn.dataset import merchant_graph
from gnn.graph import GraphError, TypedGraph, union
from gnn.merchants import SageModel, fit, held_out, out_of_fold
from gnn.needs import TorchMissingError
from gnn.shape import ShapeError
from graph.snapshot import Snapshot
from tests.features.worlds import random_world
from tests.features.worlds import snapshot as snapshot_of

pytest.importorskip("torch")
from gnn.train import TrainPlan

QUICK = TrainPlan(hidden=8, epochs=6, look_every=2)


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return snapshot_of(random_world(3, merchants=60, orders=600))


def rows_of(graph: TypedGraph, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = graph.sizes["Merchant"]
    features = rng.normal(size=(n, 5))
    features[rng.random(features.shape) < 0.2] = np.nan
    y = (rng.random(n) < 0.4).astype(float)
    fold = rng.integers(0, 3, n)
    y[:4], fold[:4] = np.nan, -1
    return features, y, fold


def test_orders_join_their_merchant_to_buyers_addresses_and_devices(snapshot: Snapshot) -> None:
    graph = merchant_graph(snapshot)
    sold = snapshot.relations["Orders", "SOLD_BY", "Merchant"]
    seller = dict(zip(sold.src.tolist(), sold.dst.tolist(), strict=True))
    placed = snapshot.relations["Buyer", "PLACED", "Orders"]
    expected = {(b, seller[o]) for b, o in zip(placed.src.tolist(), placed.dst.tolist(), strict=True) if o in seller}
    made = next(r for r in graph.relations if r.name == "BOUGHT_FROM")
    assert expected
    assert set(zip(made.into.nbr.tolist(), made.into.row_of.tolist(), strict=True)) == expected
    assert "Orders" not in graph.sizes


def test_a_snapshot_becomes_hetero_data_with_the_same_edges(snapshot: Snapshot) -> None:
    from gnn.dataset import hetero_data

    graph = merchant_graph(snapshot)
    features, y, _ = rows_of(graph, 0)
    data = hetero_data(snapshot, features, y)
    assert data["Merchant"].x.shape[0] == data["Merchant"].y.shape[0] == graph.sizes["Merchant"]
    assert {t: int(data[t].edge_index.shape[1]) for t in data.edge_types} == {r.triple: len(r) for r in graph.relations}
    assert data.validate()


def test_a_logit_out_of_fold_does_not_know_the_labels_of_its_fold(snapshot: Snapshot) -> None:
    graph = merchant_graph(snapshot)
    features, y, fold = rows_of(graph, 1)
    first = out_of_fold(graph, features, y, fold, seed=0, plan=QUICK)
    flipped = np.where(fold == 1, 1 - y, y)
    second = out_of_fold(graph, features, flipped, fold, seed=0, plan=QUICK)
    assert np.array_equal(first[fold == 1], second[fold == 1])
    assert not np.array_equal(first[fold == 0], second[fold == 0])
    assert np.isfinite(first).all()


def test_a_kept_model_gives_the_same_logits_and_scores_another_graph(snapshot: Snapshot, tmp_path: Path) -> None:
    graph = merchant_graph(snapshot)
    features, y, _ = rows_of(graph, 2)
    model = fit(graph, features, y, seed=0, names=list("abcde"), plan=QUICK)
    model.save(tmp_path)
    kept = SageModel.load(tmp_path)
    assert np.array_equal(kept.logits(graph, features), model.logits(graph, features))
    assert kept.names == tuple("abcde")
    later = merchant_graph(snapshot_of(random_world(4, merchants=70, orders=500)))
    more = rows_of(later, 3)[0]
    assert np.isfinite(kept.logits(later, more)).all()
    both = union([graph, later])
    joined = kept.logits(both, np.concatenate([features, more]))
    apart = np.concatenate([kept.logits(graph, features), kept.logits(later, more)])
    np.testing.assert_allclose(joined, apart, atol=1e-5)
    with pytest.raises(GraphError, match="graph_schema"):
        kept.logits(graph, features[:, :4])
    raw = tmp_path / "sage.npy"
    raw.write_bytes(raw.read_bytes()[:-4])
    with pytest.raises(ShapeError):
        SageModel.load(tmp_path)


def test_serving_a_model_imports_no_torch(snapshot: Snapshot, tmp_path: Path) -> None:
    graph = merchant_graph(snapshot)
    features, y, _ = rows_of(graph, 2)
    fit(graph, features, y, seed=0, plan=QUICK).save(tmp_path)
    look = (
        "import sys; from pathlib import Path; from gnn.dataset import merchant_graph; "
        f"from gnn.merchants import SageModel; SageModel.load(Path({str(tmp_path)!r})); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert not {"torch", "torch_geometric", "sklearn"} & set(done.stdout.split())


def test_without_torch_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from gnn import needs

    monkeypatch.setattr(needs, "has", lambda name: name != "torch")
    with pytest.raises(TorchMissingError, match=r"torch, which .* pip install -r requirements-gnn\.txt"):
        needs.require_torch()


def test_rows_held_out_keep_groups_whole_and_both_classes() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 80, 300)
    y = (rng.random(300) < 0.1).astype(float)
    rows, held = held_out(np.arange(300), y, 0.2, 0, groups)
    assert not set(groups[rows]) & set(groups[held])
    assert sorted([*rows, *held]) == list(range(300))
    assert y[rows].any()
    assert y[held].any()


def test_an_empty_table_of_merchants_is_no_graph_to_train_on(snapshot: Snapshot) -> None:
    assert isinstance(snapshot.nodes["Merchant"].ids, pa.Array)
    graph = merchant_graph(snapshot)
    features, y, _ = rows_of(graph, 2)
    with pytest.raises(ValueError, match="one class"):
        fit(graph, features, np.zeros_like(y), seed=0, plan=QUICK)
