"""The orders that rings are mined from: one row each, as numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from graph.snapshot import NULL, Int32, Int64

__all__ = ["NULL", "Links", "OrderBook"]


@dataclass(frozen=True)
class Links:
    """Who uses which identifier: one row per (user, token), each pair once, sorted by (user, token).

    Tokens of all kinds share one numbering; ``kind[token]`` says which it is (an index into ``kinds``).
    """

    user: Int32
    token: Int32
    kind: Int32
    kinds: tuple[str, ...]

    @property
    def n_tokens(self) -> int:
        return len(self.kind)

    def users_of(self) -> Int64:
        """How many users each token has."""
        return np.bincount(self.token, minlength=self.n_tokens).astype(np.int64)


def no_links() -> Links:
    """Nothing known about who uses what."""
    empty = np.empty(0, np.int32)
    return Links(empty, empty, empty, ())


def join_links(parts: dict[str, tuple[Int32, Int32]]) -> Links:
    """Links of several kinds of identifier as one. Each part: users, and token numbers of its own (-1: none)."""
    users, tokens, kinds, base = [], [], [], 0
    for at, (user, token) in enumerate(parts.values()):
        known = token >= 0
        pairs = np.sort(user[known].astype(np.int64) << 32 | token[known].astype(np.int64))
        pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs
        own = pairs & 0xFFFFFFFF
        used = np.flatnonzero(np.bincount(own)) if len(own) else own
        users.append(pairs >> 32)
        tokens.append(np.searchsorted(used, own) + base)
        kinds.append(np.full(len(used), at, np.int32))
        base += len(used)
    if not base:
        return no_links()
    user, token = np.concatenate(users), np.concatenate(tokens)
    order = np.lexsort((token, user))
    return Links(user[order].astype(np.int32), token[order].astype(np.int32), np.concatenate(kinds), tuple(parts))


@dataclass(frozen=True)
class OrderBook:
    """Orders sorted by time, with what is known of each. ``None``: the source has no such column at all.

    ``buyer``, ``shop``: numbers. ``ts``: ms. ``amount``: minor units of one currency, NULL where missing. ``waybill``:
    number of the label, -1 where missing. ``weight_g``, ``shipped_ts``, ``signed_ts``, ``rating``: NULL where missing.
    ``far``: it went to another province than any its shop ships from, as far as both are known. ``refunded``: money
    went back by way of the platform. ``paid_back``: money came to the buyer from a shop's side within days, of about
    the order's price (see graph.rings.payback); ``payer``: from which account. ``money_seen``: had
    money come back, it would be known; None: nowhere.
    """

    buyer: Int32
    shop: Int32
    ts: Int64
    n_buyers: int
    n_shops: int
    identity: Links = field(default_factory=no_links)
    amount: Int64 | None = None
    waybill: Int32 | None = None
    weight_g: Int64 | None = None
    shipped_ts: Int64 | None = None
    signed_ts: Int64 | None = None
    rating: Int64 | None = None
    refunded: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None
    far: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None
    paid_back: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None
    payer: Int32 | None = None
    money_seen: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None

    def __len__(self) -> int:
        return len(self.buyer)

    def take(self, rows: Int64) -> OrderBook:
        """The orders at some rows, in that order."""
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, column in moved.items():
            if isinstance(column, np.ndarray):
                moved[name] = column[rows]
        return OrderBook(**moved)


def sorted_by_time(book: OrderBook) -> OrderBook:
    """The same orders in the order (time, shop, buyer); the book itself when its times already ascend."""
    if len(book) < 2 or bool(np.all(book.ts[1:] >= book.ts[:-1])):
        return book
    return book.take(np.lexsort((book.buyer, book.shop, book.ts)))
