"""A server plans a long question when it is first asked: a long-lived process has that done before anybody waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from graph.store.contract import StoreError
from jobs.home import Home

Told = Callable[[dict[str, object]], None]
"""Told how it went: ``questions`` and ``took_ms``, or the ``code`` of what went wrong."""

ONE_S = 30.0
"""A question that is not planned within this is left to whoever asks it first."""


def warm_in_background(home: Home, told: Told) -> threading.Thread | None:
    """Let a store's server plan the questions that start at one place, beside whatever else goes on.

    An embedded store needs none of it: then nothing is started and None returned. A server that is away or refuses us
    is told and nothing else: plans are a matter of speed. The thread ends with the process.
    """
    if home.store_is_embedded:
        return None
    thread = threading.Thread(target=_warm, args=(home, told), name="ringfence warm", daemon=True)
    thread.start()
    return thread


def _warm(home: Home, told: Told) -> None:
    from graph.store.open import open_store  # a service on an embedded store never loads its engine

    start = time.monotonic()
    try:
        store = open_store(home.store_url, password=home.store_password)
        try:
            questions = store.warm(ONE_S)
        finally:
            store.close()
    except StoreError as e:
        told({"code": e.code})
        return
    told({"questions": questions, "took_ms": round((time.monotonic() - start) * 1000)})
