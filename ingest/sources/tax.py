"""What the tax office has: returns and invoices."""

from ingest.feed import KNOWN_AT, As, Column, EdgeRows, End, FactRows, Feed, Personal

_CURRENCY = Column("currency", As.ID, "ISO 4217 code", "CNY")

FILINGS = Feed(
    source="tax",
    name="filings",
    doc="A shop's tax returns, one a period.",
    columns=(
        Column("filing_id", As.ID, "the return", "TF000001"),
        Column("merchant_id", As.ID, "who filed", "M000017"),
        Column("period_start", As.DATE, "first day of the period", "2025-01-01"),
        Column("period_end", As.DATE, "first day after it", "2025-04-01"),
        Column("filed_at", As.TIME, "when it was filed", "2025-04-15T09:00:00+08:00"),
        Column("revenue", As.MONEY, "declared turnover", "310000.00", low=0),
        Column("tax_paid", As.MONEY, "tax paid on it", "9300.00", low=0),
        _CURRENCY,
        KNOWN_AT,
    ),
    key=("filing_id",),
    event_time="filed_at",
    rows=(
        FactRows(
            "tax_filing",
            "filing_id",
            {
                "merchant_id": "merchant_id",
                "period_start": "period_start",
                "period_end": "period_end",
                "ts": "filed_at",
                "revenue": "revenue",
                "tax_paid": "tax_paid",
                "currency": "currency",
            },
        ),
    ),
)

INVOICES = Feed(
    source="tax",
    name="invoices",
    doc="Invoices a shop issued to or received from companies. A later row with a newer updated_at may void one.",
    columns=(
        Column("invoice_no", As.ID, "the invoice", "I0000001"),
        Column("seller_kind", As.TEXT, "Merchant or Company", "Merchant", choices=("Merchant", "Company")),
        Column("seller_id", As.ID, "shop id; for companies see seller_identity", "M000017", required=False),
        Column("seller_identity", As.ID, "licence number", "", required=False, personal=Personal.IDENTITY),
        Column("buyer_kind", As.TEXT, "Merchant or Company", "Company", choices=("Merchant", "Company")),
        Column("buyer_id", As.ID, "shop id; for companies see buyer_identity", "", required=False),
        Column(
            "buyer_identity", As.ID, "licence number", "91330100MA27X0000A", required=False, personal=Personal.IDENTITY
        ),
        Column("issued_at", As.TIME, "when", "2025-03-05T00:00:00+08:00"),
        Column("amount", As.MONEY, "without tax; negative: a correction", "5000.00"),
        Column("tax", As.MONEY, "tax on it", "650.00", required=False),
        _CURRENCY,
        Column("voided", As.BOOLEAN, "cancelled after issue", "false", required=False),
        Column("updated_at", As.TIME, "when this row was last changed", "2025-03-05T00:00:00+08:00"),
        KNOWN_AT,
    ),
    key=("invoice_no",),
    event_time="issued_at",
    one_of=(("seller_id", "seller_identity"), ("buyer_id", "buyer_identity")),
    version="updated_at",
    rows=tuple(
        EdgeRows(
            "INVOICED",
            End("$seller_kind", seller, kinds),
            End("$buyer_kind", buyer, buyer_kinds),
            {"ts": "issued_at", "amount": "amount", "currency": "currency", "tax": "tax", "voided": "voided"},
            id_column="invoice_no",
        )
        for seller, kinds in (("seller_id", ("Merchant",)), ("seller_identity", ("Company",)))
        for buyer, buyer_kinds in (("buyer_id", ("Merchant",)), ("buyer_identity", ("Company",)))
    ),
)

FEEDS = (FILINGS, INVOICES)
