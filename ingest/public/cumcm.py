"""CUMCM 2020 C, the tax side: every invoice of 425 small Chinese firms, 123 of them with a default flag.

The contest's sheets (企业信息, 进项发票信息, 销项发票信息 of two attachments) saved as CSV, UTF-8 or GBK, told apart by
their headers whatever their names, or Parquet copies. Rules, stated once:

* Firms are Merchants, the codes of their counterparties (A.., B.., C.., D..) Companies. Firms' names are masked
  (``***电器销售有限公司``), many firms share one masked name, so names are not taken.
* Days are Chinese (Asia/Shanghai); an invoice is known from the start of its day, and so is that it was voided, as the
  set gives no time for that.
* Money is CNY; negative amounts are corrections and stay negative. ``价税合计`` is not taken (it is amount plus tax).
* An invoice number is unique only together with a code that the set lacks. The record is therefore what the row says:
  firm, direction, number, day, counterparty, amount, tax. 11,670 rows repeat one: 11,665 wholly (duplicates), 5 with
  another status, both valid and voided (conflicts: the first stands).
* The credit rating is never read: every firm rated D has defaulted, it is the outcome in other words.
* The default flag becomes a label. The set has no date of application: as_of is the day after the firm's own last
  invoice (so all of a firm's history lies before it), and the label is known a day later. Real labels come months
  later; the figures made with these say what the invoices hold, not what a bank could have known.
"""

from __future__ import annotations

from pathlib import Path

from ingest.feed import As, Column, EdgeRows, End, FactRows, Feed, NodeRows
from ingest.intake import Delivery
from ingest.public.published import Found, PublicDataError, Table, headers, is_data, listing
from ingest.public.shaping import Step, deliver

ZONE = "Asia/Shanghai"
CURRENCY = "CNY"

_FIRMS = Table(("firms",), {"firm": ("企业代号", "enterprise")}, {"in_default": ("是否违约", "default")})
_INVOICE = {
    "firm": ("企业代号", "enterprise"),
    "invoice_no": ("发票号码", "invoice_no"),
    "day": ("开票日期", "date"),
    "counterparty": ("销方单位代号", "购方单位代号", "counterparty"),
    "amount": ("金额", "amount"),
    "tax": ("税额", "tax"),
    "status": ("发票状态", "status"),
}
_DIRECTION = {"direction": ("direction",)}
_BOUGHT = Table(("bought",), _INVOICE, _DIRECTION)
_SOLD = Table(("sold",), _INVOICE, _DIRECTION)
_EITHER = Table(("either",), _INVOICE | _DIRECTION)

_FIRM = Column("firm", As.ID, "企业代号", "E1")

_SPANS = """
CREATE TEMP VIEW spans AS
WITH dated AS (
    SELECT firm, try_cast(iso(day) AS TIMESTAMP) AS day FROM bought
    UNION ALL SELECT firm, try_cast(iso(day) AS TIMESTAMP) FROM sold
    UNION ALL SELECT firm, try_cast(iso(day) AS TIMESTAMP) FROM either
)
SELECT firm,
       strftime(min(day), '%Y-%m-%dT00:00:00.000') AS known_from,
       strftime(max(day) + to_days(1), '%Y-%m-%dT00:00:00.000') AS as_of,
       strftime(max(day) + to_days(2), '%Y-%m-%dT00:00:00.000') AS decided_at
FROM dated GROUP BY firm
"""
"""From when to when a firm has invoices; as_of is the day after the last, decided_at one more day on."""

FIRMS = Step(
    Feed(
        "cumcm",
        "firms",
        "Firms, known from their first invoice.",
        (_FIRM, Column("known_from", As.TIME, "first day with an invoice", "2017-01-03T00:00:00.000")),
        ("firm",),
        (NodeRows(End("Merchant", "firm")),),
        event_time="known_from",
        zone=ZONE,
    ),
    _FIRMS,
    """SELECT published.row_no, firm, coalesce(known_from, '2016-10-01T00:00:00.000') AS known_from
         FROM published LEFT JOIN spans USING (firm)""",
    views=(_SPANS,),
    beside=(_BOUGHT, _SOLD, _EITHER),
)

APPLICATIONS = Step(
    Feed(
        "cumcm",
        "applications",
        "One made for every firm with a default flag, on the day after its last invoice. The set gives no amount.",
        (
            Column("application_id", As.ID, "AP- and the firm", "AP-E1"),
            _FIRM,
            Column("as_of", As.TIME, "the day after the last invoice", "2020-02-22T00:00:00.000"),
        ),
        ("application_id",),
        (FactRows("application", "application_id", {"merchant_id": "firm", "ts": "as_of"}),),
        event_time="as_of",
        zone=ZONE,
    ),
    _FIRMS,
    """SELECT published.row_no, 'AP-' || firm AS application_id, firm, as_of
         FROM published JOIN spans USING (firm) WHERE in_default IS NOT NULL""",
    views=(_SPANS,),
    beside=(_BOUGHT, _SOLD, _EITHER),
    chosen_rows=True,
)

