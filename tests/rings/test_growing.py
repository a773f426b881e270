"""A book that grows by parts gives what one book with all orders gives, whatever the parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graph.rings.groups import Mined, mine_groups
from graph.rings.growing import BookMismatchError, GrowingBook
from graph.rings.orders import Links, OrderBook, join_links
from graph.rings.params import RingParams
from tests.rings.books import book_of
from tests.rings.test_groups import honest, ring


def figures(mined: Mined) -> list[tuple[list[int], list[int], list[float]]]:
    return sorted((g.buyers.tolist(), g.shops.tolist(), g.evidence.tolist()) for g in mined.groups)


def some(book: OrderBook, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> OrderBook:
    """The orders at some rows, with the identifiers of their buyers only."""
    part = book.take(rows)
    links = book.identity
    mine = np.isin(links.user, part.buyer)
    return OrderBook(
        part.buyer,
        part.shop,
        part.ts,
        part.n_buyers,
        part.n_shops,
        Links(links.user[mine], links.token[mine], links.kind, links.kinds),
        refunded=part.refunded,
    )


@pytest.mark.parametrize("seed", range(6))
def test_parts_in_any_order_give_the_groups_of_the_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = honest(rng) + ring(rng)
    book = book_of(
        rows, device={b: int(b) // 3 for b in range(0, 1014)}, refunded=[i % 9 == 0 for i in range(len(rows))]
    )
    parts = np.array_split(rng.permutation(len(rows)), 4)
    growing = GrowingBook(some(book, parts[0]))
    for part in parts[1:]:
        growing.add(some(book, part))
    whole = mine_groups(book, RingParams())
    assert figures(growing.mine(RingParams())) == figures(whole) != []


def test_orders_that_come_bring_a_ring_to_light() -> None:
    rng = np.random.default_rng(1)
    growing = GrowingBook(book_of(honest(rng)))
    before = figures(growing.mine(RingParams()))
    growing.add(book_of(ring(rng)))
    assert figures(growing.mine(RingParams())) != before


def test_new_orders_that_know_less_are_refused_by_name() -> None:
    rng = np.random.default_rng(1)
    rows = ring(rng)
    growing = GrowingBook(book_of(rows, refunded=[False] * len(rows)))
    with pytest.raises(BookMismatchError, match="refunded: known of the book only"):
        growing.add(book_of(rows))
    with_devices = GrowingBook(book_of(rows, device={1000: 0}))
    other = replace(
        book_of(rows), identity=join_links({"phone": (np.array([1000], np.int32), np.array([0], np.int32))})
    )
    with pytest.raises(BookMismatchError, match="identifiers: device in the book, phone in the new orders"):
        with_devices.add(other)
