"""The edge of the service: what is done to every request before a route sees it and after it has answered.

A request gets an id; its body is read under a cap and a time limit; the answer gets a time limit, security headers
and one line in the log; whatever fails is answered in the one shape of errors, and no text of an exception leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import INTERNAL, TIMED_OUT, TOO_LARGE, TOO_SLOW, Refused, answer_to, error_response
from api.logs import where
from api.metrics import Metrics

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


LINGER_SECONDS, LINGER_BYTES = 2.0, 64 << 20
"""How long and how much of a body that is too large is still taken and thrown away, so that the caller, who is busy
sending, gets to read the answer instead of a broken connection."""


class Edge:
    """The outermost layer of the app (pure ASGI). Sizes in bytes, times in seconds. ``larger``: path -> its own cap on
    bodies."""

    def __init__(
        self,
        app: ASGIApp,
        log: structlog.typing.FilteringBoundLogger,
        metrics: Metrics,
        max_body: int,
        body_timeout: float,
        request_timeout: float,
        larger: Mapping[str, int] | None = None,
    ) -> None:
        self._app = app
        self._log = log
        self._metrics = metrics
        self._max_body = max_body
        self._larger = larger or {}
        self._body_timeout = body_timeout
        self._request_timeout = request_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        fault: Exception | None = None
        try:
            whole = await self._whole_body(scope, receive)
            async with asyncio.timeout(self._request_timeout):
                await self._app(scope, whole, answer)
        except Exception as error:  # noqa: BLE001 - the last place that can keep its text from leaving
            foreseen = (TIMED_OUT, ()) if isinstance(error, TimeoutError) else answer_to(error)
            fault = error if foreseen is None else None
            if status == 0:
                reply, fields = foreseen or (INTERNAL, ())
                await error_response(reply, request_id, fields)(scope, receive, answer)
            else:  # the answer has begun: it can only be broken off, so that it is not taken for a whole one
                self._note(scope, request_id, status, started, error)
                raise ConnectionAbortedError("answer broken off") from None
        self._note(scope, request_id, status, started, fault)

    async def _whole_body(self, scope: Scope, receive: Receive) -> Receive:
        """Read the body, counting what arrives whatever its header claims, and hand it on as one message."""
        cap = self._larger.get(scope["path"], self._max_body)
        claimed = Headers(scope=scope).get("content-length", "0")
        if claimed.isdigit() and (len(claimed) > 18 or int(claimed) > cap):
            await _throw_away(receive)
            raise Refused(TOO_LARGE)
        pieces: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(self._body_timeout):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        break
                    size += len(message.get("body", b""))
                    if size > cap:
                        await _throw_away(receive)
                        raise Refused(TOO_LARGE)
                    pieces.append(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError:
            raise Refused(TOO_SLOW) from None
        body: Message | None = {"type": "http.request", "body": b"".join(pieces), "more_body": False}

        async def replay() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message, body = body, None
            return message

        return replay

    def _note(self, scope: Scope, request_id: str, status: int, started: float, fault: Exception | None) -> None:
        seconds = time.perf_counter() - started
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS") else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        line = {
            "request_id": request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
            "key_id": scope["state"].get("key_id"),
        }
        if fault is None:
            self._log.info("request", **line)
        else:
            self._metrics.faults.inc()
            self._log.error("request", **line, error=type(fault).__name__, where=where(fault))


async def _throw_away(receive: Receive) -> None:
    taken = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while taken < LINGER_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
