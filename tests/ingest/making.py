"""A small feed with one column of every sort, and what the tests need to take files of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from graph.model import landing_schemas
from ingest.feed import KNOWN_AT, As, Column, EdgeRows, End, FactRows, Feed, NodeRows, Personal
from ingest.files import delivery
from ingest.intake import Delivery, IntakeOptions, take
from ingest.limits import Limits
from ingest.pseudonym import Pseudonymiser
from ingest.report import FeedReport
from landing.tables import Landing

NOW = 1_772_000_000_000
KEY = bytes(range(32))

SALES = Feed(
    source="test",
    name="sales",
    doc="Orders with everything a column can be.",
    columns=(
        Column("order_id", As.ID, "the order", "O1"),
        Column("merchant_id", As.ID, "the shop", "M1"),
        Column("amount", As.MONEY, "paid", "129.00", low=0),
        Column("currency", As.ID, "ISO 4217", "CNY"),
        Column("placed_at", As.TIME, "when", "2025-03-01T20:15:00+08:00"),
        Column("rating", As.INTEGER, "stars", "5", required=False, low=1, high=5),
        Column("phone", As.ID, "of the buyer", "13800000000", required=False, personal=Personal.PHONE),
        Column("status", As.TEXT, "state", "placed", required=False),
        Column("updated_at", As.TIME, "version", "2025-03-02T00:00:00+08:00", required=False),
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
        EdgeRows("SOLD_BY", End("Orders", "order_id"), End("Merchant", "merchant_id"), {"ts": "placed_at"}),
        EdgeRows("HAS_PHONE", End("Merchant", "merchant_id"), End("Phone", "phone")),
    ),
)

REFUNDS = Feed(
    source="test",
    name="refunds",
    doc="A feed without a key: a row is its content.",
    columns=(
        Column("refund_id", As.ID, "the refund", "R1"),
        Column("amount", As.MONEY, "paid back", "5"),
        Column("at", As.TIME, "when", "2025-03-01"),
    ),
    key=(),
    event_time="at",
    zone="UTC",
    currency="JPY",
    rows=(FactRows("refund", "refund_id", {"amount": "amount", "ts": "at"}),),
)

GOOD = {
    "order_id": "O1",
    "merchant_id": "M1",
    "amount": "129.00",
    "currency": "CNY",
    "placed_at": "2025-03-01T20:15:00+08:00",
    "rating": "5",
    "phone": "138 0000 0000",
    "status": "placed",
    "updated_at": "",
    "known_at": "",
}


def row(**changes: str) -> dict[str, str]:
    """A good row of SALES with some cells changed."""
    return {**GOOD, **changes}


def csv_text(rows: Sequence[dict[str, str]], columns: Sequence[str] | None = None) -> str:
    """Rows as CSV with a header."""
    out = io.StringIO()
    names = list(columns or (rows[0] if rows else GOOD))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([r.get(n, "") for n in names] for r in rows)
    return out.getvalue()


@dataclass
class Desk:
    """A landing folder with all that an intake needs beside it."""

    root: Path
    limits: Limits = field(default_factory=Limits)

    @property
    def landing(self) -> Landing:
        return Landing(self.root / "landing", landing_schemas())

    @property
    def rejects(self) -> Path:
        return self.root / "rejects"

    def file(self, content: str | bytes, name: str = "sales.csv") -> Path:
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def take(
        self,
        content: str | bytes | Path | Delivery,
        feed: Feed = SALES,
        max_bad_share: float = 1.0,
        key: bytes = KEY,
        **options: object,
    ) -> FeedReport:
        """Take a file (or text that becomes one) and check what must hold of every report."""
        if isinstance(content, Delivery):
            given = content
        else:
            path = content if isinstance(content, Path) else self.file(content, f"{feed.name}.csv")
            given = delivery(feed, path, self.limits)
        settings = IntakeOptions(max_bad_share=max_bad_share, **{"now_ms": NOW, **options})  # type: ignore[arg-type] # options come by name
        report = take(given, self.landing, Pseudonymiser(key), self.rejects, settings)
        assert report.sent == report.stored + report.duplicate + report.rejected + report.conflict
        assert self.landing.verify() == []
        return report

    def rows(self, table: str) -> list[dict[str, object]]:
        """What landing holds of a table."""
        found: pa.Table = self.landing.view().all_versions(table)
        return found.to_pylist()

    def rejected(self, report: FeedReport) -> list[dict[str, str]]:
        """The rejects file of a report."""
        if report.rejects_file is None:
            return []
        with Path(report.rejects_file).open(encoding="utf-8", newline="") as f:
            return list(csv.DictReader(f))

    def codes(self, report: FeedReport) -> list[tuple[int, str, str]]:
        """(line, column, code) of the rejects file."""
        return [(int(r["line"] or 0), r["column"], r["code"]) for r in self.rejected(report)]
