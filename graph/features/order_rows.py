"""Orders, parcels and refunds as rows of a merchant."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.features.currency import Currencies, in_main
from graph.features.segments import Bool, expand
from graph.snapshot import NULL, Float64, Int32, Int64, Snapshot

T = TypeVar("T", bound=np.generic)

DAY = 86_400_000


@dataclass(frozen=True)
class Rows:
    """Rows of equal length that each belong to a merchant and have a time."""

    merchant: Int32
    ts: Int64

    def __len__(self) -> int:
        return len(self.merchant)

    def where(self, picked: Bool | Int64) -> Self:
        """The flagged rows, or those at the given positions in that order."""
        return replace(self, **{f.name: getattr(self, f.name)[picked] for f in fields(self)})

    def within(self, start: int, end: int) -> Self:
        """Rows with start < ts <= end."""
        return self.where((self.ts > start) & (self.ts <= end))


@dataclass(frozen=True)
class OrderRows(Rows):
    """One row per order and shop that sold it. ``buyer`` and ``device`` are node numbers or -1."""

    order: Int32
    buyer: Int32
    device: Int32
    amount: Float64  # main currency; NaN otherwise
    rating: Float64
    cancelled: Bool
    registered: Int64  # when the buyer signed up, NULL where unknown


@dataclass(frozen=True)
class ParcelRows(Rows):
    """One row per parcel; ``ts`` is its order's. Waybills are numbers, -1 where there is none."""

    order: Int32
    buyer: Int32
    address: Int32
    waybill: Int32
    shipped: Int64
    signed: Int64
    weight: Float64  # grams


@dataclass(frozen=True)
class RefundRows(Rows):
    """One row per refund of a known merchant. ``ordered`` is the time of its order, NULL where unknown."""

    amount: Float64
    ordered: Int64
    order_amount: Float64


def order_rows(snapshot: Snapshot, currencies: Currencies) -> OrderRows:
    """All orders known and placed up to as_of."""
    nodes = snapshot.nodes["Orders"]
    sold = snapshot.relation("Orders", "SOLD_BY", "Merchant")
    order, merchant = sold.src, sold.dst
    ts = np.where(nodes.int64("ts")[order] == NULL, sold.int64("ts"), nodes.int64("ts")[order])
    buyers = order_buyers(snapshot)[order]
    signed_up = snapshot.nodes["Buyer"].int64("registered_ts")
    rating = nodes.int64("rating")[order]
    cancelled = pc.fill_null(pc.equal(nodes.table["status"], "cancelled"), False)
    rows = OrderRows(
        merchant=merchant,
        ts=ts,
        order=order,
        buyer=buyers,
        device=_order_devices(snapshot)[order],
        amount=in_main(nodes.int64("amount")[order], currencies.codes(nodes)[order], currencies.main[merchant]),
        rating=np.where(rating == NULL, np.nan, rating.astype(np.float64)),
        cancelled=flat(cancelled).to_numpy(zero_copy_only=False)[order],
        registered=np.where(buyers >= 0, _at(signed_up, buyers), NULL),
    )
    return rows.where(rows.ts <= snapshot.as_of)


def parcel_rows(snapshot: Snapshot, orders: OrderRows) -> ParcelRows:
    """All parcels of the given orders."""
    sent = snapshot.relation("Orders", "SHIPPED_TO", "Address")
    row, at = expand(sent.out_ptr, orders.order)
    codes = flat(pc.fill_null(flat(sent.table["waybill"]).dictionary_encode().indices, -1))
    weight = sent.int64("weight_g")[at]
    return ParcelRows(
        merchant=orders.merchant[row],
        ts=orders.ts[row],
        order=orders.order[row],
        buyer=orders.buyer[row],
        address=sent.dst[at],
        waybill=codes.to_numpy(zero_copy_only=False).astype(np.int32)[at],
        shipped=sent.int64("shipped_ts")[at],
        signed=_until(sent.int64("signed_ts")[at], snapshot.as_of),
        weight=np.where(weight == NULL, np.nan, weight.astype(np.float64)),
    )


def refund_rows(snapshot: Snapshot, currencies: Currencies) -> RefundRows:
    """All refunds up to as_of of merchants in the snapshot."""
    facts, nodes = snapshot.facts["refund"], snapshot.nodes["Orders"]
    merchant = snapshot.fact_merchants("refund")
    found = pc.fill_null(pc.index_in(facts.table["order_id"], nodes.ids), -1)
    order = flat(found).to_numpy(zero_copy_only=False).astype(np.int32)
    main = np.where(merchant >= 0, _at(currencies.main, merchant), -1).astype(np.int32)
    bought = in_main(_at(nodes.int64("amount"), order), _at(currencies.codes(nodes), order), main)
    rows = RefundRows(
        merchant=merchant,
        ts=facts.int64("ts"),
        amount=in_main(facts.int64("amount"), currencies.codes(facts), main),
        ordered=np.where(order >= 0, _at(nodes.int64("ts"), order), NULL),
        order_amount=np.where(order >= 0, bought, np.nan),
    )
    return rows.where((merchant >= 0) & (rows.ts <= snapshot.as_of))


def order_buyers(snapshot: Snapshot) -> Int32:
    """The buyer of each order node, -1 where no source says."""
    placed = snapshot.relation("Buyer", "PLACED", "Orders")
    buyers = np.full(len(snapshot.nodes["Orders"]), -1, np.int32)
    buyers[placed.dst] = placed.src
    return buyers


def _order_devices(snapshot: Snapshot) -> Int32:
    used = snapshot.relation("Orders", "USED_DEVICE", "Device")
    devices = np.full(len(snapshot.nodes["Orders"]), -1, np.int32)
    devices[used.src] = used.dst
    return devices


def _at(values: npt.NDArray[T], index: Int32) -> npt.NDArray[T]:
    """values[index], with anything where the index is -1 (also when there are no values)."""
    return values[index] if len(values) else np.zeros(len(index), values.dtype)


def _until(times: Int64, as_of: int) -> Int64:
    return np.where(times > as_of, NULL, times)


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
