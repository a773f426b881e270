"""The registry: a folder per model version, and a pointer to the one that serves.

``<root>/versions/<version>/`` as in scoring.model_files; ``<root>/serving.json`` names the version that serves with
the sha256 of its manifest, and those that served before it, newest first. The pointer is replaced in one step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from landing.manifest import write_durably
from scoring.model_files import model_sha256
from scoring.serve import Scorer


class RegistryError(Exception):
    """``code``: no_model, unknown_version, nothing_before, bad_pointer."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


@dataclass(frozen=True)
class Served:
    """A version that serves or served: its name and the sha256 of its manifest."""

    version: str
    sha256: str


def version_folder(root: Path, version: str) -> Path:
    """Where a version lies; RegistryError when there is none of that name."""
    if version not in versions(root):
        raise RegistryError(
            "unknown_version", f"no model version {version!r}; there are {', '.join(versions(root)) or 'none'}"
        )
    return root / "versions" / version


def versions(root: Path) -> list[str]:
    """All complete versions, sorted."""
    folder = root / "versions"
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith(".") and (p / "manifest.json").is_file())


def serving(root: Path) -> Served | None:
    """The version that serves, or None before the first promotion."""
    line = _pointer(root)
    return line[0] if line else None


def open_serving(root: Path) -> Scorer:
    """The scorer that serves, its manifest held against the registered sha256.

    RegistryError (no_model) before the first promotion; ModelFileError when its files are not what was promoted.
    """
    current = serving(root)
    if current is None:
        raise RegistryError("no_model", "no model serves yet: run `ringfence train`")
    return Scorer.open(version_folder(root, current.version), current.sha256)


def promote(root: Path, version: str) -> Served:
    """Make a version serve. It is opened and its golden rows tried first; on any error nothing changes."""
    folder = version_folder(root, version)
    sha256 = model_sha256(folder)
    Scorer.open(folder, sha256)
    chosen = Served(version, sha256)
    line = _pointer(root)
    if line and line[0] == chosen:
        return chosen
    _point(root, [chosen, *line])
    return chosen


def rollback(root: Path) -> str:
    """Serve again what served before; returns its version. RegistryError (nothing_before) when nothing did."""
    line = _pointer(root)
    if len(line) < 2:
        raise RegistryError("nothing_before", "no version served before this one")
    before = line[1]
    Scorer.open(version_folder(root, before.version), before.sha256)
    _point(root, line[1:])
    return before.version


def _pointer(root: Path) -> list[Served]:
    path = root / "serving.json"
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text("utf-8"))["line"]
        return [Served(str(e["version"]), str(e["sha256"])) for e in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError("bad_pointer", "serving.json cannot be read") from error


def _point(root: Path, line: list[Served]) -> None:
    entries = [{"version": s.version, "sha256": s.sha256} for s in line[:50]]
    write_durably(root / "serving.json", json.dumps({"line": entries}, indent=1))
