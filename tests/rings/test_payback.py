"""Money back to buyers: what fits an order, what pays several, what is wages, and who paid."""

from __future__ import annotations

import numpy as np

from graph.rings.payback import PaidBack, Payments, match_paybacks, standing

DAY = 86_400_000
SHOP_ACCOUNT, OWNER_ACCOUNT, STRANGER = 10, 11, 99
Order = tuple[int, int, int, int]
"""buyer, shop, day, amount"""
Payment = tuple[int, int, float, int]
"""buyer, payer, day, amount"""


def payments_of(rows: list[Payment]) -> Payments:
    buyer, payer, day, amount = (np.array([r[i] for r in rows]) for i in range(4))
    return Payments(
        buyer.astype(np.int32),
        payer.astype(np.int32),
        (day * DAY).astype(np.int64),
        amount.astype(np.int64),
        np.zeros(len(rows), np.int32),
    )


def match(orders: list[Order], paid: list[Payment], extra: int = 2_000) -> PaidBack:
    buyer, shop, day, amount = (np.array([r[i] for r in orders]) for i in range(4))
    return match_paybacks(
        buyer.astype(np.int32),
        shop.astype(np.int32),
        (day * DAY).astype(np.int64),
        amount.astype(np.int64),
        np.zeros(len(orders), np.int32),
        payments_of(paid),
        (np.array([0, 0], np.int32), np.array([SHOP_ACCOUNT, OWNER_ACCOUNT], np.int32)),
        days=14,
        low=0.98,
        high=1.30,
        extra=extra,
    )


def test_price_and_commission_from_the_owner_within_days_is_money_back() -> None:
    found = match([(1, 0, 5, 10_000)], [(1, OWNER_ACCOUNT, 7, 10_800)])
    assert found.direct.tolist() == [True] and found.payer.tolist() == [OWNER_ACCOUNT]


def test_too_late_too_early_too_little_too_much_and_another_buyer_do_not_fit() -> None:
    order = [(1, 0, 5, 100_000)]
    for payment in (
        (1, OWNER_ACCOUNT, 20, 108_000),
        (1, OWNER_ACCOUNT, 4, 108_000),
        (1, OWNER_ACCOUNT, 7, 90_000),
        (1, OWNER_ACCOUNT, 7, 140_000),
        (2, OWNER_ACCOUNT, 7, 108_000),
    ):
        found = match(order, [payment])
        assert found.transfer.tolist() == [-1] and not found.direct.any()


def test_one_transfer_pays_one_order_only() -> None:
    found = match([(1, 0, 5, 10_000), (1, 0, 6, 10_000)], [(1, SHOP_ACCOUNT, 7, 10_500)])
    assert found.direct.tolist() == [True, False]


def test_one_transfer_may_pay_several_orders_in_a_row_at_one_shop() -> None:
    orders = [(1, 0, 3, 10_000), (1, 0, 5, 20_000), (1, 0, 6, 30_000), (1, 1, 6, 1_000)]
    found = match(orders, [(1, SHOP_ACCOUNT, 8, 62_500)])
    assert found.direct.tolist() == [True, True, True, False]
    assert set(found.transfer[:3].tolist()) == {0}


def test_a_stranger_who_pays_is_noted_but_is_not_the_shops_side() -> None:
    found = match([(1, 0, 5, 10_000)], [(1, STRANGER, 6, 10_700)])
    assert not found.direct.any() and found.payer.tolist() == [STRANGER]
    both = match([(1, 0, 5, 10_000)], [(1, STRANGER, 6, 10_700), (1, OWNER_ACCOUNT, 8, 10_700)])
    assert both.direct.tolist() == [True]


def test_the_order_of_rows_makes_no_difference() -> None:
    rng = np.random.default_rng(2)
    orders = [(int(b), 0, int(d), int(a)) for b, d, a in rng.integers([0, 0, 5_000], [4, 60, 9_000], (50, 3))]
    paid = [
        (int(b), SHOP_ACCOUNT, float(d), int(a)) for b, d, a in rng.integers([0, 0, 5_000], [4, 60, 30_000], (40, 3))
    ]
    mixed = [int(i) for i in rng.permutation(50)]
    plain = match(orders, paid)
    moved = match([orders[i] for i in mixed], paid[::-1])
    paid_amounts = [paid[t][3] if t >= 0 else None for t in plain.transfer]
    moved_amounts = [paid[::-1][t][3] if t >= 0 else None for t in moved.transfer]
    assert sorted(zip(orders, map(str, paid_amounts), strict=True)) == sorted(
        zip([orders[i] for i in mixed], map(str, moved_amounts), strict=True)
    )
    assert plain.direct.sum() > 5


def test_wages_are_standing_payments_and_money_back_is_not() -> None:
    wages: list[Payment] = [(1, SHOP_ACCOUNT, day, 500_000) for day in (5, 35, 65)]
    back: list[Payment] = [(2, SHOP_ACCOUNT, day, 10_800) for day in (5, 9, 30)]
    twice: list[Payment] = [(3, SHOP_ACCOUNT, day, 10_800) for day in (5, 60)]
    assert standing(payments_of(wages + back + twice)).tolist() == [True] * 3 + [False] * 5
    assert standing(payments_of([])).tolist() == []
