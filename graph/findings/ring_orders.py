"""The orders of a snapshot as an order book: who bought where, from which device, what the parcel and the money say."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from graph.rings.orders import Links, OrderBook, join_links
from graph.rings.params import RingParams
from graph.rings.payback import PaidBack, Payments, match_paybacks, standing
from graph.snapshot import NULL, Int32, Int64, Snapshot


@dataclass(frozen=True)
class BookedOrders:
    """An order book and where its rows came from.

    ``sold``: place in SOLD_BY, ``placed``: place in PLACED, ``paid``: what was paid back and by which of ``transfers``
    (places in TRANSFER). ``currency``: code per row, an index into ``currencies`` (-1: missing).
    """

    book: OrderBook
    sold: Int64
    placed: Int64
    currency: Int32
    currencies: list[str]
    paid: PaidBack
    transfers: Int64


def booked_orders(snapshot: Snapshot, params: RingParams) -> BookedOrders:
    """Every (order, shop) whose buyer is known, sorted by (time, shop, buyer, order)."""
    placed, sold = snapshot.relation("Buyer", "PLACED", "Orders"), snapshot.relation("Orders", "SOLD_BY", "Merchant")
    orders = snapshot.nodes["Orders"]
    placed_at = np.full(len(orders), -1, np.int64)
    placed_at[placed.dst[::-1]] = np.arange(len(placed))[::-1]  # the first edge of an order wins
    rows = np.flatnonzero(placed_at[sold.src] >= 0)
    ts = _first_known(orders.int64("ts")[sold.src], sold.int64("ts"), placed.int64("ts")[placed_at[sold.src]])
    rows = rows[ts[rows] != NULL]
    buyer, shop = placed.src[placed_at[sold.src[rows]]], sold.dst[rows]
    sort = np.lexsort((sold.src[rows], buyer, shop, ts[rows]))
    rows, buyer, shop = rows[sort], buyer[sort], shop[sort]
    order = sold.src[rows]
    currency, currencies = orders.codes("currency")
    amount = orders.int64("amount")[order]
    payments, transfers = _payments_to_buyers(snapshot, currencies, params.payback_hub)
    refunded = _refunded(snapshot)[order]
    paid = match_paybacks(
        buyer,
        shop,
        ts[rows],
        np.where(refunded, NULL, amount),  # money back for goods sent back is no secret
        currency[order],
        payments,
        _shop_accounts(snapshot),
        params.payback_days,
        params.payback_low,
        params.payback_high,
        params.payback_extra,
    )
    parcel = _parcels(snapshot, len(orders))
    rating = orders.int64("rating")[order]
    book = OrderBook(
        buyer=buyer,
        shop=shop,
        ts=ts[rows],
        n_buyers=len(snapshot.nodes["Buyer"]),
        n_shops=len(snapshot.nodes["Merchant"]),
        identity=buyer_links(snapshot),
        amount=amount,
        waybill=None if parcel is None else parcel.waybill[order],
        weight_g=None if parcel is None else parcel.weight_g[order],
        shipped_ts=None if parcel is None else parcel.shipped_ts[order],
        signed_ts=None if parcel is None else parcel.signed_ts[order],
        far=None if parcel is None else _far(snapshot, shop, parcel.address[order]),
        rating=rating if bool((rating != NULL).any()) else None,
        refunded=refunded if len(snapshot.facts["refund"]) else None,
        paid_back=paid.direct if len(transfers) else None,
        payer=paid.payer if len(transfers) else None,
        money_seen=_money_in_sight(snapshot)[buyer] if len(transfers) else None,
    )
    return BookedOrders(book, rows, placed_at[order], currency[order], currencies, paid, transfers)


def buyer_links(snapshot: Snapshot) -> Links:
    """Devices, phones, accounts and addresses of buyers, those of their orders included."""
    placed = snapshot.relation("Buyer", "PLACED", "Orders")
    buyer_of = np.full(len(snapshot.nodes["Orders"]), -1, np.int32)
    buyer_of[placed.dst[::-1]] = placed.src[::-1]
    parts: dict[str, tuple[Int32, Int32]] = {}
    for name, type_, kind in (
        ("device", "USED_DEVICE", "Device"),
        ("address", "SHIPPED_TO", "Address"),
        ("address", "REGISTERED_AT", "Address"),
        ("phone", "HAS_PHONE", "Phone"),
        ("account", "OWNS", "Account"),
    ):
        users, tokens = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        if name in parts:
            users, tokens = [parts[name][0]], [parts[name][1]]
        own = snapshot.relations.get(("Buyer", type_, kind))
        if own is not None:
            users.append(own.src)
            tokens.append(own.dst)
        by_order = snapshot.relations.get(("Orders", type_, kind))
        if by_order is not None:
            known = buyer_of[by_order.src] >= 0
            users.append(buyer_of[by_order.src[known]])
            tokens.append(by_order.dst[known])
        parts[name] = np.concatenate(users), np.concatenate(tokens)
    return join_links({name: part for name, part in parts.items() if len(part[0])})


@dataclass(frozen=True)
class _Parcels:
    waybill: Int32
    weight_g: Int64
    shipped_ts: Int64
    signed_ts: Int64
    address: Int64  # where it went, -1 where unknown


def _far(snapshot: Snapshot, shop: Int32, address: Int64) -> npt.NDArray[np.bool_] | None:
    """Which orders went to another region than any their shop ships from; None where no regions are known."""
    code, names = snapshot.nodes["Address"].codes("region")
    ships = snapshot.relations.get(("Merchant", "SHIPS_FROM", "Address"))
    if not names or ships is None:
        return None
    at = code[ships.dst]
    home = np.unique(ships.src[at >= 0].astype(np.int64) << 32 | at[at >= 0])
    went = np.where(address >= 0, code[address], -1).astype(np.int64)
    told = np.isin(shop, home >> 32) & (went >= 0)
    return told & ~np.isin(shop.astype(np.int64) << 32 | np.maximum(went, 0), home)


def _parcels(snapshot: Snapshot, n_orders: int) -> _Parcels | None:
    """The heaviest parcel of each order, with its times; None when no parcel is known."""
    sent = snapshot.relation("Orders", "SHIPPED_TO", "Address")
    if len(sent) == 0:
        return None
    weight = sent.int64("weight_g")
    order = np.lexsort((np.arange(len(sent))[::-1], weight))
    place = np.full(n_orders, -1, np.int64)
    place[sent.src[order]] = order
    has = place >= 0

    def of(values: npt.NDArray[np.int64], missing: int) -> npt.NDArray[np.int64]:
        return np.where(has, values[place], missing)

    waybill, _ = sent.codes("waybill")
    return _Parcels(
        of(waybill.astype(np.int64), -1).astype(np.int32),
        of(weight, NULL),
        of(sent.int64("shipped_ts"), NULL),
        of(sent.int64("signed_ts"), NULL),
        of(sent.dst.astype(np.int64), -1),
    )


def _refunded(snapshot: Snapshot) -> npt.NDArray[np.bool_]:
    ids = snapshot.nodes["Orders"].ids
    found = pc.index_in(snapshot.facts["refund"].table["order_id"], ids).drop_null()
    mark = np.zeros(len(ids), np.bool_)
    mark[found.to_numpy()] = True
    return mark


def _payments_to_buyers(snapshot: Snapshot, currencies: list[str], hub: int) -> tuple[Payments, Int64]:
    """Transfers into buyers' accounts, and their places in TRANSFER; no wages, no payers of over ``hub`` buyers."""
    transfer = snapshot.relation("Account", "TRANSFER", "Account")
    owns = snapshot.relation("Buyer", "OWNS", "Account")
    holder = np.full(len(snapshot.nodes["Account"]), -1, np.int32)
    holder[owns.dst[::-1]] = owns.src[::-1]
    places = np.flatnonzero(holder[transfer.dst] >= 0)
    paid = np.unique(transfer.src[places].astype(np.int64) << 32 | holder[transfer.dst[places]])
    payers, buyers = np.unique(paid >> 32, return_counts=True)
    places = places[~np.isin(transfer.src[places], payers[buyers > hub])]
    code, names = transfer.codes("currency")
    known = {name: i for i, name in enumerate(currencies)}
    recode = np.array([*(known.get(name, -2) for name in names), -2], np.int32)
    payments = Payments(
        holder[transfer.dst[places]],
        transfer.src[places],
        transfer.int64("ts")[places],
        transfer.int64("amount")[places],
        recode[code[places]],
    )
    kept = ~standing(payments) & (payments.ts != NULL) & (payments.amount != NULL)
    return Payments(*(getattr(payments, f.name)[kept] for f in fields(payments))), places[kept]


