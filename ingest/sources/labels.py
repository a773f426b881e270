"""What became of applications: delayed, incomplete, noisy, as in life."""

from dataclasses import replace

from ingest.feed import KNOWN_AT, As, Column, FactRows, Feed

LABELS = Feed(
    source="labels",
    name="labels",
    doc="Outcome of an application: confirmed fraud, or 90 days overdue within 180 days.",
    columns=(
        Column("label_id", As.ID, "the finding of fact", "LB000001"),
        Column("merchant_id", As.ID, "whose application", "M000017"),
        Column("application_id", As.ID, "which one", "AP000001"),
        Column("label", As.BOOLEAN, "true: fraud or default", "false"),
        Column("label_source", As.TEXT, "collections, investigation ...", "collections", required=False),
        Column("decided_at", As.TIME, "when it was settled", "2025-09-01T00:00:00+08:00"),
        replace(KNOWN_AT, required=True),
    ),
    key=("label_id",),
    event_time="decided_at",
    version="known_at",
    rows=(
        FactRows(
            "label",
            "label_id",
            {
                "merchant_id": "merchant_id",
                "application_id": "application_id",
                "label": "label",
                "label_source": "label_source",
                "ts": "decided_at",
            },
        ),
    ),
)

FEEDS = (LABELS,)
