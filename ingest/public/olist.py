"""Olist, the platform side: real orders of a Brazilian marketplace with sellers, buyers, places, payments and reviews.

CSV as published (``olist_orders_dataset.csv`` ...) or Parquet copies. Rules, stated once:

* Times are naive local times of America/Sao_Paulo. An hour that happened twice (clocks back) is read as its first.
* Money is BRL, two decimals as published.
* ``customer_id`` is made anew for every order; the buyer is ``customer_unique_id``.
* The finest address is a zip prefix, five of eight digits: an Address ``BR-01012`` with place_type ``postcode area``.
  Sharing one says "same part of town", never "same door", and must not be taken for an identity.
* An order may have several sellers: it then has a SOLD_BY edge to each, and its amount is that of the whole order.
* ``Orders.amount`` is what was paid (sum of the payments), or items and freight where no payment is known.
* Nothing is known early: an order is ``created`` when placed; its last status is known with its last stamp (delivered,
  else handed to the carrier, approved), and where the status has no stamp of its own, at the end of the estimated day
  of delivery; the stars when the review was answered. One file may so give two deliveries.
* Reviews answered before their order (58 in the sample) count from one millisecond after it.
* A shop's category is that of the first product it sold, in English. Products and texts of reviews are not taken.
"""

from __future__ import annotations

from pathlib import Path

from ingest.feed import As, Column, EdgeRows, End, FactRows, Feed, NodeRows
from ingest.intake import Delivery
from ingest.public import olist_sql as sql
from ingest.public.published import Table
from ingest.public.shaping import Step, deliveries
from ingest.public.shaping import missing as missing_of

ZONE = "America/Sao_Paulo"
CURRENCY = "BRL"
AREA = "postcode area"
"""place_type of every Olist address."""


def _table(*names: str, columns: tuple[str, ...]) -> Table:
    return Table(names, {c: (c,) for c in columns})


ORDERS = _table(
    "olist_orders_dataset",
    "orders",
    columns=(
        "order_id",
        "customer_id",
        "order_status",
        "order_purchase_timestamp",
        "order_approved_at",
        "order_delivered_carrier_date",
        "order_delivered_customer_date",
        "order_estimated_delivery_date",
    ),
)
CUSTOMERS = _table(
    "olist_customers_dataset",
    "customers",
    columns=(
        "customer_id",
        "customer_unique_id",
        "customer_zip_code_prefix",
        "customer_city",
        "customer_state",
    ),
)
SELLERS = _table(
    "olist_sellers_dataset",
    "sellers",
    columns=("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"),
)
ITEMS = _table(
    "olist_order_items_dataset",
    "order_items",
    columns=("order_id", "order_item_id", "product_id", "seller_id", "price", "freight_value"),
)
PAYMENTS = _table(
    "olist_order_payments_dataset",
    "order_payments",
    columns=("order_id", "payment_sequential", "payment_type", "payment_installments", "payment_value"),
)
REVIEWS = _table(
    "olist_order_reviews_dataset",
    "order_reviews",
    columns=("review_id", "order_id", "review_score", "review_answer_timestamp"),
)
PRODUCTS = _table("olist_products_dataset", "products", columns=("product_id", "product_category_name"))
ENGLISH = _table(
    "product_category_name_translation",
    columns=("product_category_name", "product_category_name_english"),
)
PLACES = _table(
    "olist_geolocation_dataset",
    "geolocation",
    columns=(
        "geolocation_zip_code_prefix",
        "geolocation_lat",
        "geolocation_lng",
        "geolocation_city",
        "geolocation_state",
    ),
)

_ORDER = Column("order_id", As.ID, "the order", "a4591c265e18cb1dcee52889e2d8acc3")
_BUYER = Column("customer_unique_id", As.ID, "the buyer", "57b2a98a409812fe9618067b6b8ebe4f", required=False)
_SELLER = Column("seller_id", As.ID, "the shop", "e38db885400cd35c71dfd162f2c1dbcf")
_CURRENCY = Column("currency", As.ID, "of all money in the set", CURRENCY)
_PLATFORM = Column("platform", As.TEXT, "the marketplace", "olist")
_AREA = Column("address_id", As.ID, "BR- and the zip prefix", "BR-35182", required=False)
_PLACED = Column("placed_at", As.TIME, "order_purchase_timestamp", "2017-07-09T21:57:05.000")
_PAID = Column("paid", As.MONEY, "paid for the order in all", "128.45", required=False, low=0)
_STATUS = Column("status", As.TEXT, "created, delivered, canceled ...", "delivered")
_RATING = Column("rating", As.INTEGER, "stars known by then", "5", required=False, low=1, high=5)
_PLACE = (
    Column("city", As.TEXT, "as published", "timoteo", required=False),
    Column("state", As.TEXT, "of Brazil", "MG", required=False),
    Column("zip_prefix", As.ID, "five digits of eight", "35182", required=False),
    Column("place_type", As.TEXT, "an area, not a door", AREA),
)
_PLACE_NODE = NodeRows(
    End("Address", "address_id"),
    {"city": "city", "region": "state", "postcode": "zip_prefix", "place_type": "place_type"},
)
_ORDER_NODE = {"ts": "placed_at", "amount": "paid", "currency": "currency", "status": "status", "rating": "rating"}


