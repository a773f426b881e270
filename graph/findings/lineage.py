"""Ids of findings over time: a structure found again keeps its id, and what became of the others is recorded.

Two findings of one kind are *linked* when they share at least half of the weight of the smaller one. A node's weight
is one over the number of findings it is in, so that an account in a thousand loops ties none of them together. Ids go
along the links, the most alike first (weighted Jaccard), each old id at most once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from graph.findings.finding import KINDS, Finding, Kind, fresh_id

EventKind = Literal["birth", "merge", "split", "death"]

CROWDED = 200
"""A node in more findings of one kind than this says nothing about which of them is which."""


@dataclass(frozen=True, order=True)
class LineageEvent:
    """What happened to ids between two runs.

    birth: ``new_ids`` has one id without a past. merge: what was in ``old_ids`` is now in one. split: what was in one
    is now in ``new_ids``. death: ``old_ids`` has one id that is found no more. ``shared_members``: nodes that are on
    both sides. ``at``: the time of the later run as the caller gave it.
    """

    kind: EventKind
    finding_kind: Kind
    at: int | None
    old_ids: tuple[str, ...]
    new_ids: tuple[str, ...]
    shared_members: int


def keep_ids(
    fresh: list[Finding], previous: list[Finding], at: int | None = None
) -> tuple[list[Finding], list[LineageEvent]]:
    """Give ``fresh`` the ids of the ``previous`` findings they continue; also what was born, merged, split or died.

    Findings come back in the order given, each id once. Every previous id is afterwards kept, in a merge or in a
    death; every new one is in a split or a birth. The outcome does not depend on the order of either list.
    """
    findings = list(fresh)
    events: list[LineageEvent] = []
    for kind in KINDS:
        places = [i for i, f in enumerate(fresh) if f.kind == kind]
        old = sorted((p for p in previous if p.kind == kind), key=_order)
        new = sorted((fresh[i] for i in places), key=_order)
        ids, told = _one_kind(kind, new, old, at)
        handed_out = defaultdict(list)
        for f, id_ in zip(new, ids, strict=True):
            handed_out[_order(f)].append(id_)
        for i in places:
            findings[i] = replace(fresh[i], id=handed_out[_order(fresh[i])].pop(0))
        events += told
    return findings, events


def _order(f: Finding) -> tuple[object, ...]:
    return (f.id, f.members, tuple(e.id for e in f.edges), f.score, f.text_en)


class _Match:
    """Which of the new findings of a kind continues which of the old ones."""

    def __init__(self, new: list[Finding], old: list[Finding]) -> None:
        self.nodes_new = [frozenset(m.node for m in f.members) for f in new]
        self.nodes_old = [frozenset(m.node for m in p.members) for p in old]
        weight = _weights(self.nodes_new, self.nodes_old)
        self.size_new = [sum(weight[n] for n in sorted(ns)) for ns in self.nodes_new]
        self.size_old = [sum(weight[n] for n in sorted(ns)) for ns in self.nodes_old]
        self.shared = {
            (i, j): s
            for (i, j), s in _shared_weight(self.nodes_new, self.nodes_old, weight).items()
            if s >= 0.5 * min(self.size_new[i], self.size_old[j])
        }

        def likeness(pair: tuple[int, int]) -> tuple[object, ...]:
            i, j = pair
            jaccard = self.shared[pair] / (self.size_new[i] + self.size_old[j] - self.shared[pair])
            return (-round(jaccard, 12), new[i].id != old[j].id, old[j].id, new[i].id, i, j)

        self.heir: dict[int, int] = {}
        self.origin: dict[int, int] = {}
        for i, j in sorted(self.shared, key=likeness):
            if i not in self.origin and j not in self.heir:
                self.origin[i], self.heir[j] = j, i

    def merges(self) -> dict[int, list[int]]:
        """Per new finding that took in an old one besides its own: all old ones in it."""
        into: dict[int, list[int]] = defaultdict(list)
        for (i, j), s in self.shared.items():
            if s >= 0.5 * self.size_old[j]:
                into[i].append(j)
        return {
            i: sorted({*js, self.origin[i]})
            for i, js in into.items()
            if i in self.origin and any(j not in self.heir for j in js)
        }

    def splits(self) -> dict[int, list[int]]:
        """Per old finding of which a part lives on under another id: all new ones out of it."""
        out: dict[int, list[int]] = defaultdict(list)
        for (i, j), s in self.shared.items():
            if s >= 0.5 * self.size_new[i]:
                out[j].append(i)
        return {
            j: sorted({*parts, self.heir[j]})
            for j, parts in out.items()
            if j in self.heir and any(i not in self.origin for i in parts)
        }


def _one_kind(
    kind: Kind, new: list[Finding], old: list[Finding], at: int | None
) -> tuple[list[str], list[LineageEvent]]:
    match = _Match(new, old)
    taken = {old[j].id for j in match.heir}
    ids = []
    for i, f in enumerate(new):
        go_on = i in match.origin
        id_ = old[match.origin[i]].id if go_on else _free_id(kind, f.id, match.nodes_new[i], taken)
        taken.add(id_)
        ids.append(id_)

    events, placed = [], set(match.origin)
    gone = {j for j in range(len(old)) if j not in match.heir}
    for i, sources in match.merges().items():
        common = match.nodes_new[i] & frozenset().union(*(match.nodes_old[j] for j in sources))
        old_ids = tuple(sorted(old[j].id for j in sources))
        events.append(LineageEvent("merge", kind, at, old_ids, (ids[i],), len(common)))
        gone -= set(sources)
    for j, parts in match.splits().items():
        common = match.nodes_old[j] & frozenset().union(*(match.nodes_new[i] for i in parts))
        new_ids = tuple(sorted(ids[i] for i in parts))
        events.append(LineageEvent("split", kind, at, (old[j].id,), new_ids, len(common)))
        placed |= set(parts)
    events += [LineageEvent("birth", kind, at, (), (id_,), 0) for i, id_ in enumerate(ids) if i not in placed]
    events += [LineageEvent("death", kind, at, (old[j].id,), (), 0) for j in gone]
    return ids, sorted(events)


def _weights(nodes_new: list[frozenset[str]], nodes_old: list[frozenset[str]]) -> Mapping[str, float]:
    count_new = Counter(n for ns in nodes_new for n in ns)
    count_old = Counter(n for ns in nodes_old for n in ns)
    crowd = {n: max(count_new[n], count_old[n]) for n in {*count_new, *count_old}}
    return {n: 1.0 / c if c <= CROWDED else 0.0 for n, c in crowd.items()}


def _shared_weight(
    nodes_new: list[frozenset[str]], nodes_old: list[frozenset[str]], weight: Mapping[str, float]
) -> dict[tuple[int, int], float]:
    """Shared weight of every pair that shares a node which is not crowded; sums in the order of node names."""
    holders: dict[str, list[int]] = defaultdict(list)
    for j, nodes in enumerate(nodes_old):
        for node in nodes:
            if weight[node] > 0:
                holders[node].append(j)
    shared: dict[tuple[int, int], float] = defaultdict(float)
    for i, nodes in enumerate(nodes_new):
        for node in sorted(nodes):
            for j in holders.get(node, ()):
                shared[i, j] += weight[node]
    return shared


def _free_id(kind: Kind, wanted: str, nodes: frozenset[str], taken: set[str]) -> str:
    """The finding's own id, or, where an older structure goes on under it, the next one made of the same members."""
    id_, again = wanted, 1
    while id_ in taken:
        again += 1
        id_ = fresh_id(kind, [*nodes, f"#{again}"])
    return id_
