"""``store`` is an empty store of each kind in turn; ``reopen`` closes it and opens the same content again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.store import Store
from graph.store_open import open_store


class Opened:
    """Where stores of one kind come from, and go to."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self._stores: list[Store] = []

    def url(self, name: str = "graph") -> str:
        return f"ladybug:{self._folder / name}.lbug"

    def open(self, name: str = "graph") -> Store:
        store = open_store(self.url(name), buffer_pool_mb=256)
        self._stores.append(store)
        return store

    def close(self) -> None:
        for store in self._stores:
            store.close()


@pytest.fixture(params=["ladybug"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    stores = Opened(request.param, tmp_path)
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
