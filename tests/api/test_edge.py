"""Every answer has its headers and its one shape; nothing personal leaves or is logged, nor the text of exceptions."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from api.edge import SECURITY_HEADERS
from api.settings import Settings
from jobs.home import Home
from tests.api.conftest import MakeClient, new_key
from tests.api.test_score import body
from tests.api.town import NOW

CANARY = "110101199003071234"
NAME = "张三丰"


def _failing_clock() -> int:
    raise RuntimeError(f"password=hunter2 id={CANARY}")


def _slow_clock() -> int:
    time.sleep(0.5)
    return NOW


def _with_clock(home: Home, clock: object, **settings: object) -> TestClient:
    key = new_key(home)
    app = create_app(Settings(home=home.root, **settings), clock=clock)  # type: ignore[arg-type]  # made to fail
    return TestClient(app, headers={"X-API-Key": key}, raise_server_exceptions=False)


def test_every_answer_has_security_headers_and_a_request_id(still: TestClient) -> None:
    answers = [
        still.get("/healthz"),
        still.get("/v1/clusters"),
        still.get("/nowhere"),
        still.delete("/v1/clusters"),
        still.get("/v1/clusters?kind=x"),
        still.get("/v1/clusters", headers={"X-API-Key": "wrong"}),
        still.post("/v1/score", content=b"x" * 100_000),
    ]
    assert [a.status_code for a in answers] == [200, 200, 404, 405, 422, 401, 413]
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
        assert "server" not in answer.headers
        assert len(answer.headers["x-request-id"]) == 32
    assert len({a.headers["x-request-id"] for a in answers}) == len(answers)


def test_every_error_has_the_one_shape(still: TestClient) -> None:
    answers = [
        still.get("/nowhere"),
        still.get("/v1/clusters/"),
        still.delete("/v1/clusters"),
        still.get("/v1/clusters?kind=x"),
        still.get("/v1/clusters/none"),
        still.get("/v1/merchants/nobody/subgraph"),
        still.get("/v1/clusters", headers={"X-API-Key": "wrong"}),
        still.post("/v1/score", content=b"x" * 100_000),
        still.post("/v1/score", content=b"{}"),
        still.post("/v1/score", json={}),
        still.post("/v1/score?x=1", json={}),
        still.post("/v1/score", content=b"{", headers={"content-type": "application/json"}),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500
        told = answer.json()
        assert set(told) == {"error", "request_id"}
        assert set(told["error"]) == {"code", "message", "fields"}
        assert all(set(f) == {"field", "code"} for f in told["error"]["fields"])
        assert told["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=gbk"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_only_plain_json_is_taken(still: TestClient, headers: dict[str, str]) -> None:
    answer = still.post("/v1/score", content=json.dumps(body()), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_body_of_exactly_the_cap_is_read_and_one_byte_more_is_not(still: TestClient) -> None:
    plain = json.dumps(body()).encode()
    headers = {"content-type": "application/json"}
    assert still.post("/v1/score", content=plain + b" " * (65_536 - len(plain)), headers=headers).status_code == 200
    assert still.post("/v1/score", content=plain + b" " * (65_537 - len(plain)), headers=headers).status_code == 413


def test_personal_values_are_in_no_answer_and_no_log(
    home: Home, make_client: MakeClient, capfd: pytest.CaptureFixture[str]
) -> None:
    client = make_client(home)
    seen = ""
    for value in (CANARY, NAME, f"={CANARY}", f"{CANARY}\n{NAME}"):
        calls = [
            client.post("/v1/score", json=body(merchant_id=value)),
            client.post("/v1/score", json=body(application_id=value, merchant_id="nobody")),
            client.post("/v1/score", json=body(amount=value)),
            client.post("/v1/score", json=body(currency=value)),
            client.post("/v1/score", json=body(as_of=value)),
            client.post("/v1/score", json=body(**{value: value})),
            client.post("/v1/score", json={"a": {"b": [value]}}),
            client.post("/v1/score", content=json.dumps(value), headers={"content-type": "application/json"}),
            client.post("/v1/score", content=f"{{{value}", headers={"content-type": "application/json"}),
            client.get("/v1/clusters", params={"member": value, "kind": value, value: value}),
            client.get("/v1/clusters", params={"cursor": value}),
            client.get(f"/v1/clusters/{quote(value)}"),
            client.get(f"/v1/decisions/{CANARY}"),
            client.get(f"/v1/merchants/{CANARY}/subgraph", params={"hops": value}),
            client.get(f"/{CANARY}", headers={"X-Request-ID": CANARY, "User-Agent": CANARY, "Referer": CANARY}),
            client.get("/v1/clusters", headers={"X-API-Key": CANARY}),
            client.request(CANARY, "/v1/clusters"),
        ]
        assert all(400 <= c.status_code < 500 for c in calls), [c.status_code for c in calls]
        seen += "".join(f"{c.text}{dict(c.headers)}" for c in calls)
    logged = "".join(capfd.readouterr())
    assert logged.count('"event": "request"') >= 60
    for value in (CANARY, NAME, json.dumps(NAME)[1:-1]):
        assert value not in seen
        assert value not in logged


def test_a_fault_of_ours_is_500_without_its_text(home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    with _with_clock(home, _failing_clock) as client:
        answer = client.post("/v1/score", json=body())
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "internal_error")
        assert client.get("/healthz").status_code == 200
    logged = "".join(capfd.readouterr())
    assert "hunter2" not in answer.text + logged
    assert CANARY not in answer.text + logged
    (line,) = [json.loads(x) for x in logged.splitlines() if '"error": "RuntimeError"' in x]
    assert "test_edge.py" in line["where"][-1]  # where it happened is told, to us
    assert line["request_id"] == answer.json()["request_id"]


def test_an_answer_that_takes_too_long_is_given_up(home: Home) -> None:
    with _with_clock(home, _slow_clock, request_timeout_s=0.1) as client:
        started = time.monotonic()
        answer = client.get("/v1/clusters")
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "timed_out")
        assert time.monotonic() - started < 0.45


def test_records_that_fail_are_503_and_decide_nothing(client: TestClient) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]  # a FastAPI app
    with service.records.begin() as connection:
        connection.execute(text("ALTER TABLE decisions RENAME TO elsewhere"))
    answer = client.post("/v1/score", json=body())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "records_unavailable")
    with service.records.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO decisions"))
    assert client.post("/v1/score", json=body()).status_code == 200


def test_metrics_count_by_route_and_never_by_id(client: TestClient) -> None:
    client.post("/v1/score", json=body())
    client.post("/v1/score", json=body())
    client.get("/v1/merchants/M1/subgraph")
    client.get(f"/{CANARY}")
    told = client.get("/metrics")
    assert told.headers["content-type"].startswith("text/plain")
    assert 'ringfence_requests_total{method="POST",route="/v1/score",status="200"} 2.0' in told.text
    assert 'route="/v1/merchants/{merchant_id}/subgraph"' in told.text
    assert 'route="unmatched",status="404"} 1.0' in told.text
    assert "ringfence_decisions_replayed_total 1.0" in told.text
    assert 'ringfence_findings{kind="fake_order_ring"} 1.0' in told.text
    assert CANARY not in told.text
    assert "M1" not in told.text


def test_the_contract_is_given_to_key_holders_and_names_every_route(still: TestClient) -> None:
    contract = still.get("/openapi.json").json()
    assert {"/v1/score", "/v1/clusters", "/v1/clusters/{cluster_id}", "/v1/merchants/{merchant_id}/subgraph"} <= set(
        contract["paths"]
    )
    schema = contract["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["application_id", "merchant_id", "amount", "currency", "as_of"]
    assert schema["additionalProperties"] is False
