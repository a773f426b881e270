"""Rule sets over HTTP: what is in force, proposing another, trying it on past events, approving it, taking it back."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from api.body import body_contract, json_body
from api.errors import Answer, Refused, plain_name
from api.errors import Field as FieldError
from api.forms import to_ms
from api.query import none, once
from api.rule_forms import (
    ActiveAnswer,
    ApproveBody,
    CheckAnswer,
    DraftAnswer,
    DraftBody,
    DraftNumber,
    DraftsAnswer,
    DraftTextAnswer,
    DryRunAnswer,
    FactAnswer,
    FactsAnswer,
    FactsQuery,
    HistoryAnswer,
    ListQuery,
    ProblemAnswer,
    PublicationAnswer,
    RollbackBody,
    SetBody,
    StretchBody,
)
from api.security import needs
from api.service import Service, Shared, in_thread
from flow.facts import KINDS, catalogue
from policy import publish
from policy.check import Report, check
from policy.publish import PublishError
from records import rules as on_record
from records.database import reading

router = APIRouter(prefix="/v1/rules")

MAX_STRETCH_MS = 31 * 86_400_000

_STATUS = {
    "no_draft": 404,
    "check_failed": 422,
    "bad_note": 422,
    "bad_stretch": 422,
    "same_person": 403,
    "unchanged": 409,
    "other_version": 409,
    "draft_closed": 409,
    "not_tried": 409,
    "stale": 409,
    "changed_meanwhile": 409,
    "not_in_force": 409,
    "nothing_before": 409,
}
_SAID = {
    "no_draft": "There is no such draft.",
    "check_failed": "The set does not pass its check; POST it to /v1/rules/check for the full report.",
    "bad_note": "A note is one line of at most 500 characters.",
    "bad_stretch": "The stretch of time ends before it begins, or is longer than 31 days.",
    "same_person": "Whoever drafted a set does not approve it: someone else does.",
    "unchanged": "This version is in force already.",
    "other_version": "The draft has another version than the one that was named.",
    "draft_closed": "The draft was approved or withdrawn before.",
    "not_tried": "The draft has no dry run yet.",
    "stale": "The set in force changed since the dry run: run it again.",
    "changed_meanwhile": "Someone else was first; look at what is in force and try again.",
    "not_in_force": "The version that was named is not in force.",
    "nothing_before": "Nothing was in force before this set.",
    "busy": "Another dry run is at work; try again when it is done.",
}

_PART = re.compile(r"[^.\[\]]+")

_ONE_AT_A_TIME = threading.Lock()
"""A dry run takes a core for a while: a second one is told to wait, so that they cannot crowd out the scoring."""


@router.get("", dependencies=[Depends(needs("rules")), Depends(none)])
async def in_force(service: Shared) -> ActiveAnswer:
    """The rule set in force, as it was written."""
    found = await in_thread(lambda: publish.active_rules(service.records, catalogue()))
    return ActiveAnswer(version=found.version, publication=found.publication, text=found.text)


@router.get("/facts", dependencies=[Depends(needs("rules")), Depends(once)])
async def facts(query: Annotated[FactsQuery, Query()]) -> FactsAnswer:
    """Every fact that a rule may read, for each kind of key."""
    held = catalogue()
    kinds = KINDS if query.kind is None else (query.kind,)
    return FactsAnswer(facts=[FactAnswer(kind=k, **asdict(fact)) for k in kinds for fact in held[k].values()])


@router.post("/check", dependencies=[Depends(needs("rules")), Depends(none)], openapi_extra=body_contract(SetBody))
async def check_set(body: Annotated[SetBody, Depends(json_body(SetBody))]) -> CheckAnswer:
    """Check a rule set: all that is wrong with it, each with its place. Nothing is kept."""
    return _report(await in_thread(lambda: check(body.text, catalogue(), body.strict)))


@router.post(
    "/drafts",
    status_code=201,
    dependencies=[Depends(needs("rules")), Depends(none)],
    openapi_extra=body_contract(DraftBody),
)
async def propose(
    request: Request, service: Shared, body: Annotated[DraftBody, Depends(json_body(DraftBody))]
) -> DraftAnswer:
    """Propose a rule set that passes the strict check."""

    def work() -> DraftAnswer:
        with _steps():
            made = publish.propose(service.records, body.text, catalogue(), _actor(request), body.note, service.clock())
        return DraftAnswer.model_validate(asdict(made))

    return await in_thread(work)


@router.get("/drafts", dependencies=[Depends(needs("rules")), Depends(once)])
async def drafts(service: Shared, query: Annotated[ListQuery, Query()]) -> DraftsAnswer:
    """Proposed sets, newest first, without their texts."""

    def work() -> DraftsAnswer:
        with reading(service.records) as connection:
            found = on_record.drafts(connection, query.limit)
        return DraftsAnswer(drafts=[DraftAnswer.model_validate(asdict(d)) for d in found])

    return await in_thread(work)


@router.get("/drafts/{draft}", dependencies=[Depends(needs("rules")), Depends(none)])
async def one_draft(service: Shared, draft: DraftNumber) -> DraftTextAnswer:
    """A proposed set with its text and its dry run."""

    def work() -> DraftTextAnswer:
        with reading(service.records) as connection:
            found = on_record.draft(connection, draft)
        if found is None:
            raise Refused(_answer("no_draft"))
        return DraftTextAnswer.model_validate(asdict(found))

    return await in_thread(work)


@router.delete("/drafts/{draft}", dependencies=[Depends(needs("rules")), Depends(none)])
async def withdraw(request: Request, service: Shared, draft: DraftNumber) -> DraftAnswer:
    """Close a proposed set without publishing it. It stays on record."""

    def work() -> DraftAnswer:
        with _steps():
            closed = publish.withdraw(service.records, draft, _actor(request), service.clock())
        return DraftAnswer.model_validate(asdict(closed))

    return await in_thread(work)


@router.post(
    "/drafts/{draft}/dry-run",
    dependencies=[Depends(needs("rules")), Depends(none)],
    openapi_extra=body_contract(StretchBody),
)
async def dry_run(
    request: Request, service: Shared, draft: DraftNumber, body: Annotated[StretchBody, Depends(json_body(StretchBody))]
) -> DryRunAnswer:
    """Run a draft and the set in force over the journalled events of a stretch of time, one dry run at a time."""
    start, end = to_ms(body.from_), to_ms(body.to)
    if end - start > MAX_STRETCH_MS:
        raise Refused(_answer("bad_stretch"))
    return await in_thread(lambda: _dry_run(service, draft, start, end, _actor(request)))


@router.post(
    "/drafts/{draft}/approve",
    dependencies=[Depends(needs("approve")), Depends(none)],
    openapi_extra=body_contract(ApproveBody),
)
async def approve(
    request: Request, service: Shared, draft: DraftNumber, body: Annotated[ApproveBody, Depends(json_body(ApproveBody))]
) -> PublicationAnswer:
    """Bring a draft into force, said with another person's key than the one that drafted it."""

    def work() -> PublicationAnswer:
        with _steps():
            made = publish.approve(service.records, draft, catalogue(), _actor(request), service.clock(), body.version)
        return PublicationAnswer.model_validate(asdict(made))

    return await in_thread(work)


