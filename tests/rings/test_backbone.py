"""Shop pairs: counts and expectations against brute force, limits and their account."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.rings.backbone import shop_backbone
from graph.rings.incidence import incidence
from tests.rings.books import Row, book_of

rows = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, 10**6)), min_size=1, max_size=80)


def by_hand(rows: list[Row], max_shops: int) -> tuple[dict[tuple[int, int], int], dict[tuple[int, int], float]]:
    shops_of: dict[int, set[int]] = {}
    for b, s, _ in rows:
        shops_of.setdefault(b, set()).add(s)
    light = [s for s in shops_of.values() if len(s) <= max_shops]
    common = Counter(pair for s in light for pair in combinations(sorted(s), 2))
    degree = Counter(shop for s in light for shop in s)
    kappa = sum(len(s) * (len(s) - 1) for s in light) / max(sum(map(len, light)), 1) ** 2
    return dict(common), {(i, j): degree[i] * degree[j] * kappa for i, j in common}


@settings(deadline=None, max_examples=40)
@given(rows, st.integers(1, 7))
def test_every_pair_with_its_common_buyers_and_expectation(rows: list[Row], max_shops: int) -> None:
    found = shop_backbone(incidence(book_of(rows)), max_shops, 1, 0.0, -1.0)
    common, expected = by_hand(rows, max_shops)
    pairs = list(zip(found.i.tolist(), found.j.tolist(), strict=True))
    assert dict(zip(pairs, found.common.tolist(), strict=True)) == common
    for pair, mean in zip(pairs, found.expected.tolist(), strict=True):
        assert mean == pytest.approx(expected[pair])


def test_pairs_by_chance_are_left_out_and_planted_ones_are_not() -> None:
    rng = np.random.default_rng(4)
    rows = [(int(b), int(s), 0) for b, s in zip(rng.integers(0, 2000, 6000), rng.integers(0, 60, 6000), strict=True)]
    rows += [(3000 + b, s, 0) for b in range(12) for s in (60, 61)]
    found = shop_backbone(incidence(book_of(rows)), 100, 3, 3.0, 6.0)
    assert list(zip(found.i.tolist(), found.j.tolist(), strict=True)) == [(60, 61)]


def test_a_buyer_with_very_many_shops_is_left_out_and_counted() -> None:
    rows = [(0, s, 0) for s in range(200)] + [(b, s, 0) for b in range(1, 5) for s in (0, 1)]
    found = shop_backbone(incidence(book_of(rows)), 100, 1, 0.0, -1.0)
    assert found.left_out == 1 and found.common.tolist() == [4]
