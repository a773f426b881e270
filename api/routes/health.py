"""Is the process alive, can it answer, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from api.security import ANY_KEY, OPEN, needs
from api.service import Service, Shared, in_thread
from jobs.published import NothingPublished
from jobs.serving import NoModel
from records.database import reading
from records.errors import RecordsError
from records.tables import api_keys

router = APIRouter()


class Health(BaseModel):
    """The process answers."""

    status: str = "ok"


class Readiness(BaseModel):
    """Whether scores can be given, and what is missing for it."""

    ready: bool
    missing: list[str]
    graph_version: str | None


@router.get("/healthz", dependencies=[Depends(OPEN)])
async def healthz() -> Health:
    """Alive: true as long as this answers at all."""
    return Health()


@router.get("/readyz", dependencies=[Depends(OPEN)], responses={503: {"model": Readiness}})
async def readyz(service: Shared, response: Response) -> Readiness:
    """Ready to score: a published graph, a model and the records are there."""
    missing, version = await in_thread(lambda: what_is_missing(service))
    response.status_code = 503 if missing else 200
    return Readiness(ready=not missing, missing=missing, graph_version=version)


@router.get("/metrics", dependencies=[Depends(needs("metrics"))], response_class=Response)
async def metrics(service: Shared) -> Response:
    """Counters and gauges for Prometheus; needs a key with the scope ``metrics``."""
    return Response(await in_thread(lambda: _metrics(service)), media_type="text/plain; version=0.0.4; charset=utf-8")


def what_is_missing(service: Service) -> tuple[list[str], str | None]:
    """What a score cannot be given without and is not there, and the version of the graph that is served."""
    missing, version = [], None
    try:
        version = service.published.current().version
        if not service.published.on_disk(version):  # served on from memory, and lost with this process
            missing.append("snapshot files")
    except NothingPublished:
        missing.append("snapshot")
    try:
        service.models.current()
    except NoModel:
        missing.append("model")
    try:
        with reading(service.records) as connection:
            connection.execute(select(api_keys.c.key_id).limit(1)).first()
    except (SQLAlchemyError, RecordsError):
        missing.append("records")
    return missing, version


def _metrics(service: Service) -> bytes:
    metrics, published = service.metrics, service.published
    try:
        version = published.current()
    except NothingPublished:
        pass  # the gauges stay at nothing, /readyz says why
    else:
        metrics.graph_as_of.set(version.as_of / 1000)
        counts: dict[str, int] = {}
        for finding in version.findings:
            counts[finding.kind] = counts.get(finding.kind, 0) + 1
        metrics.findings.clear()
        for kind, n in counts.items():
            metrics.findings.labels(kind).set(n)
    metrics.graph_trouble.set(0 if published.trouble is None else 1)
    metrics.model_trouble.set(0 if service.models.trouble is None else 1)
    return metrics.text()


@router.get("/openapi.json", dependencies=[Depends(ANY_KEY)], include_in_schema=False)
async def openapi(request: Request) -> JSONResponse:
    """The contract of this service, for whoever has a key."""
    return JSONResponse(request.app.openapi())
