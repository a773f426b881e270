"""Every fund loop by trying all paths: the slow twin of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from graph.loops.engine import LoopRule


def brute_loops(
    src: Sequence[int], dst: Sequence[int], ts: Sequence[int], amount: Sequence[float], rule: LoopRule
) -> list[tuple[int, ...]]:
    """Loops as row numbers from the earliest step on, sorted; straight from the definition.

    Amounts and the amount rule are taken as the decimals they are written as, not as the doubles that hold them.
    """
    exact = [Fraction(repr(a)) if a == a else None for a in amount]
    keep, grow = 1 - Fraction(repr(rule.decay or 0.0)), 1 + Fraction(repr(rule.growth))
    out_of: dict[int, list[int]] = {}
    for i, s in enumerate(src):
        out_of.setdefault(s, []).append(i)
    found = []

    def later(i: int, j: int) -> bool:
        return ts[j] > ts[i] or (rule.ties == "order" and ts[j] == ts[i] and j > i)

    def fits(i: int, j: int) -> bool:
        if rule.decay is None:
            return True
        before, then = exact[i], exact[j]
        return before is not None and then is not None and before * keep <= then <= before * grow

    def extend(path: tuple[int, ...], visited: frozenset[int]) -> None:
        last = path[-1]
        for j in out_of.get(dst[last], ()):
            if not later(last, j) or ts[j] - ts[path[0]] > rule.window or not fits(last, j):
                continue
            if dst[j] == src[path[0]]:
                found.append((*path, j))
            elif dst[j] not in visited and len(path) + 1 < rule.max_length:
                extend((*path, j), visited | {dst[j]})

    for i in range(len(src)):
        if src[i] != dst[i]:
            extend((i,), frozenset((src[i], dst[i])))
    return sorted(found)
