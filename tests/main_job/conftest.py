"""The main job, done once for all tests of this folder.

``done``: a home folder after world, ingest, refresh and training, shared and not to be changed; ``fresh``: a copy of it
that a test may do with as it likes; ``ringfence``: runs the command as a user would.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

END = "2026-06-30T00:00:00+08:00"
SOURCES = ("platform", "logistics", "bank", "tax", "customs", "labels")

Run = Callable[..., subprocess.CompletedProcess[str]]


def run_ringfence(home: Path, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run ``ringfence --home HOME words...`` in a process of its own."""
    command = [sys.executable, "-m", "api.cli.main", "--home", str(home), *words]
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=600)
    assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@dataclass(frozen=True)
class Job:
    """What the main job left, and everything that it printed."""

    world: Path
    home: Path
    said: str

    def truth(self, kind: str) -> Any:
        return json.loads((self.world / "truth" / "planted" / f"{kind}.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Job:
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent  # one for all workers
    folder = shared / "main-job"
    with (shared / "main-job.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "said.txt").exists():
            shutil.rmtree(folder, ignore_errors=True)
            (folder / "said.txt.tmp").parent.mkdir()
            (folder / "said.txt.tmp").write_text(_do(folder), "utf-8")
            (folder / "said.txt.tmp").replace(folder / "said.txt")
    return Job(folder / "world", folder / "home", (folder / "said.txt").read_text("utf-8"))


def _do(folder: Path) -> str:
    home, said = folder / "home", []
    steps = [
        ("world", "--merchants", "150", "--seed", "11", "--out", str(folder / "world")),
        *(("ingest", s, str(folder / "world" / s), "--json") for s in SOURCES),
        ("refresh", "--as-of", END, "--json"),
        ("train", "--cut", END, "--cadence-days", "60", "--json"),
        ("clusters", "--limit", "1000", "--json"),
    ]
    for words in steps:
        ran = run_ringfence(home, *words)
        said.append(ran.stdout + ran.stderr)
    return "\n".join(said)


@pytest.fixture
def fresh(done: Job, tmp_path: Path) -> Job:
    shutil.copytree(done.home, tmp_path / "home")
    return Job(done.world, tmp_path / "home", done.said)


@pytest.fixture
def ringfence() -> Run:
    return run_ringfence
