"""Groups: a planted ring is found whole, chance is not, limits hold and say so, and row order makes no difference."""

from __future__ import annotations

import numpy as np
import pytest

from graph.rings.distinct import distinct
from graph.rings.group import Group
from graph.rings.groups import Mined, mine_groups
from graph.rings.orders import OrderBook
from graph.rings.params import RingParams
from graph.rings.score import judge
from graph.rings.signals import SignalReader
from tests.rings.books import Row, book_of

DAY = 86_400_000
RING = list(range(1000, 1014))


def honest(rng: np.random.Generator, orders: int = 4_000, buyers: int = 900, shops: int = 80) -> list[Row]:
    shop = (shops * rng.random(orders) ** 2).astype(int)
    return [
        (int(b), int(s), int(t))
        for b, s, t in zip(rng.integers(0, buyers, orders), shop, rng.integers(0, 60 * DAY, orders), strict=True)
    ]


def ring(rng: np.random.Generator, shops: tuple[int, ...] = (90, 91), each: int = 6) -> list[Row]:
    return [(b, int(rng.choice(shops)), int(rng.integers(0, 60 * DAY))) for b in RING for _ in range(each)]


def largest(mined: Mined) -> Group:
    return max(mined.groups, key=lambda g: len(set(g.buyers.tolist()) & set(RING)))


@pytest.fixture(scope="module")
def planted() -> list[Row]:
    rng = np.random.default_rng(3)
    return honest(rng) + ring(rng)


def test_a_planted_ring_is_found_with_its_shops(planted: list[Row]) -> None:
    found = largest(mine_groups(book_of(planted), RingParams()))
    assert set(RING) <= set(found.buyers.tolist()) and len(found.buyers) <= len(RING) + 2
    assert found.shops.tolist() == [90, 91]


def test_chance_alone_gives_next_to_nothing() -> None:
    groups = mine_groups(book_of(honest(np.random.default_rng(3))), RingParams()).groups
    assert sum(len(g.buyers) for g in groups) <= 10


def test_rows_in_any_order_give_the_same_groups(planted: list[Row]) -> None:
    shuffled = [planted[i] for i in np.random.default_rng(8).permutation(len(planted))]
    a, b = (mine_groups(book_of(rows), RingParams()).groups for rows in (planted, shuffled))
    assert [(g.buyers.tolist(), g.shops.tolist(), g.evidence.tolist()) for g in a] == [
        (g.buyers.tolist(), g.shops.tolist(), g.evidence.tolist()) for g in b
    ]


def test_orders_paid_back_reveal_a_ring_too_thin_to_see_otherwise() -> None:
    rng = np.random.default_rng(3)
    rows = honest(rng)
    thin = [(b, 5, int(rng.integers(0, 60 * DAY))) for b in RING[:6] for _ in range(2)]
    back = [False] * len(rows) + [True] * len(thin)
    blind = mine_groups(book_of(rows + thin), RingParams())
    assert not blind.groups or not set(RING[:6]) <= set(largest(blind).buyers.tolist())
    seeing = mine_groups(book_of(rows + thin, paid_back=back), RingParams())
    assert set(RING[:6]) <= set(largest(seeing).buyers.tolist())


def test_a_buyer_with_very_many_orders_and_a_device_of_everybody_change_nothing(planted: list[Row]) -> None:
    rng = np.random.default_rng(5)
    heavy = [
        (1500, int(s), int(t))
        for s, t in zip(rng.integers(0, 90, 5_000), rng.integers(0, 60 * DAY, 5_000), strict=True)
    ]
    heavy += [(1500, 100 + s, 0) for s in range(150)]
    book = book_of(planted + heavy, device=dict.fromkeys(range(1501), 0))
    mined = mine_groups(book, RingParams())
    assert set(RING) <= set(largest(mined).buyers.tolist())
    assert mined.cut == ("1 buyers with over 100 shops left out of shop pairs",)
    signals = SignalReader(mined, RingParams()).read(largest(mined))
    assert signals.shared_identity_share == 0.0


def test_seeds_over_the_limit_are_left_out_and_counted(planted: list[Row]) -> None:
    mined = mine_groups(book_of(planted), RingParams(max_group_orders=10))
    assert not mined.groups and any("not refined" in why for why in mined.cut)


def test_an_empty_book_gives_nothing() -> None:
    assert mine_groups(book_of([]), RingParams()).groups == []


def sign_of(book: OrderBook) -> tuple[float, dict[str, float]]:
    mined = mine_groups(book, RingParams())
    judged = judge(SignalReader(mined, RingParams()).read(largest(mined)))
    return judged.score, judged.signs


def test_couples_are_no_shared_identity_but_threes_are(planted: list[Row]) -> None:
    couples = {b: 10_000 + b // 2 for b in RING} | {b: b for b in range(900)}
    threes = {b: 10_000 + b // 4 for b in RING} | {b: b for b in range(900)}
    score, signs = sign_of(book_of(planted, device=couples))
    assert score < 0.5 and "shared_identity" not in signs
    score, signs = sign_of(book_of(planted, device=threes))
    assert score >= 0.5 and signs["shared_identity"] == 1.0


def test_a_sale_of_an_hour_is_no_burst_but_a_campaign_of_three_days_is() -> None:
    rng = np.random.default_rng(3)
    base = honest(rng)
    sale = [(b, 90, 20 * DAY + int(rng.integers(0, 3_600_000))) for b in RING for _ in range(2)]
    campaign = [
        (b, int(rng.choice((90, 91))), 20 * DAY + int(rng.integers(0, 3 * DAY))) for b in RING for _ in range(6)
    ]
    score, signs = sign_of(book_of(base + campaign))
    assert score >= 0.5 and signs["burst"] == 1.0
    score, signs = sign_of(book_of(base + sale))
    assert score < 0.5 and "burst" not in signs


def test_of_overlapping_groups_the_best_is_kept_whatever_their_order() -> None:
    def group(*buyers: int) -> Group:
        return Group(np.array(buyers, np.int32), np.array([0], np.int32), np.zeros(len(buyers)))

    groups = [group(1, 2, 3, 4), group(2, 3, 4, 5), group(7, 8, 9, 10)]
    assert distinct(groups, [0.4, 0.9, 0.1], 20) == [1, 2]
    assert distinct(groups[::-1], [0.1, 0.9, 0.4], 20) == [1, 0]
