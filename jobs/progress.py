"""How long work tells what it is doing: a function that takes one line. The doors decide how it is shown."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[str], None]


def quiet(_line: str) -> None:
    """Shows nothing."""


class Steps:
    """Names the steps of a job and how long each took, in seconds."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step; its line is shown when it begins."""
        self._report(name)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - started, 3)
