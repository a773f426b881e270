"""An order table of anybody's as an order book: columns by name, ids as given."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.rings.orders import NULL, OrderBook, join_links
from graph.snapshot import Float64, Int32, Int64
from graph.table_columns import TableError, numbers_of, times_of

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_TRUE = ("true", "t", "1", "yes", "y", "是")
_FALSE = ("false", "f", "0", "no", "n", "否", "")


@dataclass(frozen=True)
class OrderColumns:
    """What the columns are called; the last ten are optional (None: there is none).

    ``ts``, ``shipped``, ``signed``: ISO 8601, or epochs in ``time_unit``. ``refunded``, ``paid_back``: true or false,
    1 or 0; the first is money given back by way of the platform, the second by the shop or one of its people.
    ``weight`` in grams.
    """

    order: str = "order_id"
    buyer: str = "buyer_id"
    merchant: str = "merchant_id"
    ts: str = "ts"
    device: str | None = None
    address: str | None = None
    phone: str | None = None
    waybill: str | None = None
    weight: str | None = None
    shipped: str | None = None
    signed: str | None = None
    refunded: str | None = None
    paid_back: str | None = None
    amount: str | None = None

    def names(self) -> list[str]:
        """The columns to be read."""
        return [name for f in fields(self) if (name := getattr(self, f.name)) is not None]


@dataclass(frozen=True)
class TableOrders:
    """The orders of a table, in its order of rows.

    ``row``: row of the table (0-based) of each; ``buyers``, ``merchants``: ids as given, sorted, by number. ``ts``: in
    ``unit``; the book holds milliseconds. ``amount``: as given. ``left_out``: rows without order, buyer, merchant or
    time; ``repeated``: rows of an order that another row before them has.
    """

    book: OrderBook
    row: Int64
    buyers: pa.Array
    merchants: pa.Array
    ts: Int64
    unit: str
    amount: Float64 | None
    left_out: int
    repeated: int


def orders_of_table(table: pa.Table, columns: OrderColumns, time_unit: str) -> TableOrders:
    """Read a table. TableError names the column, and the row, that cannot be read.

    A table without the order column counts each row as an order; with it, an order that stands in several rows of the
    same buyer and shop (one for each article) counts once, with the first row's facts.
    """
    needed = (columns.buyer, columns.merchant, columns.ts)
    optional = [n for n in columns.names() if n not in needed and n != OrderColumns.order]
    for name in (*needed, *optional):
        if name not in table.column_names:
            raise TableError("no_column", f"no column {name!r}; there are {', '.join(table.column_names)}")
    whole = np.ones(table.num_rows, np.bool_)
    for name in needed:
        whole &= pc.is_valid(table[name]).to_numpy(zero_copy_only=False)
    left_out = int((~whole).sum())
    buyer, buyers = _codes(table[columns.buyer], columns.buyer)
    shop, merchants = _codes(table[columns.merchant], columns.merchant)
    rows = np.flatnonzero(whole)
    repeated = 0
    if columns.order in table.column_names:
        known = pc.is_valid(table[columns.order]).to_numpy(zero_copy_only=False)[rows]
        left_out += int((~known).sum())
        rows = rows[known]
        if pc.count_distinct(table[columns.order]).as_py() < table.num_rows:
            named, _ = _codes(table[columns.order], columns.order)
            first = _first_of_each(named[rows], shop[rows], buyer[rows])
            repeated = len(rows) - len(first)
            rows = rows[first]
    ts, unit = times_of(table[columns.ts], columns.ts, time_unit)
    amount = _numbers(table[columns.amount], columns.amount) if columns.amount else None
    users = buyer[rows]
    links = {
        kind: (users, _codes(table[name], name)[0][rows])
        for kind, name in (("device", columns.device), ("address", columns.address), ("phone", columns.phone))
        if name is not None
    }
    book = OrderBook(
        buyer=users,
        shop=shop[rows],
        ts=_ms(ts[rows], unit),
        n_buyers=len(buyers),
        n_shops=len(merchants),
        identity=join_links(links),
        waybill=_codes(table[columns.waybill], columns.waybill)[0][rows] if columns.waybill else None,
        weight_g=_grams(table[columns.weight], columns.weight)[rows] if columns.weight else None,
        shipped_ts=_moment(table, columns.shipped, time_unit, rows),
        signed_ts=_moment(table, columns.signed, time_unit, rows),
        refunded=_true(table[columns.refunded], columns.refunded)[rows] if columns.refunded else None,
        paid_back=_true(table[columns.paid_back], columns.paid_back)[rows] if columns.paid_back else None,
        money_seen=pc.is_valid(table[columns.paid_back]).to_numpy(zero_copy_only=False)[rows]
        if columns.paid_back
        else None,
    )
    money = None if amount is None else amount[rows]
    return TableOrders(book, rows, buyers, merchants, ts[rows], unit, money, left_out, repeated)


def _codes(column: pa.ChunkedArray, name: str) -> tuple[Int32, pa.Array]:
    """Values as numbers into their sorted list, -1 where missing."""
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if not (
        pa.types.is_string(column.type)
        or pa.types.is_large_string(column.type)
        or pa.types.is_integer(column.type)
        or pa.types.is_dictionary(column.type)
    ):
        raise TableError("bad_type", f"column {name!r} holds {column.type}: ids must be text or integers")
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    whole = encoded.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type).dictionary_encode()
    values = whole.dictionary
    order = pc.sort_indices(values)
    rank = np.full(len(values) + 1, -1, np.int32)
    rank[order.to_numpy()] = np.arange(len(values), dtype=np.int32)
    codes = pc.fill_null(whole.indices.cast(pa.int32()), len(values)).to_numpy(zero_copy_only=False)
    return rank[codes], values.take(order)


def _first_of_each(order: Int32, shop: Int32, buyer: Int32) -> Int64:
    """Rows that bring an (order, shop, buyer) for the first time, ascending."""
    by = np.lexsort((buyer, shop, order))
    new = np.ones(len(by), np.bool_)
    new[1:] = False
    for column in (order, shop, buyer):
        new[1:] |= column[by][1:] != column[by][:-1]
    return np.sort(by[new])


def _ms(ts: Int64, unit: str) -> Int64:
    per_second = _PER_SECOND[unit]
    return ts * (1000 // per_second) if per_second <= 1000 else ts // (per_second // 1000)


def _moment(table: pa.Table, name: str | None, time_unit: str, rows: Int64) -> Int64 | None:
    if name is None:
        return None
    ts, unit = times_of(table[name], name, time_unit)
    known = pc.is_valid(table[name]).to_numpy(zero_copy_only=False)
    return np.where(known, _ms(ts, unit), NULL)[rows]


def _numbers(column: pa.ChunkedArray, name: str) -> Float64:
    return numbers_of(column, name) if len(column) else np.empty(0)


def _grams(column: pa.ChunkedArray, name: str) -> Int64:
    values = _numbers(column, name)
    return np.where(np.isnan(values), NULL, np.nan_to_num(values).astype(np.int64))


def _true(column: pa.ChunkedArray, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if pa.types.is_boolean(column.type):
        return pc.fill_null(column, False).to_numpy()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        text = pc.utf8_lower(pc.fill_null(column, ""))
        known = pc.is_in(text, pa.array([*_TRUE, *_FALSE], text.type))
        if len(column) and not pc.all(known).as_py():
            row = int(pc.index(known, False).as_py())
            raise TableError("bad_boolean", f"column {name!r}, row {row}: neither true nor false")
        return pc.is_in(text, pa.array(_TRUE, text.type)).to_numpy()
    return np.nan_to_num(_numbers(column, name)) != 0
