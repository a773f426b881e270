"""The store, opened to be asked: only when it holds the whole graph, and this home's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from graph.model import landing_schemas
from graph.store.contract import Store, StoreError
from graph.store.load import origin_of, other_landing
from graph.store.open import open_store
from jobs.home import Home
from landing.tables import Landing, View


@contextmanager
def whole_store(home: Home) -> Iterator[tuple[Store, View]]:
    """The open store, and landing up to where the store has come.

    Raises StoreError ``store_not_whole`` when a load has not ended or never began: what is asked of such a store has an
    answer, and a wrong one; ``other_landing`` when it holds the graph of another home. A home without landing asks
    whatever graph a server has.
    """
    store = open_store(home.store_url, password=home.store_password)
    try:
        position, view = store.position(), Landing(home.landing, landing_schemas()).view()
        if position is None:
            raise StoreError("store_not_whole", "the store does not hold the whole graph: run `ringfence refresh`")
        if view.batches and store.origin() not in (None, origin_of(view)):
            raise other_landing()
        yield store, view.between(-1, position)
    finally:
        store.close()
