"""The graph's vocabulary, declared once: node kinds, edge types, facts without a node.

Store DDL, landing schemas, upserts, the lint of Cypher questions and the schema page of the docs are all made from
these tables. Units: times are epoch milliseconds UTC; money is integer minor units of the row's currency; weights
are grams; shares lie in 0..1. Ids are unique within a kind; outside the graph a node is written ``Kind:id``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

Type = Literal["STRING", "INT64", "DOUBLE", "BOOLEAN"]

ARROW: dict[Type, pa.DataType] = {
    "STRING": pa.string(),
    "INT64": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
}


@dataclass(frozen=True)
class Property:
    """One column of a node, an edge or a fact."""

    name: str
    type: Type
    doc: str


@dataclass(frozen=True)
class NodeKind:
    """A kind of node. Every node also carries ``id`` and ``updated_ts``."""

    name: str
    doc: str
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True)
class EdgeType:
    """A type of directed edge and the pairs of kinds it may join. Every edge also carries ``id`` and ``updated_ts``."""

    name: str
    doc: str
    pairs: tuple[tuple[str, str], ...]
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A thing we know that has no node of its own: kept in landing and in snapshots, never in the store."""

    name: str
    doc: str
    properties: tuple[Property, ...]


def _s(name: str, doc: str) -> Property:
    return Property(name, "STRING", doc)


def _i(name: str, doc: str) -> Property:
    return Property(name, "INT64", doc)


def _d(name: str, doc: str) -> Property:
    return Property(name, "DOUBLE", doc)


def _b(name: str, doc: str) -> Property:
    return Property(name, "BOOLEAN", doc)


_TS = _i("ts", "when it happened")
_SINCE = _i("since", "from when it holds, where known")
_MONEY = (_i("amount", "minor units of the currency"), _s("currency", "ISO 4217 code"))

KINDS: tuple[NodeKind, ...] = (
    NodeKind(
        "Merchant",
        "A shop on a trading platform: what a bank lends to",
        (
            _s("platform", "the trading platform"),
            _s("category", "main line of goods"),
            _s("region", "where it says it is"),
            _s("name_token", "token of its name"),
            _i("opened_ts", "when the shop opened"),
        ),
    ),
    NodeKind(
        "Company",
        "A registered legal entity: owner of shops, counterparty of invoices, guarantor",
        (
            _s("name_token", "token of its name"),
            _s("industry", "registered line of business"),
            _s("region", "place of registration"),
            _i("founded_ts", "when it was registered"),
            _b("blocked", "barred by the source"),
        ),
    ),
    NodeKind(
        "Person",
        "A natural person: owner, legal representative, guarantor",
        (_s("name_token", "token of the name"), _b("blocked", "barred by the source")),
    ),
    NodeKind(
        "Buyer",
        "A buyer's identity on a platform",
        (_s("platform", "the trading platform"), _s("region", "home region"), _i("registered_ts", "signed up when")),
    ),
    NodeKind(
        "Account",
        "A bank or payment account",
        (
            _s("bank", "where it is held"),
            _s("account_type", "settlement, personal, escrow ..."),
            _i("opened_ts", "opened when"),
            _b("blocked", "barred by the source"),
        ),
    ),
    NodeKind(
        "Device",
        "A phone, computer or browser, by fingerprint",
        (_s("device_type", "phone, desktop, ..."), _b("blocked", "barred by the source")),
    ),
    NodeKind("Phone", "A phone number, as a token"),
    NodeKind(
        "Address",
        "A place goods go to or come from, or someone is registered at; the street is a token",
        (
            _s("city", "city"),
            _s("region", "province or state"),
            _s("postcode", "postal code or its prefix"),
            _s("place_type", "home, office, parcel locker ... where the source says"),
        ),
    ),
    NodeKind(
        "Orders",
        "One order on a platform (the word Order is reserved in Cypher)",
        (_TS, *_MONEY, _s("status", "placed, delivered, cancelled ..."), _i("rating", "the buyer's stars, 1 to 5")),
    ),
    NodeKind(
        "Loan",
        "A loan, from its approval on",
        (_TS, *_MONEY, _s("status", "active, repaid, overdue ..."), _i("due_ts", "when it falls due")),
    ),
)

