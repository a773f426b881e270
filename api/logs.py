"""Logs: one JSON object a line on stderr. No query strings, no bodies, no text of exceptions: those hold values."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TextIO

import structlog

HERE = Path(__file__).resolve().parent.parent


def make_logger(stream: TextIO) -> structlog.typing.FilteringBoundLogger:
    """A logger that writes JSON lines to a stream."""
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    ).bind()
    return logger


def where(error: BaseException) -> list[str]:
    """Where an exception came from, innermost last: ``file:line function``, without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames]


class ServerLog(logging.Handler):
    """Brings what the HTTP server logs into ours: message for information, type and place for exceptions."""

    def __init__(self, log: structlog.typing.FilteringBoundLogger) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            self._log.error("server_error", error=type(error).__name__, where=where(error))
        elif record.levelno >= logging.WARNING:
            self._log.warning("server", template=str(record.msg)[:200])
        else:
            self._log.info("server", text=record.getMessage())


def take_over_server_logs(log: structlog.typing.FilteringBoundLogger) -> None:
    """Let uvicorn and asyncio log through ours only."""
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = [ServerLog(log)] if name != "uvicorn.error" else []
        logger.propagate = name == "uvicorn.error"
        logger.setLevel(logging.INFO)
    logging.getLogger("uvicorn.access").disabled = True


def _short(path: str) -> str:
    place = Path(path)
    return str(place.relative_to(HERE)) if place.is_relative_to(HERE) else place.name