def _feed(
    name: str,
    doc: str,
    columns: tuple[Column, ...],
    key: tuple[str, ...],
    rows: tuple[NodeRows | EdgeRows | FactRows, ...],
    event_time: str,
) -> Feed:
    return Feed("olist", name, doc, columns, key, rows, event_time, zone=ZONE, currency=CURRENCY)


_GEOLOCATION = Step(
    _feed(
        "geolocation",
        "What is in a zip prefix: one row a point. Points are not kept, repeats are duplicates. Known from the start.",
        (
            Column("point_id", As.ID, "made from the row's content", "pt-6f1ed002ab559585"),
            _AREA,
            *_PLACE,
            Column("known_from", As.TIME, "first month of the set", "2016-09-01T00:00:00.000"),
        ),
        ("point_id",),
        (_PLACE_NODE,),
        "known_from",
    ),
    PLACES,
    sql.GEOLOCATION,
)

_SHOPS = Step(
    _feed(
        "sellers",
        "Shops, known from their first order (or the first month of the set).",
        (
            _SELLER,
            _PLATFORM,
            Column("category", As.TEXT, "of the first product sold", "health_beauty", required=False),
            _AREA,
            *_PLACE,
            Column("known_from", As.TIME, "its first order", "2017-07-09T21:57:05.000"),
        ),
        ("seller_id",),
        (
            NodeRows(End("Merchant", "seller_id"), {"platform": "platform", "category": "category", "region": "state"}),
            _PLACE_NODE,
            EdgeRows("SHIPS_FROM", End("Merchant", "seller_id"), End("Address", "address_id")),
        ),
        "known_from",
    ),
    SELLERS,
    sql.SELLERS,
    views=(sql.PLACED,),
    beside=(ITEMS, ORDERS, PRODUCTS, ENGLISH),
    zone=ZONE,
    times=("order_purchase_timestamp",),
)

_BUYERS = Step(
    _feed(
        "customers",
        "Buyers as they were at an order: one row an order.",
        (
            Column("customer_id", As.ID, "the buyer at one order", "5e274e7a0c3809e14aba7ad5aae0d407"),
            Column("customer_unique_id", As.ID, "the buyer", "57b2a98a409812fe9618067b6b8ebe4f"),
            _PLATFORM,
            _AREA,
            *_PLACE,
            Column("known_from", As.TIME, "the order", "2017-07-09T21:57:05.000"),
        ),
        ("customer_id",),
        (
            NodeRows(End("Buyer", "customer_unique_id"), {"platform": "platform", "region": "state"}),
            _PLACE_NODE,
            EdgeRows("REGISTERED_AT", End("Buyer", "customer_unique_id"), End("Address", "address_id")),
        ),
        "known_from",
    ),
    CUSTOMERS,
    sql.CUSTOMERS,
    views=(sql.PLACED,),
    beside=(ORDERS,),
    zone=ZONE,
    times=("order_purchase_timestamp",),
)

_PLACED_ORDERS = Step(
    _feed(
        "orders",
        "Orders as placed.",
        (_ORDER, _BUYER, _AREA, _PLACED, _PAID, _CURRENCY, _STATUS),
        ("order_id",),
        (
            NodeRows(
                End("Orders", "order_id"),
                {"ts": "placed_at", "amount": "paid", "currency": "currency", "status": "status"},
            ),
            EdgeRows("PLACED", End("Buyer", "customer_unique_id"), End("Orders", "order_id"), {"ts": "placed_at"}),
            EdgeRows("SHIPPED_TO", End("Orders", "order_id"), End("Address", "address_id")),
        ),
        "placed_at",
    ),
    ORDERS,
    sql.ORDERS,
    views=(sql.PAID,),
    beside=(CUSTOMERS, ITEMS, PAYMENTS),
    zone=ZONE,
    times=("order_purchase_timestamp",),
)

