"""What the routes share: opened once when the app is made, handed to every request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import anyio.to_thread
import structlog
from fastapi import Depends, Request
from sqlalchemy import Engine

from api.metrics import Metrics
from api.settings import Settings
from jobs.flow_live import LiveFlow
from jobs.known import KnownMerchants
from jobs.published import Published
from jobs.serving import ServedModel
from policy.rating import Rating

T = TypeVar("T")

Clock = Callable[[], int]
"""Gives the time in epoch ms."""


@dataclass(frozen=True)
class Service:
    """Everything a route works with."""

    settings: Settings
    records: Engine
    published: Published
    models: ServedModel
    known: KnownMerchants
    rating: Rating
    metrics: Metrics
    log: structlog.typing.FilteringBoundLogger
    clock: Clock
    flow: LiveFlow


async def in_thread(work: Callable[[], T]) -> T:
    """Run what blocks (files, database, arrays) beside the event loop. Given up, not waited for, on a time-out."""
    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Shared = Annotated[Service, Depends(_service)]
"""A route's parameter of this type is the service."""
