"""Who did what when to which object. Entries are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, insert, select

from records.tables import audit

Action = Literal[
    "key.create",
    "key.revoke",
    "export",
    "read.clear",
    "verdict",
    "pair",
    "rules.draft",
    "rules.dry_run",
    "rules.withdraw",
    "rules.publish",
    "rules.rollback",
    "alert.acknowledge",
    "alert.snooze",
    "alert.assign",
]


@dataclass(frozen=True)
class Entry:
    """One line of the audit. ``actor``: ``key:ID`` for a program, ``user:NAME`` at the command line."""

    ts: int
    actor: str
    action: str
    target: str
    details: Mapping[str, object]


def note(
    connection: Connection,
    actor: str,
    action: Action,
    target: str,
    now: int,
    details: Mapping[str, object] | None = None,
) -> None:
    """Add an entry, in the caller's transaction: what is not audited is not done.

    ``target`` names what it was done to, such as ``cluster:ID``; ``details`` holds counts and formats, never personal
    data.
    """
    connection.execute(
        insert(audit).values(ts=now, actor=actor, action=action, object=target, details=dict(details or {}))
    )


def entries(connection: Connection, target: str | None = None, limit: int = 100) -> list[Entry]:
    """The newest entries, newest first; of one object where it is given."""
    query = select(audit).order_by(audit.c.entry.desc()).limit(limit)
    if target is not None:
        query = query.where(audit.c.object == target)
    return [
        Entry(r["ts"], r["actor"], r["action"], r["object"], r["details"]) for r in connection.execute(query).mappings()
    ]
