"""Questions to a loop engine that change nothing: would this transfer close a loop, was an account searched whole?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

from graph.loops.engine import LoopEngine
from graph.loops.kernel import ask, unpack
from graph.loops.layout import AHEAD, BEHIND, DEGREE, NEWEST_TS, REASONS, Int64, Ring, Rule, Scratch
from graph.loops.search import loops_through
from graph.source_version import source_version

PROBED = -1
"""The row number of the transfer asked about, in the loops of the answer."""


def would_close(engine: LoopEngine, src: int, dst: int, ts: int, amount: float = np.nan) -> list[tuple[int, ...]]:
    """The loops that a transfer at ``ts`` would complete: rows from the earliest on, ``PROBED`` for the transfer.

    The engine's memory, counts and flags stay as they are. A limit that is reached shortens the answer.
    """
    known = len(engine._ring.flags)
    if src == dst or not (0 <= src < known and 0 <= dst < known):
        return []
    if engine.rule.decay is not None and np.isnan(amount):
        return []
    counts = engine._ring.counts.copy()
    ring = engine._ring._replace(flags=np.zeros(known, np.uint8))
    filled = _probe(ring, engine._rule, engine._scratch, src, dst, ts, amount, engine._out)
    engine._ring.counts[:] = counts
    ptr, rows = unpack(engine._out[:filled])
    return [tuple(rows[a:b].tolist()) for a, b in zip(ptr[:-1].tolist(), ptr[1:].tolist(), strict=True)]


def cut_at(engine: LoopEngine, account: int) -> tuple[str, ...]:
    """Why something about an account was not looked at; empty: it was searched whole."""
    flags = engine._ring.flags
    if not 0 <= account < len(flags):
        return ()
    return tuple(reason for bit, reason in enumerate(REASONS) if flags[account] >> bit & 1)


def _compile(version: int) -> Callable[..., int]:
    """The kernel for one version of the sources (graph.source_version)."""

    @njit(cache=True)
    def probe(ring: Ring, rule: Rule, scratch: Scratch, u: int, v: int, t: int, a: float, out: Int64) -> int:
        if version < 0:  # never; see graph.source_version
            return 0
        if rule.degree_cap > 0:
            for w in (u, v):
                if ring.degree[0, w] + ring.degree[1, w] > rule.degree_cap:
                    ring.counts[DEGREE] += 1
                    return 0
        filled = 0
        if ring.degree[AHEAD, v] == 0:
            return 0
        for part in range(2 if t < ring.state[NEWEST_TS] else 1):
            if part == 0 and ring.degree[BEHIND, u] == 0:
                continue
            quest = ask(ring.state, rule, u, v, t, 0, a, part == 1)
            filled, _ = loops_through(ring, rule, quest, scratch, part == 1, PROBED, out, filled)
        return filled

    return probe


_probe = _compile(source_version(__file__, "kernel", "layout", "search", "walk"))
