"""The main job on a synthetic world: files in, a published graph and a trained model out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from graph.findings.finding import Finding
from graph.snapshot import Snapshot
from graph.snapshot_files import current_version, open_snapshot
from graph.store.contract import StoreError
from graph.store.load import origin_of
from graph.store.open import open_store
from ingest.intake import IntakeOptions
from ingest.sources import SOURCES
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world
from jobs.home import Home
from jobs.look import all_findings
from jobs.progress import Report
from jobs.rebuild import empty_store
from jobs.refresh import Refreshed, refresh
from jobs.sync import sync
from landing.tables import Landing


@dataclass(frozen=True)
class Prepared:
    """What the demo stands on once its data are in. ``rows``: source rows taken, by source."""

    home: Home
    spec: WorldSpec
    rows: dict[str, int]
    refreshed: Refreshed


def prepare(home: Home, out: Path, spec: WorldSpec, now: int, report: Report, replace: bool) -> Prepared:
    """Make the world's files in ``out``, take them in at ``home``, refresh as of the world's end.

    An earlier demo's data go first, what is in the store too. Raises StoreError ``other_landing`` when a server holds
    a graph that no demo made here, unless it is to be replaced.
    """
    if not replace:
        _see_whose_store(home)
    for old in (home.root, out / "world"):
        shutil.rmtree(old, ignore_errors=True)
    empty_store(home)
    report(f"making a world of {spec.merchants:,} shops, seed {spec.seed}")
    make_world(spec, out / "world")
    rows = {}
    for source in SOURCES:
        report(f"taking in what {source} sent")
        options = IntakeOptions(now_ms=now)
        taken = sync(source, [out / "world" / source], home.landing, home.pseudonym_key, home.rejects, options)
        rows[source] = taken.totals["stored_now"]
    return Prepared(home, spec, rows, refresh(home, now, spec.end_ts, report=report))


def _see_whose_store(home: Home) -> None:
    if home.store_is_embedded:
        return
    store = open_store(home.store_url, password=home.store_password)
    try:
        mine = origin_of(Landing(home.landing, {}).view())
        if store.position() is not None and store.origin() != mine:
            message = "the store holds a graph of something else: --replace-store (make: REPLACE=1) replaces it"
            raise StoreError("other_landing", message)
    finally:
        store.close()


def applicant(snapshot: Snapshot, findings: list[Finding]) -> tuple[str, int]:
    """The merchant the demo asks about, a shop of the worst ring or trace, and the amount it last asked for."""
    applications = snapshot.facts["application"].table.sort_by("ts")
    asked = dict(zip(applications["merchant_id"].to_pylist(), applications["amount"].to_pylist(), strict=True))
    worst = sorted(findings, key=lambda f: (f.kind not in ("fake_order_ring", "loan_trace"), -f.score, f.id))
    for finding in worst:
        for merchant in finding.of_kind("Merchant"):
            if merchant in asked:
                return merchant, asked[merchant]
    return min(asked.items())


def published(home: Home) -> tuple[Snapshot, list[Finding]]:
    """The published snapshot and its findings."""
    version, findings = all_findings(home)
    assert version == current_version(home.snapshots)  # noqa: S101 - nobody else works in the demo's folder
    return open_snapshot(home.snapshots / version), findings
