"""Suspicious clusters: the findings of the published graph, ranked, and each with its members and evidence."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from api.errors import CURSOR_EXPIRED, INVALID, NO_CLUSTER, Refused
from api.errors import Field as FieldError
from api.forms import Id, ShareText, WholeText
from api.query import once
from api.security import needs
from api.service import Service, Shared, in_thread
from graph.findings.finding import Finding, Kind
from jobs.decide import iso
from jobs.published import Version
from records.database import reading
from records.findings import history

router = APIRouter(prefix="/v1/clusters", dependencies=[Depends(once)])

MEMBERS, EDGES = 1_000, 2_000
"""How many members and edges of one cluster are sent; the rest is counted."""


class ClusterQuery(BaseModel):
    """What clusters to list."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind | None = None
    min_score: ShareText = Field(0.0, description="only clusters with at least this score")
    member: Id | None = Field(None, description="only clusters with this member: Kind:id, or an id of any kind")
    limit: Annotated[WholeText, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=256)] | None = Field(None, description="next_cursor of the page before")


class Cluster(BaseModel):
    """A finding, in short."""

    id: str
    kind: Kind
    score: float
    text_en: str
    text_zh: str
    numbers: dict[str, float | int | str]
    member_count: int
    edge_count: int
    merchants: list[str] = Field(description="the first hundred merchants in it")
    first_ts: int | None = Field(description="epoch ms")
    last_ts: int | None = Field(description="epoch ms")
    complete: bool = Field(description="false: a limit cut the search short")
    truncated_why: str | None


class Clusters(BaseModel):
    """A page of clusters, the highest score first."""

    clusters: list[Cluster]
    total: int = Field(description="how many fit the filters, on all pages")
    complete: bool = Field(description="false: there is another page, at next_cursor")
    next_cursor: str | None
    graph_version: str
    graph_as_of: str = Field(description="ISO 8601")


class ClusterMember(BaseModel):
    """A node of a cluster and what it is there."""

    node: str
    kind: str
    id: str
    role: str


class ClusterEdge(BaseModel):
    """An edge that is evidence."""

    type: str
    id: str
    src: str
    dst: str
    ts: int | None
    amount: int | None


class LineageEntry(BaseModel):
    """What happened to the id: birth, merge, split or death, and the ids before and after."""

    graph_version: str
    kind: str
    old_ids: tuple[str, ...]
    new_ids: tuple[str, ...]


class ClusterDetail(Cluster):
    """A finding with its members, edges and the history of its id."""

    members: list[ClusterMember]
    edges: list[ClusterEdge]
    cut: bool = Field(description="true: members or edges are not all listed; member_count and edge_count are")
    evidence: dict[str, object]
    lineage: list[LineageEntry]
    graph_version: str
    graph_as_of: str


@router.get("", dependencies=[Depends(needs("read"))])
async def list_clusters(service: Shared, query: Annotated[ClusterQuery, Query()]) -> Clusters:
    """Clusters of the published graph, the highest score first, a page at a time."""
    return await in_thread(lambda: _page(service.published.current(), query))


@router.get("/{cluster_id}", dependencies=[Depends(needs("read"))])
async def cluster(service: Shared, cluster_id: Id) -> ClusterDetail:
    """One cluster with members, evidence and the history of its id."""
    return await in_thread(lambda: _detail(service, cluster_id))


def _page(version: Version, query: ClusterQuery) -> Clusters:
    start = 0 if query.cursor is None else _start(query.cursor, version.version)
    fitting = [f for f in _candidates(version, query.member) if _fits(f, query)]
    page = fitting[start : start + query.limit]
    more = start + len(page) < len(fitting)
    return Clusters(
        clusters=[Cluster.model_validate(_short(f)) for f in page],
        total=len(fitting),
        complete=not more,
        next_cursor=_cursor(version.version, start + len(page)) if more else None,
        graph_version=version.version,
        graph_as_of=iso(version.as_of),
    )


def _candidates(version: Version, member: str | None) -> list[Finding]:
    if member is None:
        return list(version.findings)
    kind, colon, _ = member.partition(":")
    nodes = [member] if colon and kind in version.snapshot.nodes else [f"{k}:{member}" for k in version.snapshot.nodes]
    ids = {i for node in nodes for i in version.by_member.get(node, ())}
    return [f for f in version.findings if f.id in ids]


def _fits(finding: Finding, query: ClusterQuery) -> bool:
    return (query.kind is None or finding.kind == query.kind) and finding.score >= query.min_score


def _detail(service: Service, cluster_id: str) -> ClusterDetail:
    version = service.published.current()
    finding = version.by_id.get(cluster_id)
    if finding is None:
        raise Refused(NO_CLUSTER)
    with reading(service.records) as connection:
        told = history(connection, cluster_id).events
    return ClusterDetail.model_validate(
        {
            **_short(finding),
            "members": [{**asdict(m), "node": m.node} for m in islice(finding.members, MEMBERS)],
            "edges": [asdict(e) for e in islice(finding.edges, EDGES)],
            "cut": len(finding.members) > MEMBERS or len(finding.edges) > EDGES,
            "evidence": finding.evidence,
            "lineage": [{"graph_version": t.graph_version, **asdict(t.event)} for t in told],
            "graph_version": version.version,
            "graph_as_of": iso(version.as_of),
        }
    )


def _short(finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "kind": finding.kind,
        "score": finding.score,
        "text_en": finding.text_en,
        "text_zh": finding.text_zh,
        "numbers": dict(finding.numbers),
        "member_count": len(finding.members),
        "edge_count": len(finding.edges),
        "merchants": finding.of_kind("Merchant")[:100],
        "first_ts": finding.first_ts,
        "last_ts": finding.last_ts,
        "complete": finding.complete,
        "truncated_why": finding.truncated_why,
    }


def _cursor(version: str, start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([version, start]).encode()).decode().rstrip("=")


def _start(cursor: str, version: str) -> int:
    """Where the page begins. A cursor of an older graph is told so: its places mean nothing in the new one."""
    try:
        raw = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raw = None
    match raw:
        case [str(made_for), int(start)] if type(start) is int and 0 <= start < 1 << 40:
            if made_for != version:
                raise Refused(CURSOR_EXPIRED)
            return start
    raise Refused(INVALID, [FieldError("cursor", "cursor_form")])
