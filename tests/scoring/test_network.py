"""The GraphSAGE logit as a feature: never from the own label, the same in training and serving, no torch to serve."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graph.features.compute import FEATURE_SET_VERSION, FEATURES, compute_features
from jobs.home import Home
from jobs.logits import Logits, logits_file, read_logits
from jobs.network import compute_logits, keep_logits, logits_for_refresh, sweep_logits
from scoring import compare
from scoring.blocks import SAGE_LOGIT
from scoring.keep import keep
from scoring.model_files import NETWORK_NAMES, ModelFileError, network_files
from scoring.registry import promote, version_folder
from scoring.serve import Scorer
from scoring.splits import by_group
from scoring.table import TrainingTable, with_request
from scoring.train import train
from tests.features.worlds import AS_OF, DAY, random_world, snapshot
from tests.scoring.tables import training_table
from tests.scoring.test_train import QUICK

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("torch") is None, reason="torch is an extra"),
]

if find_spec("torch") is not None:
    from gnn.train import TrainPlan
    from scoring import network as network_module
    from scoring.network import FOLDS, SageNetwork, Seen

PER_SNAPSHOT = 60


def _table(moments: int = 2, merchants: int = PER_SNAPSHOT) -> tuple[TrainingTable, Seen]:
    """One application of every merchant at every moment; ring-like shops end badly more often."""
    seen, parts = Seen(), []
    rng = np.random.default_rng(0)
    for i in range(moments):
        world = snapshot(random_world(i, merchants=merchants, orders=400), AS_OF)
        world.as_of = AS_OF - (moments - i) * 30 * DAY
        features = compute_features(world, [])
        seen.watch(world, features)
        n = features.num_rows
        requests = pa.table(
            {
                "id": [f"A{i}-{k}" for k in range(n)],
                "merchant_id": features["merchant_id"],
                "ts": world.as_of + rng.integers(0, 20 * DAY, n),
                "amount": rng.integers(1, 10**7, n),
                "currency": np.repeat("CNY", n),
                "label": (rng.random(n) < 0.3).astype(float),
            }
        )
        parts.append(with_request(features, requests, world.as_of))
    frame = pa.concat_tables(parts).sort_by("ts")
    frame = frame.append_column("group", pa.array(np.arange(len(frame)) % 40))
    names = tuple(f.name for f in FEATURES)
    return TrainingTable(frame, names, FEATURE_SET_VERSION, AS_OF, 30 * DAY, {}, 1.0), seen


PLAN = {"hidden": 8, "layers": 2, "epochs": 6, "patience": 2, "look_every": 2}


def test_a_logit_out_of_fold_does_not_move_with_the_label_of_its_row_or_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, seen = _table()
    rows = np.arange(len(table.labels))
    plain = SageNetwork(table, seen, TrainPlan(**PLAN)).out_of_fold(rows, 0)
    mine = table.groups == 7
    folds = by_group(table.labels, table.groups, FOLDS, 0)
    monkeypatch.setattr(network_module, "by_group", lambda *_given: folds)  # they are drawn by label: hold them still
    labels = np.where(mine, 1 - table.labels, table.labels)
    place = table.frame.column_names.index("label")
    turned = replace(table, frame=table.frame.set_column(place, "label", pa.array(labels)))
    found = SageNetwork(turned, seen, TrainPlan(**PLAN)).out_of_fold(rows, 0)
    assert np.array_equal(found[mine], plain[mine])
    assert not np.array_equal(found, plain)  # the check can fail: other folds have learnt of it


class _Noise:
    """A network that learns nothing: its logits are noise. ``told``: except of the rows to fit on, by their labels."""

    def __init__(self, labels: np.ndarray, told: float) -> None:
        self._logits = np.random.default_rng(0).normal(size=len(labels)) + told * labels

    def fit(self, _rows: np.ndarray, _seed: int) -> _Noise:
        return self

    def out_of_fold(self, rows: np.ndarray, _seed: int) -> np.ndarray:
        return self._logits[rows]

    def logits(self, rows: np.ndarray) -> np.ndarray:
        return self._logits[rows]

    def files(self) -> dict[str, bytes]:
        return {"sage.json": b"{}", "sage.npy": b""}


def test_a_network_that_does_not_pay_on_the_rows_to_fit_on_is_measured_and_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = training_table(0, rows=500)
    with monkeypatch.context() as patched:
        patched.setattr(compare, "network_pays", lambda *_given: (0.4, 0.4))
        left_out = train(table, QUICK, 0, _Noise(table.labels, 0.0))
    assert SAGE_LOGIT not in left_out.features
    assert left_out.network is None
    assert "did not pay" in str(left_out.metrics["network"])
    models = left_out.metrics["models"]
    assert isinstance(models, dict)
    assert {"full", "with_network"} <= set(models)
    kept = train(table, QUICK, 0, _Noise(table.labels, 3.0))
    assert SAGE_LOGIT in kept.features
    assert kept.network is not None
    assert str(kept.metrics["network"]).startswith("kept")


def test_the_nodes_of_rows_are_their_merchants_at_their_moment() -> None:
    table, seen = _table()
    network = SageNetwork(table, seen, TrainPlan(**PLAN))
    names = np.concatenate([m.to_pylist() for m in seen.merchants])
    merchants = table.frame["merchant_id"].to_numpy(zero_copy_only=False)
    moments = np.repeat(seen.as_of, [len(m) for m in seen.merchants])
    assert (names[network._node] == merchants).all()
    assert (moments[network._node] == table.frame["snapshot_as_of"].to_numpy()).all()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model whose last block is a network's logit, kept and promoted."""
    table, seen = _table(moments=8)
    root = tmp_path_factory.mktemp("home") / "models"
    params = replace(QUICK, small_rows=100, small_cases=10, network_must_pay=False)
    model = train(table, params, 0, SageNetwork(table, seen, TrainPlan(**PLAN)))
    assert [*model.features][-1] == SAGE_LOGIT
    version = keep(model, root)
    promote(root, version)
    return root, version