LABELS = Step(
    Feed(
        "cumcm",
        "labels",
        "The default flag, as known a day after as_of.",
        (
            Column("label_id", As.ID, "LB- and the firm", "LB-E1"),
            _FIRM,
            Column("application_id", As.ID, "AP- and the firm", "AP-E1"),
            Column("in_default", As.BOOLEAN, "是否违约", "否"),
            Column("label_source", As.TEXT, "where it comes from", "CUMCM 2020 C"),
            Column("decided_at", As.TIME, "a day after as_of", "2020-02-23T00:00:00.000"),
        ),
        ("label_id",),
        (
            FactRows(
                "label",
                "label_id",
                {
                    "merchant_id": "firm",
                    "application_id": "application_id",
                    "label": "in_default",
                    "label_source": "label_source",
                    "ts": "decided_at",
                },
            ),
        ),
        event_time="decided_at",
        zone=ZONE,
    ),
    _FIRMS,
    """SELECT published.row_no, 'LB-' || firm AS label_id, firm, 'AP-' || firm AS application_id, in_default,
                'CUMCM 2020 C' AS label_source, decided_at
         FROM published JOIN spans USING (firm) WHERE in_default IS NOT NULL""",
    views=(_SPANS,),
    beside=(_BOUGHT, _SOLD, _EITHER),
    chosen_rows=True,
)

_PROPERTIES = {"ts": "day", "amount": "amount", "currency": "currency", "tax": "tax", "voided": "voided"}

INVOICES = Feed(
    "cumcm",
    "invoices",
    "Invoices of the firms: bought (进项) from a company, sold (销项) to one.",
    (
        Column("invoice_id", As.ID, "made from the row's content but its status", "iv-6f1ed002ab559585"),
        Column("invoice_no", As.ID, "发票号码, eight digits", "3390939"),
        Column("seller_company", As.ID, "counterparty of a purchase", "A00297", required=False),
        Column("seller_firm", As.ID, "firm of a sale", "", required=False),
        Column("buyer_company", As.ID, "counterparty of a sale", "", required=False),
        Column("buyer_firm", As.ID, "firm of a purchase", "E1", required=False),
        Column("day", As.DATE, "开票日期", "2017-07-18"),
        Column("amount", As.MONEY, "金额, without tax; negative: a correction", "-943.40"),
        Column("tax", As.MONEY, "税额", "-56.60"),
        Column("currency", As.ID, "of all money in the set", CURRENCY),
        Column("voided", As.BOOLEAN, "作废发票: true, 有效发票: false", "false"),
    ),
    ("invoice_id",),
    (
        EdgeRows(
            "INVOICED", End("Company", "seller_company"), End("Merchant", "buyer_firm"), _PROPERTIES, "invoice_id"
        ),
        EdgeRows(
            "INVOICED", End("Merchant", "seller_firm"), End("Company", "buyer_company"), _PROPERTIES, "invoice_id"
        ),
    ),
    event_time="day",
    zone=ZONE,
)

_TAKEN = """
WITH plain AS (
    SELECT row_no, firm, invoice_no, counterparty, amount, tax, status,
           coalesce(strftime(try_cast(iso(day) AS TIMESTAMP), '%Y-%m-%d'), day) AS day,
           coalesce(direction, $1) AS direction
    FROM published
)
SELECT row_no, invoice_no, day, amount, tax, 'CNY' AS currency,
       content_id('iv-', [firm, direction, invoice_no, day, counterparty, cents(amount)::VARCHAR,
                          cents(tax)::VARCHAR]) AS invoice_id,
       CASE WHEN direction = 'in' THEN counterparty END AS seller_company,
       CASE WHEN direction = 'in' THEN firm END AS buyer_firm,
       CASE WHEN direction = 'out' THEN firm END AS seller_firm,
       CASE WHEN direction = 'out' THEN counterparty END AS buyer_company,
       CASE status WHEN '作废发票' THEN 'true' WHEN '有效发票' THEN 'false' ELSE status END AS voided
FROM plain
"""

INVOICE_STEPS = tuple(
    Step(INVOICES, table, _TAKEN, money=("amount", "tax"), values=(direction,))
    for table, direction in ((_BOUGHT, "in"), (_SOLD, "out"), (_EITHER, "as the row says"))
)


def cumcm(path: Path) -> list[Delivery]:
    """Deliveries of the set in a folder, looked for two levels deep (or of the one file ``path`` is)."""
    found = _sheets(path)
    if not found:
        raise PublicDataError(f"{path}: no sheet with 企业代号 (or enterprise) in its header, as .csv or .parquet")
    sheets = {**dict.fromkeys((_BOUGHT.name, _SOLD.name, _EITHER.name)), **found}
    steps = (FIRMS, APPLICATIONS, LABELS, *INVOICE_STEPS)
    return [deliver(s, file, sheets) for s in steps if (file := sheets.get(s.table.name)) is not None]


def missing(path: Path) -> list[str]:
    """Sheets that are not there."""
    found = _sheets(path)
    wanted = {"企业信息": (_FIRMS,), "进项发票信息": (_BOUGHT, _EITHER), "销项发票信息": (_SOLD, _EITHER)}
    return [sheet for sheet, tables in wanted.items() if not any(t.name in found for t in tables)]


def _sheets(path: Path) -> dict[str, Found]:
    """Files by what their header says they are."""
    inside = [p for entry in listing(path) for p in (listing(entry) if entry.is_dir() else [entry])]
    parts: dict[str, list[Path]] = {}
    for file in filter(is_data, inside):
        table = _sheet_of(set(headers(file)))
        if table is not None:
            parts.setdefault(table.name, []).append(file)
    tables = {t.name: t for t in (_FIRMS, _BOUGHT, _SOLD, _EITHER)}
    return {name: Found(tables[name], tuple(files)) for name, files in parts.items()}


def _sheet_of(names: set[str]) -> Table | None:
    if {"enterprise", "invoice_no", "direction"} <= names:
        return _EITHER
    if {"企业代号", "发票号码"} <= names:
        return _BOUGHT if "销方单位代号" in names else _SOLD
    if {"企业代号", "企业名称"} <= names or {"enterprise", "default"} <= names:
        return _FIRMS
    return None
