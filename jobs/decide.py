"""The decision on an application: features from the published graph, score, reasons, rating; on record before told."""

from __future__ import annotations

import hashlib
import math
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

import numpy as np
from sqlalchemy import Engine

from graph.features.application import BASES, application_features
from jobs.evidence import questions_for
from jobs.known import KnownMerchants
from jobs.published import Published, Version
from jobs.serving import Challenger, ServedModel
from policy.rating import Rating
from records import decisions
from records.database import to_json
from records.decisions import DecisionRow
from records.shadow import ShadowScore
from scoring.blocks import SAGE_LOGIT
from scoring.reasons import Reason, reasons
from scoring.serve import ScoreError, Scorer

AHEAD_MS = 5 * 60_000
"""How far ahead of the clock an as_of may be: clocks differ."""

MOST_REASONS = 4
SUBGRAPH_HOPS = 2
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownMerchant(Exception):  # noqa: N818 - what the merchant is
    """No source has ever named this merchant."""


class AsOfRefused(Exception):  # noqa: N818 - what happens to the request
    """The time asked for is not one that the published graph can answer for."""

    def __init__(self, code: Literal["as_of_ahead", "as_of_before_graph"]) -> None:
        super().__init__(code)
        self.code = code


class ModelMismatch(Exception):  # noqa: N818 - a state of the installation
    """The served model was trained on other features than the published graph has."""


