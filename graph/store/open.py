"""One URL chooses the store: ``ladybug:PATH`` or ``neo4j://user@host:7687``."""

from __future__ import annotations

from pathlib import Path

from graph.store.contract import Store, StoreError
from graph.store.ladybug.file import BUFFER_POOL_MB
from graph.store.ladybug.store import LadybugStore
from graph.store.neo4j.link import SCHEMES
from graph.store.neo4j.store import Neo4jStore


def open_store(
    url: str,
    *,
    password: str | None = None,
    buffer_pool_mb: int = BUFFER_POOL_MB,
    threads: int = 2,
    emptied: bool = False,
) -> Store:
    """Open a store and make sure its tables, constraints and indexes are there.

    ``password`` is for a server and never part of the URL. ``emptied``: everything of ours on a server is removed
    first, whatever made it (an embedded store is emptied by removing its files). ``buffer_pool_mb`` and ``threads``
    bound the embedded engine. Raises StoreError ``bad_url`` for another URL, ``wrong_password``, ``wrong_version``,
    StoreAway when the server does not answer, StoreBusy when another process owns the file.
    """
    engine, colon, rest = url.partition(":")
    store: Store
    if engine == "ladybug" and rest:
        store = LadybugStore(Path(rest), buffer_pool_mb, threads)
    elif colon and engine in SCHEMES:
        if password is None:
            raise StoreError("no_password", "a server needs a password: pass it by settings or a file")
        store = Neo4jStore(url, password)
    else:
        raise StoreError("bad_url", "a store is ladybug:PATH or neo4j://user@host:7687")
    try:
        if emptied and engine != "ladybug":
            store.bulk_load({}, {})
        store.init_schema()
    except BaseException:
        store.close()
        raise
    return store
