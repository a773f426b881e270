"""Journalled events become landing rows: what a file would have said, learnt at the time the event was received.

Events are taken in stretches of positions, each stretch one batch of landing named after its first position, so a
stretch is there whole or not at all and never twice. What an event has no place for in the graph (a notice, a parcel
without an address, a return) stays in the journal; how many those were stands in the batch's counts.

Two kinds of edge sum up what was seen before: how often a device was used, and when a parcel was shipped and signed.
Their rows are merged with the newest row that landing holds of the same edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import duckdb
import pyarrow as pa

from flow.batch import times_of
from flow.events import CLASSES, Disbursement, Event, Login, Logistics, Order, Refund, Repayment, Transfer, body, digest
from flow.journal import JournalReader
from graph.model import edge_schema
from ingest.feed import EdgeRows, End, FactRows, Feed, NodeRows
from ingest.rows import landing_rows
from landing.tables import RECEIPTS, Landing, View

SOURCE = "flow"
STRETCH = 100_000
"""Events in one batch of landing."""

_TS = {"ts": "ts"}
_MONEY = {"ts": "ts", "amount": "amount", "currency": "currency"}
_SHIPPED = {"waybill": "waybill", "shipped_ts": "shipped_ts", "signed_ts": "signed_ts", "weight_g": "weight_g"}
_USED = {"first_ts": "ts", "last_ts": "ts", "times": "once"}


def _edge(type_: str, src: tuple[str, str], dst: tuple[str, str], properties: Mapping[str, str], own: bool) -> EdgeRows:
    """``own``: the edge has the event's id; else one edge stands for a pair of ends."""
    return EdgeRows(type_, End(*src), End(*dst), properties, "event_id" if own else None)


_ORDER, _ACCOUNT, _LOAN = ("Orders", "order_id"), ("Account", "account_id"), ("Loan", "loan_id")
_MERCHANT, _BUYER = ("Merchant", "merchant_id"), ("Buyer", "buyer_id")
_DEVICE, _ADDRESS = ("Device", "device_id"), ("Address", "address_id")

ROWS: Mapping[type[Event], tuple[NodeRows | EdgeRows | FactRows, ...]] = {
    Order: (
        NodeRows(End(*_ORDER), {**_MONEY, "status": "placed"}),
        _edge("PLACED", _BUYER, _ORDER, _TS, own=False),
        _edge("SOLD_BY", _ORDER, _MERCHANT, _TS, own=False),
        _edge("USED_DEVICE", _ORDER, _DEVICE, {"first_ts": "ts", "last_ts": "ts"}, own=False),
        _edge("SHIPPED_TO", _ORDER, _ADDRESS, {}, own=False),
        _edge("HAS_PHONE", _BUYER, ("Phone", "phone"), {"since": "ts"}, own=False),
    ),
    Refund: (
        FactRows(
            "refund",
            "event_id",
            {"order_id": "order_id", "merchant_id": "merchant_id", "buyer_id": "buyer_id", **_MONEY},
        ),
    ),
    Transfer: (
        _edge(
            "TRANSFER",
            ("Account", "src"),
            ("Account", "dst"),
            {**_MONEY, "channel": "channel", "purpose": "purpose"},
            own=True,
        ),
    ),
    Disbursement: (
        NodeRows(End(*_LOAN), _MONEY),
        _edge("APPLIED_FOR", _MERCHANT, _LOAN, _MONEY, own=False),
        _edge("DISBURSED_TO", _LOAN, _ACCOUNT, _MONEY, own=False),
    ),
    Repayment: (_edge("REPAID", _ACCOUNT, _LOAN, _MONEY, own=True),),
    Login: tuple(_edge("USED_DEVICE", who, _DEVICE, _USED, own=False) for who in (_MERCHANT, _BUYER, _ACCOUNT)),
    Logistics: (_edge("SHIPPED_TO", _ORDER, _ADDRESS, _SHIPPED, own=False),),
}
"""What an event of each type becomes. Ids of edges are those that files of the same facts would give."""


@dataclass(frozen=True)
class Landed:
    """What one stretch brought: the last position, events, rows, and when the oldest of them was received."""

    position: int
    events: int
    rows: int
    oldest_received_ts: int


def landed_position(landing: Landing) -> int:
    """Events up to this position are in landing."""
    return max((int(str(b.info["last_position"])) for b in landing.batches() if b.source == SOURCE), default=0)


