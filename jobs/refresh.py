"""Refresh: landing to the store, the snapshot as of T, findings, features; published in one flip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.compute as pc

from graph.features.compute import FEATURE_SET_VERSION, compute_features
from graph.findings.finding import Finding
from graph.findings.lineage import keep_ids
from graph.findings.mine import MiningParams, mine_findings
from graph.findings.ring_verdicts import from_verdicts
from graph.findings.shared_devices import SharedDeviceParams
from graph.findings.table import findings_from_table, findings_to_table
from graph.findings.verdicts import with_verdicts
from graph.model import landing_schemas
from graph.snapshot_build import build_snapshot
from graph.snapshot_files import (
    SnapshotError,
    current_version,
    publish,
    read_manifest,
    read_table,
    save_snapshot,
    sweep,
)
from jobs.graph_store import RefreshError, alone, bring_store_up
from jobs.home import Home
from jobs.network import logits_for_refresh, sweep_logits
from jobs.progress import Report, Steps, quiet
from landing.tables import Landing, View
from records.database import open_records, reading
from records.findings import save_findings
from records.pair_words import words_in_force
from records.verdicts import verdicts_in_force


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. ``size``: rows by kind, type and fact; ``findings``: how many of each kind."""

    version: str
    as_of: int
    position: int
    size: dict[str, int]
    findings: dict[str, int]
    cut: int
    lineage: dict[str, int]
    seconds: dict[str, float]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


AHEAD_MS = 300_000
"""How far clocks may differ."""


def refresh(home: Home, now: int, as_of: int | None = None, store: bool = True, report: Report = quiet) -> Refreshed:
    """Bring store, snapshot, findings and features up to what landing holds, and publish them together.

    ``now``: the clock in epoch ms; ``as_of``: the time of the snapshot, by default ``now``. ``store=False`` leaves the
    store as it is. Killed at any moment it leaves the last published version served; run again it does the same work.
    Raises RefreshError when another refresh runs, landing is empty, or ``as_of`` lies in the future.
    """
    if as_of is not None and as_of > now + AHEAD_MS:
        raise RefreshError("as_of lies in the future: nothing can be known then; leave it out, or say latest")
    with alone(home):
        steps = Steps(report)
        view = Landing(home.landing, landing_schemas()).view()
        if view.position < 0:
            raise RefreshError("landing is empty: run `ringfence ingest` first")
        moment = now if as_of is None else as_of
        if store:
            with steps.step("bringing the store up to date"):
                bring_store_up(home, view)
        with steps.step("building the snapshot"):
            snapshot = build_snapshot(lambda table: view.newest(table, moment), moment)
        with steps.step("looking for rings, shared devices, loops, circles, traces"):
            with reading(open_records(home.records_url)) as connection:
                told, verdicts = words_in_force(connection), verdicts_in_force(connection)
            before = _findings_before(home.snapshots, report)
            taught = from_verdicts(before, verdicts)
            mined = mine_findings(
                snapshot, MiningParams(shared_devices=SharedDeviceParams(told=told), ring_scores=taught)
            )
            kept, events = keep_ids(mined, before, moment)
            findings = with_verdicts(kept, verdicts)
        with steps.step("computing features"):
            features = compute_features(snapshot, findings)
        with steps.step("publishing"):
            version = _next_version(home.snapshots)
            info = {"position": view.position, "made_ts": now, "feature_set_version": FEATURE_SET_VERSION}
            extra = {"features": features, "findings": findings_to_table(findings)}
            save_snapshot(snapshot, home.snapshots / version, extra, info)
            logits_for_refresh(home.models, version, snapshot, features)
            with open_records(home.records_url).begin() as connection:  # saving a version again replaces it
                save_findings(connection, findings, events, version, now)
            publish(home.snapshots, version)
            sweep(home.snapshots)
            sweep_logits(home.models, home.snapshots)
        return Refreshed(
            version=version,
            as_of=moment,
            position=view.position,
            size=snapshot.size,
            findings=_count(f.kind for f in findings),
            cut=sum(not f.complete for f in findings),
            lineage=_count(e.kind for e in events),
            seconds=steps.seconds,
        )


def latest_known(view: View) -> int:
    """The newest known_ts in landing: the moment up to which a back-filled history reaches."""
    tables = {p.table for b in view.batches for p in b.parts if not p.table.startswith("receipts/")}
    newest = [pc.max(view.all_versions(t)["known_ts"]).as_py() for t in tables]
    return max(t for t in newest if t is not None)


def published_findings(snapshots: Path) -> list[Finding]:
    """The findings of the published version; none before the first refresh."""
    version = current_version(snapshots)
    return [] if version is None else findings_from_table(read_table(snapshots / version, "findings"))


def _findings_before(snapshots: Path, report: Report) -> list[Finding]:
    """The findings to keep ids from. A damaged version must not keep the one that mends it from being made."""
    try:
        return published_findings(snapshots)
    except (SnapshotError, OSError, ValueError, KeyError) as why:  # ValueError: Arrow's and JSON's among them
        report(f"what is published cannot be read ({type(why).__name__}): clusters get new ids")
        return []


def _next_version(snapshots: Path) -> str:
    """Versions count up; a folder left by a killed run has no manifest and its number is used again."""
    snapshots.mkdir(parents=True, exist_ok=True)
    whole = [int(p.name) for p in snapshots.iterdir() if p.name.isdecimal() and (p / "manifest.json").exists()]
    try:
        current = int(current_version(snapshots) or 0)
    except (ValueError, SnapshotError):  # a pointer that names no version
        current = 0
    return f"{max([0, *whole, current]) + 1:06d}"


def _count(names: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def describe(home: Home) -> dict[str, object]:
    """The manifest of the published version."""
    version = current_version(home.snapshots)
    if version is None:
        raise RefreshError("nothing is published yet: run `ringfence refresh`")
    return read_manifest(home.snapshots / version)