_PARTIES = ("Merchant", "Person", "Company")
_HOLDERS = ("Person", "Company", "Merchant", "Buyer")
_SETTLED = tuple((k, "Address") for k in ("Merchant", "Company", "Buyer"))

EDGES: tuple[EdgeType, ...] = (
    EdgeType(
        "OWNS",
        "owns a shop, a company or an account",
        (
            ("Person", "Merchant"),
            ("Person", "Company"),
            ("Company", "Merchant"),
            ("Company", "Company"),
            *((k, "Account") for k in _HOLDERS),
        ),
        (_SINCE,),
    ),
    EdgeType("PLACED", "the buyer who placed the order", (("Buyer", "Orders"),), (_TS,)),
    EdgeType("SOLD_BY", "the shop that sold it", (("Orders", "Merchant"),), (_TS,)),
    EdgeType(
        "SHIPPED_TO",
        "the parcel of an order and where it went",
        (("Orders", "Address"),),
        (
            _s("waybill", "the carrier's number, as a token"),
            _i("shipped_ts", "picked up"),
            _i("signed_ts", "signed for"),
            _i("weight_g", "weighed by the carrier"),
        ),
    ),
    EdgeType("SHIPS_FROM", "where goods leave from", _SETTLED, (_SINCE,)),
    EdgeType("REGISTERED_AT", "registered address", _SETTLED, (_SINCE,)),
    EdgeType(
        "USED_DEVICE",
        "was seen on this device",
        tuple((k, "Device") for k in ("Buyer", "Merchant", "Person", "Account", "Orders")),
        (_i("first_ts", "first seen"), _i("last_ts", "last seen"), _i("times", "how often")),
    ),
    EdgeType("HAS_PHONE", "gave this number", tuple((k, "Phone") for k in ("Merchant", "Person", "Buyer")), (_SINCE,)),
    EdgeType(
        "TRANSFER",
        "money moved between accounts, withdrawals too",
        (("Account", "Account"),),
        (_TS, *_MONEY, _s("channel", "bank, wallet, withdrawal ..."), _s("purpose", "as stated by the payer")),
    ),
    EdgeType("APPLIED_FOR", "who asked for the loan", tuple((k, "Loan") for k in _PARTIES), (_TS, *_MONEY)),
    EdgeType("DISBURSED_TO", "where the loan's money was paid out", (("Loan", "Account"),), (_TS, *_MONEY)),
    EdgeType("REPAID", "a repayment", (("Account", "Loan"),), (_TS, *_MONEY)),
    EdgeType(
        "GUARANTEES",
        "stands guarantor for the other's debt",
        tuple((a, b) for a in _PARTIES for b in _PARTIES),
        (_TS, *_MONEY, _i("until", "end of the guarantee, where known")),
    ),
    EdgeType(
        "INVESTS_IN",
        "holds a share of",
        (("Person", "Company"), ("Company", "Company")),
        (_SINCE, _d("share", "0 to 1")),
    ),
    EdgeType(
        "INVOICED",
        "issued an invoice to",
        (("Company", "Company"), ("Merchant", "Company"), ("Company", "Merchant"), ("Merchant", "Merchant")),
        (_TS, *_MONEY, _i("tax", "tax on it, minor units"), _b("voided", "cancelled after issue")),
    ),
)

