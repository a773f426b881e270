"""Group commit: whoever brings events while a commit runs shares the next one, so that one sync serves many."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from flow.journal import Answer, Incoming, Journal, JournalError

LARGEST = 20_000
"""Events in one commit."""
FULL = 200_000
"""Events that may wait; more are refused."""

Clock = Callable[[], int]


class Busy(JournalError):  # noqa: N818 - what it is
    """Too much waits to be stored already; nothing of this was."""


class GroupCommit:
    """The one writer of a journal, on a thread of its own. ``stored`` is called after each commit."""

    def __init__(self, journal: Journal, clock: Clock, stored: Callable[[], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._stored = stored
        self._queue: deque[tuple[Incoming, Future[list[Answer]]]] = deque()
        self._waiting = 0
        self._wake = threading.Condition()
        self._order = threading.Lock()
        self._latest = 0
        self._open = True
        self._thread = threading.Thread(target=self._run, name="flow-journal", daemon=True)
        self._thread.start()

    def submit(self, incoming: Incoming) -> Future[list[Answer]]:
        """Have events stored; the answers come once they are on disk. Raises Busy."""
        future: Future[list[Answer]] = Future()
        with self._wake:
            if not self._open:
                raise JournalError("the journal is being closed")
            if self._waiting >= FULL:
                raise Busy(f"{self._waiting} events wait to be stored")
            self._queue.append((incoming, future))
            self._waiting += len(incoming.events)
            self._wake.notify()
        return future

    def moment(self) -> tuple[int, int]:
        """The last position and the time: every event stored later is received at that time or after it."""
        with self._order:
            return self._journal.last, self._now()

    def close(self) -> None:
        """Store what waits, then end."""
        with self._wake:
            self._open = False
            self._wake.notify()
        self._thread.join()

    def _now(self) -> int:
        self._latest = max(self._latest, self._clock())
        return self._latest

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or not self._open)
                if not self._queue:
                    return
                taken = [self._queue.popleft()]
                size = len(taken[0][0].events)
                while self._queue and size + len(self._queue[0][0].events) <= LARGEST:
                    taken.append(self._queue.popleft())
                    size += len(taken[-1][0].events)
                self._waiting -= size
            self._commit(taken)

    def _commit(self, taken: list[tuple[Incoming, Future[list[Answer]]]]) -> None:
        try:
            with self._order:
                answers = self._journal.append([incoming for incoming, _ in taken], self._now())
        except BaseException as why:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
            for _, future in taken:
                future.set_exception(why)
            return
        for (_, future), given in zip(taken, answers, strict=True):
            future.set_result(given)
        self._stored()
