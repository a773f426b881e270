"""The score of an application, and decisions as they were made."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.body import body_contract, json_body
from api.errors import NO_DECISION, Refused
from api.forms import Id, ScoreBody, to_ms
from api.query import none
from api.security import needs
from api.service import Service, Shared, in_thread
from jobs.decide import Decision, ScoreRequest, decide
from policy.rating import RiskLevel
from records import decisions

router = APIRouter(prefix="/v1", dependencies=[Depends(none)])


class NumberAnswer(BaseModel):
    """A number behind a reason; ``usual``: the middle of the applications that the model was trained on."""

    feature: str
    value: float | None
    usual: float | None
    contribution: float


class ReasonAnswer(BaseModel):
    """A reason, with the numbers behind it. ``text_en`` and ``text_zh`` may be told to the applicant.

    The rest is for staff. ``contribution``: what the feature added to the score in log-odds,
    ``concept_contribution``: what all features of its concept did.
    """

    code: str
    concept: str
    text_en: str
    text_zh: str
    feature: str
    value: float | None
    contribution: float
    concept_contribution: float
    numbers: list[NumberAnswer]


class ModelAnswer(BaseModel):
    """The model that scored."""

    name: str
    version: str
    sha256: str


class QuestionAnswer(BaseModel):
    """The question that lists the evidence behind a reason; ``ringfence explain`` gives its parameters."""

    code: str = Field(description="of the reason")
    name: str


class EvidenceAnswer(BaseModel):
    """Where to look: the clusters that the merchant is in, its neighbourhood, a question behind each reason."""

    cluster_ids: list[str]
    subgraph_url: str
    questions: list[QuestionAnswer] = Field(max_length=4)


class ScoreAnswer(BaseModel):
    """The decision on an application."""

    decision_id: str
    score: float = Field(ge=0, le=1, description="calibrated probability of fraud or serious arrears")
    risk_level: RiskLevel
    reasons: list[ReasonAnswer] = Field(max_length=4)
    model: ModelAnswer
    feature_set_version: str
    graph_as_of: str
    graph_lag_ms: int = Field(ge=0, description="as_of minus graph_as_of")
    degraded: bool
    degraded_parts: list[Literal["graph", "findings", "network"]] = Field(
        description="what the score had to do without"
    )
    evidence: EvidenceAnswer
    latency_ms: float


REPLAYED = "Ringfence-Replayed"


@router.post(
    "/score",
    dependencies=[Depends(needs("score"))],
    response_class=Response,
    responses={200: {"model": ScoreAnswer}},
    openapi_extra=body_contract(ScoreBody),
)
async def score(
    request: Request, service: Shared, body: Annotated[ScoreBody, Depends(json_body(ScoreBody))]
) -> Response:
    """Score an application and put the decision on record.

    The same request again gives the same decision, to the byte, with the header Ringfence-Replayed: true. Another
    request under the same application_id is refused with 409.
    """
    asked = ScoreRequest(body.application_id, body.merchant_id, body.amount, body.currency, to_ms(body.as_of))
    decision = await in_thread(lambda: _decide(service, asked, request.state.key_id))
    if decision.again:
        service.metrics.replayed.inc()
    else:
        service.metrics.decisions.labels(decision.row.risk_level, str(bool(decision.row.degraded_parts)).lower()).inc()
    return _sent(decision.answer, {REPLAYED: str(decision.again).lower()})


@router.get(
    "/decisions/{decision_id}",
    dependencies=[Depends(needs("read"))],
    response_class=Response,
    responses={200: {"model": ScoreAnswer}},
)
async def decision(service: Shared, decision_id: Id) -> Response:
    """A decision as it was answered."""
    row = await in_thread(lambda: decisions.load(service.records, decision_id))
    if row is None:
        raise Refused(NO_DECISION)
    return _sent(row.answer, {})


def _decide(service: Service, request: ScoreRequest, key_id: str) -> Decision:
    return decide(
        request,
        service.published,
        service.models,
        service.records,
        service.clock,
        known=service.known,
        rating=service.rating,
        key_id=key_id,
    )


def _sent(text: str, headers: dict[str, str]) -> Response:
    return Response(text, media_type="application/json", headers=headers)
