"""Alerts: found by filters, followed as they come, acknowledged, put off, given to someone."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.exc import SQLAlchemyError

from api.body import body_contract, json_body
from api.errors import INVALID, Answer, Refused
from api.errors import Field as FieldError
from api.forms import Id, Moment, WholeText, to_ms
from api.query import none, once
from api.security import needs
from api.service import Service, Shared, in_thread
from flow.alerts import line
from jobs.decide import iso
from records.alerts import Act, AlertRow, Filters, Told, act, load, newest_told, page, told_after, total
from records.database import reading
from records.errors import RecordsError

router = APIRouter(prefix="/v1/alerts")

NO_ALERT = Answer(404, "alert_not_found", "There is no such alert.")
BEHIND = Answer(409, "snooze_in_the_past", "An alert is put off until a time that is yet to come.")

STREAM_S = 25.0
"""A stream ends after so long and is taken up again where it ended: no connection is held for ever."""
LOOK_S = 0.05
BEAT_S = 5.0
TOLD_AT_ONCE = 500

Severity = Literal["info", "low", "medium", "high", "critical"]
Status = Literal["provisional", "confirmed", "withdrawn", "final", "late"]


class AlertsQuery(BaseModel):
    """Which alerts; without filters all, but for those put off and those of shadow rules."""

    model_config = ConfigDict(extra="forbid")

    rule: Id | None = None
    on: Literal["merchant", "account", "buyer", "device"] | None = Field(None, description="kind of the key")
    key: Id | None = None
    severity: Severity | None = None
    status: Status | None = None
    acknowledged: Literal["true", "false"] | None = None
    assigned_to: Id | None = None
    since: Moment | None = Field(None, description="alerts whose moment is then or later")
    until: Moment | None = Field(None, description="alerts whose moment is before")
    shadow: Literal["true", "false"] = "false"
    snoozed: Literal["true", "false"] = "false"
    limit: Annotated[WholeText, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, StringConstraints(max_length=256)] | None = None


class AlertAnswer(BaseModel):
    """An alert as it stands now."""

    alert_id: str
    rule: str
    version: str
    on: str
    key: str
    ts: str
    event_id: str
    enter_or_leave: Literal["enter", "leave"]
    facts: dict[str, float | int | None]
    text_en: str
    text_zh: str
    severity: str
    measure: str
    mode: str
    risk_type: str
    tier: str
    when: str
    status: str
    customer: str | None
    evidence: dict[str, Any]
    late: bool
    degraded: list[str] = Field(description="what was missing or cut when it was judged")
    count: int = Field(description="how often the rule has turned true within its cooldown")
    created_ts: int
    acknowledged_by: str | None
    acknowledged_ts: int | None
    snoozed_until: str | None
    assigned_to: str | None


class AlertsAnswer(BaseModel):
    """A page of alerts, the newest moment first."""

    alerts: list[AlertAnswer]
    total: int = Field(description="how many fit the filters, on all pages")
    complete: bool = Field(description="false: there is another page, at next_cursor")
    next_cursor: str | None


class SnoozeBody(BaseModel):
    """Until when an alert is put off; it is in lists again from then on."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    until: Moment


