"""What customs has: export declarations."""

from ingest.feed import KNOWN_AT, As, Column, FactRows, Feed

DECLARATIONS = Feed(
    source="customs",
    name="declarations",
    doc="Exports declared by a shop.",
    columns=(
        Column("declaration_id", As.ID, "the declaration", "CD000001"),
        Column("merchant_id", As.ID, "exporter", "M000017"),
        Column("declared_at", As.TIME, "when", "2025-03-10T00:00:00+08:00"),
        Column("amount", As.MONEY, "declared value", "82000.00", low=0),
        Column("currency", As.ID, "ISO 4217 code", "CNY"),
        Column("weight_g", As.INTEGER, "declared weight", "420000", required=False, low=0),
        Column("country", As.ID, "destination, ISO 3166", "DE", required=False),
        Column("hs_code", As.ID, "goods code", "9503", required=False),
        Column("parcels", As.INTEGER, "parcels declared", "310", required=False, low=0),
        KNOWN_AT,
    ),
    key=("declaration_id",),
    event_time="declared_at",
    rows=(
        FactRows(
            "customs_declaration",
            "declaration_id",
            {
                "merchant_id": "merchant_id",
                "ts": "declared_at",
                "amount": "amount",
                "currency": "currency",
                "weight_g": "weight_g",
                "country": "country",
                "hs_code": "hs_code",
                "parcels": "parcels",
            },
        ),
    ),
)

FEEDS = (DECLARATIONS,)
