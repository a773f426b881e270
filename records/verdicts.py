"""What people found when they looked into findings: confirmed, or a false alarm, with a note."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from sqlalchemy import Connection, insert, select

from graph.findings.finding import Finding
from graph.findings.verdicts import Verdict, Word
from records.audit import note as audit_note
from records.tables import verdicts


@dataclass(frozen=True)
class Judged:
    """A verdict as it is on record."""

    verdict: Verdict
    graph_version: str
    actor: str


def save_verdict(
    connection: Connection, finding: Finding, word: Word, note: str, graph_version: str, actor: str, now: int
) -> Verdict:
    """Put a verdict on record, with its line in the audit. The members are those the finding has now."""
    members = sorted({m.node for m in finding.members})
    row = {"finding_id": finding.id, "kind": finding.kind, "verdict": word, "note": note, "members": members}
    connection.execute(insert(verdicts).values(**row, graph_version=graph_version, actor=actor, ts=now))
    audit_note(connection, actor, "verdict", f"cluster:{finding.id}", now, {"verdict": word, "members": len(members)})
    return Verdict(finding.id, finding.kind, word, note, frozenset(members), now)


def verdicts_on(connection: Connection, finding_id: str) -> list[Judged]:
    """All that was said on a finding, oldest first."""
    query = select(verdicts).where(verdicts.c.finding_id == finding_id).order_by(verdicts.c.entry)
    return [_judged(r._mapping) for r in connection.execute(query)]


def verdicts_in_force(connection: Connection, at: int | None = None) -> list[Verdict]:
    """The newest verdict of every finding that has one, in the order they were given; ``at``: as of then (epoch ms)."""
    newest: dict[str, Verdict] = {}
    for row in connection.execute(select(verdicts).order_by(verdicts.c.entry)):
        judged = _judged(row._mapping)
        if at is not None and judged.verdict.ts > at:
            continue
        newest.pop(judged.verdict.finding_id, None)
        newest[judged.verdict.finding_id] = judged.verdict
    return list(newest.values())


def _judged(row: object) -> Judged:
    r = cast("dict[str, object]", row)
    verdict = Verdict(
        finding_id=str(r["finding_id"]),
        kind=str(r["kind"]),
        word=cast("Word", r["verdict"]),
        note=str(r["note"]),
        members=frozenset(cast("list[str]", r["members"])),
        ts=int(cast("int", r["ts"])),
    )
    return Judged(verdict, str(r["graph_version"]), str(r["actor"]))