def test_logits_of_a_new_snapshot_are_computed_for_merchants_never_seen_and_read_back(kept: tuple[Path, str]) -> None:
    root, version = kept
    world = snapshot(random_world(99, merchants=90, orders=300))
    features = compute_features(world, [])
    assert keep_logits(root, version, "000007", world, features)
    sha256 = Scorer.open(version_folder(root, version)).sha256
    found = read_logits(logits_file(root, "000007", version), world.as_of, sha256, features.num_rows)
    files = network_files(version_folder(root, version), sha256)
    assert files is not None
    assert found is not None
    assert len(found) == features.num_rows > PER_SNAPSHOT
    assert np.array_equal(found, compute_logits(world, features, files))
    assert np.ptp(found) > 0


def test_logits_of_another_model_time_or_size_and_damaged_ones_are_not_taken(kept: tuple[Path, str]) -> None:
    root, version = kept
    world = snapshot(random_world(98, merchants=20, orders=60))
    features = compute_features(world, [])
    keep_logits(root, version, "000008", world, features)
    file, n = logits_file(root, "000008", version), features.num_rows
    sha256 = Scorer.open(version_folder(root, version)).sha256
    good = Logits(root).of("000008", world.as_of, version, sha256, n)
    assert good is not None
    assert read_logits(file, world.as_of + 1, sha256, n) is None
    assert read_logits(file, world.as_of, "0" * 64, n) is None
    assert read_logits(file, world.as_of, sha256, n + 1) is None
    assert read_logits(file.with_name("none.arrow"), world.as_of, sha256, n) is None
    file.write_bytes(file.read_bytes()[:50])
    assert read_logits(file, world.as_of, sha256, n) is None


