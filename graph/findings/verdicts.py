"""Findings that people have looked into: marked, and a false alarm not raised again while its members are the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from graph.findings.finding import Finding

Word = Literal["confirmed", "false_alarm"]

FALSE_ALARM = 0.1
"""A false alarm keeps this part of its score: it stays listed, far down."""


@dataclass(frozen=True)
class Verdict:
    """What was found out: on which finding, with which members (``Kind:id``) at that time, when (epoch ms)."""

    finding_id: str
    kind: str
    word: Word
    note: str
    members: frozenset[str]
    ts: int


def with_verdicts(findings: Iterable[Finding], verdicts: Iterable[Verdict]) -> list[Finding]:
    """The findings in their order, those with a verdict marked in ``evidence["verdict"]``.

    A verdict is on the finding of its id, or on one of its kind with exactly its members. A false alarm is scored down
    (``FALSE_ALARM``) as long as the finding has no member that the verdict did not know; with new members it is raised
    in full, and the mark says how many are new. The mark: verdict, note, ts, new_members, score (as it was mined).
    Doing it again changes nothing; a verdict that is gone leaves no trace.
    """
    listed = list(verdicts)
    by_id = {v.finding_id: v for v in listed}
    by_members = {(v.kind, v.members): v for v in listed}
    return [_marked(f, by_id, by_members) for f in findings]


def verdict_of(finding: Finding) -> dict[str, object] | None:
    """The mark that ``with_verdicts`` left on a finding."""
    mark = finding.evidence.get("verdict")
    return dict(mark) if isinstance(mark, dict) else None


def _marked(
    finding: Finding, by_id: dict[str, Verdict], by_members: dict[tuple[str, frozenset[str]], Verdict]
) -> Finding:
    nodes = frozenset(m.node for m in finding.members)
    verdict = by_id.get(finding.id) or by_members.get((finding.kind, nodes))
    before = verdict_of(finding)
    if verdict is None and before is None:
        return finding
    mined = float(str(before["score"])) if before is not None else finding.score
    rest = {k: v for k, v in finding.evidence.items() if k != "verdict"}
    if verdict is None:
        return replace(finding, score=mined, evidence=rest)
    new = len(nodes - verdict.members)
    quiet = verdict.word == "false_alarm" and new == 0
    mark = {"verdict": verdict.word, "note": verdict.note, "ts": verdict.ts, "new_members": new, "score": mined}
    score = round(mined * FALSE_ALARM, 6) if quiet else mined
    return replace(finding, score=score, evidence={**rest, "verdict": mark})
