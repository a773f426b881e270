"""Decisions: one for each application, the same again for a retry, a conflict for anything else."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from records import decisions
from records.decisions import DecisionRow
from records.errors import DecisionConflict

DECISION = DecisionRow(
    decision_id="d0",
    application_id="AP1",
    merchant_id="M1",
    request={"amount": 1},
    request_hash="h",
    features={"a": 0.1 + 0.2, "b": math.nan},
    margin=-1.25,
    contributions={"a": 1e-17},
    score=1 / 3,
    risk_level="low",
    rating_version="1",
    reasons=[{"code": "R"}],
    model_name="m",
    model_version="1",
    model_sha256="0" * 64,
    feature_set_version="f",
    graph_version="000001",
    graph_as_of=5,
    finding_ids=["ring-1"],
    degraded_parts=[],
    answer='{"score":0.3}',
    key_id=None,
    created_ts=6,
)


def test_a_decision_comes_back_to_the_last_bit(engine: Engine) -> None:
    assert decisions.record(engine, DECISION) is DECISION
    found = decisions.find(engine, "AP1", "h")
    assert found is not None
    assert math.isnan(found.features["b"])
    assert replace(found, features={"a": found.features["a"]}) == replace(DECISION, features={"a": 0.1 + 0.2})
    assert decisions.load(engine, "d0") is not None
    assert decisions.load(engine, "d1") is None
    assert decisions.find(engine, "AP2", "h") is None


def test_a_second_record_of_the_same_request_gives_the_first(engine: Engine) -> None:
    decisions.record(engine, DECISION)
    again = decisions.record(engine, replace(DECISION, decision_id="d1", score=0.9))
    assert (again.decision_id, again.score) == ("d0", 1 / 3)


def test_another_request_on_the_same_application_is_a_conflict(engine: Engine) -> None:
    decisions.record(engine, DECISION)
    with pytest.raises(DecisionConflict):
        decisions.find(engine, "AP1", "other")
    with pytest.raises(DecisionConflict):
        decisions.record(engine, replace(DECISION, decision_id="d1", request_hash="other"))


def test_retries_at_the_same_moment_leave_one_decision(engine: Engine) -> None:
    def attempt(n: int) -> str:
        return decisions.record(engine, replace(DECISION, decision_id=f"d{n}")).decision_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(attempt, range(24)))) == 1