@router.post(
    "/rollback", dependencies=[Depends(needs("approve")), Depends(none)], openapi_extra=body_contract(RollbackBody)
)
async def rollback(
    request: Request, service: Shared, body: Annotated[RollbackBody, Depends(json_body(RollbackBody))]
) -> PublicationAnswer:
    """Bring back the set that was in force before, in one step."""

    def work() -> PublicationAnswer:
        with _steps():
            made = publish.roll_back(service.records, _actor(request), service.clock(), body.why, body.version)
        return PublicationAnswer.model_validate(asdict(made))

    return await in_thread(work)


@router.get("/history", dependencies=[Depends(needs("rules")), Depends(once)])
async def history(service: Shared, query: Annotated[ListQuery, Query()]) -> HistoryAnswer:
    """What came into force, when and by whom, newest first."""

    def work() -> HistoryAnswer:
        with reading(service.records) as connection:
            found = on_record.history(connection, query.limit)
        return HistoryAnswer(publications=[PublicationAnswer.model_validate(asdict(p)) for p in found])

    return await in_thread(work)


def _dry_run(service: Service, draft: int, start: int, end: int, actor: str) -> DryRunAnswer:
    from jobs.rule_trial import over_the_journal  # brings the engine with it: only where events are judged here

    if not _ONE_AT_A_TIME.acquire(blocking=False):
        raise Refused(Answer(429, "busy", _SAID["busy"], {"Retry-After": "5"}))
    try:
        with _steps():
            fired = over_the_journal(service.settings.at_home().flow)
            found = publish.try_out(service.records, draft, catalogue(), fired, start, end, actor, service.clock())
    finally:
        _ONE_AT_A_TIME.release()
    return DryRunAnswer.model_validate(found.to_json())


def _actor(request: Request) -> str:
    return f"key:{request.state.key_id}"


def _report(report: Report) -> CheckAnswer:
    return CheckAnswer(
        ok=report.ok,
        version=None if report.rules is None else report.rules.version,
        rules=0 if report.rules is None else len(report.rules.rules),
        tests=report.tests,
        problems=[ProblemAnswer.model_validate(asdict(p)) for p in report.problems],
        warnings=[ProblemAnswer.model_validate(asdict(p)) for p in report.warnings],
    )


def _answer(code: str) -> Answer:
    return Answer(_STATUS[code], code, _SAID[code])


@contextmanager
def _steps() -> Iterator[None]:
    """Errors of the steps into force as answers of HTTP."""
    try:
        yield
    except PublishError as why:
        problems = why.report.problems[:50] if why.report is not None else ()
        fields = [FieldError(".".join(map(plain_name, _PART.findall(p.where))), p.code) for p in problems]
        raise Refused(_answer(why.code), fields) from None
