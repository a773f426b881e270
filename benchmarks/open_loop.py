"""Asking at a fixed rate whether or not answers come: requests leave on a schedule, so waiting counts.

A caller that waits for one answer before it asks again slows down with the server and never sees a queue. Here request
i is due i/rate seconds after the start, and its time runs from then until its answer has been read.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass

TIMEOUT_S = 30.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Answer:
    """What came of a request. Seconds since it was due: when it was handed over (``late``), when its answer had been
    read (``after``). ``status`` 0: no answer."""

    status: int
    body: bytes
    late: float
    after: float


def http(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request in the form in which it is sent."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{n}: {v}" for n, v in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def fire(host: str, port: int, requests: Sequence[bytes], rate: float) -> list[Answer]:
    """Send requests at ``rate`` a second over as many connections as it takes; answers in the order of requests."""
    gc.collect()
    gc.freeze()
    try:
        return asyncio.run(_Caller(host, port).fire(requests, rate))
    finally:
        gc.unfreeze()


class _Caller:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._free: list[Connection] = []

    async def fire(self, requests: Sequence[bytes], rate: float) -> list[Answer]:
        start = time.perf_counter() + 0.05
        under_way = []
        for i, request in enumerate(requests):
            due = start + i / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            under_way.append(asyncio.create_task(self._ask(request, due)))
        answers = await asyncio.gather(*under_way)
        for _, writer in self._free:
            writer.close()
        return answers

    async def _ask(self, request: bytes, due: float) -> Answer:
        late = time.perf_counter() - due
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await self._connection()
                writer.write(request)
                status, body = await _read(reader)
                after = time.perf_counter() - due
        except (OSError, EOFError, TimeoutError):
            return Answer(0, b"", late, time.perf_counter() - due)
        self._free.append((reader, writer))
        return Answer(status, body, late, after)

    async def _connection(self) -> Connection:
        while self._free:
            reader, writer = self._free.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    status = int(head[0].split(b" ")[1])
    length = next((int(h.split(b":")[1]) for h in head if h.lower().startswith(b"content-length:")), 0)
    return status, await reader.readexactly(length)
