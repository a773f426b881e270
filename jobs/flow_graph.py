"""Brings journalled events to landing and the graph store, every few seconds, beside the service."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from flow.journal import JournalError, JournalReader
from flow.to_landing import Landed, land, landed_position
from graph.model import landing_schemas
from graph.store.contract import StoreError
from jobs.home import Home
from landing.tables import Landing, LandingError

EVERY_S = 30.0
"""Seconds between two rounds: within a minute an event is in the graph, with time for the store to be slow or busy."""
LATE_MS = 60_000
"""From this lag on the store is said to be missing."""


class GraphWriter:
    """One writer, on a thread of its own. ``lag_ms``: how long the oldest event that is not in the graph has waited."""

    def __init__(
        self,
        home: Home,
        key_fingerprint: str,
        clock: Callable[[], int],
        log: structlog.typing.FilteringBoundLogger,
        every_s: float = EVERY_S,
    ) -> None:
        self._home = home
        self._fingerprint = key_fingerprint
        self._clock = clock
        self._log = log
        self._every = every_s
        self._landing = Landing(home.landing, landing_schemas())
        self._landed = landed_position(self._landing)
        self._in_graph = self._landed  # as far as is known; the first round makes it so
        self._unsure = True
        self._oldest: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flow-graph", daemon=True)
        self.trouble: str | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End after the round that runs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def landed(self) -> int:
        """Events up to this position are in landing."""
        return self._landed

    def lag_ms(self) -> int:
        """How long the oldest event that is not in the graph yet has waited; 0 when all are."""
        self._oldest = self._waiting_since()
        return self._lag()

    def missing(self) -> tuple[str, ...]:
        """``store`` while events do not reach it in time."""
        return ("store",) if self.trouble is not None and self._lag() > LATE_MS else ()

    def round(self) -> Landed | None:
        """Land what is new and bring the store up to it. Faults of both are kept in ``trouble``."""
        from jobs.graph_store import RefreshError, catch_up_store  # seconds to import: not while the service starts

        try:
            done = self._land()
            if self._unsure or self._in_graph < self._landed:
                catch_up_store(self._home)
                self._in_graph, self._unsure = self._landed, False
            self._oldest = self._waiting_since()
        except (JournalError, LandingError, RefreshError, StoreError, OSError) as why:
            self.trouble = f"{type(why).__name__}: {why}"[:200]
            self._log.warning("flow_graph_behind", error=type(why).__name__)
            self._oldest = self._waiting_since()
            return None
        self.trouble = None
        return done

    def _land(self) -> Landed | None:
        reader = JournalReader(self._home.flow)
        try:
            done = None
            while (landed := land(reader, self._landing, self._landed, self._fingerprint)) is not None:
                self._landed, done = landed.position, landed
            return done
        finally:
            reader.close()

    def _lag(self) -> int:
        return 0 if self._oldest is None else max(0, self._clock() - self._oldest)

    def _waiting_since(self) -> int | None:
        reader = JournalReader(self._home.flow)
        try:
            return reader.received_after(self._in_graph)
        finally:
            reader.close()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.round()
            except Exception as why:  # noqa: BLE001 - the writer must not end; it is told and tried again
                self.trouble = type(why).__name__
                self._log.error("flow_graph_fault", error=type(why).__name__)
