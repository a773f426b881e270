"""Coordinated groups in an order book: structure alone, no accusation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.rings.backbone import shop_backbone
from graph.rings.group import Group
from graph.rings.incidence import Incidence, incidence
from graph.rings.linked import shops_of_linked
from graph.rings.loyalty import loyalty_table
from graph.rings.orders import OrderBook, sorted_by_time
from graph.rings.params import RingParams
from graph.rings.refine import Tables, refine, workspace
from graph.rings.season import market_seconds
from graph.rings.seeds import find_seeds, odd_orders, shared_identity
from graph.snapshot import Int32


@dataclass(frozen=True)
class Mined:
    """All groups of an order book, the tables they came from, and what limits cut (empty: nothing)."""

    book: OrderBook
    inc: Incidence
    groups: list[Group]
    cut: tuple[str, ...]


def mine_groups(book: OrderBook, params: RingParams) -> Mined:
    """Groups of buyers and shops that chance and honest loyalty do not explain.

    The same book gives the same groups whatever the order of its rows. A group may come out of several seeds; of equal
    ones one is kept, overlapping ones stay (see ``distinct``).
    """
    book = sorted_by_time(book)
    inc = incidence(book)
    cut = []
    backbone = shop_backbone(inc, params.max_shops_per_buyer, params.min_common, params.min_lift, params.pair_tail)
    if backbone.left_out:
        cut.append(f"{backbone.left_out} buyers with over {params.max_shops_per_buyer} shops left out of shop pairs")
    identity = shared_identity(inc, book.identity, params.hub)
    market_ts = market_seconds(inc)
    odd = odd_orders(inc, book)
    seeds = find_seeds(inc, backbone, identity, odd, market_ts, params)
    tables = Tables(
        buyer_ptr=inc.buyer_ptr,
        buyer_shop=inc.buyer_shop,
        buyer_times=inc.buyer_times,
        shop_ptr=inc.shop_ptr,
        shop_buyer=inc.shop_buyer,
        shop_times=inc.shop_times,
        order_ptr=inc.order_ptr,
        order_buyer=inc.order_buyer,
        market_ts=market_ts,
        buyer_orders=inc.buyer_orders,
        shop_orders=inc.shop_orders,
        shares_identity=identity.flag,
        loyalty=loyalty_table(inc.buyer_ptr, inc.buyer_times, inc.buyer_orders),
        windows=np.array(params.windows_s, np.int64),
        span=inc.span_s,
        identity_evidence=-float(np.log10(max(identity.rate, 1e-6))),
        odd_times=odd.times,
        odd_rate=odd.rate,
    )
    light = [g for g in seeds if int(inc.shop_orders[g].sum()) <= params.max_group_orders]
    if len(light) < len(seeds):
        cut.append(f"{len(seeds) - len(light)} seeds with over {params.max_group_orders} orders not refined")
    groups = _refined(light, 0, tables, params)
    wider = [
        g for g in shops_of_linked(groups, book.n_buyers) if int(inc.shop_orders[g].sum()) <= params.max_group_orders
    ]
    groups += _refined(wider, len(light), tables, params, groups)
    return Mined(book, inc, groups, tuple(cut))


def _refined(
    seeds: list[Int32], first: int, tables: Tables, params: RingParams, known: Sequence[Group] = ()
) -> list[Group]:
    """A group for each seed that holds one, none twice and none of the ``known``."""
    work = workspace(len(tables.buyer_ptr) - 1, len(tables.shop_ptr) - 1)
    groups: list[Group] = []
    seen = {(g.buyers.tobytes(), g.shops.tobytes()) for g in known}
    for number, seed in enumerate(seeds, first):
        buyers, shops, evidence = refine(
            seed,
            number,
            tables,
            work,
            params.rounds,
            params.alpha,
            params.min_buyers,
            params.min_share,
            params.burst_tail,
        )
        key = (buyers.tobytes(), shops.tobytes())
        if len(buyers) and key not in seen:
            seen.add(key)
            groups.append(Group(buyers, shops, evidence))
    return groups
