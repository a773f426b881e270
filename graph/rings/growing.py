"""An order book that grows: new orders are merged into sorted arrays, and what they change is mined again.

The null is of the whole market (how much a buyer buys, how busy a day is), so one new order may move a p-value
anywhere: nothing of an earlier pass may be kept and still equal a pass over everything. What is kept is what costs the
most outside mining: ids already numbers, orders sorted, identifiers sorted. Mining itself takes less than a second a
million orders (``python -m benchmarks.rings --update``).
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np

from graph.rings.groups import Mined, mine_groups
from graph.rings.orders import Links, OrderBook, sorted_by_time
from graph.rings.params import RingParams
from graph.snapshot import Int64


class BookMismatchError(ValueError):
    """The new orders know other things than the book: a column is there in one and missing in the other."""


class GrowingBook:
    """Orders so far; ``add`` what came since, ``mine`` at any time: the same groups as of one book with all orders."""

    def __init__(self, book: OrderBook) -> None:
        self.book = sorted_by_time(book)

    def add(self, more: OrderBook) -> None:
        """Merge orders of the same numbering (buyers, shops and tokens that are new have numbers after the known ones).

        Raises BookMismatchError when one of the two has a column that the other lacks.
        """
        more = sorted_by_time(more)
        places = np.searchsorted(self.book.ts, more.ts, side="right")
        merged: dict[str, Any] = {}
        for f in fields(OrderBook):
            old, new = getattr(self.book, f.name), getattr(more, f.name)
            if (old is None) != (new is None):
                raise BookMismatchError(f"{f.name}: known of {'the book' if new is None else 'the new orders'} only")
            if isinstance(old, np.ndarray):
                merged[f.name] = _inserted(old, places, new)
        grown = replace(self.book, **merged)
        self.book = replace(
            grown,
            n_buyers=max(self.book.n_buyers, more.n_buyers),
            n_shops=max(self.book.n_shops, more.n_shops),
            identity=_joined(self.book.identity, more.identity),
        )

    def mine(self, params: RingParams) -> Mined:
        """Groups of all orders so far."""
        return mine_groups(self.book, params)


def _inserted(old: Int64, places: Int64, new: Int64) -> Int64:
    """``np.insert`` for places that ascend, without its copies of indices."""
    out = np.empty(len(old) + len(new), old.dtype)
    at = places + np.arange(len(new))
    kept = np.ones(len(out), np.bool_)
    kept[at] = False
    out[at] = new
    out[kept] = old
    return out


def _joined(old: Links, new: Links) -> Links:
    """Pairs of both, each once; a token has one kind for good."""
    if not len(new.user):
        return old
    if old.kinds and old.kinds != new.kinds:
        raise BookMismatchError(
            f"identifiers: {', '.join(old.kinds)} in the book, {', '.join(new.kinds)} in the new orders"
        )
    n = min(old.n_tokens, new.n_tokens)
    if not np.array_equal(old.kind[:n], new.kind[:n]):
        raise BookMismatchError("identifiers: the two number their tokens differently")
    have = old.user.astype(np.int64) << 32 | old.token
    come = np.unique(new.user.astype(np.int64) << 32 | new.token)
    places = np.searchsorted(have, come)
    known = have[np.minimum(places, len(have) - 1)] == come if len(have) else np.zeros(len(come), np.bool_)
    pairs = _inserted(have, places[~known], come[~known])
    kind = new.kind if new.n_tokens > old.n_tokens else old.kind
    return Links((pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32), kind, new.kinds)