FACTS: tuple[Fact, ...] = (
    Fact(
        "application",
        "A merchant's request for credit; its ts is the as_of of a training row",
        (
            _s("merchant_id", "who asks"),
            _TS,
            *_MONEY,
            _s("loan_id", "the loan that came of it, if one did"),
            _s("status", "approved, declined, pending"),
        ),
    ),
    Fact(
        "label",
        "What became of an application: confirmed fraud, or 90 days overdue within 180 days",
        (
            _s("merchant_id", "whose application"),
            _s("application_id", "which one"),
            _b("label", "true: fraud or default"),
            _s("label_source", "collections, investigation, ..."),
            _TS,
        ),
    ),
    Fact(
        "refund",
        "Money given back for an order",
        (
            _s("order_id", "which order"),
            _s("merchant_id", "by whom"),
            _s("buyer_id", "to whom"),
            _TS,
            *_MONEY,
            _s("reason", "as stated"),
        ),
    ),
    Fact(
        "payment",
        "A payment a buyer made for an order; one order may have several",
        (
            _s("order_id", "for which order"),
            _s("merchant_id", "to which shop, where the order has one"),
            _TS,
            *_MONEY,
            _s("method", "card, voucher, bank slip ..."),
            _i("instalments", "in how many parts"),
        ),
    ),
    Fact(
        "tax_filing",
        "A merchant's tax return for a period",
        (
            _s("merchant_id", "who filed"),
            _i("period_start", "first moment of the period"),
            _i("period_end", "first moment after it"),
            _TS,
            _i("revenue", "declared turnover, minor units"),
            _i("tax_paid", "minor units"),
            _s("currency", "ISO 4217 code"),
        ),
    ),
    Fact(
        "customs_declaration",
        "An export declared to customs",
        (
            _s("merchant_id", "exporter"),
            _TS,
            *_MONEY,
            _i("weight_g", "declared weight"),
            _s("country", "destination, ISO 3166"),
            _s("hs_code", "goods code"),
            _i("parcels", "parcels declared"),
        ),
    ),
)

KIND: dict[str, NodeKind] = {k.name: k for k in KINDS}
EDGE: dict[str, EdgeType] = {e.name: e for e in EDGES}
FACT: dict[str, Fact] = {f.name: f for f in FACTS}

RELATIONS: tuple[tuple[str, str, str], ...] = tuple((a, e.name, b) for e in EDGES for a, b in e.pairs)
"""Every (source kind, edge type, target kind) the graph may hold."""

_ID = pa.field("id", pa.string(), nullable=False)
_VERSION = (
    pa.field("updated_ts", pa.int64(), nullable=False),  # when the source says this version came to be
    pa.field("known_ts", pa.int64(), nullable=False),  # when we learnt it
)


def _columns(properties: tuple[Property, ...]) -> Iterator[pa.Field]:
    for p in properties:
        yield pa.field(p.name, ARROW[p.type])


def node_schema(kind: str) -> pa.Schema:
    """Landing columns of a node kind: id, its properties, updated_ts, known_ts."""
    return pa.schema([_ID, *_columns(KIND[kind].properties), *_VERSION])


def edge_schema(type_: str) -> pa.Schema:
    """Landing columns of an edge type: id, src_kind, src, dst_kind, dst, its properties, updated_ts, known_ts."""
    ends = [pa.field(n, pa.string(), nullable=False) for n in ("src_kind", "src", "dst_kind", "dst")]
    return pa.schema([_ID, *ends, *_columns(EDGE[type_].properties), *_VERSION])


def fact_schema(name: str) -> pa.Schema:
    """Landing columns of a fact: id, its properties, updated_ts, known_ts."""
    return pa.schema([_ID, *_columns(FACT[name].properties), *_VERSION])


def landing_schemas() -> dict[str, pa.Schema]:
    """Every landing table by name: node kinds, edge types, facts (their names do not overlap)."""
    return {
        **{k.name: node_schema(k.name) for k in KINDS},
        **{e.name: edge_schema(e.name) for e in EDGES},
        **{f.name: fact_schema(f.name) for f in FACTS},
    }
