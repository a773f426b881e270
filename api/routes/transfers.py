"""Would this transfer do harm? Asked before it is made; nothing is stored."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.body import body_contract, json_body
from api.forms import LARGEST, Currency, Id, Moment, to_ms
from api.query import none
from api.security import needs
from api.service import Service, Shared, in_thread
from flow.alerts import Alert

router = APIRouter(prefix="/v1", dependencies=[Depends(none)])

SHOWN = 100


class TransferBody(BaseModel):
    """A transfer that is about to be made."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    src: Id = Field(description="the account that pays")
    dst: Id = Field(description="the account that is to be paid")
    amount: int = Field(ge=0, le=LARGEST, description="minor units of the currency")
    currency: Currency
    ts: Moment | None = Field(None, description="when it would be made; now, where it is not said")


class LoopAnswer(BaseModel):
    """A loop that the transfer would close: its earlier transfers and their payers, from the earliest on."""

    events: list[str]
    accounts: list[str]


class MovementAnswer(BaseModel):
    """Loan money that would go where it should not."""

    code: str
    account: str
    severity: str
    text_en: str
    text_zh: str
    measure: str
    facts: dict[str, Any]
    evidence: dict[str, Any]


class TransferAnswer(BaseModel):
    """What the transfer would do. ``missing``: what could not be looked at; finding nothing there says nothing."""

    closes_loop: bool
    moves_loan_money: bool
    loops: list[LoopAnswer] = Field(description=f"at most {SHOWN}; loop_count says how many there are")
    loop_count: int
    movements: list[MovementAnswer]
    missing: list[str]
    latency_ms: float


@router.post("/transfers:check", dependencies=[Depends(needs("score"))], openapi_extra=body_contract(TransferBody))
async def check(service: Shared, body: Annotated[TransferBody, Depends(json_body(TransferBody))]) -> TransferAnswer:
    """Would this transfer close a loop of transfers, or take loan money where it should not go?"""
    return await in_thread(lambda: _check(service, body))


def _check(service: Service, body: TransferBody) -> TransferAnswer:
    started = time.perf_counter()
    ts = service.clock() if body.ts is None else to_ms(body.ts)
    found = service.flow.get().check_transfer(body.src, body.dst, body.amount, body.currency, ts)
    return TransferAnswer(
        closes_loop=bool(found.loops),
        moves_loan_money=bool(found.movements),
        loops=[LoopAnswer(events=list(x.events), accounts=list(x.accounts)) for x in found.loops[:SHOWN]],
        loop_count=len(found.loops),
        movements=[_movement(a) for a in found.movements[:SHOWN]],
        missing=list(dict.fromkeys(found.missing)),
        latency_ms=round((time.perf_counter() - started) * 1000, 3),
    )


def _movement(alert: Alert) -> MovementAnswer:
    return MovementAnswer(
        code=alert.rule,
        account=alert.key,
        severity=alert.severity,
        text_en=alert.text_en,
        text_zh=alert.text_zh,
        measure=alert.measure,
        facts=dict(alert.facts),
        evidence=dict(alert.evidence),
    )
