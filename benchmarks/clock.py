"""Timing: two or more ways of doing the same in turn, a pipeline by its stages, the most memory a step held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
T = TypeVar("T")


ENOUGH_S = 60.0
"""No further round of a measurement is begun after this."""


def side_by_side(ways: Mapping[str, Callable[[], object]], rounds: int, enough: float = ENOUGH_S) -> dict[str, float]:
    """Median wall seconds of each way over ``rounds``, run alternately, every other round the other way about, so
    that a busy machine and warm caches touch all alike. No round is begun once ``enough`` seconds have passed."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    started = time.perf_counter()
    for turn in range(rounds):
        if turn and time.perf_counter() - started > enough:
            break
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            taken[name].append(seconds(ways[name]))
    return {name: median(times) for name, times in taken.items()}


def seconds(way: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


class Stages:
    """Seconds by stage, each without the stages that ran inside it: they add up to the time spent in any."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.seconds: dict[str, float] = {}
        self._inside: list[float] = []  # what the stages inside each open stage have taken

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside as this stage."""
        self._inside.append(0.0)
        started = self._clock()
        try:
            yield
        finally:
            whole = self._clock() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + whole - self._inside.pop()
            if self._inside:
                self._inside[-1] += whole

    def timed(self, name: str, function: Callable[P, T]) -> Callable[P, T]:
        """The function, its calls counted as a stage."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.stage(name):
                return function(*args, **kwargs)

        return call

    def drawn(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """The same items; what it takes to make each counts as a stage, what is done with it does not."""
        iterator = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(iterator)
                except StopIteration:
                    return
            yield item


def percentiles(values: Sequence[float], at: Sequence[float] = (50, 95, 99)) -> list[float]:
    """Percentiles of measured values, each a value that was measured (the next one up)."""
    return [float(p) for p in np.percentile(values, at, method="inverted_cdf")]


class PeakMemory:
    """The most memory this process held inside the block, and what it held when it began, in MiB; NaN where the
    system does not tell (only Linux lets the mark be set back)."""

    def __enter__(self) -> PeakMemory:
        self.peak = self.before = float("nan")
        try:
            Path("/proc/self/clear_refs").write_text("5")
            self.before = _status("VmRSS")
        except OSError:
            pass  # stays NaN, which is what is shown
        return self

    def __exit__(self, *_: object) -> None:
        if self.before == self.before:
            self.peak = _status("VmHWM")


def _status(name: str) -> float:
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    text = [[_cell(c) for c in r] for r in rows]
    widths = [max([len(h), *(len(r[i]) for r in text)]) for i, h in enumerate(head)]
    print(f"\n{title}")
    for line in (head, *text):
        first, *others = (c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
        print("  " + "  ".join([first, *others]).rstrip(), flush=True)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, float):
        return f"{value:,}"
    if value != value:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
