"""A Neo4j server for the tests: one for a whole test run, on a free port, gone when the run is, however it ends."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from graph.store.contract import StoreError
from graph.store.open import open_store

SCRIPT = Path(__file__).parents[2] / "servers" / "neo4j" / "server.sh"
PASSWORD = "for-tests-only"


SHORT_LIFE = "-XX:TieredStopAtLevel=1"
"""Quick code soon, not quicker code late."""


class Server:
    """A server with its files in ``home``; ``url`` is what open_store takes. It ends with the process ``owner``."""

    def __init__(self, home: Path, owner: int, java_options: str = SHORT_LIFE) -> None:
        self._home = home
        self.port = _port(home / "port")
        self.url = f"bolt://neo4j@127.0.0.1:{self.port}"
        self._settings = {
            **os.environ,
            "NEO4J_HOME": str(home),
            "NEO4J_PORT": str(self.port),
            "NEO4J_OWNER": str(owner),
            "NEO4J_JAVA_OPTIONS": java_options,
        }

    def do(self, *words: str) -> None:
        """Run a step of server.sh."""
        subprocess.run([str(SCRIPT), *words], env=self._settings, check=True, timeout=240, stdout=subprocess.DEVNULL)

    def pid(self) -> int:
        """The number of the server's process."""
        return int((self._home / "run" / "neo4j.pid").read_text("ascii"))

    def start(self, settings: str = "") -> None:
        """Start it unless it runs, and come back when it answers questions. ``settings``: lines for its neo4j.conf."""
        self._settings["NEO4J_SETTINGS"] = settings
        if not (self._home / "conf" / ".whole").exists():
            self.do("init", PASSWORD)
        self.do("start")
        self.do("wait")
        deadline = time.monotonic() + 120
        while True:
            try:
                open_store(self.url, password=PASSWORD).close()
                return
            except StoreError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.25)


@cache
def why_not() -> str:
    """Why no server can be had here; empty when one can. On CI the server is fetched and must be had."""
    must = os.environ.get("CI") == "true"
    try:
        import neo4j  # noqa: F401  # only whether it is there
    except ImportError:
        return _unless(must, "the driver is not installed: pip install -r requirements-neo4j.txt")
    if shutil.which("java") is None:
        return _unless(must, "no Java on this machine")
    if must:
        subprocess.run([str(SCRIPT), "fetch"], check=True, timeout=600)
    dist = Path(os.environ.get("NEO4J_DIST", SCRIPT.parent / "run" / "dist" / "5.26.30"))
    return "" if (dist / ".whole").exists() else "no Neo4j server here: make servers"


@contextmanager
def server_of_this_run(folder: Path) -> Iterator[Server]:
    """The test run's server, running and for the caller alone; skips the test with the reason where there is none.

    ``folder`` is shared by the workers of the run. The server lasts until the process that leads the run ends.
    """
    with (folder / "neo4j.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if why_not():
            pytest.skip(why_not())
        server = Server(folder / "neo4j", os.getppid() if os.environ.get("PYTEST_XDIST_WORKER") else os.getpid())
        server.start()
        yield server


def _unless(must: bool, why: str) -> str:
    if must:
        raise RuntimeError(f"CI must test both stores, but {why}")
    return why


def _port(file: Path) -> int:
    """A free port, the same for all who share the file."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            file.write_text(str(free.getsockname()[1]), "ascii")
    return int(file.read_text("ascii"))
