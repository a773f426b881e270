"""Decisions on record: what was asked, what it rested on, what was answered. One for each application, for good."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import Engine, RowMapping, insert, select
from sqlalchemy.exc import IntegrityError

from records.database import reading
from records.errors import DecisionConflict, RecordsError
from records.shadow import ShadowScore, save_shadow
from records.tables import decisions


@dataclass(frozen=True)
class DecisionRow:
    """A decision with everything needed to explain and to recompute it. Times in epoch ms.

    ``features`` are the values the model was given (NaN: not known), ``contributions`` what each added to ``margin``
    (log-odds), ``finding_ids`` the clusters the merchant was in, ``answer`` the JSON text that was sent, ``key_id`` the
    key that asked (None at the command line). ``request_hash`` tells a retry from another request;
    ``landing_position`` is the newest batch that the graph was made of, None where that was not kept.
    """

    decision_id: str
    application_id: str
    merchant_id: str
    request: Mapping[str, object]
    request_hash: str
    features: Mapping[str, float]
    margin: float
    contributions: Mapping[str, float]
    score: float
    risk_level: str
    rating_version: str
    reasons: Sequence[Mapping[str, object]]
    model_name: str
    model_version: str
    model_sha256: str
    feature_set_version: str
    graph_version: str
    graph_as_of: int
    finding_ids: Sequence[str]
    degraded_parts: Sequence[str]
    answer: str
    key_id: str | None
    created_ts: int
    landing_position: int | None = None


def find(engine: Engine, application_id: str, request_hash: str) -> DecisionRow | None:
    """The decision on an application, or None when there is none.

    Raises DecisionConflict when it was made on a request with another hash.
    """
    query = select(decisions).where(decisions.c.application_id == application_id)
    with reading(engine) as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    if row["request_hash"] != request_hash:
        raise DecisionConflict(application_id)
    return _decision(row)


def record(engine: Engine, decision: DecisionRow, shadow: ShadowScore | None = None) -> DecisionRow:
    """Put a decision on record, with what a challenger said of it, and return what is on record now.

    That is the one given, or, when another request on the same application came first, that one's: two retries at the
    same moment get one answer. Raises DecisionConflict as ``find`` does.
    """
    flat = {f.name: getattr(decision, f.name) for f in fields(decision)}  # shallow: asdict would copy every number
    row = {**flat, "features": _nullable(decision.features), "finding_ids": list(decision.finding_ids)}
    row["degraded_parts"] = list(decision.degraded_parts)
    try:
        with engine.begin() as connection:
            connection.execute(insert(decisions).values(**row))
            if shadow is not None:
                save_shadow(connection, shadow)
    except IntegrityError:
        first = find(engine, decision.application_id, decision.request_hash)
        if first is None:
            raise RecordsError(f"decision {decision.decision_id} could not be put on record") from None
        return first
    return decision


def load(engine: Engine, decision_id: str) -> DecisionRow | None:
    """A decision by its id, or None."""
    with reading(engine) as connection:
        row = connection.execute(select(decisions).where(decisions.c.decision_id == decision_id)).mappings().first()
    return _decision(row) if row else None


def applications_of(engine: Engine, decision_ids: Sequence[str]) -> dict[str, str]:
    """The application that each decision was made on, of the decisions that are on record."""
    wanted = set(decision_ids)
    with reading(engine) as connection:
        rows = connection.execute(select(decisions.c.decision_id, decisions.c.application_id)).all()
    return {decision: application for decision, application in rows if decision in wanted}


def _nullable(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _decision(row: RowMapping) -> DecisionRow:
    features = {name: math.nan if value is None else value for name, value in row["features"].items()}
    return DecisionRow(**{**row, "features": features})
