"""The service against its own contract, with generated requests: no fault, no answer of another form."""

from __future__ import annotations

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

pytestmark = pytest.mark.slow

OPERATIONS = (
    ("post", "/v1/score"),
    ("get", "/v1/clusters"),
    ("get", "/v1/clusters/{cluster_id}"),
    ("get", "/v1/decisions/{decision_id}"),
    ("get", "/v1/merchants/{merchant_id}/subgraph"),
    ("get", "/v1/rules"),
    ("get", "/v1/rules/facts"),
    ("post", "/v1/rules/check"),
    ("get", "/v1/rules/drafts"),
    ("post", "/v1/rules/drafts"),
    ("get", "/v1/rules/drafts/{draft}"),
    ("delete", "/v1/rules/drafts/{draft}"),
    ("post", "/v1/rules/drafts/{draft}/dry-run"),
    ("post", "/v1/rules/drafts/{draft}/approve"),
    ("post", "/v1/rules/rollback"),
    ("get", "/v1/rules/history"),
    ("get", "/v1/alerts"),
    ("get", "/v1/alerts/{alert_id}"),
    ("post", "/v1/alerts/{alert_id}/acknowledge"),
    ("post", "/v1/alerts/{alert_id}/snooze"),
    ("post", "/v1/alerts/{alert_id}/assign"),
    ("post", "/v1/transfers:check"),
)


NOTHING_TO_GET_WRONG = ("get", "/v1/rules")  # no parameter, no body


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_generated_requests_get_answers_of_the_contract(
    client: TestClient, method: str, path: str, mode: schemathesis.GenerationMode
) -> None:
    if (method, path) == NOTHING_TO_GET_WRONG and mode is schemathesis.GenerationMode.NEGATIVE:
        pytest.skip("there is no wrong request of this route")
    key = {"X-API-Key": client.headers["x-api-key"]}
    contract = schemathesis.openapi.from_asgi("/openapi.json", client.app, headers=key)
    cases = contract[path][method].as_strategy(generation_mode=mode)

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(cases)
    def holds(case: schemathesis.Case) -> None:
        answer = case.call(headers=key)
        assert answer.status_code < 500
        if answer.status_code < 300:
            case.validate_response(answer, checks=[content_type_conformance, response_schema_conformance])
        else:
            assert set(answer.json()) == {"error", "request_id"}

    holds()


def test_the_contract_lists_every_operation_fuzzed(client: TestClient) -> None:
    contract = client.get("/openapi.json").json()["paths"]
    listed = {(method, path) for path, methods in contract.items() for method in methods}
    lines_and_streams = {("post", "/v1/events"), ("get", "/v1/alerts/stream")}  # see tests/flow/service
    assert listed == {*OPERATIONS, *lines_and_streams, ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics")}


def test_the_contract_has_the_body_of_every_route_that_takes_one(client: TestClient) -> None:
    contract = client.get("/openapi.json").json()["paths"]
    bare = {path for path, methods in contract.items() if "post" in methods and "requestBody" not in methods["post"]}
    assert bare == {"/v1/alerts/{alert_id}/acknowledge"}
