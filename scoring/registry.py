"""The registry: a folder per model version, and a pointer to the champion that serves and the challenger beside it.

``<root>/versions/<version>/`` as in scoring.model_files; ``<root>/serving.json`` names the version that serves with
the sha256 of its manifest, those that served before it, newest first, and the version in the shadow, which scores what
the champion scores and decides nothing. The pointer is replaced in one step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from landing.manifest import write_durably
from scoring.model_files import model_sha256
from scoring.serve import Scorer


class RegistryError(Exception):
    """``code``: no_model, unknown_version, nothing_before, bad_pointer, same_model, no_shadow."""

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
    line = _pointer(root).line
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
    """Make a version serve. It is opened and its golden rows tried first; on any error nothing changes.

    A challenger that is promoted leaves the shadow; another one stays there.
    """
    chosen = _proven(root, version)
    pointer = _pointer(root)
    if pointer.line and pointer.line[0] == chosen:
        return chosen
    shadow = None if pointer.shadow is not None and pointer.shadow.version == version else pointer.shadow
    _point(root, _Pointer((chosen, *pointer.line), shadow))
    return chosen


def rollback(root: Path) -> str:
    """Serve again what served before; returns its version. RegistryError (nothing_before) when nothing did."""
    pointer = _pointer(root)
    if len(pointer.line) < 2:
        raise RegistryError("nothing_before", "no version served before this one")
    before = pointer.line[1]
    Scorer.open(version_folder(root, before.version), before.sha256)
    _point(root, _Pointer(pointer.line[1:], pointer.shadow))
    return before.version


def served_before(root: Path) -> Served | None:
    """The version that a rollback would serve again, or None."""
    line = _pointer(root).line
    return line[1] if len(line) > 1 else None


def shadow(root: Path) -> Served | None:
    """The challenger in the shadow, or None."""
    return _pointer(root).shadow


def promote_shadow(root: Path, version: str) -> Served:
    """Put a version into the shadow. It is opened and tried first; on any error nothing changes.

    RegistryError: no_model when nothing serves yet, same_model when the version serves already.
    """
    pointer = _pointer(root)
    if not pointer.line:
        raise RegistryError("no_model", "no model serves yet: a shadow needs a champion beside it")
    chosen = _proven(root, version)
    if pointer.line[0] == chosen:
        raise RegistryError("same_model", f"{version} serves already: it cannot be its own shadow")
    _point(root, _Pointer(pointer.line, chosen))
    return chosen


def end_shadow(root: Path) -> str:
    """Take the challenger out of the shadow; returns its version. RegistryError (no_shadow) when there is none."""
    pointer = _pointer(root)
    if pointer.shadow is None:
        raise RegistryError("no_shadow", "no challenger is in the shadow")
    _point(root, _Pointer(pointer.line, None))
    return pointer.shadow.version


def version_of(root: Path, sha256: str) -> str | None:
    """The version whose manifest has this sha256, or None; what its name says does not matter."""
    for version in versions(root):
        if model_sha256(root / "versions" / version) == sha256:
            return version
    return None


@dataclass(frozen=True)
class _Pointer:
    line: tuple[Served, ...] = ()
    shadow: Served | None = None


def _proven(root: Path, version: str) -> Served:
    folder = version_folder(root, version)
    sha256 = model_sha256(folder)
    Scorer.open(folder, sha256)
    return Served(version, sha256)


def _pointer(root: Path) -> _Pointer:
    path = root / "serving.json"
    if not path.exists():
        return _Pointer()
    try:
        raw = json.loads(path.read_text("utf-8"))
        shadow = raw.get("shadow")
        return _Pointer(tuple(_served(e) for e in raw["line"]), None if shadow is None else _served(shadow))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegistryError("bad_pointer", "serving.json cannot be read") from error


def _served(entry: dict[str, object]) -> Served:
    return Served(str(entry["version"]), str(entry["sha256"]))


def _point(root: Path, pointer: _Pointer) -> None:
    def entry(s: Served) -> dict[str, str]:
        return {"version": s.version, "sha256": s.sha256}

    raw: dict[str, object] = {"line": [entry(s) for s in pointer.line[:50]]}
    if pointer.shadow is not None:
        raw["shadow"] = entry(pointer.shadow)
    write_durably(root / "serving.json", json.dumps(raw, indent=1))
