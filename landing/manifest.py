"""The manifest of a batch: what one intake wrote. A part file counts only once a manifest names it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One Parquet file of one table: path relative to the landing root, rows, sha256 of the file."""

    table: str
    path: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """One committed batch.

    ``batch_id`` names the content that was taken (so the same file taken twice is the same batch), ``sequence`` is its
    place in the order of commits, ``counts`` the accounting of the intake, ``info`` what else is worth keeping
    (file name, sha256 of the input, times).
    """

    batch_id: str
    sequence: int
    source: str
    feed: str
    committed_ts: int
    counts: Mapping[str, int]
    info: Mapping[str, object] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Manifest:
        raw = json.loads(text)
        raw["parts"] = tuple(Part(**p) for p in raw["parts"])
        return Manifest(**raw)


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as f:
        while piece := f.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def write_durably(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8, so that after a crash it is there whole or not at all."""
    fresh = path.with_name(path.name + ".tmp")
    with fresh.open("wb") as f:
        f.write(content.encode("utf-8") if isinstance(content, str) else content)
        f.flush()
        os.fsync(f.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