def _money_in_sight(snapshot: Snapshot) -> npt.NDArray[np.bool_]:
    """Which buyers own an account that any transfer is known of: money back to them would be seen."""
    transfer = snapshot.relation("Account", "TRANSFER", "Account")
    owns = snapshot.relation("Buyer", "OWNS", "Account")
    moved = np.zeros(len(snapshot.nodes["Account"]), np.bool_)
    moved[transfer.src] = moved[transfer.dst] = True
    seen = np.zeros(len(snapshot.nodes["Buyer"]), np.bool_)
    seen[owns.src[moved[owns.dst]]] = True
    return seen


def _shop_accounts(snapshot: Snapshot) -> tuple[Int32, Int32]:
    """(shop, account) pairs: accounts of the shop itself, and of the persons and companies that own it."""
    own = snapshot.relation("Merchant", "OWNS", "Account")
    shops, accounts = [own.src], [own.dst]
    for kind in ("Person", "Company"):
        owner = snapshot.relation(kind, "OWNS", "Merchant")
        purse = snapshot.relation(kind, "OWNS", "Account")
        if len(purse) == 0:
            continue
        count = purse.out_degree[owner.src]
        shops.append(np.repeat(owner.dst, count))
        starts = np.repeat(purse.out_ptr[owner.src], count)
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        accounts.append(purse.dst[starts + step])
    return np.concatenate(shops), np.concatenate(accounts)


def _first_known(*columns: Int64) -> Int64:
    out = columns[0].copy()
    for column in columns[1:]:
        out = np.where(out == NULL, column, out)
    return out
