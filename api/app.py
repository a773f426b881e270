"""The service: routes, their rules and the edge around them, put together."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version as installed_version

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.edge import Edge
from api.errors import INTERNAL, answer_to, error_response
from api.flow_metrics import FlowCollector
from api.logs import make_logger
from api.metrics import Metrics
from api.routes import alerts, clusters, events, health, merchants, rules, score, transfers
from api.routes.health import what_is_missing
from api.security import require_rules
from api.service import Clock, Service, in_thread
from api.settings import Settings
from jobs.flow_live import LiveFlow
from jobs.known import KnownMerchants
from jobs.published import Published
from jobs.serving import ServedModel
from jobs.warm import warm_in_background
from policy.rating import read_rating
from records.database import open_records


def wall_clock() -> int:
    """Epoch ms now."""
    return time.time_ns() // 1_000_000


def create_app(settings: Settings, clock: Clock = wall_clock) -> FastAPI:
    """The service over a home folder. Opens the records (bringing their tables up to date); a graph or a model that is
    not there yet is answered with 503 until it is.

    Raises RecordsError when the records cannot be opened, api.security.NoRule when a route has no access rule.
    """
    home = settings.at_home()
    records, published, log = open_records(home.records_url), Published(home.snapshots), make_logger(sys.stderr)
    service = Service(
        settings=settings,
        records=records,
        published=published,
        models=ServedModel(home.models),
        known=KnownMerchants(home.landing),
        rating=read_rating(),
        metrics=Metrics(),
        log=log,
        clock=clock,
        flow=LiveFlow(home, records, published, clock, log),
    )
    service.metrics.registry.register(FlowCollector(service.flow))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        missing, version = await in_thread(lambda: what_is_missing(service))  # opens both, so no request waits for it
        service.log.info("started", graph_version=version, missing=missing)
        warm_in_background(home, lambda how: service.log.info("store_warmed", **how))
        await in_thread(service.flow.start_where_events_are)
        yield
        await in_thread(service.flow.close)
        service.records.dispose()

    app = FastAPI(
        title="ringfence",
        version=installed_version("ringfence"),
        description="Scores of merchants who ask for credit, with reasons, and the clusters behind them.",
        openapi_url=None,  # given by a route of ours, behind a key
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.service = service
    for part in (health, score, clusters, merchants, rules, events, alerts, transfers):
        app.include_router(part.router)
    for kind in (HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(
        Edge,
        log=service.log,
        metrics=service.metrics,
        max_body=settings.max_body_bytes,
        larger={"/v1/events": settings.max_events_bytes},
        body_timeout=settings.body_timeout_s,
        request_timeout=settings.request_timeout_s,
    )
    require_rules(app)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    answer, fields = answer_to(error) or (INTERNAL, ())
    return error_response(answer, request.state.request_id, fields)
