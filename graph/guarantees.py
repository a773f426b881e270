"""Guarantees among parties as a directed graph: strongly connected groups, elementary circles, chains, contagion.

An arc guarantor -> debtor joins all guarantees between the two; parallel guarantees add amounts, not circles. A
guarantee of a party for itself is no arc.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Arcs = Mapping[int, Sequence[int]]
"""Node -> the nodes it has an arc to."""


def strong_groups(arcs: Arcs) -> list[list[int]]:
    """Strongly connected groups of two or more nodes, each sorted, in the order of their least node.

    Tarjan's algorithm (1972) without recursion.
    """
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    on_stack: set[int] = set()
    stack: list[int] = []
    groups: list[list[int]] = []
    for root in sorted(arcs):
        if root in index:
            continue
        work: list[tuple[int, Iterator[int]]] = []
        _enter(root, arcs, index, low, stack, on_stack, work)
        while work:
            node, following = work[-1]
            for nxt in following:
                if nxt not in index:
                    _enter(nxt, arcs, index, low, stack, on_stack, work)
                    break
                if nxt in on_stack:
                    low[node] = min(low[node], index[nxt])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group: list[int] = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        on_stack.discard(group[-1])
                    if len(group) > 1:
                        groups.append(sorted(group))
    return sorted(groups)


def _enter(
    node: int,
    arcs: Arcs,
    index: dict[int, int],
    low: dict[int, int],
    stack: list[int],
    on_stack: set[int],
    work: list[tuple[int, Iterator[int]]],
) -> None:
    index[node] = low[node] = len(index)
    stack.append(node)
    on_stack.add(node)
    work.append((node, iter(arcs.get(node, ()))))


@dataclass(frozen=True)
class Circles:
    """Elementary circles, each from its least node on; ``looked``: arcs looked at; ``cut``: the limit reached."""

    circles: list[tuple[int, ...]]
    looked: int
    cut: str | None = None


def circles_in(
    group: Sequence[int], arcs: Arcs, max_length: int = 8, cap: int = 1000, budget: int = 200_000
) -> Circles:
    """The elementary circles of 2 to ``max_length`` nodes inside a group, shortest first, at most ``cap`` of them.

    ``budget``: arcs looked at. From each node in turn only greater nodes are visited, and only those from which the
    node can still be reached in the steps that are left.
    """
    members = set(group)
    inside = {n: sorted({m for m in arcs.get(n, ()) if m in members and m != n}) for n in group}
    into: dict[int, list[int]] = {n: [] for n in group}
    for n, following in inside.items():
        for m in following:
            into[m].append(n)
    found: list[tuple[int, ...]] = []
    looked = 0
    for start in sorted(members):
        home = _steps_home(start, into, max_length)
        looked += sum(len(into[n]) for n in home)
        path, choices = [start], [iter(inside[start])]
        on_path = {start}
        while choices:
            nxt = next(choices[-1], None)
            looked += 1
            if looked > budget:
                return Circles(sorted(found, key=_short_first), looked, "budget")
            if nxt is None:
                choices.pop()
                on_path.discard(path.pop())
            elif nxt == start:
                if len(found) == cap:
                    return Circles(sorted(found, key=_short_first), looked, "circles")
                found.append(tuple(path))
            elif nxt > start and nxt not in on_path and len(path) + home.get(nxt, max_length) <= max_length:
                path.append(nxt)
                on_path.add(nxt)
                choices.append(iter(inside[nxt]))
    return Circles(sorted(found, key=_short_first), looked)


def _short_first(circle: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    return len(circle), circle


def _steps_home(start: int, into: Mapping[int, Sequence[int]], most: int) -> dict[int, int]:
    """Fewest steps from each greater node to ``start`` over nodes not less than it."""
    steps, wave = {start: 0}, [start]
    for step in range(1, most):
        wave = [n for m in wave for n in into[m] if n >= start and n not in steps]
        wave = list(dict.fromkeys(wave))
        steps.update(dict.fromkeys(wave, step))
    return steps


def chain_depths(arcs: Arcs) -> dict[int, int]:
    """Per node, the arcs of the longest chain of guarantees that starts at it, a strongly connected group as one node.

    A guarantor of depth 3 answers for someone who answers for someone who answers for a debtor.
    """
    nodes = set(arcs) | {m for following in arcs.values() for m in following}
    group_of = {n: n for n in nodes}
    for group in strong_groups(arcs):
        group_of.update(dict.fromkeys(group, group[0]))
    members: dict[int, list[int]] = {}
    for n in nodes:
        members.setdefault(group_of[n], []).append(n)
    depth: dict[int, int] = {}
    for root in sorted(members):
        work = [root]
        while work:
            top = work[-1]
            following = {group_of[m] for n in members[top] for m in arcs.get(n, ())} - {top}
            missing = [g for g in following if g not in depth]
            if missing:
                work += missing
                continue
            work.pop()
            depth[top] = max((depth[g] + 1 for g in following), default=0)
    return {n: depth[group_of[n]] for n in nodes}


@dataclass(frozen=True)
class Contagion:
    """What one failure costs: the failed party's outstanding debt, and that of the guarantors called for it.

    ``called`` is what the guarantors inside are called for: each for its guarantee, in proportion where the guarantees
    exceed the debt. ``loss`` adds the outstanding of all guarantors who are called: the worst case after one pass.
    """

    failed: int
    outstanding: int
    called: int
    guarantors: tuple[int, ...]
    loss: int


def one_failure(
    group: Sequence[int], amounts: Mapping[tuple[int, int], int], outstanding: Mapping[int, int]
) -> Contagion:
    """The largest member (by outstanding, then least number) fails; its guarantors in the group are called and fail."""
    failed = min(group, key=lambda n: (-outstanding.get(n, 0), n))
    debt = outstanding.get(failed, 0)
    members = set(group)
    guarantors = tuple(sorted(g for (g, debtor) in amounts if debtor == failed and g in members and g != failed))
    pledged = sum(amounts[(g, failed)] for g in guarantors)
    loss = debt + (sum(outstanding.get(g, 0) for g in guarantors) if debt > 0 else 0)
    return Contagion(failed, debt, min(debt, pledged), guarantors, loss)
