"""The main job on a synthetic world: files in, a published graph and a trained model out."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from graph.snapshot_files import current_version
from graph.store.contract import StoreError
from graph.store.load import origin_of
from graph.store.open import open_store
from ingest.intake import IntakeOptions
from ingest.sources import SOURCES
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world
from jobs.home import Home
from jobs.progress import Report
from jobs.published import open_version
from jobs.rebuild import empty_store
from jobs.refresh import Refreshed, refresh
from jobs.report.make import all_scores
from jobs.sync import sync
from landing.tables import Landing
from scoring.registry import open_serving

LIKELY = 0.5
"""Findings from this score on name a shop for the demo."""


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


def applicant(home: Home) -> tuple[str, int]:
    """The merchant the demo asks about and the amount it last asked for.

    Of the shops in likely fake-order rings and loan traces that once asked for credit, the one the model rates worst.
    """
    version = open_version(home.snapshots / str(current_version(home.snapshots)))
    merchants, applications = version.snapshot.nodes["Merchant"], version.snapshot.facts["application"].table
    by_time = applications.sort_by("ts")
    asked = dict(zip(by_time["merchant_id"].to_pylist(), by_time["amount"].to_pylist(), strict=True))
    scores = dict(
        zip(
            merchants.ids.to_pylist(), all_scores(version, open_serving(home.models), home.models).tolist(), strict=True
        )
    )
    suspects = {
        m
        for f in version.findings
        if f.kind in ("fake_order_ring", "loan_trace") and f.score >= LIKELY
        for m in f.of_kind("Merchant")
        if m in asked
    }
    worst = max(suspects or asked, key=lambda m: (scores[m], m))
    return worst, asked[worst]
