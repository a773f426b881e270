"""Alerts on record, what is to be told of them, and how far the journal of events is judged.

A step in the life of an alert (told provisionally, confirmed, repeated ...) is kept together with the position in the
journal it came from: after a kill, what is judged again finds its alerts on record and adds nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from records.audit import Action, note
from records.errors import RecordsError
from records.tables import flow_alerts, flow_outbox, flow_position, flow_switches

_CHUNK = 500  # rows a statement; SQLite allows 32,766 parameters in one
OPEN = ("provisional", "late", "final", "confirmed")
"""States in which an alert stands; the other is ``withdrawn``."""
Act = Literal["acknowledge", "snooze", "assign"]
_AUDITED: Mapping[Act, Action] = {
    "acknowledge": "alert.acknowledge",
    "snooze": "alert.snooze",
    "assign": "alert.assign",
}
_SETTLED = ("final", "confirmed", "withdrawn")


class PositionMoved(RecordsError):  # noqa: N818 - what happened
    """Another process judges the same journal."""


@dataclass(frozen=True)
class Step:
    """A step in the life of an alert. ``body``: the whole alert as JSON; ``status``: as in flow.alerts."""

    alert_id: str
    rule: str
    version: str
    key_kind: str
    key_id: str
    ts: int
    severity: str
    mode: str
    status: str
    times: int
    degraded: Sequence[str]
    body: str


@dataclass(frozen=True)
class AlertRow:
    """An alert as it is on record. Times in epoch ms; ``body`` as it was told first, ``status`` as it is now."""

    alert_id: str
    rule: str
    version: str
    key_kind: str
    key_id: str
    ts: int
    severity: str
    mode: str
    status: str
    times: int
    degraded: Sequence[str]
    body: Mapping[str, Any]
    created_ts: int
    acknowledged_by: str | None
    acknowledged_ts: int | None
    snoozed_until: int | None
    assigned_to: str | None


@dataclass(frozen=True)
class Told:
    """An entry of the outbox: a step of an alert, with its number."""

    seq: int
    status: str
    times: int
    created_ts: int
    alert: AlertRow


@dataclass(frozen=True)
class Position:
    """How far the journal is judged, and how many of those events came late."""

    position: int
    late: int


@dataclass(frozen=True)
class Switch:
    """From the event after ``position`` on, rules of this version judge; ``clock``: how late it was for them."""

    position: int
    clock: int
    version: str
    text: str


@dataclass(frozen=True)
class Filters:
    """Which alerts are asked for; None: any. ``snoozed``: also those that are put off; ``now`` decides which are."""

    rule: str | None = None
    key_kind: str | None = None
    key_id: str | None = None
    severity: str | None = None
    status: str | None = None
    acknowledged: bool | None = None
    assigned_to: str | None = None
    since: int | None = None
    until: int | None = None
    shadow: bool = False
    snoozed: bool = False
    now: int = 0


def position(connection: Connection) -> Position:
    """How far the journal is judged; zero before the first event."""
    row = connection.execute(select(flow_position.c.position, flow_position.c.late)).first()
    return Position(0, 0) if row is None else Position(row.position, row.late)


def advance(connection: Connection, before: int, after: Position, steps: Sequence[Step], now: int) -> int:
    """Keep steps of alerts and move the position from ``before``, in the caller's transaction.

    Steps that are on record already are passed over; how many were new. Raises PositionMoved when the position is not
    ``before``: then nothing must be committed.
    """
    if position(connection).position != before:
        raise PositionMoved(f"events after {before} were judged by another process: only one may run on a journal")
    new = save_steps(connection, steps, now)
    values = {"position": after.position, "late": after.late, "updated_ts": now}
    moved = connection.execute(
        update(flow_position).where(flow_position.c.position == before).values(**values)
    ).rowcount
    if not moved:
        if before:
            raise PositionMoved(f"events after {before} were judged by another process")
        connection.execute(insert(flow_position).values(slot=1, **values))
    return new


def save_steps(connection: Connection, steps: Sequence[Step], now: int) -> int:
    """Keep steps of alerts that are not on record yet, in order; how many those were."""
    new = 0
    for start in range(0, len(steps), _CHUNK):
        new += _save(connection, steps[start : start + _CHUNK], now)
    return new


def _save(connection: Connection, steps: Sequence[Step], now: int) -> int:
    rows = [
        {
            **{name: getattr(s, name) for name in Step.__dataclass_fields__},
            "degraded": list(s.degraded),
            "status": "final" if s.status == "repeat" else s.status,
            "created_ts": now,
        }
        for s in steps
    ]
    connection.execute(_or_ignore(connection, flow_alerts), rows)
    told = 0
    for s in steps:
        entry = {"alert_id": s.alert_id, "status": s.status, "times": s.times, "created_ts": now}
        if not connection.execute(_or_ignore(connection, flow_outbox), entry).rowcount:
            continue
        told += 1
        at = flow_alerts.c.alert_id == s.alert_id
        if s.status == "repeat":
            connection.execute(update(flow_alerts).where(at, flow_alerts.c.times < s.times).values(times=s.times))
        elif s.status in _SETTLED:
            connection.execute(
                update(flow_alerts).where(at, flow_alerts.c.status.not_in(_SETTLED)).values(status=s.status)
            )
    return told


def _or_ignore(connection: Connection, table: Any) -> Insert:
    """An insert that passes over rows whose key is there."""
    insert_ = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return insert_(table).on_conflict_do_nothing()


def switches(connection: Connection) -> list[Switch]:
    """Every switch of rules, oldest first."""
    query = select(flow_switches).order_by(flow_switches.c.entry)
    return [Switch(r.position, r.clock, r.version, r.text) for r in connection.execute(query)]


def note_switch(connection: Connection, switch: Switch) -> None:
    """Put a switch of rules on record."""
    connection.execute(insert(flow_switches).values(**vars(switch)))


def page(connection: Connection, filters: Filters, limit: int, before: tuple[int, str] | None = None) -> list[AlertRow]:
    """Alerts that fit, the newest moment first; ``before``: moment and id of the last one of the page before."""
    query = _filtered(select(flow_alerts), filters).order_by(flow_alerts.c.ts.desc(), flow_alerts.c.alert_id.desc())
    if before is not None:
        ts, alert_id = before
        earlier = and_(flow_alerts.c.ts == ts, flow_alerts.c.alert_id < alert_id)
        query = query.where(or_(flow_alerts.c.ts < ts, earlier))
    return [_alert(row) for row in connection.execute(query.limit(limit)).mappings()]


def total(connection: Connection, filters: Filters) -> int:
    """How many alerts fit."""
    return int(connection.execute(_filtered(select(func.count()).select_from(flow_alerts), filters)).scalar_one())


def load(connection: Connection, alert_id: str) -> AlertRow | None:
    """An alert by its id."""
    query = select(flow_alerts).where(flow_alerts.c.alert_id == alert_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else _alert(row)


def told_after(connection: Connection, seq: int, limit: int) -> list[Told]:
    """Entries of the outbox after a number, in order."""
    query = (
        select(
            flow_outbox.c.seq,
            flow_outbox.c.status.label("told_status"),
            flow_outbox.c.times.label("told_times"),
            flow_outbox.c.created_ts.label("told_ts"),
            flow_alerts,
        )
        .join(flow_alerts, flow_alerts.c.alert_id == flow_outbox.c.alert_id)
        .where(flow_outbox.c.seq > seq)
        .order_by(flow_outbox.c.seq)
        .limit(limit)
    )
    rows = connection.execute(query).mappings()
    return [Told(r["seq"], r["told_status"], r["told_times"], r["told_ts"], _alert(r)) for r in rows]


def newest_told(connection: Connection) -> int:
    """The number of the newest entry of the outbox; 0 when there is none."""
    return int(connection.execute(select(func.coalesce(func.max(flow_outbox.c.seq), 0))).scalar_one())


def act(
    connection: Connection,
    alert_id: str,
    action: Act,
    actor: str,
    now: int,
    value: str | int | None = None,
) -> AlertRow | None:
    """Acknowledge an alert, put it off until ``value`` (epoch ms) or give it to the person ``value``; None when there
    is no such alert. Acknowledged once, it stays so, by whom it was first. Noted in the audit."""
    row = load(connection, alert_id)
    if row is None:
        return None
    changes: dict[str, Any]
    match action:
        case "acknowledge":
            changes = {} if row.acknowledged_ts else {"acknowledged_by": actor, "acknowledged_ts": now}
        case "snooze":
            changes = {"snoozed_until": value}
        case "assign":
            changes = {"assigned_to": value}
    if changes:
        connection.execute(update(flow_alerts).where(flow_alerts.c.alert_id == alert_id).values(**changes))
        note(connection, actor, _AUDITED[action], f"alert:{alert_id}", now, {} if value is None else {"value": value})
    return load(connection, alert_id)


def _filtered(query: Select[Any], f: Filters) -> Select[Any]:
    a = flow_alerts.c
    wanted = {a.rule: f.rule, a.key_kind: f.key_kind, a.key_id: f.key_id, a.severity: f.severity}
    wanted |= {a.status: f.status, a.assigned_to: f.assigned_to}
    query = query.where(*(column == value for column, value in wanted.items() if value is not None))
    if f.acknowledged is not None:
        query = query.where(a.acknowledged_ts.is_not(None) if f.acknowledged else a.acknowledged_ts.is_(None))
    if f.since is not None:
        query = query.where(a.ts >= f.since)
    if f.until is not None:
        query = query.where(a.ts < f.until)
    if not f.shadow:
        query = query.where(a.mode != "shadow")
    if not f.snoozed:
        query = query.where(or_(a.snoozed_until.is_(None), a.snoozed_until <= f.now))
    return query


def _alert(row: RowMapping) -> AlertRow:
    values = {name: row[name] for name in AlertRow.__dataclass_fields__}
    return AlertRow(**{**values, "body": json.loads(row["body"])})
