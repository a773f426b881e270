"""A model on disk: a folder of JSON files and a manifest with the sha256 of each, checked before anything is parsed.

manifest.json   name, version, format, and per file its sha256 and size. Its own sha256 is the model's identity.
model.json      the booster, XGBoost's JSON
calibration.json, schema.json (feature names in order, units, feature set version), metrics.json
golden.json     rows with the margin and probability they must give: tried when the model is opened
card.md         the model card
report.html     what its training measured, drawn (may be absent)
sage.json, sage.npy   the GraphSAGE network behind the feature sage_logit, where the model reads it
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from landing.manifest import sync_folder, write_durably
from scoring.blocks import SAGE_LOGIT
from scoring.calibration import Calibration, CalibrationError, read_calibration
from scoring.trees import ModelFormatError, Trees, parse_trees

FORMAT = 1
MAX_FILE = 128 * 1024 * 1024
NAMES = ("model.json", "calibration.json", "schema.json", "metrics.json", "golden.json", "card.md")
NETWORK_NAMES = ("sage.json", "sage.npy")
OPTIONAL_NAMES = ("report.html", *NETWORK_NAMES)
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ModelFileError(Exception):
    """A model folder cannot be trusted or used. ``code`` says which way, ``file`` where.

    Codes: missing_file, too_large, wrong_hash, not_json, bad_manifest, model_format, calibration_format, bad_schema,
    bad_golden, golden_differs, other_model.
    """

    def __init__(self, code: str, file: str, why: str) -> None:
        super().__init__(f"{file}: {why} [{code}]")
        self.code = code
        self.file = file


@dataclass(frozen=True)
class Schema:
    """What a model reads: feature names in the booster's order, their units, and the feature set they come from.

    ``medians``: of each feature over the training rows, NaN where none was known.
    """

    features: tuple[str, ...]
    units: tuple[str, ...]
    medians: tuple[float, ...]
    feature_set_version: str


@dataclass(frozen=True)
class ModelFiles:
    """A model as read back, its files proven to be what the manifest says. ``sha256``: of the manifest."""

    name: str
    version: str
    sha256: str
    trees: Trees
    calibration: Calibration
    schema: Schema
    metrics: Mapping[str, object]
    golden: tuple[Mapping[str, object], ...]


def write_model(folder: Path, name: str, version: str, contents: Mapping[str, str | bytes]) -> str:
    """Write a model folder, manifest last; it appears whole or not at all. Returns the manifest's sha256.

    ``contents``: every file in ``NAMES``, and those in ``OPTIONAL_NAMES`` that there are. Raises ModelFileError
    (``other_model``) when the folder exists.
    """
    if not _complete(set(contents)):
        raise ValueError(f"a model has the files {', '.join(NAMES)}, and may have {', '.join(OPTIONAL_NAMES)}")
    if not _VERSION.fullmatch(version):
        raise ValueError("a version is letters, digits, dot, dash and underscore, 64 at most")
    if folder.exists():
        raise ModelFileError("other_model", folder.name, "a model of this version exists already")
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    files = {}
    for file, content in sorted(contents.items()):
        raw = content.encode() if isinstance(content, str) else content
        write_durably(fresh / file, raw)
        files[file] = {"sha256": _sha256(raw), "bytes": len(raw)}
    manifest = json.dumps(
        {"format": FORMAT, "name": name, "version": version, "files": files}, indent=1, sort_keys=True
    )
    write_durably(fresh / "manifest.json", manifest)
    fresh.rename(folder)
    sync_folder(folder.parent)
    return _sha256(manifest.encode())


def read_model(folder: Path, sha256: str | None = None) -> ModelFiles:
    """Read a model folder; ModelFileError with a code when anything in it is not as it must be.

    ``sha256``: the manifest's, where it is known from elsewhere (the registry); a folder whose files and manifest were
    both exchanged is then refused too.
    """
    found = _read(folder, "manifest.json", 1 << 20)
    identity = _sha256(found)
    if sha256 is not None and identity != sha256:
        raise ModelFileError("wrong_hash", "manifest.json", "it is not the model that was registered")
    manifest = _object(found, "manifest.json")
    name, version, texts = _manifest(folder, manifest)
    schema = _schema(_object(texts["schema.json"], "schema.json"))
    if (SAGE_LOGIT in schema.features) != (NETWORK_NAMES[0] in texts):
        raise ModelFileError("bad_schema", "schema.json", f"{SAGE_LOGIT} and the network do not come together")
    try:
        trees = parse_trees(_object(texts["model.json"], "model.json"))
    except ModelFormatError as error:
        raise ModelFileError("model_format", "model.json", str(error)) from error
    if trees.n_features != len(schema.features):
        raise ModelFileError("bad_schema", "schema.json", "it names another number of features than the model has")
    try:
        calibration = read_calibration(_object(texts["calibration.json"], "calibration.json"))
    except CalibrationError as error:
        raise ModelFileError("calibration_format", "calibration.json", str(error)) from error
    golden = _object(texts["golden.json"], "golden.json").get("rows")
    if not isinstance(golden, list) or not golden or not all(isinstance(g, dict) for g in golden):
        raise ModelFileError("bad_golden", "golden.json", "it has no rows")
    return ModelFiles(
        name,
        version,
        identity,
        trees,
        calibration,
        schema,
        _object(texts["metrics.json"], "metrics.json"),
        tuple(golden),
    )


def network_files(folder: Path, sha256: str) -> dict[str, bytes] | None:
    """The network's files of a model, by name, proven as ``read_model`` proves all; None when the model has none."""
    found = _read(folder, "manifest.json", 1 << 20)
    if _sha256(found) != sha256:
        raise ModelFileError("wrong_hash", "manifest.json", "it is not the model that was registered")
    _, _, texts = _manifest(folder, _object(found, "manifest.json"))
    return {n: texts[n] for n in NETWORK_NAMES} if NETWORK_NAMES[0] in texts else None


