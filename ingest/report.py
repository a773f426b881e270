"""What became of a delivery: every row in exactly one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from landing.manifest import Manifest


@dataclass(frozen=True)
class FeedReport:
    """The accounting of one delivery: sent = stored + duplicate + rejected + conflict.

    ``codes`` counts the findings in the rejects file by code (a row may have several). A refused file stores nothing:
    all its rows count as rejected, and ``refused_why`` says why. ``tables`` counts the landing rows made from the
    stored rows. ``already_taken``: the same content was taken before, the counts are those of that time.
    """

    COUNTS: ClassVar = ("sent", "stored", "duplicate", "rejected", "conflict")

    feed: str
    file: str
    sent: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    conflict: int = 0
    refused: bool = False
    refused_code: str | None = None
    refused_why: str | None = None
    codes: Mapping[str, int] = field(default_factory=dict)
    rejects_file: str | None = None
    batch_id: str = ""
    already_taken: bool = False
    ignored_columns: tuple[str, ...] = ()
    tables: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sent != self.stored + self.duplicate + self.rejected + self.conflict:
            raise ValueError(f"{self.feed}: {self.file}: rows are not accounted for: {self.counts()}")

    @property
    def ok(self) -> bool:
        """Whether every row was taken or was known already."""
        return not self.refused and self.rejected == 0 and self.conflict == 0

    def counts(self) -> dict[str, int]:
        """The accounting alone."""
        return {n: getattr(self, n) for n in self.COUNTS}

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "ok": self.ok}

    @staticmethod
    def of_earlier(manifest: Manifest, file: str) -> FeedReport:
        """The report of content that landing already holds."""
        info = manifest.info
        codes, tables, ignored = info.get("codes"), info.get("tables"), info.get("ignored_columns")
        return FeedReport(
            feed=manifest.feed,
            file=file,
            sent=manifest.counts["sent"],
            stored=manifest.counts["stored"],
            duplicate=manifest.counts["duplicate"],
            rejected=manifest.counts["rejected"],
            conflict=manifest.counts["conflict"],
            codes=codes if isinstance(codes, dict) else {},
            rejects_file=str(info["rejects_file"]) if info.get("rejects_file") else None,
            batch_id=manifest.batch_id,
            already_taken=True,
            ignored_columns=tuple(ignored) if isinstance(ignored, list) else (),
            tables=tables if isinstance(tables, dict) else {},
        )
