"""Rule sets over HTTP: proposing, trying, approving by someone else, taking back; and what hostile texts get."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from jobs import rule_trial
from jobs.home import Home
from policy.dry_run import Fired, WouldHaveFired
from policy.publish import SHIPPED
from policy.ruleset import RuleSet
from records import keys
from records.audit import entries
from records.database import open_records, reading
from tests.api.conftest import MakeClient
from tests.api.town import NOW
from tests.policy.sets import RULE, with_limit

STRETCH = {"from": "2026-06-01T00:00:00Z", "to": "2026-06-08T00:00:00Z"}


def key_of(home: Home, name: str, *scopes: str) -> dict[str, str]:
    engine = open_records(home.records_url)
    with engine.begin() as connection:
        key = keys.create(connection, name, scopes or ("rules", "approve"), NOW, "user:test")
    engine.dispose()
    return {"X-API-Key": key}


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("rules") / "home")


@pytest.fixture
def client(home: Home, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """An empty home, with a journal that stands still: each rule fires five times on M1."""

    def over_the_journal(*_: object) -> WouldHaveFired:
        def fired(rules: RuleSet, from_ts: int, to_ts: int) -> Fired:
            return Fired(100, {(rule.code, "M1"): 5 for rule in rules.rules})

        return fired

    monkeypatch.setattr(rule_trial, "over_the_journal", over_the_journal)
    yield make_client(home)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """One app over an empty home, where nothing is changed."""
    home = Home(tmp_path_factory.mktemp("still") / "home")
    app = create_app(Settings(home=home.root), clock=lambda: NOW)
    with TestClient(app, headers=key_of(home, "ada"), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def ada(home: Home, client: TestClient) -> dict[str, str]:
    return key_of(home, "ada")


@pytest.fixture
def bob(home: Home, client: TestClient) -> dict[str, str]:
    return key_of(home, "bob")


def draft(client: TestClient, who: dict[str, str], limit: int = 20) -> dict[str, object]:
    made = client.post("/v1/rules/drafts", json={"text": with_limit(limit)}, headers=who)
    assert made.status_code == 201
    assert client.post(f"/v1/rules/drafts/{made.json()['draft']}/dry-run", json=STRETCH, headers=who).status_code == 200
    return dict(made.json())


def test_a_set_is_proposed_tried_approved_and_taken_back(
    client: TestClient, ada: dict[str, str], bob: dict[str, str]
) -> None:
    shipped = client.get("/v1/rules", headers=ada).json()
    assert (shipped["publication"], shipped["text"]) == (0, SHIPPED.read_text("utf-8"))
    made = draft(client, ada)
    tried = client.post(f"/v1/rules/drafts/{made['draft']}/dry-run", json=STRETCH, headers=bob).json()
    assert tried["sentence_en"].startswith("over 100 events, would have fired 5 times on 1 merchant; the current set")
    said = client.post(f"/v1/rules/drafts/{made['draft']}/approve", json={"version": made["version"]}, headers=bob)
    assert (said.status_code, said.json()["how"]) == (200, "publish")
    now = client.get("/v1/rules", headers=ada).json()
    assert (now["version"], now["text"]) == (made["version"], with_limit(20))
    back = client.post("/v1/rules/rollback", json={"version": made["version"], "why": "noise"}, headers=ada)
    assert (back.status_code, back.json()["version"]) == (200, shipped["version"])
    history = client.get("/v1/rules/history", headers=ada).json()["publications"]
    assert [p["how"] for p in history] == ["rollback", "publish", "shipped"]
    assert client.get(f"/v1/rules/drafts/{made['draft']}", headers=ada).json()["state"] == "approved"


def test_whoever_drafted_a_set_does_not_approve_it_with_any_key_of_theirs(
    client: TestClient, home: Home, ada: dict[str, str]
) -> None:
    made = draft(client, ada)
    for who in (ada, key_of(home, "Ada")):
        said = client.post(f"/v1/rules/drafts/{made['draft']}/approve", json={"version": made["version"]}, headers=who)
        assert (said.status_code, said.json()["error"]["code"]) == (403, "same_person")


def test_what_one_may_do_is_a_matter_of_scopes(client: TestClient, home: Home, ada: dict[str, str]) -> None:
    made = draft(client, ada)
    reader, proposer = key_of(home, "carl", "read", "score"), key_of(home, "dora", "rules")
    assert client.get("/v1/rules", headers=reader).status_code == 403
    assert client.get("/v1/rules", headers=proposer).status_code == 200
    approve = {"version": made["version"]}
    for path, body in (("drafts/1/approve", approve), ("rollback", approve)):
        assert client.post(f"/v1/rules/{path}", json=body, headers=proposer).status_code == 403
    assert client.delete("/v1/rules/drafts/1", headers=reader).status_code == 403


def test_of_approvals_at_once_exactly_one_wins(client: TestClient, home: Home, ada: dict[str, str]) -> None:
    made = [draft(client, ada, limit) for limit in (10, 11, 12, 13)]
    others = [key_of(home, f"person {i}", "approve") for i in range(4)]

    def approve(i: int) -> int:
        body = {"version": made[i]["version"]}
        return client.post(f"/v1/rules/drafts/{made[i]['draft']}/approve", json=body, headers=others[i]).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, range(4))) == [200, 409, 409, 409]


def test_a_set_that_fails_its_check_is_refused_with_its_problems_as_fields(
    client: TestClient, ada: dict[str, str]
) -> None:
    text = RULE.replace('cooldown = "6h"', 'cooldown = "soon"').replace("= 21", "= 1")
    said = client.post("/v1/rules/drafts", json={"text": text}, headers=ada)
    assert said.status_code == 422
    assert said.json()["error"]["code"] == "check_failed"
    assert said.json()["error"]["fields"] == [{"field": "rule.0.cooldown", "code": "bad_duration"}]
    report = client.post("/v1/rules/check", json={"text": text}, headers=ada).json()
    assert [(p["code"], p["line"], p["column"]) for p in report["problems"]] == [("bad_duration", 7, 1)]
    assert not report["ok"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\x00",
        "[[[[[[",
        "a = " + "[" * 5000,
        "a = " + "9" * 5000,
        RULE.replace("> 20", "> " + "(" * 200),
        RULE.replace("orders_24h > 20", "orders_24h > (SELECT 1)"),
        RULE.replace("orders_24h > 20", "orders_24h > 20); DROP TABLE rule_drafts; --"),
        RULE.replace("{orders_24h}", "{orders_24h.__class__.__mro__}"),
        RULE.replace("VOL", "'; DELETE FROM audit; --"),
        RULE * 64,
        "\u202e" * 100,
    ],
)
def test_hostile_texts_get_a_report_or_a_refusal(still: TestClient, text: str) -> None:
    report = still.post("/v1/rules/check", json={"text": text})
    assert report.status_code == 200
    assert not report.json()["ok"]
    assert still.post("/v1/rules/drafts", json={"text": text}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/rules/drafts/7", None, 404, "no_draft"),
        ("GET", "/v1/rules/drafts/0", None, 422, "invalid_request"),
        ("GET", "/v1/rules/drafts/1e3", None, 422, "invalid_request"),
        ("GET", "/v1/rules/drafts/99999999999999999999", None, 422, "invalid_request"),
        ("DELETE", "/v1/rules/drafts/7", None, 404, "no_draft"),
        ("POST", "/v1/rules/drafts/7/dry-run", STRETCH, 404, "no_draft"),
        ("POST", "/v1/rules/drafts/7/dry-run", {**STRETCH, "to": "2026-05-01T00:00:00Z"}, 422, "bad_stretch"),
        ("POST", "/v1/rules/drafts/7/dry-run", {**STRETCH, "to": "2036-05-01T00:00:00Z"}, 422, "bad_stretch"),
        ("POST", "/v1/rules/drafts/7/dry-run", {"from": "2026-06-01", "to": "now"}, 422, "invalid_request"),
        ("POST", "/v1/rules/drafts/7/approve", {"version": "0" * 16}, 404, "no_draft"),
        ("POST", "/v1/rules/drafts/7/approve", {"version": "x"}, 422, "invalid_request"),
        ("POST", "/v1/rules/drafts/7/approve", {}, 422, "invalid_request"),
        ("POST", "/v1/rules/rollback", {"version": "0" * 16}, 409, "not_in_force"),
        ("POST", "/v1/rules/drafts", {"text": RULE, "note": "two\nlines"}, 422, "bad_note"),
        ("POST", "/v1/rules/drafts", {"text": 5}, 422, "invalid_request"),
        ("POST", "/v1/rules/drafts", {"text": RULE, "by": "bob"}, 422, "invalid_request"),
        ("GET", "/v1/rules/facts?kind=shop", None, 422, "invalid_request"),
        ("GET", "/v1/rules?x=1", None, 422, "invalid_request"),
        ("GET", "/v1/rules/history?limit=0", None, 422, "invalid_request"),
    ],
)
def test_what_cannot_be_done_is_told_by_a_code(
    still: TestClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    said = still.request(method, path) if body is None else still.request(method, path, json=body)
    assert (said.status_code, said.json()["error"]["code"]) == (status, code)


def test_the_version_that_is_approved_is_the_one_that_was_read(
    client: TestClient, ada: dict[str, str], bob: dict[str, str]
) -> None:
    made = draft(client, ada)
    said = client.post(f"/v1/rules/drafts/{made['draft']}/approve", json={"version": "0" * 16}, headers=bob)
    assert (said.status_code, said.json()["error"]["code"]) == (409, "other_version")


def test_every_step_is_in_the_audit_under_the_key_that_took_it(
    client: TestClient, home: Home, ada: dict[str, str], bob: dict[str, str]
) -> None:
    made = draft(client, ada)
    client.post(f"/v1/rules/drafts/{made['draft']}/approve", json={"version": made["version"]}, headers=bob)
    engine = open_records(home.records_url)
    with reading(engine) as connection:
        steps = [(e.action, e.actor) for e in reversed(entries(connection)) if e.action.startswith("rules.")]
    engine.dispose()
    first, second = (f"key:{who['X-API-Key'].split('_')[1]}" for who in (ada, bob))
    assert steps == [("rules.draft", first), ("rules.dry_run", first), ("rules.publish", second)]


def test_the_facts_are_listed_for_each_kind(still: TestClient) -> None:
    every = still.get("/v1/rules/facts").json()["facts"]
    assert {f["kind"] for f in every} == {"merchant", "account", "buyer", "device"}
    on_account = still.get("/v1/rules/facts?kind=account").json()["facts"]
    assert [f for f in every if f["kind"] == "account"] == on_account
