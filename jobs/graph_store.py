"""The graph store brought to what landing holds, by one process at a time: at a refresh, and between two of them."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from graph.model import landing_schemas
from graph.store.load import Loaded, bring_up_to_date
from graph.store.open import open_store
from jobs.home import Home
from landing.tables import Landing, View


class RefreshError(Exception):
    """A refresh could not run; nothing that was published has changed."""


def bring_store_up(home: Home, view: View) -> Loaded:
    """Bring the store to what landing holds; the store itself remembers how far it has come."""
    store = open_store(home.store_url, password=home.store_password)
    try:
        return bring_up_to_date(store, view)
    finally:
        store.close()


def catch_up_store(home: Home) -> Loaded:
    """Bring the store to what landing holds now, between two refreshes. Raises RefreshError while one runs."""
    with alone(home):
        return bring_store_up(home, Landing(home.landing, landing_schemas()).view())


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Keep others out of a home's refresh for as long as this is held. Raises RefreshError when another is at it."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "refresh.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefreshError(f"another refresh of {home.root} is running; wait for it to finish") from None
        yield