class AssignBody(BaseModel):
    """Who is to look into it; null takes that back."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    to: Id | None


@router.get("", dependencies=[Depends(needs("read")), Depends(once)])
async def alerts(service: Shared, query: Annotated[AlertsQuery, Query()]) -> AlertsAnswer:
    """Alerts on record, the newest moment first, a page at a time."""
    return await in_thread(lambda: _page(service, query))


@router.get("/stream", dependencies=[Depends(needs("read")), Depends(none)], response_class=StreamingResponse)
async def stream(request: Request, service: Shared) -> StreamingResponse:
    """Every step of every alert as it comes (server-sent events), from the one after ``Last-Event-ID`` on.

    Without that header the stream begins now. It ends after some seconds and asks to be taken up again (``retry``).
    While the records are away alerts come without an id, marked degraded, and once more when they are on record.
    """
    last = request.headers.get("last-event-id")
    if last is not None and not (last.isascii() and last.isdigit() and len(last) < 19):
        raise Refused(INVALID, [FieldError("last_event_id", "whole_number")])
    start = await in_thread(lambda: _newest(service)) if last is None else int(last)
    longest = min(STREAM_S, 0.8 * service.settings.request_timeout_s)
    return StreamingResponse(_steps(service, start, longest), media_type="text/event-stream")


@router.get("/{alert_id}", dependencies=[Depends(needs("read")), Depends(none)])
async def alert(service: Shared, alert_id: Id) -> AlertAnswer:
    """One alert as it stands now."""
    return await in_thread(lambda: _one(service, alert_id))


@router.post("/{alert_id}/acknowledge", dependencies=[Depends(needs("alerts")), Depends(none)])
async def acknowledge(request: Request, service: Shared, alert_id: Id) -> AlertAnswer:
    """Somebody has seen it. Said once: the first stays on record."""
    return await in_thread(lambda: _act(service, alert_id, "acknowledge", request.state.key_id, None))


@router.post(
    "/{alert_id}/snooze",
    dependencies=[Depends(needs("alerts")), Depends(none)],
    openapi_extra=body_contract(SnoozeBody),
)
async def snooze(
    request: Request, service: Shared, alert_id: Id, body: Annotated[SnoozeBody, Depends(json_body(SnoozeBody))]
) -> AlertAnswer:
    """Put it off until a time; until then lists leave it out."""
    until = to_ms(body.until)
    if until <= service.clock():
        raise Refused(BEHIND)
    return await in_thread(lambda: _act(service, alert_id, "snooze", request.state.key_id, until))


@router.post(
    "/{alert_id}/assign",
    dependencies=[Depends(needs("alerts")), Depends(none)],
    openapi_extra=body_contract(AssignBody),
)
async def assign(
    request: Request, service: Shared, alert_id: Id, body: Annotated[AssignBody, Depends(json_body(AssignBody))]
) -> AlertAnswer:
    """Give it to someone."""
    return await in_thread(lambda: _act(service, alert_id, "assign", request.state.key_id, body.to))


def _page(service: Service, query: AlertsQuery) -> AlertsAnswer:
    filters = Filters(
        rule=query.rule,
        key_kind=query.on,
        key_id=query.key,
        severity=query.severity,
        status=query.status,
        acknowledged=None if query.acknowledged is None else query.acknowledged == "true",
        assigned_to=query.assigned_to,
        since=None if query.since is None else to_ms(query.since),
        until=None if query.until is None else to_ms(query.until),
        shadow=query.shadow == "true",
        snoozed=query.snoozed == "true",
        now=service.clock(),
    )
    before = None if query.cursor is None else _place(query.cursor)
    with reading(service.records) as connection:
        rows = page(connection, filters, query.limit + 1, before)
        fitting = total(connection, filters)
    shown, more = rows[: query.limit], len(rows) > query.limit
    return AlertsAnswer(
        alerts=[answer(r) for r in shown],
        total=fitting,
        complete=not more,
        next_cursor=_cursor(shown[-1]) if more else None,
    )


def _one(service: Service, alert_id: str) -> AlertAnswer:
    with reading(service.records) as connection:
        row = load(connection, alert_id)
    if row is None:
        raise Refused(NO_ALERT)
    return answer(row)


def _act(service: Service, alert_id: str, action: Act, key_id: str, value: str | int | None) -> AlertAnswer:
    with service.records.begin() as connection:
        row = act(connection, alert_id, action, f"key:{key_id}", service.clock(), value)
    if row is None:
        raise Refused(NO_ALERT)
    return answer(row)


def answer(row: AlertRow) -> AlertAnswer:
    """A row as it is answered."""
    snoozed = None if row.snoozed_until is None else iso(row.snoozed_until)
    now = {"status": row.status, "count": row.times, "created_ts": row.created_ts, "snoozed_until": snoozed}
    people = {name: getattr(row, name) for name in ("acknowledged_by", "acknowledged_ts", "assigned_to")}
    return AlertAnswer.model_validate({**row.body, **now, **people})


def _newest(service: Service) -> int:
    with reading(service.records) as connection:
        return newest_told(connection)


async def _steps(service: Service, start: int, longest: float) -> AsyncIterator[bytes]:
    """The stream: what is on record after ``start``, then what comes."""
    yield b"retry: 500\n\n"
    end, beat, looked = time.monotonic() + longest, time.monotonic() + BEAT_S, -1
    unkept: set[tuple[str, str, int]] = set()
    while time.monotonic() < end:
        flow = service.flow.running
        changed = 0 if flow is None else flow.told
        if changed != looked:
            looked = changed
            for told in await in_thread(partial(_told, service, start)):
                start = told.seq
                yield _event(told)
            for alert in [] if flow is None else flow.held_back():
                if (alert.alert_id, alert.status, alert.count) not in unkept:
                    unkept.add((alert.alert_id, alert.status, alert.count))
                    yield b"event: alert\ndata: " + line(alert) + b"\n\n"
        elif time.monotonic() > beat:
            beat = time.monotonic() + BEAT_S
            yield b": still here\n\n"
        await asyncio.sleep(LOOK_S)


def _told(service: Service, start: int) -> list[Told]:
    found: list[Told] = []
    try:
        with reading(service.records) as connection:
            while more := told_after(connection, found[-1].seq if found else start, TOLD_AT_ONCE):
                found += more
                if len(found) >= 20 * TOLD_AT_ONCE:
                    break
    except (SQLAlchemyError, RecordsError):
        return found
    return found


def _event(told: Told) -> bytes:
    body = {**told.alert.body, "status": told.status, "count": told.times}
    return b"id: %d\nevent: alert\ndata: %s\n\n" % (told.seq, msgspec.json.encode(body))


def _cursor(row: AlertRow) -> str:
    return base64.urlsafe_b64encode(json.dumps([row.ts, row.alert_id]).encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[int, str]:
    try:
        raw = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raw = None
    match raw:
        case [int(ts), str(alert_id)] if type(ts) is int and abs(ts) < 1 << 53 and len(alert_id) <= 64:
            return ts, alert_id
    raise Refused(INVALID, [FieldError("cursor", "cursor_form")])
