"""``store`` is an empty store of each kind in turn; ``reopen`` closes it and opens the same content again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.store.contract import Store
from graph.store.open import open_store
from tests.store.servers import PASSWORD, Server, server_of_this_run


class Opened:
    """Where stores of one kind come from, and go to. A server has one graph: other names are embedded stores."""

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self._folder = folder
        self._server = server
        self._stores: list[Store] = []

    def url(self, name: str = "graph") -> str:
        return self._server.url if self._server and name == "graph" else f"ladybug:{self._folder / name}.lbug"

    def open(self, name: str = "graph") -> Store:
        store = open_store(self.url(name), password=PASSWORD, buffer_pool_mb=256)
        self._stores.append(store)
        return store

    def close(self) -> None:
        for store in self._stores:
            store.close()


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The Neo4j server of this test run, for one test at a time: it has one graph."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent  # one for all workers
    with server_of_this_run(shared) as found:
        yield found


@pytest.fixture(params=["ladybug", pytest.param("neo4j", marks=pytest.mark.slow)])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    if request.param == "neo4j":
        stores = Opened(tmp_path, request.getfixturevalue("server"))
        stores.open().bulk_load({}, {})
    else:
        stores = Opened(tmp_path)
    yield stores
    stores.close()


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened.open()


@pytest.fixture
def reopen(opened: Opened) -> Callable[[Store], Store]:
    def again(store: Store) -> Store:
        store.close()
        return opened.open()

    return again
