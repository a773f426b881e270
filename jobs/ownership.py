"""Who owns what, from the published snapshot, for the stream."""

from __future__ import annotations

from flow.ownership import Ownership, ownership_of
from graph.snapshot_files import current_version, open_snapshot
from jobs.home import Home


def published_ownership(home: Home) -> Ownership | None:
    """The table of the published snapshot; None when nothing is published. SnapshotError when it cannot be read."""
    version = current_version(home.snapshots)
    return None if version is None else ownership_of(open_snapshot(home.snapshots / version), version)