def _complete(names: set[str]) -> bool:
    """All that every model has, nothing unknown, and both of the network's files or none."""
    network = [n in names for n in NETWORK_NAMES]
    return set(NAMES) <= names <= {*NAMES, *OPTIONAL_NAMES} and all(network) == any(network)


def model_sha256(folder: Path) -> str:
    """The identity of a model folder: the sha256 of its manifest, as it lies there."""
    return _sha256(_read(folder, "manifest.json", 1 << 20))


def _manifest(folder: Path, manifest: Mapping[str, object]) -> tuple[str, str, dict[str, bytes]]:
    name, version, files = manifest.get("name"), manifest.get("version"), manifest.get("files")
    if manifest.get("format") != FORMAT or not isinstance(files, dict) or not _complete(set(files)):
        raise ModelFileError("bad_manifest", "manifest.json", "it is of another format, or names other files")
    if not isinstance(name, str) or not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise ModelFileError("bad_manifest", "manifest.json", "it lacks a name or a version")
    texts = {}
    for file, said in files.items():
        expected = said.get("sha256") if isinstance(said, dict) else None
        if not isinstance(expected, str) or not _SHA256.fullmatch(expected):
            raise ModelFileError("bad_manifest", "manifest.json", f"it has no sha256 for {file}")
        texts[file] = _read(folder, file, MAX_FILE)
        if _sha256(texts[file]) != expected:
            raise ModelFileError("wrong_hash", file, "its sha256 is not the manifest's")
    return name, version, texts


def _schema(raw: Mapping[str, object]) -> Schema:
    names, units, version = raw.get("features"), raw.get("units"), raw.get("feature_set_version")
    if not isinstance(names, list) or not isinstance(units, list) or not isinstance(version, str):
        raise ModelFileError("bad_schema", "schema.json", "it lacks features, units or the feature set version")
    if len(names) != len(units) or len(set(map(str, names))) != len(names) or not names:
        raise ModelFileError("bad_schema", "schema.json", "its names repeat, are missing, or have no units")
    if not all(isinstance(n, str) for n in (*names, *units)):
        raise ModelFileError("bad_schema", "schema.json", "a name or unit is not text")
    medians = raw.get("medians")
    if not isinstance(medians, list) or len(medians) != len(names):
        raise ModelFileError("bad_schema", "schema.json", "it lacks the features' medians")
    return Schema(tuple(names), tuple(units), tuple(map(_median, medians)), version)


def _median(value: object) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ModelFileError("bad_schema", "schema.json", "a median is not a number")
    return float(value)


def _read(folder: Path, file: str, limit: int) -> bytes:
    path = folder / file
    if not path.is_file() or path.is_symlink():
        raise ModelFileError("missing_file", file, f"not in {folder.name}")
    with path.open("rb") as f:
        content = f.read(limit + 1)
    if len(content) > limit:
        raise ModelFileError("too_large", file, f"more than {limit} bytes")
    return content


def _object(content: bytes, file: str) -> dict[str, object]:
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError("not_json", file, type(error).__name__) from error
    if not isinstance(value, dict):
        raise ModelFileError("not_json", file, "not an object")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(_name: str) -> float:
    raise ValueError("NaN and infinities are not JSON")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def as_json(value: object) -> str:
    """JSON text with NaN as null, as every file of a model is written."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
