"""Clusters: filtered, paged, whole; what is cut says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from jobs.decide import iso
from jobs.home import Home
from records.database import open_records
from records.findings import save_findings
from tests.api.conftest import MakeClient
from tests.api.town import AS_OF, findings, publish_town

RING, LOOP = "fake-order-ring-000000000001", "fund-loop-000000000002"


def _ids(client: TestClient, query: str = "") -> list[str]:
    answer = client.get(f"/v1/clusters{query}")
    assert answer.status_code == 200, answer.text
    return [c["id"] for c in answer.json()["clusters"]]


def test_clusters_come_with_the_highest_score_first_and_both_sentences(still: TestClient) -> None:
    page = still.get("/v1/clusters").json()
    assert [c["id"] for c in page["clusters"]] == [RING, LOOP]
    ring, loop = page["clusters"]
    assert (page["total"], page["complete"], page["next_cursor"]) == (2, True, None)
    assert (page["graph_version"], page["graph_as_of"]) == ("000001", iso(AS_OF))
    assert ring["text_en"].startswith("Two buyers")
    assert ring["text_zh"].startswith("两个买家")
    assert (ring["numbers"], ring["merchants"], ring["member_count"]) == ({"orders": 3, "share": 0.5}, ["M1"], 3)
    assert (loop["complete"], loop["truncated_why"]) == (False, "stopped at 1 loop")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?kind=fund_loop", [LOOP]),
        ("?min_score=0.5", [RING]),
        ("?min_score=0.9", [RING]),
        ("?member=M1", [RING]),
        ("?member=Account:A2", [LOOP]),
        ("?member=Merchant:A2", []),
        ("?member=nobody", []),
        ("?kind=fund_loop&member=M1", []),
    ],
)
def test_filters_keep_what_fits(still: TestClient, query: str, expected: list[str]) -> None:
    assert _ids(still, query) == expected


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("kind=ring", "kind", "literal_error"),
        ("min_score=nan", "min_score", "float_parsing"),
        ("min_score=1e0", "min_score", "float_parsing"),
        ("min_score=2", "min_score", "less_than_equal"),
        ("limit=0", "limit", "greater_than_equal"),
        ("limit=1_0", "limit", "int_parsing"),
        ("limit=" + "9" * 5000, "limit", "int_parsing"),
        ("limit=5&limit=6", "limit", "repeated"),
        ("page=2", "page", "extra_forbidden"),
        ("member=", "member", "string_too_short"),
        ("member=%E2%80%AEM1", "member", "id_characters"),
        ("cursor=!!!", "cursor", "cursor_form"),
        ("cursor=W10", "cursor", "cursor_form"),
        ("cursor=" + "A" * 300, "cursor", "string_too_long"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_by_field_and_code(
    still: TestClient, query: str, field: str, code: str
) -> None:
    answer = still.get(f"/v1/clusters?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"] == [{"field": field, "code": code}]


def _many(n: int) -> list[object]:
    ring = findings()[1]
    return [replace(ring, id=f"fake-order-ring-{i:012d}", score=(i % 7) / 7) for i in range(n)]


def test_pages_put_together_are_the_whole_list_once(home: Home, make_client: MakeClient) -> None:
    publish_town(home, "000002", found=_many(23))  # type: ignore[arg-type]  # findings
    client = make_client(home)
    seen: list[str] = []
    query = "?limit=5"
    while query:
        page = client.get(f"/v1/clusters{query}").json()
        seen += [c["id"] for c in page["clusters"]]
        assert page["total"] == 23
        assert page["complete"] == (page["next_cursor"] is None)
        query = f"?limit=5&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == _ids(client, "?limit=200")
    assert len(set(seen)) == 23


def test_a_cursor_of_an_older_graph_is_told_to_start_again(home: Home, make_client: MakeClient) -> None:
    publish_town(home, "000002", found=_many(4))  # type: ignore[arg-type]  # findings
    cursor = make_client(home).get("/v1/clusters?limit=2").json()["next_cursor"]
    publish_town(home, "000003", found=_many(4))  # type: ignore[arg-type]  # findings
    answer = make_client(home).get(f"/v1/clusters?limit=2&cursor={cursor}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "cursor_expired")


def test_one_cluster_comes_with_members_evidence_and_the_past_of_its_id(home: Home, make_client: MakeClient) -> None:
    from graph.findings.lineage import keep_ids

    kept, events = keep_ids(findings(), [], AS_OF)
    with open_records(home.records_url).begin() as connection:
        save_findings(connection, kept, events, "000001")
    detail = make_client(home).get(f"/v1/clusters/{LOOP}").json()
    assert [m["node"] for m in detail["members"]] == ["Account:A1", "Account:A2"]
    assert detail["edges"] == [
        {
            "type": "TRANSFER",
            "id": "T0",
            "src": "Account:A1",
            "dst": "Account:A2",
            "ts": AS_OF - 777_600_000,
            "amount": 10_000,
        }
    ]
    assert [(e["kind"], e["new_ids"]) for e in detail["lineage"]] == [("birth", [LOOP])]
    assert detail["cut"] is False


def test_an_unknown_cluster_is_404_and_no_snapshot_is_503(client: TestClient, bare: TestClient) -> None:
    assert client.get("/v1/clusters/nothing").json()["error"]["code"] == "cluster_not_found"
    answer = bare.get("/v1/clusters")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_snapshot")
    assert "ringfence refresh" in answer.json()["error"]["message"]


def test_a_newly_published_graph_is_served_without_a_restart(home: Home, client: TestClient) -> None:
    assert client.get("/v1/clusters").json()["graph_version"] == "000001"
    publish_town(home, "000002", found=[])
    for _ in range(200):
        page = client.get("/v1/clusters").json()
        if page["graph_version"] == "000002":
            break
    assert page["clusters"] == []


def test_a_neighbourhood_is_drawn_and_says_when_it_is_cut(home: Home, make_client: MakeClient) -> None:
    client = make_client(home)
    whole = client.get("/v1/merchants/M1/subgraph?hops=1").json()
    assert whole["complete"] is True
    assert {n["id"] for n in whole["nodes"]} == {"Merchant:M1", "Orders:O2", "Orders:O4", "Orders:O6", "Account:A2"}
    assert all(n["hop"] <= 1 for n in whole["nodes"])
    cut = make_client(home, subgraph_max_nodes=3).get("/v1/merchants/M1/subgraph?hops=3").json()
    assert (cut["complete"], len(cut["nodes"])) == (False, 3)
    assert "3 nodes" in cut["truncated_why"]


def test_a_shop_not_in_the_graph_is_told_from_one_never_named(still: TestClient) -> None:
    for known in ("M9", "M8"):
        answer = still.get(f"/v1/merchants/{known}/subgraph")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "merchant_not_in_graph")
    answer = still.get("/v1/merchants/M404/subgraph")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "merchant_not_found")
    assert still.get("/v1/merchants/M1/subgraph?hops=5").status_code == 422
    assert still.get("/v1/merchants/..%2f..%2fetc/subgraph").status_code == 404
