"""Take a source's files into landing: find them, take one after the other, add up what became of their rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graph.model import landing_schemas
from ingest.files import SourceError, deliveries
from ingest.intake import Delivery, IntakeOptions, take
from ingest.limits import Limits
from ingest.pseudonym import KeyRefusedError, Pseudonymiser, load_or_create_key
from ingest.public import READERS
from ingest.report import FeedReport
from ingest.sources import SOURCES
from landing.tables import Landing

_LOG = logging.getLogger(__name__)

Progress = Callable[[str, int], None]
"""Called with the name of the file at work and how many of its rows were seen."""


@dataclass(frozen=True)
class SyncReport:
    """What became of all files of one call."""

    source: str
    deliveries: tuple[FeedReport, ...]

    @property
    def totals(self) -> dict[str, int]:
        """sent = stored + duplicate + rejected + conflict, over all files; and how many files were refused whole.

        Files taken before count with what became of them then, but nothing of theirs was stored now.
        """
        sums = {n: sum(getattr(d, n) for d in self.deliveries) for n in FeedReport.COUNTS}
        return {
            **sums,
            "files": len(self.deliveries),
            "files_refused": sum(d.refused for d in self.deliveries),
            "files_already_taken": sum(d.already_taken for d in self.deliveries),
            "stored_now": sum(d.stored for d in self.deliveries if not d.already_taken),
        }

    @property
    def ok(self) -> bool:
        """Whether every row of every file was taken or known already."""
        return all(d.ok for d in self.deliveries)

    @property
    def exit_code(self) -> int:
        """0: all taken; 1: done, but rows or files were refused. (2, could not run, is an error raised by sync.)"""
        return 0 if self.ok else 1

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "source": self.source,
            "ok": self.ok,
            "totals": self.totals,
            "deliveries": [d.to_json() for d in self.deliveries],
        }


def sync(
    source: str,
    paths: Sequence[Path],
    landing_root: Path,
    key_path: Path,
    rejects: Path,
    options: IntakeOptions,
    progress: Progress | None = None,
    *,
    feed: str | None = None,
    limits: Limits | None = None,
    warn: Callable[[str], None] = _LOG.warning,
) -> SyncReport:
    """Take files and folders of a source (one of SOURCES, or a public set of READERS) into landing.

    ``feed``: which feed the files are, where their names do not tell. ``warn`` hears that a key file was made. Public
    sets are history and are taken with ``known="event"`` unless ``now`` was asked for. Raises SourceError,
    KeyRefusedError, LandingError or PublicDataError where nothing can be taken at all.
    """
    found: list[Delivery]
    if source in SOURCES:
        found = deliveries(source, paths, feed, limits or Limits())
    elif source in READERS:
        found = [d for path in paths for d in READERS[source](path)]
        if options.known == "column":
            options = replace(options, known="event")
    else:
        raise SourceError(f"no source {source!r}; there are {', '.join([*SOURCES, *READERS])}")
    landing = Landing(landing_root, landing_schemas())
    if not key_path.exists() and any(b.info.get("key_fingerprint") for b in landing.batches()):
        raise KeyRefusedError(
            f"the key file {key_path} is gone, and {landing_root} was filled under it: put it back from its copy, "
            "or start an empty landing folder"
        )
    tokens = Pseudonymiser(load_or_create_key(key_path, warn))
    return SyncReport(
        source, tuple(take(d, landing, tokens, rejects, options, _of_file(progress, d.name)) for d in found)
    )


def _of_file(progress: Progress | None, name: str) -> Callable[[int], None] | None:
    return None if progress is None else lambda rows: progress(name, rows)
