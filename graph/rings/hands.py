"""Rings behind which the same hands sit: what identity clusters add to what orders show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.identity.union import components
from graph.rings.group import Group
from graph.snapshot import Int64

SAME = 0.5
"""Two groups are one ring when this part of the smaller one's buyers is one hand with buyers of the other."""


def hands_of(group: Group, cluster: Int64) -> tuple[int, int]:
    """How many different hands the group's buyers are, and how many buyers the largest of them has.

    ``cluster``: number of each buyer's identity cluster; a buyer in none has one alone.
    """
    _, size = np.unique(cluster[group.buyers], return_counts=True)
    return len(size), int(size.max(initial=0))


def joined_by_hands(groups: Sequence[Group], cluster: Int64) -> list[Group]:
    """The groups, those of the same hands as one; the order of the first of each is kept.

    Work is one pass over the (group, cluster) pairs of clusters that several groups share.
    """
    if len(groups) < 2:
        return list(groups)
    at = np.repeat(np.arange(len(groups)), [len(g.buyers) for g in groups])
    of = np.concatenate([cluster[g.buyers] for g in groups])
    pairs, buyers = np.unique(np.stack([of, at]), axis=1, return_counts=True)
    starts = np.flatnonzero(np.r_[True, pairs[0][1:] != pairs[0][:-1]])
    shared: dict[tuple[int, int], int] = {}
    for low, high in zip(starts, np.r_[starts[1:], len(buyers)], strict=True):
        here = pairs[1][low:high].tolist()
        for i, count in zip(here, buyers[low:high].tolist(), strict=True):
            for j in here:
                if i != j:
                    shared[i, j] = shared.get((i, j), 0) + count
    size = [len(g.buyers) for g in groups]
    same = [(i, j) for (i, j), n in shared.items() if size[i] <= size[j] and n >= SAME * size[i]]
    root = components(len(groups), *(np.array([p[k] for p in same], np.int64) for k in (0, 1)))
    parts: dict[int, list[Group]] = {}
    for i, group in enumerate(groups):
        parts.setdefault(int(root[i]), []).append(group)
    return [_one(part) for part in parts.values()]


def _one(part: list[Group]) -> Group:
    if len(part) == 1:
        return part[0]
    buyers, at = np.unique(np.concatenate([g.buyers for g in part]), return_inverse=True)
    evidence = np.zeros(len(buyers))
    np.maximum.at(evidence, at, np.concatenate([g.evidence for g in part]))
    return Group(buyers, np.unique(np.concatenate([g.shops for g in part])), evidence)
