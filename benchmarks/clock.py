"""Timing two or more ways of doing the same, in turn, so that a busy machine hurts them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median


def side_by_side(ways: Mapping[str, Callable[[], object]], rounds: int = 3) -> dict[str, float]:
    """Median wall seconds of each way over ``rounds``, run alternately."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            taken[name].append(seconds(way))
    return {name: median(times) for name, times in taken.items()}


def seconds(way: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    started = time.perf_counter()
    way()
    return time.perf_counter() - started


def show(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table."""
    text = [[c if isinstance(c, str) else f"{c:,.3g}" if isinstance(c, float) else f"{c:,}" for c in r] for r in rows]
    widths = [max(len(h), *(len(r[i]) for r in text)) for i, h in enumerate(head)]
    print(f"\n{title}")
    print("  " + "  ".join(h.ljust(w) for h, w in zip(head, widths, strict=True)))
    for r in text:
        print("  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)))
