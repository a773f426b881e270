"""Pieces of one network: groups that have buyers in common, looked at once more together.

A ring over many shops with few orders a member shows no single pair of shops; it comes out of several seeds in pieces.
The shops of all its pieces together are a seed that shows it whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.identity.union import components
from graph.rings.group import Group
from graph.snapshot import Int32

COMMON = 3
SHARE = 0.2
"""Groups are pieces of one network with this many buyers in common, and this part of the smaller one's buyers."""

_CROWDED = 50  # a buyer of more groups than this links none of them


def shops_of_linked(groups: Sequence[Group], n_buyers: int) -> list[Int32]:
    """The shops (sorted) of every network of two groups and more, in the order of its first group."""
    if len(groups) < 2:
        return []
    at = np.repeat(np.arange(len(groups)), [len(g.buyers) for g in groups])
    buyers = np.concatenate([g.buyers for g in groups])
    order = np.argsort(buyers, kind="stable")
    at, ptr = at[order], np.r_[0, np.cumsum(np.bincount(buyers, minlength=n_buyers))]
    common: dict[tuple[int, int], int] = {}
    for b in np.flatnonzero((np.diff(ptr) > 1) & (np.diff(ptr) <= _CROWDED)):
        here = at[ptr[b] : ptr[b + 1]].tolist()
        for x, i in enumerate(here):
            for j in here[x + 1 :]:
                common[i, j] = common.get((i, j), 0) + 1
    size = [len(g.buyers) for g in groups]
    linked = [(i, j) for (i, j), n in common.items() if n >= max(COMMON, SHARE * min(size[i], size[j]))]
    root = components(len(groups), *(np.array([pair[k] for pair in linked], np.int64) for k in (0, 1)))
    parts: dict[int, list[Int32]] = {}
    for i, group in enumerate(groups):
        parts.setdefault(int(root[i]), []).append(group.shops)
    return [np.unique(np.concatenate(p)) for p in parts.values() if len(p) > 1]
