"""Scoring one application from the command line: the same decision as over HTTP, on the same record."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jobs.decide import AsOfRefused, ScoreRequest, UnknownMerchant, decide
from jobs.home import Home
from jobs.known import KnownMerchants
from jobs.look import LookError
from jobs.published import Published
from jobs.serving import ServedModel
from policy.rating import read_rating
from records.database import open_records

_WHY = {
    "as_of_ahead": "as_of is more than five minutes ahead",
    "as_of_before_graph": "as_of is older than the published graph: a past answer is a replay, not a score",
}


def score_application(home: Home, request: ScoreRequest, clock: Callable[[], int]) -> dict[str, Any]:
    """The answer that ``POST /v1/score`` would give, with the ids asked for; a retry gets what is on record."""
    records = open_records(home.records_url)
    try:
        decision = decide(
            request,
            Published(home.snapshots),
            ServedModel(home.models),
            records,
            clock,
            known=KnownMerchants(home.landing),
            rating=read_rating(),
        )
    except UnknownMerchant:
        raise LookError(f"no source has ever named the merchant {request.merchant_id!r}") from None
    except AsOfRefused as refused:
        raise LookError(_WHY[refused.code]) from None
    finally:
        records.dispose()
    asked = {"application_id": request.application_id, "merchant_id": request.merchant_id}
    return {**json.loads(decision.answer), **asked}
