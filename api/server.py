"""Serving the app on a socket: one process, with limits on who may hold a connection and for how long."""

from __future__ import annotations

import asyncio
import gc
import uuid
from typing import Any

import h11
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http import h11_impl
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.edge import SECURITY_HEADERS
from api.errors import NOT_HTTP, TOO_MANY, Answer, error_response
from api.logs import take_over_server_logs
from api.service import Service
from api.settings import Settings

LONGEST_HEAD = 16_384
"""Bytes of a request line with its headers; more is answered with 400."""


def _before_the_app(answer: Answer) -> Response:
    """What is told where no request reaches the app, in the one shape of errors."""
    request_id = uuid.uuid4().hex
    response = error_response(answer, request_id)
    response.headers.update({**SECURITY_HEADERS, "X-Request-ID": request_id, "Connection": "close"})
    return response


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    await _before_the_app(TOO_MANY)(scope, receive, send)


h11_impl.service_unavailable = _full  # type: ignore[attr-defined,assignment]  # uvicorn leaves no other place to say it


class ImpatientProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, but a connection that does not get its headers sent in time is closed."""

    header_timeout = 10.0
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._wait_for_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait_for_headers()
        elif self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._giving_up is not None:
            self._giving_up.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text, which is plain
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = _before_the_app(NOT_HTTP)
            head = h11.Response(status_code=response.status_code, headers=response.raw_headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _wait_for_headers(self) -> None:
        if self._giving_up is None:
            self._giving_up = self.loop.call_later(self.header_timeout, self.transport.close)


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How uvicorn is to serve the app."""
    protocol: type[Any] = type("Protocol", (ImpatientProtocol,), {"header_timeout": settings.header_timeout_s})
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        limit_concurrency=settings.max_connections,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=10,
    )


def serve(settings: Settings, app: FastAPI) -> None:
    """Serve until told to stop (SIGINT, SIGTERM); requests under way are finished, up to ten seconds."""
    service: Service = app.state.service
    take_over_server_logs(service.log)
    gc.collect()
    gc.freeze()  # code and tables that stay for good: full collections need not walk them while requests wait
    uvicorn.Server(server_config(app, settings)).run()
