"""Something that a pointer file names, opened once, and opened anew when the pointer is replaced."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

Mark = tuple[int, int, int]
"""What tells one writing of the pointer from another: inode, time, size."""

RETRY_SECONDS = 1.0
"""How long after something could not be opened it is tried again."""


class Followed(Generic[T]):
    """Gives what the pointer names now. Safe to share between threads.

    A look costs one ``stat`` of the pointer. When it was replaced, what it names is opened in the background while
    callers go on with what they had; only the first of all is waited for. ``open_`` gets what is held now (or None)
    and returns what to hold; of the exceptions in ``foreseen`` the last is kept in ``trouble`` and a new try made a
    second later, with what was good until then still given.
    """

    def __init__(self, pointer: Path, open_: Callable[[T | None], T], foreseen: tuple[type[Exception], ...]) -> None:
        self._pointer = pointer
        self._open_now = open_
        self._foreseen = foreseen
        self._lock = threading.Lock()
        self._seen: Mark | None = None
        self._held: T | None = None
        self._not_before = 0.0
        self.trouble: Exception | None = None

    def current(self) -> T | None:
        """What is held now; None when there is no pointer yet or what it names cannot be opened (see ``trouble``)."""
        mark = self._mark()
        if mark is not None and mark != self._seen:
            if self._held is None:
                with self._lock:
                    self._open(mark)
            elif self._lock.acquire(blocking=False):
                threading.Thread(target=self._open_and_release, args=(mark,), daemon=True).start()
        return self._held

    def _open_and_release(self, mark: Mark) -> None:
        try:
            self._open(mark)
        finally:
            self._lock.release()

    def _open(self, mark: Mark) -> None:
        if mark == self._seen or time.monotonic() < self._not_before:
            return
        try:
            self._held = self._open_now(self._held)
            self._seen, self.trouble = mark, None
        except self._foreseen as why:
            self._not_before, self.trouble = time.monotonic() + RETRY_SECONDS, why

    def _mark(self) -> Mark | None:
        try:
            state = self._pointer.stat()
        except OSError:
            return None
        return state.st_ino, state.st_mtime_ns, state.st_size
