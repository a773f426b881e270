"""Events in: one object or many lines, each answered for once it is durable."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.errors import INVALID, NOT_JSON, Answer, Refused
from api.errors import Field as FieldError
from api.query import none
from api.security import needs
from api.service import Service, Shared, in_thread
from flow.dead_letters import Letter
from flow.group_commit import Busy
from flow.intake import Delivery
from flow.journal import Answer as Stored
from flow.journal import JournalError

router = APIRouter(prefix="/v1", dependencies=[Depends(none)])

LINES = 10_000
"""Lines in one request; more are refused."""
_ONE = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
_MANY = re.compile(r'application/(x-)?(ndjson|jsonl)(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)

NOT_EVENTS = Answer(
    415,
    "unsupported_media_type",
    "Send one event as application/json or many, a line each, as application/x-ndjson; not compressed.",
)
TOO_MANY_LINES = Answer(413, "too_many_lines", f"More than {LINES} lines; send them in several requests.")
EVENT_CONFLICT = Answer(409, "event_conflict", "Another event of this event_id is stored. An event is never changed.")
JOURNAL_AWAY = Answer(
    503, "journal_unavailable", "Events cannot be stored now; none of these was answered for. Send them again."
)
JOURNAL_BUSY = Answer(503, "journal_busy", "Too many events wait to be stored; send these again.", {"Retry-After": "1"})


class EventAnswer(BaseModel):
    """What became of a line. ``code`` and ``field`` say why it was rejected."""

    line: int
    event_id: str | None = None
    answer: Literal["created", "exists", "conflict", "rejected"]
    code: str | None = None
    field: str | None = None


class EventCounts(BaseModel):
    """How many lines had each answer; they add up to the lines that are not blank."""

    created: int = 0
    exists: int = 0
    conflict: int = 0
    rejected: int = 0


class EventsAnswer(BaseModel):
    """What became of every line, in order."""

    counts: EventCounts
    answers: list[EventAnswer] = Field(description="one for each line that is not blank")


@router.post(
    "/events",
    dependencies=[Depends(needs("events"))],
    response_class=Response,
    responses={200: {"model": EventsAnswer}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"type": "object", "description": "one event; see docs/events.md"}},
                "application/x-ndjson": {"schema": {"type": "string", "description": "an event a line"}},
            },
        }
    },
)
async def events(request: Request, service: Shared) -> Response:
    """Take events. Each is durable before it is answered for: sent again after a break, it is told ``exists``.

    A line that does not fit is rejected with code and field, and the others go on. A single event that is rejected or
    in conflict is 422 or 409.
    """
    kind, data = request.headers.get("content-type", ""), await request.body()
    one = _ONE.fullmatch(kind) is not None
    if not one and not _MANY.fullmatch(kind):
        raise Refused(NOT_EVENTS)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(NOT_EVENTS)
    if one:
        data = data.replace(b"\r", b" ").replace(b"\n", b" ")  # within JSON, line ends are white space only
    elif data.count(b"\n") > LINES:
        raise Refused(TOO_MANY_LINES)
    sender: str = request.state.key_id
    delivery, answers = await _stored(service, data, sender)
    told = [_told(*line) for line in delivery.answers(answers)]
    if one:
        _single(told)
    counts = {name: sum(t["answer"] == name for t in told) for name in ("created", "exists", "conflict", "rejected")}
    return Response(msgspec.json.encode({"counts": counts, "answers": told}), media_type="application/json")


async def _stored(service: Service, data: bytes, sender: str) -> tuple[Delivery, list[Stored]]:
    flow = await in_thread(service.flow.get)
    delivery = await in_thread(lambda: flow.receive(data, sender))
    try:
        return delivery, await asyncio.shield(asyncio.wrap_future(flow.store(delivery)))
    except Busy:
        raise Refused(JOURNAL_BUSY) from None
    except JournalError as why:
        service.log.error("journal", error=type(why).__name__, why=str(why)[:200])
        raise Refused(JOURNAL_AWAY) from None


def _told(line: int, event_id: str | None, answer: str, letter: Letter | None) -> dict[str, object]:
    told: dict[str, object] = {"line": line, "event_id": event_id, "answer": answer}
    if letter is not None:
        told |= {"code": letter.code, "field": letter.field}
    return told


def _single(told: list[dict[str, object]]) -> None:
    """Refuse a single event in the shape of errors where it was not taken."""
    if not told:
        raise Refused(NOT_JSON)
    [only] = told
    if only["answer"] == "conflict":
        raise Refused(EVENT_CONFLICT)
    if only["answer"] == "rejected":
        if only["code"] in ("json", "encoding"):
            raise Refused(NOT_JSON)
        raise Refused(INVALID, [FieldError(str(only["field"] or "body"), str(only["code"]))])
