"""A Neo4j server for the tests: one per test process, on a free port, gone when the tests are."""

from __future__ import annotations

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


class Server:
    """A running server; ``url`` is what open_store takes."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"bolt://neo4j@127.0.0.1:{self.port}"
        self._settings = {**os.environ, "NEO4J_HOME": str(home), "NEO4J_PORT": str(self.port)}

    def do(self, *words: str) -> None:
        """Run a step of server.sh."""
        subprocess.run([str(SCRIPT), *words], env=self._settings, check=True, timeout=240)

    def start(self) -> None:
        """Start it and come back when it answers questions."""
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
                time.sleep(0.5)


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
    return "" if (dist / ".whole").exists() else f"no server: run {SCRIPT.relative_to(SCRIPT.parents[2])} fetch"


def _unless(must: bool, why: str) -> str:
    if must:
        raise RuntimeError(f"CI must test both stores, but {why}")
    return why


@contextmanager
def running_server(home: Path) -> Iterator[Server]:
    """A server with an empty graph, or the test is skipped with the reason."""
    if why_not():
        pytest.skip(why_not())
    server = Server(home)
    server.do("init", PASSWORD)
    try:
        server.start()
        yield server
    finally:
        server.do("stop")
