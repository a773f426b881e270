"""Pieces of one network are looked at together; groups that share a few buyers by chance are not."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.rings.distinct import distinct
from graph.rings.group import Group
from graph.rings.groups import mine_groups
from graph.rings.linked import COMMON, SHARE, shops_of_linked
from graph.rings.params import RingParams
from tests.rings.books import book_of
from tests.rings.test_groups import DAY, honest


def group(buyers: list[int], shop: int) -> Group:
    return Group(np.array(sorted(buyers), np.int32), np.array([shop], np.int32), np.ones(len(buyers)))


@given(st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=9, unique=True), max_size=6))
def test_it_links_what_comparing_every_pair_links(members: list[list[int]]) -> None:
    part = list(range(len(members)))
    for i, a in enumerate(members):
        for j, b in enumerate(members[:i]):
            if len(set(a) & set(b)) >= max(COMMON, SHARE * min(len(a), len(b))):
                part = [part[j] if p == part[i] else p for p in part]
    want = [{i for i, p in enumerate(part) if p == root} for root in dict.fromkeys(part)]
    found = shops_of_linked([group(m, i) for i, m in enumerate(members)], 21)
    assert {frozenset(s.tolist()) for s in found} == {frozenset(w) for w in want if len(w) > 1}


def test_a_thin_network_over_many_shops_is_more_than_its_pieces() -> None:
    rng = np.random.default_rng(4)
    rows, members = honest(rng, 12_000, 3_000, 600), list(range(4000, 4150))
    for b in members:
        for s in rng.choice(40, 5, replace=False):
            rows.append((b, 560 + int(s), int(20 * DAY + rng.integers(0, 2 * DAY))))
    mined = mine_groups(book_of(rows), RingParams())
    hits = sorted(len(set(g.buyers.tolist()) & set(members)) for g in mined.groups)
    assert hits[-1] >= 3 * hits[-2] and hits[-1] >= 0.6 * len(members)


def test_of_nearly_equal_scores_the_whole_comes_before_its_pieces() -> None:
    groups = [group([0, 1, 2, 3], 0), group(list(range(10)), 1), group([8, 9], 2)]
    assert distinct(groups, [0.89, 0.88, 0.83], 10) == [1]
    assert distinct(groups, [0.95, 0.55, 0.5], 10) == [0, 1]