def test_logits_of_snapshots_that_are_gone_are_swept(kept: tuple[Path, str]) -> None:
    root, version = kept
    world = snapshot(random_world(97, merchants=20, orders=60))
    keep_logits(root, version, "000009", world, compute_features(world, []))
    snapshots = root.parent / "snapshots"
    (snapshots / "000009").mkdir(parents=True)
    sweep_logits(root, snapshots)
    assert logits_file(root, "000009", version).exists()
    (snapshots / "000009").rmdir()
    sweep_logits(root, snapshots)
    assert not logits_file(root, "000009", version).exists()


def test_a_model_without_its_network_or_a_network_without_its_feature_is_refused(
    kept: tuple[Path, str], tmp_path: Path
) -> None:
    import json
    import shutil

    root, version = kept
    folder = Path(shutil.copytree(version_folder(root, version), tmp_path / "copy"))
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for gone in ("sage.json", "sage.npy"):
        del manifest["files"][gone]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(ModelFileError, match="bad_schema"):
        Scorer.open(folder)


def test_of_two_hundred_mutated_copies_of_a_network_none_is_taken_and_none_stops_a_refresh(
    kept: tuple[Path, str], tmp_path: Path
) -> None:
    import shutil

    root, version = kept
    copy = Path(shutil.copytree(root, tmp_path / "models"))
    folder, rng = version_folder(copy, version), np.random.default_rng(0)
    world = snapshot(random_world(96, merchants=15, orders=40))
    features = compute_features(world, [])
    assert logits_for_refresh(copy, "000010", world, features) == [version]
    whole = {name: (folder / name).read_bytes() for name in NETWORK_NAMES}
    for i in range(200):
        name = NETWORK_NAMES[i % 2]
        damaged = bytearray(whole[name])
        damaged[int(rng.integers(len(damaged)))] ^= 1 << int(rng.integers(8))
        (folder / name).write_bytes(bytes(damaged[: len(damaged) - int(rng.integers(0, 3))]))
        assert logits_for_refresh(copy, "000010", world, features) == []
        with pytest.raises(ModelFileError, match="wrong_hash"):
            Scorer.open(folder)
        (folder / name).write_bytes(whole[name])


def test_computing_logits_needs_no_torch() -> None:
    heavy = ("torch", "xgboost", "sklearn")
    code = f"import sys, jobs.network, jobs.refresh; print([m for m in {heavy} if m in sys.modules])"
    root = Path(__file__).parents[2]
    found = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_without_torch_training_goes_without_and_says_so_unless_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gnn import needs
    from jobs import training

    monkeypatch.setattr(needs, "has", lambda name: name != "torch")
    monkeypatch.setattr(training, "has", lambda name: name != "torch")
    said: list[str] = []
    assert training._wants_network(None, said.append) is False
    assert "requirements-gnn.txt" in said[0]
    assert training._wants_network(False, said.append) is False
    with pytest.raises(needs.TorchMissingError, match=r"requirements-gnn\.txt"):
        training._wants_network(True, said.append)


def test_a_decision_without_the_logits_says_that_it_is_degraded(kept: tuple[Path, str], tmp_path: Path) -> None:
    import json
    import shutil

    from jobs.promotion import promote_model
    from records import decisions
    from records.database import open_records
    from tests.scoring.homes import refreshed_home, scored

    root, version = kept
    home: Home = refreshed_home(tmp_path / "home")
    shutil.copytree(version_folder(root, version), home.models / "versions" / version)
    promote_model(home, version)

    def parts(decision_id: str) -> list[str]:
        row = decisions.load(open_records(home.records_url), decision_id)
        assert row is not None
        return list(json.loads(row.answer)["degraded_parts"])

    assert parts(scored(home, "A1")) == []
    shutil.rmtree(home.models / "logits")
    assert parts(scored(home, "A2")) == ["network"]
    assert parts(scored(home, "A3", merchant="M9")) == ["graph", "findings"]