def land(reader: JournalReader, landing: Landing, after: int, fingerprint: str) -> Landed | None:
    """Bring the next stretch of events after a position to landing; None when there is none.

    ``fingerprint``: of the key that personal data were made tokens with. Raises LandingError while another writes.
    """
    events: list[Event] = []
    received: list[int] = []
    for stored in reader.batches(after):
        fresh = stored.events[max(0, after + 1 - stored.first) :]
        events += fresh
        received += [stored.received_ts] * len(fresh)
        if len(events) >= STRETCH:
            break
    if not events:
        return None
    name, last, rows = f"{SOURCE}-{after + 1:015d}", after + len(events), 0
    with landing.begin(name, SOURCE, f"{SOURCE}.events") as batch:
        view = landing.view()
        for table, added in _tables(events, received, view):
            batch.add(table, added)
            rows += added.num_rows
        batch.add_receipts(f"{SOURCE}.events", _receipts(events))
        elsewhere = sum(type(e) not in ROWS for e in events)
        batch.counts = {"sent": len(events), "stored": len(events), "journal_only": elsewhere}
        batch.info = {"first_position": after + 1, "last_position": last, "key_fingerprint": fingerprint}
    return Landed(last, len(events), rows, min(received))


def _tables(events: list[Event], received: list[int], view: View) -> Iterator[tuple[str, pa.Table]]:
    merged: dict[str, list[dict[str, Any]]] = {"USED_DEVICE": [], "SHIPPED_TO": []}
    for cls in CLASSES:
        at = [i for i, e in enumerate(events) if type(e) is cls]
        if cls not in ROWS or not at:
            continue
        typed = _typed([events[i] for i in at])
        known = pa.array([received[i] for i in at], pa.int64())
        feed = Feed(SOURCE, cls.__name__.lower(), "", (), ("event_id",), ROWS[cls], "ts")
        for table, rows in landing_rows(feed, typed, typed["ts"], known):
            if table in merged:
                merged[table] += rows.to_pylist()
            else:
                yield table, rows
    for table, fresh in merged.items():
        if fresh:
            yield table, pa.Table.from_pylist(list(_summed(table, fresh, view)), edge_schema(table))


def _typed(events: list[Event]) -> dict[str, pa.Array]:
    """Columns of events of one type, and those that only landing has."""
    ts, size = times_of(events), len(events)
    typed = {
        name: pa.array(map(attrgetter(name), events), pa.int64() if name in ("amount", "weight_g") else pa.string())
        for name in {*_STRINGS, "amount", "weight_g"}
    }
    status = [getattr(e, "status", None) for e in events]
    for name, said in (("shipped_ts", "shipped"), ("signed_ts", "signed")):
        typed[name] = pa.array([int(t) if s == said else None for t, s in zip(ts, status, strict=True)], pa.int64())
    return {**typed, "ts": pa.array(ts), "once": pa.array([1] * size), "placed": pa.array(["placed"] * size)}


_STRINGS = (
    *("event_id", "order_id", "merchant_id", "buyer_id", "device_id", "address_id", "phone", "account_id", "loan_id"),
    *("src", "dst", "currency", "channel", "purpose", "waybill"),
)


def _summed(table: str, fresh: list[dict[str, Any]], view: View) -> Iterator[dict[str, Any]]:
    """One row an edge: what landing holds newest of it, and everything that is new, in order of time."""
    fresh.sort(key=lambda r: (r["updated_ts"], r["known_ts"]))
    whole = {row["id"]: row for row in _newest(table, {r["id"] for r in fresh}, view)}
    for row in fresh:
        before = whole.get(row["id"])
        whole[row["id"]] = row if before is None else _both(before, row)
    return (whole[id_] for id_ in dict.fromkeys(r["id"] for r in fresh))


def _both(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Two rows of one edge as one: what either says, the later one first; first and last times, times added."""
    both = {name: value if value is not None else a[name] for name, value in b.items()}
    both["updated_ts"] = max(a["updated_ts"], b["updated_ts"])
    both["known_ts"] = max(a["known_ts"], b["known_ts"])
    for name, chosen in (("first_ts", min), ("last_ts", max), ("times", sum)):
        said = [row[name] for row in (a, b) if row.get(name) is not None]
        if said:
            both[name] = chosen(said)
    return both


def _newest(table: str, ids: Iterable[str], view: View) -> list[dict[str, Any]]:
    """The newest row that landing holds of each of these edges."""
    files = view.files(table)
    if not files:
        return []
    con = duckdb.connect()
    try:
        con.register("wanted", pa.table({"id": pa.array(sorted(ids))}))
        query = (
            "SELECT * EXCLUDE nth FROM (SELECT *, row_number() OVER"
            " (PARTITION BY id ORDER BY updated_ts DESC, known_ts DESC) AS nth"
            " FROM read_parquet(?) SEMI JOIN wanted USING (id)) WHERE nth = 1"
        )
        found: list[dict[str, Any]] = con.sql(query, params=[files]).to_arrow_table().to_pylist()
    finally:
        con.close()
    return found


def _receipts(events: list[Event]) -> pa.Table:
    columns = [
        pa.array([e.event_id for e in events]),
        pa.array(times_of(events)),
        pa.array([digest(body(e)) for e in events], pa.binary(16)),
    ]
    return pa.Table.from_arrays(columns, schema=RECEIPTS)
