"""The model takes PyG's data, its numpy twin gives the same logits, and training resumes to the same weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from gnn.forward import expected, forward, pack, unpack
from gnn.graph import GraphError, TypedGraph
from gnn.shape import SageShape, ShapeError
from tests.gnn.graphs import planted_labels, random_features, random_graph

torch = pytest.importorskip("torch")
from torch_geometric.data import HeteroData  # noqa: E402 - only where it is installed
from torch_geometric.nn import SAGEConv  # noqa: E402

from gnn.checkpoint import CheckpointError  # noqa: E402
from gnn.sage import HeteroSage  # noqa: E402
from gnn.train import SageTrainingError, Trained, TrainPlan, train  # noqa: E402

QUICK = TrainPlan(hidden=16, epochs=12, patience=12, look_every=2)


def model_of(graph: TypedGraph, layers: int = 3) -> HeteroSage:
    x = random_features(graph, 0)
    torch.manual_seed(0)
    shape = SageShape(
        {k: v.shape[1] for k, v in x.items()}, tuple(r.triple for r in graph.relations), "shop", 16, layers
    )
    return HeteroSage(shape).eval()


def hetero(graph: TypedGraph, seed: int) -> HeteroData:
    data = HeteroData()
    for kind, values in random_features(graph, seed).items():
        data[kind].x = torch.from_numpy(values)
    for r in graph.relations:
        data[r.triple].edge_index = torch.from_numpy(r.edge_index())
    return data


def weights_of(model: HeteroSage) -> dict[str, np.ndarray]:
    return {n: t.numpy() for n, t in model.state_dict().items()}


def test_hetero_data_goes_in_and_a_layer_is_what_sage_conv_would_make_of_it() -> None:
    graph = random_graph(3)
    model, data = model_of(graph, layers=1), hetero(graph, 3)
    logits = model.of(data)
    assert logits.shape == (graph.sizes["shop"],)
    x = data.x_dict
    lin = model.layers["layer0_shop"]
    at, total = x["shop"].shape[1], lin.bias + x["shop"] @ lin.weight[:, : x["shop"].shape[1]].T
    for triple in model.shape.into("shop"):
        width = x[triple[0]].shape[1]
        conv = SAGEConv((width, width), 16, root_weight=False, bias=False)
        conv.lin_l.weight.data = lin.weight[:, at : at + width].data.clone()
        total = total + conv((x[triple[0]], x["shop"]), data[triple].edge_index)
        at += width
    h = torch.relu(model.layers["layer0_shop_norm"](total))
    by_hand = model.outer(torch.relu(model.inner(torch.cat([h, x["shop"]], 1))))[:, 0]
    assert torch.allclose(logits, by_hand, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_forward_pass_without_torch_gives_the_same_logits(layers: int) -> None:
    graph = random_graph(4)
    model = model_of(graph, layers)
    with torch.no_grad():
        theirs = model.of(hetero(graph, 4)).numpy()
    for all_cores in (False, True):
        ours = forward(model.shape, weights_of(model), graph, random_features(graph, 4), all_cores=all_cores)
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert {n: w.shape for n, w in weights_of(model).items()} == expected(model.shape)


def test_a_packed_model_is_read_back_and_a_changed_one_is_refused() -> None:
    model = model_of(random_graph(5))
    described, raw = pack(model.shape, weights_of(model))
    shape, weights = unpack(described, raw)
    assert shape == model.shape
    assert all(np.array_equal(weights[n], w) for n, w in weights_of(model).items())
    with pytest.raises(ShapeError):
        unpack(described, raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(ShapeError):
        unpack({**described, "shape": {**model.shape.to_json(), "hidden": 32}}, raw)


def test_a_graph_without_a_relation_of_the_model_is_named() -> None:
    graph = random_graph(6)
    model = model_of(graph)
    less = TypedGraph(graph.sizes, graph.relations[1:])
    with pytest.raises(GraphError, match="sold"):
        forward(model.shape, weights_of(model), less, random_features(graph, 6))


def trained(plan: TrainPlan, seed: int = 0, folder: Path | None = None, stop_at: int | None = None) -> Trained:
    graph = random_graph(7, scale=6)
    x = random_features(graph, 7)
    labels = planted_labels(graph, x, 7)
    rows = np.random.default_rng(0).permutation(len(labels))
    fit, valid = rows[: len(rows) // 2], rows[len(rows) // 2 :]

    def report(epoch: int, _: float) -> None:
        if epoch == stop_at:
            raise KeyboardInterrupt

    return train(graph, x, "shop", labels, fit, valid, plan, seed, folder=folder, report=report)


@pytest.mark.parametrize("batch", [None, 64])
def test_a_training_cut_off_goes_on_to_the_identical_result(tmp_path: Path, batch: int | None) -> None:
    plan = replace(QUICK, batch=batch, fanout=4)
    whole = trained(plan)
    with pytest.raises(KeyboardInterrupt):
        trained(plan, folder=tmp_path, stop_at=6)
    again = trained(plan, folder=tmp_path)
    assert (again.epoch, again.average_precision, again.epochs_run) == (
        whole.epoch,
        whole.average_precision,
        whole.epochs_run,
    )
    assert all(np.array_equal(again.weights[n], w) for n, w in whole.weights.items())
    other = trained(plan, seed=1)
    assert any(not np.array_equal(other.weights[n], w) for n, w in whole.weights.items())


def test_a_checkpoint_of_another_training_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    trained(replace(QUICK, epochs=2), folder=tmp_path)
    with pytest.raises(CheckpointError, match="other data"):
        trained(replace(QUICK, epochs=2, rate=0.02), folder=tmp_path)
    state = next(tmp_path.glob("state-*.pt"))
    state.write_bytes(state.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="damaged"):
        trained(replace(QUICK, epochs=2), folder=tmp_path)


def test_training_learns_what_lies_in_the_neighbours_and_nothing_from_shuffled_labels() -> None:
    graph = random_graph(8, scale=10)
    x = random_features(graph, 8)
    labels = planted_labels(graph, x, 8)
    rows = np.random.default_rng(0).permutation(len(labels))
    fit, valid, test = np.split(rows, [len(rows) // 2, 2 * len(rows) // 3])
    plan = TrainPlan(hidden=16, epochs=30, look_every=2)

    def auc(y: np.ndarray) -> float:
        done = train(graph, x, "shop", y, fit, valid, plan, 0)
        return float(roc_auc_score(labels[test], forward(done.shape, done.weights, graph, x)[test]))

    # one direction carries everything here, so one shuffle may fall on it by chance, either way round
    shuffled = [np.random.default_rng(i).permutation(labels) for i in range(6)]
    assert auc(labels) > 0.85
    assert abs(np.mean([auc(y) for y in shuffled]) - 0.5) < 0.1


def test_one_class_is_refused() -> None:
    graph = random_graph(9)
    x = random_features(graph, 9)
    rows = np.arange(graph.sizes["shop"])
    with pytest.raises(SageTrainingError, match="one class"):
        train(graph, x, "shop", np.zeros(len(rows), np.float32), rows[:30], rows[30:], QUICK, 0)
