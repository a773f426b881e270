"""A refresh killed at any moment leaves the last published version served, and can be repeated."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graph.snapshot_files import current_version, open_snapshot, read_manifest, read_table
from landing.manifest import sha256_file
from tests.main_job.conftest import END, Job, Run

pytestmark = pytest.mark.slow

MOMENTS_S = (0.3, 0.9, 1.6, 2.4, 3.4, 4.8)


def _whole(home: Path) -> str:
    version = current_version(home / "snapshots")
    assert version is not None
    folder = home / "snapshots" / version
    files = read_manifest(folder)["files"]
    assert isinstance(files, dict)
    assert {n: sha256_file(folder / n) for n in files} == files
    open_snapshot(folder)
    read_table(folder, "features")
    return version


def test_a_refresh_killed_at_any_moment_can_be_repeated(fresh: Job, ringfence: Run) -> None:
    print("seed", seed := 5)
    rng = random.Random(seed)
    before = json.loads(ringfence(fresh.home, "clusters", "--limit", "1000", "--json").stdout)["clusters"]
    command = [sys.executable, "-m", "api.cli.main", "--home", str(fresh.home), "refresh", "--as-of", END]
    survived = 0
    for moment in MOMENTS_S:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
        time.sleep(moment + rng.uniform(0, 0.3))
        survived += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        _whole(fresh.home)
    assert survived >= 2, "the refresh was never caught at work: this machine needs shorter moments"
    ringfence(fresh.home, "refresh", "--as-of", END)
    _whole(fresh.home)
    after = json.loads(ringfence(fresh.home, "clusters", "--limit", "1000", "--json").stdout)["clusters"]
    assert before == after


def test_two_refreshes_do_not_run_at_once(fresh: Job, ringfence: Run) -> None:
    command = [sys.executable, "-m", "api.cli.main", "--home", str(fresh.home), "refresh", "--as-of", END]
    with (fresh.home / "refresh.lock").open("w") as held:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert "another refresh" in second.stderr
