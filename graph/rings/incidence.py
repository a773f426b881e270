"""Who bought where and how often, both ways round, by counting sorts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from graph.rings.orders import OrderBook
from graph.snapshot import Int32, Int64


@dataclass(frozen=True)
class Incidence:
    """Distinct (buyer, shop) pairs with their numbers of orders, and the orders of each shop in order of time.

    Buyer b: shops ``buyer_shop[buyer_ptr[b]:buyer_ptr[b+1]]`` with counts ``buyer_times``; shop s the other way round.
    Orders of shop s: ``order_ptr[s]:order_ptr[s+1]`` in ``order_row`` (place in the book), ``order_buyer`` and
    ``order_ts`` (seconds since the first order of all).
    """

    buyer_ptr: Int64
    buyer_shop: Int32
    buyer_times: Int32
    shop_ptr: Int64
    shop_buyer: Int32
    shop_times: Int32
    order_ptr: Int64
    order_row: Int64
    order_buyer: Int32
    order_ts: Int64
    buyer_orders: Int64
    shop_orders: Int64
    span_s: float

    @property
    def n_orders(self) -> int:
        return len(self.order_buyer)


def incidence(book: OrderBook) -> Incidence:
    """Lists sorted by number whatever the order of the rows, so that nothing downstream depends on it."""
    start = int(book.ts.min()) if len(book) else 0
    seconds = (book.ts - start) // 1000
    raw_ptr, raw_buyer, raw_times = _distinct(book.shop, book.buyer, book.n_shops, book.n_buyers)
    buyer_ptr, buyer_shop, buyer_times = _transpose(raw_ptr, raw_buyer, raw_times, book.n_buyers)
    shop_ptr, shop_buyer, shop_times = _transpose(buyer_ptr, buyer_shop, buyer_times, book.n_shops)
    order_ptr, order_row = by_shop(book.shop, book.n_shops)
    return Incidence(
        buyer_ptr=buyer_ptr,
        buyer_shop=buyer_shop,
        buyer_times=buyer_times,
        shop_ptr=shop_ptr,
        shop_buyer=shop_buyer,
        shop_times=shop_times,
        order_ptr=order_ptr,
        order_row=order_row,
        order_buyer=book.buyer[order_row],
        order_ts=seconds[order_row],
        buyer_orders=np.bincount(book.buyer, minlength=book.n_buyers).astype(np.int64),
        shop_orders=np.bincount(book.shop, minlength=book.n_shops).astype(np.int64),
        span_s=float(seconds.max() + 1) if len(book) else 1.0,
    )


@njit(cache=True, nogil=True)
def _distinct(key: Int32, other: Int32, n_keys: int, n_others: int) -> tuple[Int64, Int32, Int32]:
    """Rows by key; distinct others of a key with how often each occurs."""
    m = len(key)
    start = np.zeros(n_keys + 1, np.int64)
    for i in range(m):
        start[key[i] + 1] += 1
    for k in range(n_keys):
        start[k + 1] += start[k]
    fill = start[:n_keys].copy()
    column = np.empty(m, np.int32)
    for i in range(m):
        column[fill[key[i]]] = other[i]
        fill[key[i]] += 1
    ptr = np.zeros(n_keys + 1, np.int64)
    times = np.empty(m, np.int32)
    seen_at = np.full(n_others, -1, np.int64)
    w = 0
    for k in range(n_keys):
        first = w
        for x in range(start[k], start[k + 1]):
            o = column[x]
            at = seen_at[o]
            if at >= first:
                times[at] += 1
            else:
                column[w] = o
                times[w] = 1
                seen_at[o] = w
                w += 1
        ptr[k + 1] = w
    return ptr, column[:w].copy(), times[:w].copy()


@njit(cache=True, nogil=True)
def _transpose(ptr: Int64, column: Int32, times: Int32, n_columns: int) -> tuple[Int64, Int32, Int32]:
    """The same pairs by column; within a column sorted by row."""
    n_rows = len(ptr) - 1
    out = np.zeros(n_columns + 1, np.int64)
    for i in range(len(column)):
        out[column[i] + 1] += 1
    for c in range(n_columns):
        out[c + 1] += out[c]
    fill = out[:n_columns].copy()
    row = np.empty(len(column), np.int32)
    count = np.empty(len(column), np.int32)
    for r in range(n_rows):
        for x in range(ptr[r], ptr[r + 1]):
            c = column[x]
            row[fill[c]] = r
            count[fill[c]] = times[x]
            fill[c] += 1
    return out, row, count


@njit(cache=True, nogil=True)
def by_shop(shop: Int32, n_shops: int) -> tuple[Int64, Int64]:
    """Places of orders by shop, the order of the input (time) kept."""
    m = len(shop)
    ptr = np.zeros(n_shops + 1, np.int64)
    for i in range(m):
        ptr[shop[i] + 1] += 1
    for s in range(n_shops):
        ptr[s + 1] += ptr[s]
    fill = ptr[:n_shops].copy()
    row = np.empty(m, np.int64)
    for i in range(m):
        row[fill[shop[i]]] = i
        fill[shop[i]] += 1
    return ptr, row