_SOLD = Step(
    _feed(
        "order_items",
        "Which shops sold an order.",
        (
            _ORDER,
            Column("order_item_id", As.ID, "number of the item in the order", "1"),
            _SELLER,
            Column("price", As.MONEY, "of the item", "99.90", low=0),
            Column("freight_value", As.MONEY, "of the item", "27.65", low=0),
            _CURRENCY,
            _PLACED,
        ),
        ("order_id", "order_item_id"),
        (EdgeRows("SOLD_BY", End("Orders", "order_id"), End("Merchant", "seller_id"), {"ts": "placed_at"}),),
        "placed_at",
    ),
    ITEMS,
    sql.ITEMS,
    views=(sql.PLACED,),
    beside=(ORDERS,),
    needs=(ORDERS,),
    zone=ZONE,
    times=("order_purchase_timestamp",),
)

_PAID_FOR = Step(
    _feed(
        "order_payments",
        "Payments, taken as made with the order.",
        (
            Column("payment_id", As.ID, "order and payment_sequential", "a4591c265e18cb1dcee52889e2d8acc3-1"),
            _ORDER,
            Column("seller_id", As.ID, "the shop, where the order has one", "", required=False),
            Column("payment_type", As.TEXT, "credit_card, boleto, voucher ...", "credit_card", required=False),
            Column("payment_installments", As.INTEGER, "in how many parts", "2", required=False, low=0),
            Column("payment_value", As.MONEY, "how much", "128.45", low=0),
            _CURRENCY,
            _PLACED,
        ),
        ("payment_id",),
        (
            FactRows(
                "payment",
                "payment_id",
                {
                    "order_id": "order_id",
                    "merchant_id": "seller_id",
                    "ts": "placed_at",
                    "amount": "payment_value",
                    "currency": "currency",
                    "method": "payment_type",
                    "instalments": "payment_installments",
                },
            ),
        ),
        "placed_at",
    ),
    PAYMENTS,
    sql.PAYMENTS,
    views=(sql.PLACED,),
    beside=(ORDERS, ITEMS),
    needs=(ORDERS,),
    zone=ZONE,
    times=("order_purchase_timestamp",),
)

_TIMES = (
    "order_purchase_timestamp",
    "order_approved_at",
    "order_delivered_carrier_date",
    "order_delivered_customer_date",
    "order_estimated_delivery_date",
    "review_answer_timestamp",
)

_STATES = Step(
    _feed(
        "order_states",
        "What became of an order, known by the end.",
        (
            _ORDER,
            _AREA,
            _PLACED,
            _PAID,
            _CURRENCY,
            _STATUS,
            _RATING,
            Column("shipped_at", As.TIME, "handed to the carrier", "2017-07-11T14:58:04.000", required=False),
            Column("signed_at", As.TIME, "delivered", "2017-07-26T10:57:55.000", required=False),
            Column("known_from", As.TIME, "when this was so", "2017-07-26T10:57:55.000"),
        ),
        ("order_id",),
        (
            NodeRows(End("Orders", "order_id"), _ORDER_NODE),
            EdgeRows(
                "SHIPPED_TO",
                End("Orders", "order_id"),
                End("Address", "address_id"),
                {"shipped_ts": "shipped_at", "signed_ts": "signed_at"},
            ),
        ),
        "known_from",
    ),
    ORDERS,
    sql.STATES,
    views=(sql.STATED, sql.RATED, sql.PAID),
    beside=(CUSTOMERS, ITEMS, PAYMENTS, REVIEWS),
    zone=ZONE,
    times=_TIMES,
)

_STARS = Step(
    _feed(
        "order_reviews",
        "Stars. An order may have several reviews; the latest counts.",
        (
            Column(
                "review_id", As.ID, "the review; one may be about several orders", "373cbeecea8286a2b66c97b1b157ec46"
            ),
            _ORDER,
            _PLACED,
            _PAID,
            _CURRENCY,
            _STATUS,
            _RATING,
            Column("known_from", As.TIME, "when it was answered", "2018-08-15T04:10:37.000"),
        ),
        ("review_id", "order_id"),
        (NodeRows(End("Orders", "order_id"), _ORDER_NODE),),
        "known_from",
    ),
    REVIEWS,
    sql.REVIEWS,
    views=(sql.STATED, sql.RATED, sql.PAID),
    beside=(ORDERS, ITEMS, PAYMENTS),
    needs=(ORDERS,),
    zone=ZONE,
    times=_TIMES,
)

STEPS: tuple[Step, ...] = (_GEOLOCATION, _SHOPS, _BUYERS, _PLACED_ORDERS, _SOLD, _PAID_FOR, _STATES, _STARS)


def olist(path: Path) -> list[Delivery]:
    """Deliveries of the set in a folder (or of the one file ``path`` is)."""
    return deliveries(STEPS, path)


def missing(path: Path) -> list[str]:
    """Files of the set that are not there."""
    return missing_of(STEPS, path)
