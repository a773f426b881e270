"""What a trading platform sends: shops, buyers, orders, refunds, devices seen."""

from ingest.feed import KNOWN_AT, As, Column, EdgeRows, End, FactRows, Feed, NodeRows, Personal

_MERCHANT = Column("merchant_id", As.ID, "the shop", "M000017")
_BUYER = Column("buyer_id", As.ID, "the buyer's platform account", "B0000421")
_CURRENCY = Column("currency", As.ID, "ISO 4217 code", "CNY")

MERCHANTS = Feed(
    source="platform",
    name="merchants",
    doc="Shops, with who stands behind them and where they say they are.",
    columns=(
        _MERCHANT,
        Column("platform", As.TEXT, "the trading platform", "taoping"),
        Column("shop_name", As.TEXT, "name of the shop", "晨光小铺", personal=Personal.NAME),
        Column("category", As.TEXT, "main line of goods", "home", required=False),
        Column("region", As.TEXT, "province or state it says it is in", "浙江", required=False),
        Column("opened_at", As.TIME, "when the shop opened", "2022-05-01T00:00:00+08:00"),
        Column(
            "owner_id",
            As.ID,
            "identity number of the owner",
            "330102199001011234",
            required=False,
            personal=Personal.IDENTITY,
        ),
        Column(
            "company_id",
            As.ID,
            "licence number of the company",
            "91330100MA27X0000A",
            required=False,
            personal=Personal.IDENTITY,
        ),
        Column("phone", As.ID, "the shop's number", "+86 138 0000 0000", required=False, personal=Personal.PHONE),
        Column(
            "registered_address",
            As.TEXT,
            "street of registration",
            "文一路 1 号",
            required=False,
            personal=Personal.STREET,
        ),
        Column(
            "ship_from_address",
            As.TEXT,
            "street goods leave from",
            "文二路 2 号",
            required=False,
            personal=Personal.STREET,
        ),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-01T00:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("merchant_id",),
    event_time="updated_at",
    rows=(
        NodeRows(
            End("Merchant", "merchant_id"),
            {
                "platform": "platform",
                "category": "category",
                "region": "region",
                "name_token": "shop_name",
                "opened_ts": "opened_at",
            },
        ),
        EdgeRows("OWNS", End("Person", "owner_id"), End("Merchant", "merchant_id"), {"since": "opened_at"}),
        EdgeRows("OWNS", End("Company", "company_id"), End("Merchant", "merchant_id"), {"since": "opened_at"}),
        EdgeRows("HAS_PHONE", End("Merchant", "merchant_id"), End("Phone", "phone"), {"since": "opened_at"}),
        EdgeRows(
            "REGISTERED_AT",
            End("Merchant", "merchant_id"),
            End("Address", "registered_address"),
            {"since": "opened_at"},
        ),
        EdgeRows(
            "SHIPS_FROM", End("Merchant", "merchant_id"), End("Address", "ship_from_address"), {"since": "opened_at"}
        ),
    ),
)

BUYERS = Feed(
    source="platform",
    name="buyers",
    doc="Buyers' accounts on the platform.",
    columns=(
        _BUYER,
        Column("platform", As.TEXT, "the trading platform", "taoping"),
        Column("region", As.TEXT, "home province or state", "江苏", required=False),
        Column("phone", As.ID, "number signed up with", "13900000000", required=False, personal=Personal.PHONE),
        Column(
            "address", As.TEXT, "default delivery street", "中山路 3 号 502", required=False, personal=Personal.STREET
        ),
        Column(
            "account_no",
            As.ID,
            "wallet or card paid with",
            "6222020000000000000",
            required=False,
            personal=Personal.CARD,
        ),
        Column("registered_at", As.TIME, "when signed up", "2023-01-05T10:00:00+08:00"),
        Column("updated_at", As.TIME, "when this row was last changed", "2023-01-05T10:00:00+08:00", required=False),
        KNOWN_AT,
    ),
    key=("buyer_id",),
    event_time="registered_at",
    version="updated_at",
    rows=(
        NodeRows(
            End("Buyer", "buyer_id"), {"platform": "platform", "region": "region", "registered_ts": "registered_at"}
        ),
        EdgeRows("HAS_PHONE", End("Buyer", "buyer_id"), End("Phone", "phone"), {"since": "registered_at"}),
        EdgeRows("REGISTERED_AT", End("Buyer", "buyer_id"), End("Address", "address"), {"since": "registered_at"}),
        EdgeRows("OWNS", End("Buyer", "buyer_id"), End("Account", "account_no"), {"since": "registered_at"}),
    ),
)

ORDERS = Feed(
    source="platform",
    name="orders",
    doc="Orders as placed. A later row with a newer updated_at replaces status and rating.",
    columns=(
        Column("order_id", As.ID, "the order", "O00000001"),
        _BUYER,
        _MERCHANT,
        Column("placed_at", As.TIME, "when it was placed", "2025-03-01T20:15:00+08:00"),
        Column("amount", As.MONEY, "what the buyer paid", "129.00", low=0),
        _CURRENCY,
        Column("status", As.TEXT, "placed, delivered, cancelled ...", "delivered", required=False),
        Column("rating", As.INTEGER, "stars the buyer gave", "5", required=False, low=1, high=5),
        Column("device_id", As.ID, "device the order came from", "D0000099", required=False),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-06T09:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("order_id",),
    event_time="placed_at",
    version="updated_at",
    rows=(
        NodeRows(
            End("Orders", "order_id"),
            {"ts": "placed_at", "amount": "amount", "currency": "currency", "status": "status", "rating": "rating"},
        ),
        EdgeRows("PLACED", End("Buyer", "buyer_id"), End("Orders", "order_id"), {"ts": "placed_at"}),
        EdgeRows("SOLD_BY", End("Orders", "order_id"), End("Merchant", "merchant_id"), {"ts": "placed_at"}),
        EdgeRows(
            "USED_DEVICE",
            End("Orders", "order_id"),
            End("Device", "device_id"),
            {"first_ts": "placed_at", "last_ts": "placed_at"},
        ),
    ),
)

REFUNDS = Feed(
    source="platform",
    name="refunds",
    doc="Money given back to buyers.",
    columns=(
        Column("refund_id", As.ID, "the refund", "R0000001"),
        Column("order_id", As.ID, "of which order", "O00000001"),
        _MERCHANT,
        _BUYER,
        Column("refunded_at", As.TIME, "when", "2025-03-08T11:00:00+08:00"),
        Column("amount", As.MONEY, "how much", "129.00", low=0),
        _CURRENCY,
        Column("reason", As.TEXT, "as stated", "not as described", required=False),
        KNOWN_AT,
    ),
    key=("refund_id",),
    event_time="refunded_at",
    rows=(
        FactRows(
            "refund",
            "refund_id",
            {
                "order_id": "order_id",
                "merchant_id": "merchant_id",
                "buyer_id": "buyer_id",
                "ts": "refunded_at",
                "amount": "amount",
                "currency": "currency",
                "reason": "reason",
            },
        ),
    ),
)

DEVICES = Feed(
    source="platform",
    name="devices",
    doc="Which device a buyer or a shop's staff signed in on, summed up per pair. Newest row of a pair wins.",
    columns=(
        Column("subject_kind", As.TEXT, "who", "Buyer", choices=("Buyer", "Merchant", "Person")),
        Column("subject_id", As.ID, "the buyer or shop; for persons see subject_identity", "B0000421", required=False),
        Column(
            "subject_identity", As.ID, "identity number of a person", "", required=False, personal=Personal.IDENTITY
        ),
        Column("device_id", As.ID, "device fingerprint", "D0000099"),
        Column("device_type", As.TEXT, "phone, desktop ...", "phone", required=False),
        Column("first_seen", As.TIME, "first sign-in", "2023-01-05T10:00:00+08:00"),
        Column("last_seen", As.TIME, "last sign-in", "2025-03-01T20:15:00+08:00"),
        Column("times", As.INTEGER, "how many sign-ins", "37", low=1),
        KNOWN_AT,
    ),
    key=("subject_kind", "subject_id", "subject_identity", "device_id"),
    event_time="last_seen",
    one_of=(("subject_id", "subject_identity"),),
    rows=(
        NodeRows(End("Device", "device_id"), {"device_type": "device_type"}),
        *(
            EdgeRows(
                "USED_DEVICE",
                End("$subject_kind", subject, kinds),
                End("Device", "device_id"),
                {"first_ts": "first_seen", "last_ts": "last_seen", "times": "times"},
            )
            for subject, kinds in (("subject_id", ("Buyer", "Merchant")), ("subject_identity", ("Person",)))
        ),
    ),
)

FEEDS = (MERCHANTS, BUYERS, ORDERS, REFUNDS, DEVICES)
