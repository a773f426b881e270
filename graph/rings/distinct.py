"""One ring, one group: of candidates that overlap, the best is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graph.rings.group import Group

BAND = 0.1


def distinct(groups: Sequence[Group], scores: Sequence[float], n_buyers: int) -> list[int]:
    """Places of the groups to keep, best first.

    A group is dropped when at least half of its buyers are in groups kept before it. Of scores within one ``BAND`` the
    larger group comes first (the whole of a ring, not the piece of it that happens to score a little higher), then the
    higher score, then the one with the lower buyer numbers, so the order of the candidates makes no difference.
    """

    def rank(i: int) -> tuple[object, ...]:
        g = groups[i]
        return (
            -int(scores[i] / BAND + 1e-9),
            -len(g.buyers),
            -scores[i],
            -len(g.shops),
            g.buyers.tolist(),
            g.shops.tolist(),
        )

    taken = np.zeros(n_buyers, np.bool_)
    kept = []
    for i in sorted(range(len(groups)), key=rank):
        buyers = groups[i].buyers
        if 2 * int(taken[buyers].sum()) >= len(buyers):
            continue
        taken[buyers] = True
        kept.append(i)
    return kept
