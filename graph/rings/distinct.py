"""One ring, one group: of candidates that overlap, the best is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.rings.groups import Group


def distinct(groups: Sequence[Group], scores: Sequence[float], n_buyers: int) -> list[int]:
    """Places of the groups to keep, best score first.

    A group is dropped when at least half of its buyers are in groups kept before it. Equal scores: the larger group,
    then the one with the lower buyer numbers, so the order of the candidates makes no difference.
    """

    def rank(i: int) -> tuple[object, ...]:
        g = groups[i]
        return (-scores[i], -len(g.buyers), -len(g.shops), g.buyers.tolist(), g.shops.tolist())

    taken = np.zeros(n_buyers, np.bool_)
    kept = []
    for i in sorted(range(len(groups)), key=rank):
        buyers = groups[i].buyers
        if 2 * int(taken[buyers].sum()) >= len(buyers):
            continue
        taken[buyers] = True
        kept.append(i)
    return kept
