"""The link to a Neo4j server: driver, sessions that see what they wrote, deadlines, errors that say what is wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from graph.store.contract import StoreAway, StoreError

SCHEMES = ("neo4j", "bolt", "neo4j+s", "bolt+s", "neo4j+ssc", "bolt+ssc")
DATABASE = "neo4j"
RETRY_S = 5.0
"""A write that met a lock or a lost connection is tried again for so long; the driver's own default is 30 s."""

CONNECT_S = 3.0
TOO_LONG = "the time given was not enough: give more, or ask for less"


class Link:
    """A driver and what is done with it. Threads may share it."""

    def __init__(self, url: str, password: str) -> None:
        self._neo4j = _driver_package()
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname or parts.path not in ("", "/"):
            raise StoreError("bad_url", "a server is neo4j://user@host:7687")
        if parts.password is not None:
            raise StoreError("bad_url", "a password does not belong in the URL: pass it by settings or a file")
        self.server = f"{parts.scheme}://{parts.hostname}:{parts.port or 7687}"
        self._driver = self._neo4j.GraphDatabase.driver(
            self.server,
            auth=(parts.username or "neo4j", password),
            max_transaction_retry_time=RETRY_S,
            connection_timeout=CONNECT_S,
            connection_acquisition_timeout=CONNECT_S + RETRY_S,
            notifications_min_severity="OFF",
            user_agent="ringfence",
        )
        self._seen = self._neo4j.GraphDatabase.bookmark_manager()

    def close(self) -> None:
        """Close every connection."""
        self._driver.close()

    def read(self, step: str, text: str, params: dict[str, Any], timeout_s: float | None) -> list[list[Any]]:
        """Rows of a question, tried again when the connection broke, within the deadline."""
        return self._within(step, timeout_s, lambda s, work: s.execute_read(work), lambda tx: _values(tx, text, params))

    def write(self, step: str, work: Callable[[Any], Any], timeout_s: float | None = None) -> Any:
        """Do ``work`` with a transaction, all or nothing; it may be done again, so it must be safe to repeat."""
        return self._within(step, timeout_s, lambda s, w: s.execute_write(w), work)

    def once(self, step: str, work: Callable[[Any], Any]) -> Any:
        """Do ``work`` with a transaction, all or nothing, and never again: for what is not safe to repeat."""
        with self._errors(step), self._session() as session, session.begin_transaction() as tx:
            done = work(tx)
            tx.commit()
            return done

    def at_once(self, step: str, text: str, params: dict[str, Any] | None = None) -> list[list[Any]]:
        """Run a statement that opens its own transactions, or one that must not be tried again."""
        with self._errors(step), self._session() as session:
            return _values(session, text, params or {})

    def _within(self, step: str, timeout_s: float | None, run: Callable[[Any, Any], Any], work: Any) -> Any:
        if timeout_s is None:
            return self._do(step, run, work)
        limited = self._neo4j.unit_of_work(timeout=timeout_s)(work)
        return in_time(step, timeout_s, lambda: self._do(step, run, limited))

    def _do(self, step: str, run: Callable[[Any, Any], Any], work: Any) -> Any:
        with self._errors(step), self._session() as session:
            return run(session, work)

    def _session(self) -> Any:
        return self._driver.session(database=DATABASE, bookmark_manager=self._seen)

    @contextmanager
    def _errors(self, step: str) -> Iterator[None]:
        away = (self._neo4j.exceptions.ServiceUnavailable, self._neo4j.exceptions.SessionExpired)
        try:
            yield
            return
        except away:
            wrong: StoreError = StoreAway(
                "store_away", f"the server at {self.server} does not answer: see that it runs", step
            )
        except self._neo4j.exceptions.Neo4jError as e:  # its message may hold values: only its code is passed on
            wrong = _meaning(str(e.code), str(e.message), step)
        except self._neo4j.exceptions.DriverError as e:
            closed = "closed" in str(e).lower()
            wrong = StoreError("closed" if closed else "store_away", type(e).__name__, step)
        raise wrong


def in_time(step: str, timeout_s: float, do: Callable[[], Any]) -> Any:
    """What ``do`` gives, or StoreError ``timeout`` when it takes longer.

    The server is told the deadline too, but one that hangs, or a wire that was cut, keeps to none, and the driver would
    try again for seconds: so whoever asks is let go, and a thread of its own sees how it ends.
    """
    outcome: list[Any] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(do())
        except BaseException as e:  # noqa: BLE001  # it is raised again in the caller's thread
            failure.append(e)

    thread = threading.Thread(target=work, name=f"ringfence {step}", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if failure:
        raise failure[0]
    if not outcome:
        raise StoreError("timeout", TOO_LONG, step)
    return outcome[0]


def _meaning(code: str, message: str, step: str) -> StoreError:
    """What a server's error code says, in ours. Each was seen on a server that was brought into that state."""
    if "Security" in code:
        return StoreError("wrong_password", "the server refuses the user or the password that it was given", step)
    if "TransactionTimedOut" in code or "TransactionTerminated" in code:
        return StoreError("timeout", TOO_LONG, step)
    if "DatabaseUnavailable" in code:  # it answers before its database does
        return StoreAway("store_away", "the server is starting or ending: try again in a while", step)
    if "ReadOnly" in code or "NotALeader" in code:
        return StoreError("read_only", "the server takes no writes: let it, or name the one that does", step)
    if "TransactionLogError" in code or "No space left" in message:
        why = "the server cannot write its log, most likely its disk is full: free some space, restart it, do it again"
        return StoreError("disk_full", why, step)
    if "TransactionStartFailed" in code:
        why = "the server's database has stopped over an error, a full disk perhaps: see its log, then restart it"
        return StoreError("needs_restart", why, step)
    if "MemoryPoolOutOfMemory" in code or "OutOfMemory" in code:
        return StoreError("out_of_memory", "the server's memory for transactions is full: give it more", step)
    return StoreError("question_failed", f"the server refused it ({code})", step)


def _values(runner: Any, text: str, params: dict[str, Any]) -> list[list[Any]]:
    return [list(record.values()) for record in runner.run(text, params)]


def _driver_package() -> Any:
    try:
        import neo4j  # an optional extra: only a store on a server needs it
        import neo4j.exceptions
    except ImportError:
        message = "a store on a Neo4j server needs the driver: pip install -r requirements-neo4j.txt"
        raise StoreError("driver_missing", message) from None
    logging.getLogger("neo4j").addHandler(logging.NullHandler())  # what it would print of retries, our errors say
    return neo4j
