"""What carriers send: parcels, and the places they went to."""

from ingest.feed import KNOWN_AT, As, Column, EdgeRows, End, Feed, NodeRows, Personal

PARCELS = Feed(
    source="logistics",
    name="parcels",
    doc="One row a parcel. An order may have several; a later row with a newer updated_at adds the signature.",
    columns=(
        Column("parcel_id", As.ID, "the carrier's record", "P0000001"),
        Column("order_id", As.ID, "the order it carries", "O00000001"),
        Column(
            "waybill",
            As.ID,
            "number on the label; brushers put one on many orders",
            "SF1000000001",
            required=False,
            personal=Personal.WAYBILL,
        ),
        Column("address", As.TEXT, "street delivered to", "中山路 3 号 502", personal=Personal.STREET),
        Column("shipped_at", As.TIME, "picked up", "2025-03-02T16:00:00+08:00", required=False),
        Column("signed_at", As.TIME, "signed for", "2025-03-04T12:30:00+08:00", required=False),
        Column("weight_g", As.INTEGER, "weighed by the carrier", "850", required=False, low=0, high=5_000_000),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-04T12:30:00+08:00"),
        KNOWN_AT,
    ),
    key=("parcel_id",),
    event_time="updated_at",
    rows=(
        EdgeRows(
            "SHIPPED_TO",
            End("Orders", "order_id"),
            End("Address", "address"),
            {"waybill": "waybill", "shipped_ts": "shipped_at", "signed_ts": "signed_at", "weight_g": "weight_g"},
            id_column="parcel_id",
        ),
    ),
)

ADDRESSES = Feed(
    source="logistics",
    name="addresses",
    doc="What the carriers know of a place.",
    columns=(
        Column("address", As.TEXT, "street", "中山路 3 号 502", personal=Personal.STREET),
        Column("city", As.TEXT, "city", "南京", required=False),
        Column("region", As.TEXT, "province or state", "江苏", required=False),
        Column("postcode", As.ID, "postal code", "210000", required=False),
        Column("place_type", As.TEXT, "home, office, parcel locker, dormitory, warehouse ...", "home", required=False),
        Column("updated_at", As.TIME, "when this row was last changed", "2023-01-05T10:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("address",),
    event_time="updated_at",
    rows=(
        NodeRows(
            End("Address", "address"),
            {"city": "city", "region": "region", "postcode": "postcode", "place_type": "place_type"},
        ),
    ),
)

FEEDS = (PARCELS, ADDRESSES)
