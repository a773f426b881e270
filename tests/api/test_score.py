"""The decision on an application: what it says, what it rests on, and that a retry never gets another answer."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import unquote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from graph.features.application import application_features
from jobs.decide import iso
from jobs.home import Home
from jobs.published import Published
from records import decisions
from records.database import open_records
from records.decisions import DecisionRow
from scoring.registry import open_serving
from tests.api.conftest import MakeClient
from tests.api.town import AS_OF, DAY, NOW, promote_model, publish_town


def ask(client: TestClient, **changed: object) -> dict[str, object]:
    answer = client.post("/v1/score", json=body(**changed))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def body(**changed: object) -> dict[str, object]:
    as_of = datetime.fromtimestamp(NOW / 1000, UTC).isoformat()
    good = {"application_id": "AP1", "merchant_id": "M1", "amount": 5_000_000, "currency": "CNY", "as_of": as_of}
    return {**good, **changed}


def refused(client: TestClient, status: int, **changed: object) -> str:
    answer = client.post("/v1/score", json=body(**changed))
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["code"])


def _on_record(home: Home, decision_id: object) -> DecisionRow:
    row = decisions.load(open_records(home.records_url), str(decision_id))
    assert row is not None
    return row


def test_the_answer_has_exactly_what_is_promised(client: TestClient) -> None:
    answer = ask(client)
    assert set(answer) == {
        "decision_id",
        "score",
        "risk_level",
        "reasons",
        "model",
        "feature_set_version",
        "graph_as_of",
        "graph_lag_ms",
        "degraded",
        "degraded_parts",
        "evidence",
        "latency_ms",
    }
    assert isinstance(answer["score"], float)
    assert 0 < answer["score"] < 1
    assert answer["risk_level"] in ("low", "medium", "high", "highest")
    assert answer["model"] == {"name": "town", "version": "v1", "sha256": answer["model"]["sha256"]}  # type: ignore[index]  # a dict
    assert re.fullmatch("[0-9a-f]{64}", answer["model"]["sha256"])  # type: ignore[index]  # a dict
    assert (answer["graph_as_of"], answer["graph_lag_ms"]) == (iso(AS_OF), NOW - AS_OF)
    assert (answer["degraded"], answer["degraded_parts"]) == (False, [])
    assert answer["latency_ms"] >= 0  # type: ignore[operator]  # a number


def test_reasons_come_in_both_languages_with_the_number_behind_them(client: TestClient) -> None:
    reasons = ask(client)["reasons"]
    assert isinstance(reasons, list)
    assert 1 <= len(reasons) <= 4
    for reason in reasons:
        told = {"code", "concept", "text_en", "text_zh", "feature", "value", "contribution"}
        assert set(reason) == told | {"concept_contribution", "numbers"}
        assert reason["contribution"] > 0
        assert re.search("[一-鿿]", reason["text_zh"])
    assert "asked" in {r["feature"] for r in reasons}


def test_the_evidence_leads_to_clusters_and_a_neighbourhood(client: TestClient) -> None:
    evidence = ask(client)["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["cluster_ids"] == ["fake-order-ring-000000000001", "fund-loop-000000000002"]
    for id_ in evidence["cluster_ids"]:
        assert client.get(f"/v1/clusters/{id_}").status_code == 200
    assert client.get(evidence["subgraph_url"]).json()["nodes"][0]["id"] == "Merchant:M1"


def test_the_score_is_what_the_model_gives_for_the_published_features(home: Home, client: TestClient) -> None:
    row = Published(home.snapshots).current().features.row("M1")
    assert row is not None
    columns = {name: np.array([value]) for name, value in row.items()}
    asked = application_features(columns, np.array([5_000_000.0]), np.array([True]))
    scored = open_serving(home.models).score({**row, **{n: float(v[0]) for n, v in asked.items()}})
    assert ask(client)["score"] == scored.probability


def test_the_record_holds_all_that_the_decision_rests_on(home: Home, client: TestClient) -> None:
    answer = ask(client)
    row = _on_record(home, answer["decision_id"])
    model = open_serving(home.models)
    again = model.score(row.features)
    assert (again.probability, again.margin) == (row.score, row.margin) == (answer["score"], again.margin)
    assert row.contributions == again.contributions
    assert set(row.features) == set(model.features)
    assert (row.model_sha256, row.graph_version, row.graph_as_of) == (model.sha256, "000001", AS_OF)
    assert row.request == {**body(), "as_of": NOW}
    assert (row.created_ts, row.rating_version) == (NOW, "1")
    assert row.key_id == client.headers["x-api-key"].split("_")[1]
    assert row.finding_ids == answer["evidence"]["cluster_ids"]  # type: ignore[index]  # a dict
    assert json.loads(row.answer) == answer
    assert client.get(f"/v1/decisions/{row.decision_id}").json() == answer
    assert client.get("/v1/decisions/none").status_code == 404


def test_a_retry_gets_the_same_bytes_even_after_graph_and_model_changed(home: Home, client: TestClient) -> None:
    first = client.post("/v1/score", json=body())
    publish_town(home, "000002", as_of=AS_OF + 2 * DAY, found=[])
    promote_model(home, "v2")
    for _ in range(200):
        if client.get("/readyz").json()["graph_version"] == "000002":
            break
    retry = client.post("/v1/score", json=body())
    assert retry.content == first.content
    assert (first.headers["ringfence-replayed"], retry.headers["ringfence-replayed"]) == ("false", "true")
    assert refused(client, 422, application_id="AP2") == "as_of_before_graph"  # the new graph is served


def test_a_retry_is_the_same_instant_however_it_is_written(client: TestClient) -> None:
    first = ask(client, as_of="2025-06-15T16:00:00Z")
    assert ask(client, as_of="2025-06-16T00:00:00.000+08:00") == first


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": 5_000_001},
        {"currency": "USD"},
        {"merchant_id": "M2"},
        {"merchant_id": "nobody"},
        {"as_of": "2025-06-15T15:30:00Z"},
    ],
)
def test_another_request_on_a_decided_application_is_a_conflict(client: TestClient, changed: dict[str, object]) -> None:
    first = ask(client)
    assert refused(client, 409, **changed) == "application_conflict"
    assert ask(client) == first


def test_a_refused_request_leaves_no_decision_behind(home: Home, client: TestClient) -> None:
    assert refused(client, 404, merchant_id="nobody") == "merchant_not_found"
    assert refused(client, 422, as_of="2020-01-01T00:00:00Z") == "as_of_before_graph"
    assert ask(client)["degraded"] is False


def test_as_of_is_between_the_graph_and_five_minutes_ahead(client: TestClient) -> None:
    assert refused(client, 422, as_of=iso(NOW + 5 * 60_000 + 1)) == "as_of_ahead"
    assert refused(client, 422, as_of=iso(AS_OF - 1)) == "as_of_before_graph"
    assert ask(client, application_id="AP2", as_of=iso(NOW + 5 * 60_000))["graph_lag_ms"] == NOW + 5 * 60_000 - AS_OF
    assert ask(client, application_id="AP3", as_of=iso(AS_OF))["graph_lag_ms"] == 0


@pytest.mark.parametrize("merchant", ["M8", "M9"])
def test_a_merchant_known_but_not_in_the_graph_is_scored_and_it_is_said(
    home: Home, client: TestClient, merchant: str
) -> None:
    answer = ask(client, merchant_id=merchant)
    assert (answer["degraded"], answer["degraded_parts"]) == (True, ["graph", "findings"])
    assert answer["evidence"]["cluster_ids"] == []  # type: ignore[index]  # a dict
    row = _on_record(home, answer["decision_id"])
    assert all(np.isnan(value) for value in row.features.values())
    assert row.degraded_parts == ["graph", "findings"]


def test_an_amount_in_another_currency_is_not_compared(home: Home, client: TestClient) -> None:
    row = _on_record(home, ask(client, currency="USD")["decision_id"])
    assert np.isnan(row.features["asked"])
    assert not np.isnan(row.features["orders_30d"])


def test_without_snapshot_or_model_nothing_is_decided_and_it_says_what_to_run(
    home: Home, bare: TestClient, make_client: MakeClient
) -> None:
    answer = bare.post("/v1/score", json=body())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_snapshot")
    assert "ringfence refresh" in answer.json()["error"]["message"]
    assert bare.get("/readyz").json()["missing"] == ["snapshot", "model"]
    (home.models / "serving.json").unlink()
    client = make_client(home)
    answer = client.post("/v1/score", json=body())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_model")
    assert "ringfence train" in answer.json()["error"]["message"]
    assert client.get("/readyz").json()["missing"] == ["model"]


def test_a_snapshot_lost_under_the_service_is_served_on_and_readiness_tells(home: Home, client: TestClient) -> None:
    ask(client)
    shutil.rmtree(home.snapshots / "000001")
    assert ask(client, application_id="AP2")["degraded"] is False
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["snapshot files"])


def test_a_model_for_other_features_is_not_used(home: Home, make_client: MakeClient) -> None:
    promote_model(home, "v3", feature_set_version="of another graph")
    client = make_client(home)
    assert refused(client, 503) == "model_mismatch"


def test_a_model_whose_files_were_changed_is_not_used(home: Home, make_client: MakeClient) -> None:
    path = home.models / "versions" / "v1" / "calibration.json"
    path.write_text(path.read_text().replace("1.0", "0.5"))
    client = make_client(home)
    assert refused(client, 503) == "no_model"


def test_a_retry_needs_neither_model_nor_graph(home: Home, make_client: MakeClient) -> None:
    first = make_client(home).post("/v1/score", json=body()).content
    (home.models / "serving.json").unlink()
    (home.snapshots / "current").unlink()
    assert make_client(home).post("/v1/score", json=body()).content == first


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM decisions")).scalar_one())


def test_retries_at_the_same_moment_give_one_decision(home: Home, client: TestClient) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: client.post("/v1/score", json=body()), range(48)))
    assert {a.status_code for a in answers} == {200}
    assert len({a.content for a in answers}) == 1
    assert [a.headers["ringfence-replayed"] for a in answers].count("false") == 1
    assert _count(open_records(home.records_url)) == 1


def test_two_requests_on_one_application_at_the_same_moment_give_one_decision_and_conflicts(client: TestClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: client.post("/v1/score", json=body(amount=1_000 + n % 4)), range(32)))
    assert sorted({a.status_code for a in answers}) == [200, 409]
    assert len({a.content for a in answers if a.status_code == 200}) == 1


def test_an_id_is_quoted_in_the_subgraph_address(home: Home, client: TestClient) -> None:
    from graph.model import landing_schemas, node_schema
    from landing.tables import Landing
    from tests.api.town import rows

    strange = "店/1?#%"
    with Landing(home.landing, landing_schemas()).begin("b4", "test", "town") as batch:
        batch.add("Merchant", rows(node_schema("Merchant"), {"id": strange}))
    url = ask(client, merchant_id=strange)["evidence"]["subgraph_url"]  # type: ignore[index]  # a dict
    assert unquote(url) == f"/v1/merchants/{strange}/subgraph?hops=2"
    assert url.isascii()
    assert url.count("?") == 1
