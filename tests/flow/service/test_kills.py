"""The service is killed while events come in. The whole run is ``python -m tests.flow.service.kills``."""

from __future__ import annotations

import pytest

from tests.flow.service.kills import run

pytestmark = pytest.mark.slow


def test_nothing_is_lost_doubled_or_told_twice_through_kills() -> None:
    verdict = run(events=3_000, kills=2, batch=50)
    assert verdict.kills == 2
    assert verdict.clean, verdict
    assert verdict.alerts > 0
    assert verdict.exists > 0  # events were sent again and known again


def test_a_service_that_answers_before_it_stores_is_found_out() -> None:
    assert run(events=2_000, kills=1, batch=50, control="ack-first").lost > 0


def test_a_service_that_does_not_know_events_again_is_found_out() -> None:
    assert run(events=2_000, kills=0, batch=50, control="no-dedupe").counted_twice > 0
