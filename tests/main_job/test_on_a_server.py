"""The main job with the store on a Neo4j server: the same answers, by the command a user would run."""

from __future__ import annotations

import json

import pytest

from tests.main_job.conftest import END, Job, Run
from tests.store.conftest import server  # noqa: F401  # the fixture
from tests.store.servers import PASSWORD, Server

pytestmark = pytest.mark.slow

QUESTIONS = (
    ("device_shared_by_buyers", "--param", "k=3", "--param", "limit=1000"),
    ("ring_seed_address", "--param", "k=2", "--param", "limit=1000"),
    ("guarantee_circle_3", "--param", "limit=1000"),
)


def test_refresh_rebuild_ask_and_doctor_on_a_server_answer_as_on_the_embedded_store(
    server: Server,  # noqa: F811  # pytest passes the fixture
    fresh: Job,
    ringfence: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def asked() -> list[object]:
        return [json.loads(ringfence(fresh.home, "ask", *words, "--json").stdout)["rows"] for words in QUESTIONS]

    embedded = asked()
    assert all(embedded)
    monkeypatch.setenv("RINGFENCE_STORE", server.url)
    monkeypatch.setenv("RINGFENCE_STORE_PASSWORD", "not-this-one")
    refused = ringfence(fresh.home, "doctor", "--json", check=False)
    [store] = [c for c in json.loads(refused.stdout)["checks"] if c["name"] == "store"]
    assert refused.returncode == 1 and "wrong_password" in store["found"] and "not-this-one" not in refused.stdout
    monkeypatch.setenv("RINGFENCE_STORE_PASSWORD", PASSWORD)
    said = [ringfence(fresh.home, "rebuild", "--as-of", END), ringfence(fresh.home, "refresh", "--as-of", END)]
    assert asked() == embedded
    told = ringfence(fresh.home, "doctor", "--json", check=False)
    [store] = [c for c in json.loads(told.stdout)["checks"] if c["name"] == "store"]
    assert store["ok"] and "neo4j 5.26" in store["found"] and "up to batch" in store["found"]
    assert all(PASSWORD not in s.stdout + s.stderr for s in (*said, told))
