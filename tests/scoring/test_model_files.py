"""A model folder is believed only as far as its hashes and golden rows go; a damaged one is refused, never run."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scoring.keep import keep
from scoring.model_files import NAMES, ModelFileError, model_sha256
from scoring.registry import RegistryError, open_serving, promote, rollback, serving, version_folder, versions
from scoring.serve import Scorer
from scoring.train import TrainedModel


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, two_models: tuple[TrainedModel, TrainedModel]) -> Path:
    root = tmp_path_factory.mktemp("models")
    for model in two_models:
        keep(model, root)
    return root


@pytest.fixture
def root(registry: Path, tmp_path: Path) -> Path:
    """A registry of two versions, none of them serving."""
    return Path(shutil.copytree(registry, tmp_path / "models"))


def _reseal(folder: Path, file: str, text: str) -> None:
    """Change a file and make the manifest agree, as someone with write access would."""
    import hashlib

    (folder / file).write_text(text, "utf-8")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"][file]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def _code(folder: Path, sha256: str | None = None) -> str:
    with pytest.raises(ModelFileError) as refused:
        Scorer.open(folder, sha256)
    return refused.value.code


def test_keeping_the_same_model_twice_gives_one_version(
    root: Path, two_models: tuple[TrainedModel, TrainedModel]
) -> None:
    before = versions(root)
    assert keep(two_models[0], root) in before
    assert versions(root) == before


@pytest.mark.parametrize("file", NAMES)
def test_a_changed_file_is_refused_before_it_is_read(root: Path, file: str) -> None:
    folder = version_folder(root, versions(root)[0])
    (folder / file).write_text((folder / file).read_text("utf-8") + " ", "utf-8")
    assert _code(folder) == "wrong_hash"
    (folder / file).unlink()
    assert _code(folder) == "missing_file"


def test_files_and_manifest_exchanged_together_are_refused_by_the_registered_hash(root: Path) -> None:
    a, b = versions(root)
    promote(root, a)
    shutil.rmtree(root / "versions" / a)
    shutil.copytree(root / "versions" / b, root / "versions" / a)
    with pytest.raises(ModelFileError) as refused:
        open_serving(root)
    assert refused.value.code == "wrong_hash"


def test_a_resealed_folder_is_still_refused_where_its_content_is_wrong(root: Path) -> None:
    folder = version_folder(root, versions(root)[0])
    schema = json.loads((folder / "schema.json").read_text("utf-8"))
    cases: list[tuple[str, str, str]] = [
        ("schema.json", json.dumps({**schema, "features": schema["features"][:-1]}), "bad_schema"),
        (
            "schema.json",
            json.dumps({**schema, "features": [*schema["features"][:-1], schema["features"][0]]}),
            "bad_schema",
        ),
        ("schema.json", json.dumps({**schema, "features": schema["features"][::-1]}), "golden_differs"),
        ("calibration.json", '{"method": "platt", "slope": -1, "intercept": 0}', "calibration_format"),
        ("calibration.json", '{"method": "platt", "slope": 1.0, "intercept": 0.3}', "golden_differs"),
        (
            "calibration.json",
            '{"method": "isotonic", "knots": [[1, 0.2], [0, 0.3]], "floor": 0.001}',
            "calibration_format",
        ),
        ("model.json", "{}", "model_format"),
        ("model.json", "[" * 200_000, "not_json"),
        ("model.json", '{"learner": NaN}', "not_json"),
        ("metrics.json", '{"a": 1, "a": 2}', "not_json"),
        ("golden.json", '{"rows": []}', "bad_golden"),
        ("golden.json", '{"rows": [{"values": {}, "margin": 0.5, "probability": 0.5}]}', "bad_golden"),
    ]
    kept = {f: (folder / f).read_text("utf-8") for f in (*NAMES, "manifest.json")}
    for file, text, code in cases:
        _reseal(folder, file, text)
        assert _code(folder) == code, (file, text[:60])
        for name, content in kept.items():
            (folder / name).write_text(content, "utf-8")
    assert Scorer.open(folder).version == folder.name


@pytest.mark.slow
def test_of_four_hundred_mutated_copies_none_is_accepted_and_none_crashes(root: Path) -> None:
    """Bytes flipped, cut and repeated anywhere; half of the copies resealed, so that the parsers see the damage."""
    rng = np.random.default_rng(0)
    folder = version_folder(root, versions(root)[0])
    sha256 = model_sha256(folder)
    row: dict[str, float] = dict.fromkeys(Scorer.open(folder).features, 0.5)
    expected = Scorer.open(folder).score(row)
    kept = {f: (folder / f).read_bytes() for f in (*NAMES, "manifest.json")}
    survived = 0
    for i in range(400):
        file = str(rng.choice([f for f in NAMES if f != "card.md"] if i % 2 else [*NAMES, "manifest.json"]))
        damaged = _mutated(kept[file], rng)
        if i % 2:
            _reseal(folder, file, damaged.decode("utf-8", "replace"))
        else:
            (folder / file).write_bytes(damaged)
        with pytest.raises(ModelFileError):
            Scorer.open(folder, sha256)
        if i % 2:
            try:
                scored = Scorer.open(folder).score(row)
                assert 0 <= scored.probability <= 1
                survived += scored.probability != expected.probability
            except ModelFileError:
                pass
        for name, content in kept.items():
            (folder / name).write_bytes(content)
    assert survived <= 10  # a leaf no golden row reaches can be changed by who may reseal: hence the registered hash


def _mutated(content: bytes, rng: np.random.Generator) -> bytes:
    text = bytearray(content)
    at = int(rng.integers(len(text)))
    match int(rng.integers(4)):
        case 0:
            text[at] ^= 1 << int(rng.integers(7))
        case 1:
            del text[at : at + int(rng.integers(1, 40))]
        case 2:
            text[at:at] = text[at : at + int(rng.integers(1, 40))] or b" "
        case _:
            text[at:at] = bytes(rng.choice([b"9", b"-", b"e9", b"null", b"[", b"}", b"\x00", b'"']))
    return bytes(text) if bytes(text) != content else content + b"0"


def test_promote_and_roll_back(root: Path) -> None:
    a, b = versions(root)
    assert serving(root) is None
    promote(root, a)
    promote(root, b)
    promote(root, b)
    assert open_serving(root).version == b
    assert rollback(root) == a
    assert open_serving(root).version == a
    with pytest.raises(RegistryError) as nothing:
        rollback(root)
    assert nothing.value.code == "nothing_before"


def test_a_damaged_version_is_not_promoted_and_the_last_good_one_stays(root: Path) -> None:
    a, b = versions(root)
    promote(root, a)
    (root / "versions" / b / "model.json").write_text("{}", "utf-8")
    with pytest.raises(ModelFileError):
        promote(root, b)
    assert open_serving(root).version == a


def test_unknown_versions_and_no_model_are_said(root: Path) -> None:
    with pytest.raises(RegistryError) as none:
        open_serving(root)
    assert none.value.code == "no_model"
    for name in ("nope", "../versions", "", ".."):
        with pytest.raises(RegistryError) as unknown:
            promote(root, name)
        assert unknown.value.code == "unknown_version"
    (root / "serving.json").write_text("{", "utf-8")
    with pytest.raises(RegistryError) as bad:
        open_serving(root)
    assert bad.value.code == "bad_pointer"


def test_the_card_says_what_was_measured_and_how(root: Path) -> None:
    card = (version_folder(root, versions(root)[0]) / "card.md").read_text("utf-8")
    metrics: Any = json.loads((version_folder(root, versions(root)[0]) / "metrics.json").read_text("utf-8"))
    assert f"{metrics['models']['full']['auc']['value']:.3f}" in card
    assert "split in time" in card
    assert "tabular" in card
