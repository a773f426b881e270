"""What a model was made with: the program and its commit, and the versions of the packages that shaped it."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("numpy", "scipy", "pyarrow", "numba", "xgboost-cpu", "scikit-learn", "torch", "torch-geometric", "optuna")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def made_with(program: Path) -> dict[str, object]:
    """The program's version and commit, Python's version, and those of the packages that are installed here.

    ``program``: the folder that the program's packages lie in; the commit is not known where it is no git checkout.
    """
    found = {name: installed for name in PACKAGES if (installed := _version(name)) is not None}
    return {
        "program": f"ringfence {_version('ringfence') or 'not installed'}",
        "commit": commit_of(program) or "not known",
        "python": platform.python_version(),
        "packages": found,
    }


def commit_of(program: Path) -> str | None:
    """The commit that a git checkout stands on, read from its files; None where there is none."""
    try:
        head = (program / ".git" / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref: "):
            return head if _COMMIT.fullmatch(head) else None
        name = head.removeprefix("ref: ")
        loose = program / ".git" / name
        if loose.is_file():
            found = loose.read_text("utf-8").strip()
            return found if _COMMIT.fullmatch(found) else None
        packed = (program / ".git" / "packed-refs").read_text("utf-8")
    except OSError:
        return None
    return next((line.split(" ")[0] for line in packed.splitlines() if line.endswith(f" {name}")), None)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
