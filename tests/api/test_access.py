"""Who may call what."""

from __future__ import annotations

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.testclient import TestClient

from api.security import ANY_KEY, OPEN, NoRule, needs, require_rules, rules_of
from jobs.home import Home
from records import keys
from tests.api.conftest import MakeClient
from tests.api.town import NOW

KEYED = ("/metrics", "/v1/clusters", "/v1/clusters/x", "/v1/merchants/M1/subgraph", "/openapi.json")


def _app(client: TestClient) -> FastAPI:
    app = client.app
    assert isinstance(app, FastAPI)
    return app


def test_every_route_declares_one_access_rule(client: TestClient) -> None:
    rules = rules_of(_app(client))
    assert len(rules) >= 7
    for route, declared in rules.items():
        assert len(declared) == 1, route


def test_only_health_is_open(client: TestClient) -> None:
    assert {route for route, (rule,) in rules_of(_app(client)).items() if rule.open} == {"GET /healthz", "GET /readyz"}


def test_a_route_without_a_rule_stops_the_app_from_being_made() -> None:
    app, router = FastAPI(openapi_url=None), APIRouter()

    @router.get("/open", dependencies=[Depends(OPEN)])
    async def ruled() -> None: ...

    app.include_router(router)
    require_rules(app)

    @router.get("/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(NoRule, match="GET /forgotten"):
        require_rules(app)


def test_a_route_with_two_rules_and_the_default_docs_are_not_let_through() -> None:
    app = FastAPI(openapi_url=None)

    @app.get("/both", dependencies=[Depends(ANY_KEY), Depends(needs("read"))])
    async def both() -> None: ...

    with pytest.raises(NoRule, match="GET /both declares 2"):
        require_rules(app)
    with pytest.raises(NoRule, match=r"openapi\.json"):
        require_rules(FastAPI())


@pytest.mark.parametrize("path", KEYED)
def test_without_a_key_nothing_is_told(still: TestClient, path: str) -> None:
    answer = still.get(path, headers={"X-API-Key": "", "Authorization": ""})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] in ("key_required", "key_refused")
    assert "bearer" in answer.headers["www-authenticate"].lower()


def test_the_key_may_come_as_a_bearer_token(home: Home, client: TestClient) -> None:
    key = client.headers["x-api-key"]
    del client.headers["x-api-key"]
    assert client.get("/v1/clusters").status_code == 401
    assert client.get("/v1/clusters", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/v1/clusters", headers={"Authorization": f"Basic {key}"}).status_code == 401
    twice = [("X-API-Key", key), ("X-API-Key", key)]
    assert client.get("/v1/clusters", headers=twice).status_code == 401


def test_a_scope_opens_its_own_routes_only(home: Home, make_client: MakeClient) -> None:
    reader = make_client(home, "read")
    assert reader.get("/v1/clusters").status_code == 200
    assert reader.get("/metrics").status_code == 403
    assert reader.get("/metrics").json()["error"]["code"] == "scope_missing"
    scraper = make_client(home, "metrics")
    assert scraper.get("/metrics").status_code == 200
    assert scraper.get("/v1/clusters").status_code == 403


def test_a_revoked_key_is_refused_by_the_running_service(client: TestClient) -> None:
    service = _app(client).state.service
    assert client.get("/v1/clusters").status_code == 200
    with service.records.begin() as connection:
        (key,) = keys.list_keys(connection)
        assert key.last_used_ts == NOW
        keys.revoke(connection, key.key_id, NOW, "user:test")
    assert client.get("/v1/clusters").status_code == 401


def test_health_needs_no_key_and_tells_what_is_missing(client: TestClient, bare: TestClient) -> None:
    for one in (client, bare):
        del one.headers["x-api-key"]
        assert one.get("/healthz").json() == {"status": "ok"}
    answer = bare.get("/readyz")
    assert answer.status_code == 503
    assert "snapshot" in answer.json()["missing"]
