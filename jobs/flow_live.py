"""The flow beside the service: started when there is something to judge, wired to rules, snapshot and graph."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import Engine

from flow.facts import catalogue
from flow.journal import JournalError
from flow.ownership import Ownership, ownership_of
from flow.service import FlowService, Outside
from graph.model import landing_schemas
from ingest.pseudonym import KeyRefusedError, Pseudonymiser, load_or_create_key
from jobs.flow_graph import GraphWriter
from jobs.home import Home
from jobs.published import NothingPublished, Published
from landing.tables import Landing
from policy.publish import active_rules
from policy.ruleset import RuleSet, read

Clock = Callable[[], int]


class FlowAway(Exception):  # noqa: N818 - a state, not a fault of the caller
    """Events cannot be taken here; why, and what to do. ``code`` is stable."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class LiveFlow:
    """The flow of one home. Nothing is made before the first event; from then on it starts with the service."""

    def __init__(
        self,
        home: Home,
        records: Engine,
        published: Published,
        clock: Clock,
        log: structlog.typing.FilteringBoundLogger,
    ) -> None:
        self._home = home
        self._records = records
        self._published = published
        self._clock = clock
        self._log = log
        self._mutex = threading.Lock()
        self._flow: FlowService | None = None
        self.graph: GraphWriter | None = None
        self.away: FlowAway | None = None

    @property
    def running(self) -> FlowService | None:
        """The flow, when it runs here."""
        return self._flow

    def start_where_events_are(self) -> None:
        """Start when events were taken before; what keeps it from starting is told when events come."""
        if (self._home.flow / "journal.sqlite").exists():
            try:
                self.get()
            except FlowAway as why:
                self._log.error("flow_away", code=why.code)

    def get(self) -> FlowService:
        """The flow, started now if it was not. Raises FlowAway."""
        with self._mutex:
            if self._flow is None:
                try:
                    self._start()
                except FlowAway as why:
                    self.away = why
                    raise
                self.away = None
            assert self._flow is not None  # noqa: S101 - started, or it raised
            return self._flow

    def close(self) -> None:
        """Judge what waits, end."""
        with self._mutex:
            if self.graph is not None:
                self.graph.close()
            if self._flow is not None:
                self._flow.close()
            self._flow = self.graph = None

    def _start(self) -> None:
        try:
            tokens = self._tokens()
            graph = GraphWriter(self._home, tokens.fingerprint, self._clock, self._log)
            outside = Outside(
                rules=self._rules,
                read=_read,
                ownership=self._ownership,
                missing=graph.missing,
                landed=graph.landed,
            )
            self._flow = FlowService(self._home.flow, self._records, tokens, self._clock, outside, self._log)
        except KeyRefusedError as why:
            raise FlowAway("key_refused", str(why)) from None
        except JournalError as why:
            raise FlowAway("journal_unavailable", str(why)) from None
        graph.start()
        self.graph = graph

    def _tokens(self) -> Pseudonymiser:
        key, landing = self._home.pseudonym_key, Landing(self._home.landing, landing_schemas())
        used = next((f for b in reversed(landing.batches()) if (f := b.info.get("key_fingerprint"))), None)
        if used is not None and not key.exists():
            raise KeyRefusedError(f"the key file {key} is gone, and landing was filled under it: put its copy back")
        tokens = Pseudonymiser(load_or_create_key(key, lambda text: self._log.warning("key_made", text=text)))
        if used is not None and used != tokens.fingerprint:
            raise KeyRefusedError(f"landing was filled under another key for tokens than {key}: put the old one back")
        return tokens

    def _rules(self) -> tuple[str, str]:
        active = active_rules(self._records, catalogue())
        return active.version, active.text

    def _ownership(self) -> tuple[str, Callable[[], Ownership]] | None:
        try:
            version = self._published.current()
        except NothingPublished:
            return None
        return version.version, lambda: ownership_of(version.snapshot, version.version)


def _read(text: str) -> RuleSet:
    return read(text, catalogue())
