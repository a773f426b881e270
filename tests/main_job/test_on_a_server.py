"""The main job with the store on a Neo4j server: the same answers, by the command a user would run."""

from __future__ import annotations

import json
from pathlib import Path

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
    tmp_path: Path,
) -> None:
    def asked() -> list[object]:
        return [json.loads(ringfence(fresh.home, "ask", *words, "--json").stdout)["rows"] for words in QUESTIONS]

    def exported() -> list[bytes]:
        [cluster, *_] = json.loads(ringfence(fresh.home, "clusters", "--limit", "1", "--json").stdout)["clusters"]
        what = (("--cluster", cluster["id"]), ("--merchant", "M000001"))
        for n, words in enumerate(what):
            out = str(tmp_path / f"{n}.gexf")
            ringfence(fresh.home, "export", *words, "--from", "store", "--format", "gexf", "--out", out)
        return [(tmp_path / f"{n}.gexf").read_bytes() for n in range(len(what))]

    embedded, files = asked(), exported()
    assert all(embedded) and all(b"<edge " in f for f in files)
    monkeypatch.setenv("RINGFENCE_STORE", server.url)
    monkeypatch.setenv("RINGFENCE_STORE_PASSWORD", "not-this-one")
    refused = ringfence(fresh.home, "doctor", "--json", check=False)
    [store] = [c for c in json.loads(refused.stdout)["checks"] if c["name"] == "store"]
    assert refused.returncode == 1 and "wrong_password" in store["found"] and "not-this-one" not in refused.stdout
    monkeypatch.setenv("RINGFENCE_STORE_PASSWORD", PASSWORD)
    said = [ringfence(fresh.home, "rebuild", "--as-of", END), ringfence(fresh.home, "refresh", "--as-of", END)]
    assert asked() == embedded and exported() == files
    told = ringfence(fresh.home, "doctor", "--json", check=False)
    [store] = [c for c in json.loads(told.stdout)["checks"] if c["name"] == "store"]
    assert store["ok"] and "neo4j 5.26" in store["found"] and "up to batch" in store["found"]
    assert all(PASSWORD not in s.stdout + s.stderr for s in (*said, told))
