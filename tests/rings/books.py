"""Order books for tests, from plain rows."""

from __future__ import annotations

import numpy as np

from graph.rings.orders import OrderBook, join_links, no_links

Row = tuple[int, int, int]
"""buyer, shop, time in ms."""


def book_of(rows: list[Row], device: dict[int, int] | None = None, **columns: list[int] | list[bool]) -> OrderBook:
    """A book; ``device``: device of each buyer; other columns by name."""
    buyer, shop, ts = (np.array([r[i] for r in rows]) for i in range(3))
    links = no_links()
    if device:
        users, tokens = np.array(list(device), np.int32), np.array(list(device.values()), np.int32)
        links = join_links({"device": (users, tokens)})
    return OrderBook(
        buyer=buyer.astype(np.int32),
        shop=shop.astype(np.int32),
        ts=ts.astype(np.int64),
        n_buyers=int(buyer.max(initial=-1)) + 1,
        n_shops=int(shop.max(initial=-1)) + 1,
        identity=links,
        **{name: np.array(values) for name, values in columns.items()},  # type: ignore[arg-type]  # arrays of each type
    )
