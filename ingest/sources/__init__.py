"""The sources of a bank and its platforms: one module a source, each a tuple of feeds."""

from ingest.feed import Feed
from ingest.sources import bank, customs, labels, logistics, platform, tax

SOURCES: dict[str, tuple[Feed, ...]] = {
    "platform": platform.FEEDS,
    "logistics": logistics.FEEDS,
    "bank": bank.FEEDS,
    "tax": tax.FEEDS,
    "customs": customs.FEEDS,
    "labels": labels.FEEDS,
}
"""Source name -> its feeds. A file belongs to the feed whose name its own begins with: ``orders-2025-03.csv``."""
