"""Looking at what is published: findings by kind, score and member."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from graph.findings.finding import KINDS, Finding
from graph.findings.table import findings_from_table
from graph.findings.verdicts import with_verdicts
from graph.snapshot_files import current_version, read_table
from jobs.home import Home
from records.database import open_records, reading
from records.verdicts import verdicts_in_force


class LookError(Exception):
    """What was asked for is not there."""


@dataclass(frozen=True)
class Page:
    """The findings that match, best first, at most as many as asked for. ``total``: how many match in all."""

    version: str
    total: int
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        return {"version": self.version, "total": self.total, "clusters": [asdict(f) for f in self.findings]}


def all_findings(home: Home) -> tuple[str, list[Finding]]:
    """The published version and its findings, in the order they were published, marked with the verdicts on record."""
    version = current_version(home.snapshots)
    if version is None:
        raise LookError("nothing is published yet: run `ringfence refresh`")
    findings = findings_from_table(read_table(home.snapshots / version, "findings"))
    with reading(open_records(home.records_url)) as connection:
        return version, with_verdicts(findings, verdicts_in_force(connection))


def find_clusters(
    home: Home, kind: str | None = None, min_score: float = 0.0, member: str | None = None, limit: int = 20
) -> Page:
    """Findings of a kind (None: all), at least ``min_score``, with ``member`` (``Kind:id``) among their members."""
    if kind is not None and kind not in KINDS:
        raise LookError(f"no kind of finding is called {kind!r}; there are {', '.join(KINDS)}")
    if member is not None and ":" not in member:
        raise LookError(f"write the member as Kind:id, such as Merchant:{member}")
    version, findings = all_findings(home)
    match = [
        f
        for f in findings
        if (kind is None or f.kind == kind)
        and f.score >= min_score
        and (member is None or any(m.node == member for m in f.members))
    ]
    match.sort(key=lambda f: (-f.score, f.kind, f.id))
    return Page(version, len(match), tuple(match[:limit]))


def cluster(home: Home, id_: str) -> Finding:
    """One published finding by its id."""
    for finding in all_findings(home)[1]:
        if finding.id == id_:
            return finding
    raise LookError(f"no published finding has the id {id_!r}; `ringfence clusters` lists them")
