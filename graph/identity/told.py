"""What people said on who is who, obeyed: those said to be the same are joined, those said not to be never are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from graph.identity.links import IdentityLinks
from graph.identity.union import components
from graph.snapshot import Float64, Int64, Snapshot

Pair = tuple[str, str]


@dataclass(frozen=True)
class Told:
    """Pairs of subjects as ``Kind:id``. A person's word counts more than any evidence."""

    same: tuple[Pair, ...] = ()
    apart: tuple[Pair, ...] = ()


def party_pairs(snapshot: Snapshot, links: IdentityLinks, party: Int64, pairs: Iterable[Pair]) -> Int64:
    """The pairs as rows of two parties; those of whom one is not in the snapshot, or that are one party, left out."""
    rows = []
    for pair in pairs:
        ends = [subject_number(snapshot, links, node) for node in pair]
        if None not in ends:
            a, b = (int(party[e]) for e in ends if e is not None)
            if a != b:
                rows.append((min(a, b), max(a, b)))
    return np.array(sorted(set(rows)), np.int64).reshape(-1, 2)


def subject_number(snapshot: Snapshot, links: IdentityLinks, node: str) -> int | None:
    """The subject of a node written ``Kind:id``; None when there is none."""
    kind, _, id_ = node.partition(":")
    if kind not in links.subject_base:
        return None
    number = snapshot.nodes[kind].number(id_)
    return None if number is None else links.subject_base[kind] + number


def told_components(n: int, left: Int64, right: Int64, weight: Float64, same: Int64, apart: Int64) -> Int64:
    """Components of parties 0..n-1 over weighted pairs, named by their smallest, under two kinds of constraint.

    ``same``, ``apart``: rows of two parties. Where a component would hold a pair that must be apart, its pairs are
    taken anew, the words of people first, then by falling weight; each that would bring the two together is left out.
    """
    a = np.concatenate([same[:, 0], left])
    b = np.concatenate([same[:, 1], right])
    w = np.concatenate([np.full(len(same), np.inf), weight])
    of = components(n, a, b)
    broken = np.unique(of[apart[:, 0]][of[apart[:, 0]] == of[apart[:, 1]]])
    for component in broken.tolist():
        inside = np.flatnonzero(of[a] == component)
        order = inside[np.lexsort((np.maximum(a, b)[inside], np.minimum(a, b)[inside], -w[inside]))]
        members = np.flatnonzero(of == component).tolist()
        enemies = apart[(of[apart[:, 0]] == component) & (of[apart[:, 1]] == component)]
        root = _joined(members, zip(a[order].tolist(), b[order].tolist(), strict=True), enemies.tolist())
        for member in members:
            of[member] = root[member]
    return of


def _joined(members: list[int], pairs: Iterable[tuple[int, int]], apart: list[list[int]]) -> dict[int, int]:
    parent = {m: m for m in members}
    enemies: dict[int, set[int]] = {}
    for a, b in apart:
        enemies.setdefault(a, set()).add(b)
        enemies.setdefault(b, set()).add(a)

    def top(m: int) -> int:
        while parent[m] != m:
            parent[m] = parent[parent[m]]
            m = parent[m]
        return m

    for a, b in pairs:
        low, high = sorted((top(a), top(b)))
        if low == high or any(top(e) == high for e in enemies.get(low, ())):
            continue
        parent[high] = low
        enemies[low] = enemies.get(low, set()) | enemies.pop(high, set())
    return {m: top(m) for m in members}