@dataclass(frozen=True)
class ScoreRequest:
    """What is asked: amount in minor units of the currency (ISO 4217), as_of in epoch ms."""

    application_id: str
    merchant_id: str
    amount: int
    currency: str
    as_of: int

    @property
    def fingerprint(self) -> str:
        """sha256 of the request in its one written form: equal for a retry, another for another request."""
        return hashlib.sha256(to_json(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True)
class Decision:
    """A decision as it is on record; ``again``: it was made before, and this was a retry."""

    row: DecisionRow
    again: bool

    @property
    def answer(self) -> str:
        """The JSON text that is sent: the same, to the byte, for every retry."""
        return self.row.answer


def decide(
    request: ScoreRequest,
    published: Published,
    models: ServedModel,
    records: Engine,
    clock: Callable[[], int],
    *,
    known: KnownMerchants,
    rating: Rating,
    key_id: str | None = None,
) -> Decision:
    """Decide on an application, or give the decision that was made on it before.

    An application is decided once: the same request again, as_of included, gets what is on record whatever has been
    published or trained since; another request under its id raises records.errors.DecisionConflict. A merchant that a
    source has named but that is not in the graph is scored without graph features and the decision says so in
    ``degraded_parts``; so is one that the network's logits were not computed for (``network``). A challenger in the
    shadow scores the same inputs; what it said is on record with the decision and changes nothing of it. ``clock``
    gives epoch ms.

    Raises UnknownMerchant, AsOfRefused, ModelMismatch; jobs.published.NothingPublished; jobs.serving.NoModel.
    """
    started = time.perf_counter()
    before = decisions.find(records, request.application_id, request.fingerprint)
    if before is not None:
        return Decision(before, again=True)
    version = published.current()
    model = models.current()
    try:
        model.accept(version.feature_set_version)
    except ScoreError as why:
        raise ModelMismatch(str(why)) from None
    now = clock()
    if request.as_of > now + AHEAD_MS:
        raise AsOfRefused("as_of_ahead")
    if request.as_of < version.as_of:
        raise AsOfRefused("as_of_before_graph")
    values, missing = merchant_values(request, version, known)
    values, degraded = _with_logit(values, missing, request.merchant_id, version, model, models)
    scored = model.score(values)
    found = reasons(scored, values, limit=MOST_REASONS)
    given = [told(r) for r in found]
    told_of = [(r.code, r.concept, r.feature) for r in found]
    clusters = version.clusters_of(request.merchant_id)
    level = rating.level(scored.probability)
    decision_id = str(uuid.uuid4())
    answer = {
        "decision_id": decision_id,
        "score": scored.probability,
        "risk_level": level,
        "reasons": [{**r, "value": _known(r["value"])} for r in given],
        "model": {"name": scored.model, "version": scored.version, "sha256": scored.sha256},
        "feature_set_version": scored.feature_set_version,
        "graph_as_of": iso(version.as_of),
        "graph_lag_ms": request.as_of - version.as_of,
        "degraded": bool(degraded),
        "degraded_parts": degraded,
        "evidence": {
            "cluster_ids": list(clusters),
            "subgraph_url": f"/v1/merchants/{quote(request.merchant_id, safe='')}/subgraph?hops={SUBGRAPH_HOPS}",
            "questions": [
                {"code": q.code, "name": q.name} for q in questions_for(told_of, request.merchant_id, version)
            ],
        },
        "latency_ms": round((time.perf_counter() - started) * 1000, 3),
    }
    made = DecisionRow(
        decision_id=decision_id,
        application_id=request.application_id,
        merchant_id=request.merchant_id,
        request=asdict(request),
        request_hash=request.fingerprint,
        features={name: values[name] for name in model.features},
        margin=scored.margin,
        contributions=dict(scored.contributions),
        score=scored.probability,
        risk_level=level,
        rating_version=rating.version,
        reasons=given,
        model_name=scored.model,
        model_version=scored.version,
        model_sha256=scored.sha256,
        feature_set_version=scored.feature_set_version,
        graph_version=version.version,
        graph_as_of=version.as_of,
        finding_ids=clusters,
        degraded_parts=degraded,
        answer=to_json(answer),
        key_id=key_id,
        created_ts=now,
        landing_position=version.position,
    )
    challenger = models.challenger()
    beside = None if challenger is None else _beside(made, challenger, values, request, version, models, rating)
    kept = decisions.record(records, made, beside)
    return Decision(kept, again=kept.decision_id != decision_id)


def told(reason: Reason) -> dict[str, object]:
    """A reason as it is answered and kept: NaN does not occur in its own value, in the numbers behind it it may."""
    numbers = [{**asdict(n), "value": _known(n.value), "usual": _known(n.usual)} for n in reason.numbers]
    return {**asdict(reason), "numbers": numbers}


def iso(ms: int) -> str:
    """Epoch ms as ISO 8601 in UTC."""
    return (EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def merchant_values(
    request: ScoreRequest, version: Version, known: KnownMerchants
) -> tuple[dict[str, float], tuple[str, ...]]:
    """The feature values of a request, and which parts of what they should rest on are missing."""
    row = version.features.row(request.merchant_id)
    degraded: tuple[str, ...] = ()
    if row is None:
        if request.merchant_id not in known:
            raise UnknownMerchant
        row = dict.fromkeys(version.features.names, math.nan)
        degraded = ("graph", "findings")
    same = (
        version.features.currency(request.merchant_id) == request.currency
    )  # as in training: not known is not the same
    columns = {name: np.array([row[name]]) for name in BASES}
    asked = application_features(columns, np.array([float(request.amount)]), np.array([same]))
    return {**row, **{name: float(value[0]) for name, value in asked.items()}}, degraded


def _with_logit(
    values: dict[str, float],
    missing: tuple[str, ...],
    merchant_id: str,
    version: Version,
    model: Scorer,
    models: ServedModel,
) -> tuple[dict[str, float], tuple[str, ...]]:
    """The values with the network's log-odds, where the model reads them and the snapshot knows the merchant."""
    if SAGE_LOGIT not in model.features:
        return values, missing
    number = version.features.number(merchant_id)
    logits = models.logits.of(version.version, version.as_of, model.version, model.sha256, len(version.features))
    if number is None or logits is None:
        lacks = missing if number is None else (*missing, "network")
        return {**values, SAGE_LOGIT: math.nan}, lacks
    return {**values, SAGE_LOGIT: float(logits[number])}, missing


def _beside(
    made: DecisionRow,
    challenger: Challenger,
    values: dict[str, float],
    request: ScoreRequest,
    version: Version,
    models: ServedModel,
    rating: Rating,
) -> ShadowScore:
    """What the challenger says on the decision's inputs; where it cannot score them, the code that says why."""
    said = ShadowScore(
        decision_id=made.decision_id,
        model_version=challenger.version,
        model_sha256=challenger.sha256,
        margin=None,
        score=None,
        risk_level=None,
        fault=challenger.fault,
        created_ts=made.created_ts,
    )
    if challenger.scorer is None:
        return said
    try:
        challenger.scorer.accept(version.feature_set_version)
        mine, _ = _with_logit(values, (), request.merchant_id, version, challenger.scorer, models)
        margin, probability = challenger.scorer.margin_and_probability(mine)
    except ScoreError as why:
        return replace(said, fault=why.code)
    return replace(said, margin=margin, score=probability, risk_level=rating.level(probability))


def _known(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
