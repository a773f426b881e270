"""One URL chooses the store: ``ladybug:PATH`` or ``neo4j://user@host:7687``."""

from __future__ import annotations

from pathlib import Path

from graph.ladybug_file import BUFFER_POOL_MB
from graph.ladybug_store import LadybugStore
from graph.store import Store, StoreError


def open_store(url: str, *, buffer_pool_mb: int = BUFFER_POOL_MB, threads: int = 2) -> Store:
    """Open a store and make sure its tables are there.

    ``buffer_pool_mb`` and ``threads`` bound the embedded engine. Raises StoreError ``bad_url`` for another URL,
    StoreBusy when another process owns the file.
    """
    engine, colon, rest = url.partition(":")
    if engine != "ladybug" or not colon or not rest:
        raise StoreError("bad_url", "a store is ladybug:PATH")
    store = LadybugStore(Path(rest), buffer_pool_mb, threads)
    try:
        store.init_schema()
    except BaseException:
        store.close()
        raise
    return store
