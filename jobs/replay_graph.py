"""The graph as it was published for a decision, built anew from landing; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from graph.features.compute import FEATURE_SET_VERSION, compute_features
from graph.findings.lineage import keep_ids
from graph.findings.mine import MiningParams, mine_findings
from graph.findings.shared_devices import SharedDeviceParams
from graph.findings.verdicts import with_verdicts
from graph.model import landing_schemas
from graph.snapshot_build import build_snapshot
from jobs.home import Home
from jobs.published import FeatureRows, Version
from landing.tables import Landing
from records.database import reading
from records.errors import RecordsError
from records.findings import load_findings, saved_at
from records.pair_words import words_in_force
from records.verdicts import verdicts_in_force

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from records.decisions import DecisionRow


def as_published(home: Home, records: Engine, row: DecisionRow) -> tuple[Version, pa.Table, tuple[str, ...]]:
    """The version that a decision rests on, its features as a table, and what to know about how it was made."""
    notes: list[str] = []
    view = Landing(home.landing, landing_schemas()).view()
    if row.landing_position is None:
        notes.append("how far landing had come was not kept: all that it knows as of then is used")
    else:
        behind = view.position - row.landing_position
        if behind < 0:
            notes.append(f"landing has lost batches: it ends at {view.position}, then it had {row.landing_position}")
        view = view.between(-1, row.landing_position)
    moment = row.graph_as_of
    snapshot = build_snapshot(lambda table: view.newest(table, moment), moment)
    with reading(records) as connection:
        saved = saved_at(connection, row.graph_version)
        said_by = row.created_ts if saved is None else saved
        told, verdicts = words_in_force(connection, said_by), verdicts_in_force(connection, said_by)
        try:
            before = load_findings(connection, row.graph_version)
        except RecordsError:
            before = []
            notes.append(f"findings of version {row.graph_version} are not on record: clusters have new ids")
    mined = mine_findings(snapshot, MiningParams(shared_devices=SharedDeviceParams(told=told)))
    kept, _ = keep_ids(mined, before, moment)
    findings = with_verdicts(kept, verdicts)
    features = compute_features(snapshot, findings)
    version = Version(
        version=row.graph_version,
        as_of=moment,
        feature_set_version=FEATURE_SET_VERSION,
        snapshot=snapshot,
        features=FeatureRows(features),
        findings=tuple(sorted(findings, key=lambda f: (-f.score, f.id))),
        position=row.landing_position,
    )
    return version, features, tuple(notes)
