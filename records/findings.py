"""Findings over time: which version of the graph held which finding, and what became of each id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, insert, select

from graph.findings.finding import EdgeRef, Finding, Member
from graph.findings.lineage import LineageEvent
from records.database import to_json
from records.errors import RecordsError
from records.tables import finding_event_ids, finding_events, finding_sightings, finding_states, graph_versions

_CHUNK = 500  # rows a statement; SQLite allows 32,766 parameters in one


@dataclass(frozen=True)
class Sighting:
    """A finding as one version of the graph held it."""

    graph_version: str
    finding: Finding


@dataclass(frozen=True)
class Told:
    """An event of the lineage and the version of the graph that brought it."""

    graph_version: str
    event: LineageEvent


@dataclass(frozen=True)
class History:
    """What is on record of an id: the states it was seen in and the events that name it, both oldest first."""

    finding_id: str
    sightings: tuple[Sighting, ...]
    events: tuple[Told, ...]


def save_findings(
    connection: Connection,
    findings: Iterable[Finding],
    events: Iterable[LineageEvent],
    graph_version: str,
    saved_ts: int | None = None,
) -> None:
    """Put the findings of a version on record, with the events that led to their ids.

    A finding that has not changed since an earlier version is kept once. Saving a version again replaces what was
    saved for it, so a refresh that was cut off can simply be repeated. ``saved_ts``: epoch ms, where it is known.
    Raises ValueError when two findings share an id.
    """
    listed = list(findings)
    ids = [f.id for f in listed]
    if len(set(ids)) != len(ids):
        repeated = sorted({i for i in ids if ids.count(i) > 1})
        raise ValueError(f"two findings of version {graph_version} share the id {repeated[0]}")
    _forget(connection, graph_version)
    connection.execute(insert(graph_versions).values(graph_version=graph_version, saved_ts=saved_ts))
    bodies = {f.id: finding_to_text(f) for f in listed}
    hashes = {i: hashlib.sha256(body.encode()).hexdigest() for i, body in bodies.items()}
    known = _known_states(connection, hashes.values())
    states = [
        {
            "state_hash": hashes[f.id],
            "finding_id": f.id,
            "kind": f.kind,
            "score": f.score,
            "complete": f.complete,
            "body": bodies[f.id],
        }
        for f in listed
        if hashes[f.id] not in known
    ]
    sightings = [
        {"graph_version": graph_version, "finding_id": i, "state_hash": hashes[i], "position": n}
        for n, i in enumerate(ids)
    ]
    if states:
        connection.execute(insert(finding_states), states)
    if sightings:
        connection.execute(insert(finding_sightings), sightings)
    for event in events:
        _save_event(connection, event, graph_version)


def saved_at(connection: Connection, graph_version: str) -> int | None:
    """When a version's findings were saved, epoch ms; None where that, or the version, is not on record."""
    query = select(graph_versions.c.saved_ts).where(graph_versions.c.graph_version == graph_version)
    return connection.execute(query).scalar()


def load_findings(connection: Connection, graph_version: str | None = None) -> list[Finding]:
    """The findings of a version, by default the newest on record, in the order they were saved.

    Raises RecordsError when the version is not on record; an empty record of no versions gives an empty list.
    """
    if graph_version is None:
        newest = select(graph_versions.c.graph_version).order_by(graph_versions.c.sequence.desc()).limit(1)
        graph_version = connection.execute(newest).scalar()
        if graph_version is None:
            return []
    elif not connection.execute(
        select(graph_versions.c.sequence).where(graph_versions.c.graph_version == graph_version)
    ).first():
        raise RecordsError(f"findings of version {graph_version} are not on record")
    rows = connection.execute(
        select(finding_states.c.body)
        .join(finding_sightings, finding_sightings.c.state_hash == finding_states.c.state_hash)
        .where(finding_sightings.c.graph_version == graph_version)
        .order_by(finding_sightings.c.position)
    )
    return [finding_from_text(body) for (body,) in rows]


def history(connection: Connection, finding_id: str) -> History:
    """What is on record of an id; an id never seen has neither sightings nor events.

    A run of versions that held the finding unchanged is one sighting, under the first of them.
    """
    rows = connection.execute(
        select(finding_sightings.c.graph_version, finding_states.c.state_hash, finding_states.c.body)
        .join(finding_states, finding_sightings.c.state_hash == finding_states.c.state_hash)
        .join(graph_versions, graph_versions.c.graph_version == finding_sightings.c.graph_version)
        .where(finding_sightings.c.finding_id == finding_id)
        .order_by(graph_versions.c.sequence)
    ).all()
    seen: list[Sighting] = []
    last = None
    for version, state, body in rows:
        if state != last:
            seen.append(Sighting(version, finding_from_text(body)))
        last = state
    return History(finding_id, tuple(seen), _events_of(connection, finding_id))


def finding_to_text(finding: Finding) -> str:
    """A finding as JSON text, the same text for equal findings."""
    return to_json(asdict(finding))


def finding_from_text(text: str) -> Finding:
    """The finding that ``finding_to_text`` wrote."""
    raw = json.loads(text)
    raw["members"] = tuple(Member(**m) for m in raw["members"])
    raw["edges"] = tuple(EdgeRef(**e) for e in raw["edges"])
    return Finding(**raw)


def _save_event(connection: Connection, event: LineageEvent, graph_version: str) -> None:
    row = insert(finding_events).values(
        graph_version=graph_version,
        kind=event.kind,
        finding_kind=event.finding_kind,
        at=event.at,
        shared_members=event.shared_members,
    )
    number = connection.execute(row.returning(finding_events.c.event)).scalar_one()
    sides = [("old", event.old_ids), ("new", event.new_ids)]
    ids = [{"event": number, "side": side, "finding_id": i} for side, ids in sides for i in ids]
    connection.execute(insert(finding_event_ids), ids)


def _events_of(connection: Connection, finding_id: str) -> tuple[Told, ...]:
    naming = select(finding_event_ids.c.event).where(finding_event_ids.c.finding_id == finding_id)
    rows = connection.execute(
        select(finding_events).where(finding_events.c.event.in_(naming)).order_by(finding_events.c.event)
    ).mappings()
    told = []
    for row in rows.all():
        named = connection.execute(
            select(finding_event_ids.c.side, finding_event_ids.c.finding_id)
            .where(finding_event_ids.c.event == row["event"])
            .order_by(finding_event_ids.c.finding_id)
        ).all()
        old, new = (tuple(i for side, i in named if side == wanted) for wanted in ("old", "new"))
        event = LineageEvent(row["kind"], row["finding_kind"], row["at"], old, new, row["shared_members"])
        told.append(Told(row["graph_version"], event))
    return tuple(told)


def _forget(connection: Connection, graph_version: str) -> None:
    events = select(finding_events.c.event).where(finding_events.c.graph_version == graph_version)
    connection.execute(delete(finding_event_ids).where(finding_event_ids.c.event.in_(events)))
    for table in (finding_events, finding_sightings, graph_versions):
        connection.execute(delete(table).where(table.c.graph_version == graph_version))


def _known_states(connection: Connection, hashes: Iterable[str]) -> set[str]:
    wanted = sorted(set(hashes))
    known: set[str] = set()
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        known.update(
            connection.execute(
                select(finding_states.c.state_hash).where(finding_states.c.state_hash.in_(part))
            ).scalars()
        )
    return known
