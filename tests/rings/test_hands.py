"""Rings of the same hands are one ring; sharing a few hands does not make them one.

group 0: buyers 0 1 2 3      hands  a a b c
group 1: buyers 4 5 6        hands  a b d       two of three are hands of group 0: one ring
group 2: buyers 7 8 9 10     hands  d e f g     one of four is a hand of group 1: another ring
"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.rings.group import Group
from graph.rings.hands import SAME, hands_of, joined_by_hands

CLUSTER = np.array([0, 0, 1, 2, 0, 1, 3, 3, 4, 5, 6], np.int64)


def group(buyers: list[int], shop: int) -> Group:
    return Group(np.array(buyers, np.int32), np.array([shop], np.int32), np.full(len(buyers), float(shop)))


def test_most_hands_in_common_make_one_ring_and_a_few_do_not() -> None:
    groups = [group([0, 1, 2, 3], 5), group([4, 5, 6], 6), group([7, 8, 9, 10], 7)]
    one, other = joined_by_hands(groups, CLUSTER)
    assert one.buyers.tolist() == [0, 1, 2, 3, 4, 5, 6] and one.shops.tolist() == [5, 6]
    assert one.evidence.tolist() == [5.0] * 4 + [6.0] * 3
    assert other is groups[2]
    assert hands_of(groups[0], CLUSTER) == (3, 2) and hands_of(one, CLUSTER) == (4, 3)


@given(
    st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), max_size=6),
    st.lists(st.integers(0, 12), min_size=31, max_size=31),
)
def test_it_joins_what_comparing_every_pair_joins(members: list[list[int]], cluster: list[int]) -> None:
    groups = [group(sorted(m), i) for i, m in enumerate(members)]
    part = list(range(len(groups)))
    for i, a in enumerate(members):
        for j, b in enumerate(members):
            common = sum(cluster[x] in {cluster[y] for y in b} for x in a)
            if i != j and len(a) <= len(b) and common >= SAME * len(a):
                part = [part[j] if p == part[i] else p for p in part]
    found = joined_by_hands(groups, np.array(cluster, np.int64))
    want = {frozenset(g for g, p in enumerate(part) if p == root) for root in part}
    assert {frozenset(g.shops.tolist()) for g in found} == want
