"""Why two subjects belong together, or why they do not: all that they share, what each of it counts, and the chain."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from graph.identity.clusters import Clusters, identity_clusters
from graph.identity.evidence import BASE_DEVICE, JOIN, base_weight
from graph.identity.links import SUBJECTS, TOKENS
from graph.identity.told import Told, subject_number
from graph.snapshot import NULL, Snapshot

Outcome = Literal["one_party", "joined", "same_cluster", "apart"]
Counts = Literal["yes", "honest_place", "too_many_users", "farm", "changed_hands"]


class NoSubject(Exception):  # noqa: N818 - what there is not
    """A node that is no merchant, person, buyer or account of the snapshot."""


@dataclass(frozen=True)
class Shared:
    """An identifier both use: ``Kind:id``, how many parties use it, its evidence, and whether it counts.

    ``counts``: yes; honest_place, too_many_users: it joins nobody; farm: it joins whatever its users; changed_hands: it
    counts a fifth. ``since``: when both had come to it, epoch ms, where known.
    """

    node: str
    users: int
    evidence: float
    counts: Counts
    since: int | None


@dataclass(frozen=True)
class Why:
    """The answer on a pair.

    ``outcome``: one_party (ownership joins them), joined (evidence of ``needed`` and more, or they are on one farm, or
    a person said so), same_cluster (over the others in ``chain``), apart. ``said``: what a person said on this pair.
    """

    a: str
    b: str
    outcome: Outcome
    evidence: float
    needed: float
    shared: tuple[Shared, ...]
    chain: tuple[str, ...]
    said: Literal["same", "not_same"] | None
    text_en: str
    text_zh: str


def why_together(snapshot: Snapshot, a: str, b: str, hub: int, told: Told = Told()) -> Why:  # noqa: B008 - it is frozen
    """What is known on a pair of subjects (``Kind:id``). Raises NoSubject when the snapshot has not both."""
    clusters = identity_clusters(snapshot, hub, told)
    numbers = []
    for node in (a, b):
        number = subject_number(snapshot, clusters.links, node)
        if number is None:
            raise NoSubject(f"{node}: no such {', '.join(SUBJECTS[:-1])} or {SUBJECTS[-1]} in the graph")
        numbers.append(number)
    p, q = (int(clusters.party[n]) for n in numbers)
    pair = (min(a, b), max(a, b))
    said: Literal["same", "not_same"] | None = (
        "same" if pair in told.same else "not_same" if pair in told.apart else None
    )
    shared = () if p == q else _shared(snapshot, clusters, p, q)
    evidence = round(sum(s.evidence for s in shared if s.counts in ("yes", "changed_hands")), 6)
    chain: tuple[str, ...] = ()
    if p == q:
        outcome: Outcome = "one_party"
    elif clusters.of_party[p] != clusters.of_party[q]:
        outcome = "apart"
    else:
        steps = _chain(snapshot, clusters, told, p, q)
        outcome = "joined" if len(steps) == 2 else "same_cluster"
        chain = tuple(_name(snapshot, clusters, party) for party in steps[1:-1])
    en, zh = _sentences(a, b, outcome, evidence, shared, chain, said)
    return Why(a, b, outcome, evidence, JOIN, shared, chain, said, en, zh)


def _shared(snapshot: Snapshot, c: Clusters, p: int, q: int) -> tuple[Shared, ...]:
    uses = c.uses
    rows_p, rows_q = (np.flatnonzero(uses.party == x) for x in (p, q))
    tokens, at_p, at_q = np.intersect1d(uses.token[rows_p], uses.token[rows_q], return_indices=True)
    kinds = c.links.token_kind(tokens)
    both = bool(c.shops[p] > 0 and c.shops[q] > 0)
    found = []
    for token, kind, x, y in zip(tokens.tolist(), kinds.tolist(), rows_p[at_p], rows_q[at_q], strict=True):
        users = int(uses.ptr[token + 1] - uses.ptr[token])
        base = float(base_weight(kind, both, uses.first_ts[x], uses.first_ts[y], uses.last_ts[x], uses.last_ts[y]))
        counts: Counts = "yes"
        if c.farm[token]:
            counts = "farm"
        elif c.crowd[token]:
            counts = "honest_place" if c.honest[token] else "too_many_users"
        elif kind == 0 and base < BASE_DEVICE:
            counts = "changed_hands"
        first = [int(uses.first_ts[x]), int(uses.first_ts[y])]
        name = TOKENS[kind]
        id_ = snapshot.nodes[name].id(token - c.links.token_base[name])
        weight = round(base / np.log2(users), 6)
        found.append(Shared(f"{name}:{id_}", users, weight, counts, None if NULL in first else max(first)))
    return tuple(sorted(found, key=lambda s: (s.counts not in ("yes", "farm"), -s.evidence, s.node)))


def _chain(snapshot: Snapshot, c: Clusters, told: Told, p: int, q: int) -> list[int]:
    """A shortest way from p to q over joined pairs inside their cluster."""
    inside = c.of_party[c.pairs.a] == c.of_party[p]
    ways: dict[int, set[int]] = {}

    def join(a: int, b: int) -> None:
        ways.setdefault(a, set()).add(b)
        ways.setdefault(b, set()).add(a)

    for a, b in zip(c.pairs.a[inside].tolist(), c.pairs.b[inside].tolist(), strict=True):
        join(a, b)
    for token in np.flatnonzero(c.farm).tolist():
        users = c.uses.party[c.uses.ptr[token] : c.uses.ptr[token + 1]]
        users = users[c.of_party[users] == c.of_party[p]]
        if p in users and q in users:
            return [p, q]
        for user in users[1:].tolist():
            join(int(users[0]), user)
    for pair in told.same:
        ends = [subject_number(snapshot, c.links, node) for node in pair]
        if None not in ends:
            join(*(int(c.party[e]) for e in ends if e is not None))
    before = {p: p}
    queue = deque([p])
    while queue:
        at = queue.popleft()
        for other in sorted(ways.get(at, ())):
            if other not in before:
                before[other] = at
                queue.append(other)
    way = [q]
    while way[-1] != p:
        way.append(before[way[-1]])
    return way[::-1]


def _name(snapshot: Snapshot, c: Clusters, party: int) -> str:
    subject = int(np.flatnonzero(c.party == party)[0])
    kind = SUBJECTS[int(c.links.subject_kind(np.array([subject], np.int64))[0])]
    return f"{kind}:{snapshot.nodes[kind].id(subject - c.links.subject_base[kind])}"


_COUNTS = {
    "yes": ("", ""),
    "honest_place": (", a place that honest people share: does not count", "，属正常共用场所，不计"),
    "too_many_users": (", too many use it: does not count", "，使用者过多，不计"),
    "farm": (", a device farm: joins all of its users", "，疑似设备农场，其使用者全部合并"),
    "changed_hands": (", it changed hands: counts a fifth", "，曾易手，按五分之一计"),
}


def _sentences(
    a: str,
    b: str,
    outcome: Outcome,
    evidence: float,
    shared: tuple[Shared, ...],
    chain: tuple[str, ...],
    said: str | None,
) -> tuple[str, str]:
    heads = {
        "one_party": (
            f"{a} and {b} are one party: ownership joins them",
            f"{a} 与 {b} 为同一方：存在所有权关系",
        ),
        "joined": (f"{a} and {b} belong together", f"{a} 与 {b} 应属同一人"),
        "same_cluster": (
            f"{a} and {b} are in one cluster, by way of {', '.join(chain)}",
            f"{a} 与 {b} 通过 {'、'.join(chain)} 属同一团体",
        ),
        "apart": (f"{a} and {b} do not belong together", f"{a} 与 {b} 不属同一人"),
    }
    en, zh = heads[outcome]
    if said is not None:
        en += f"; a person said that they are {'the same' if said == 'same' else 'not the same'}, which is obeyed"
        zh += f"；人工判定为{'同一人' if said == 'same' else '非同一人'}，以此为准"
    if outcome != "one_party":
        listed_en = ", ".join(f"{s.node} ({s.users} users, {s.evidence:.2f}{_COUNTS[s.counts][0]})" for s in shared)
        listed_zh = "、".join(f"{s.node}（{s.users} 方使用，{s.evidence:.2f}{_COUNTS[s.counts][1]}）" for s in shared)
        en += f"; they share {listed_en or 'nothing'}; evidence {evidence:.2f} of the {JOIN:.2f} it takes"
        zh += f"；共用：{listed_zh or '无'}；证据 {evidence:.2f}，合并需 {JOIN:.2f}"
    return en + ".", zh + "。"
