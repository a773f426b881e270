"""The main job with the store on a Neo4j server: the same answers, by the command a user would run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from graph.store.open import open_store
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


def test_a_server_that_dies_in_a_refresh_is_named_by_every_command_and_a_retry_is_right(
    server: Server,  # noqa: F811  # pytest passes the fixture
    fresh: Job,
    ringfence: Run,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    commands = {
        "ask": ("ask", *QUESTIONS[0], "--json"),
        "export": ("export", "--merchant", "M000001", "--from", "store", "--out", str(tmp_path / "m.json")),
        "refresh": ("refresh", "--as-of", END),
    }

    def failing(name: str) -> str:
        done = ringfence(fresh.home, *commands[name], check=False)
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        return done.stderr

    embedded = ringfence(fresh.home, *commands["ask"]).stdout
    monkeypatch.setenv("RINGFENCE_STORE", server.url)
    monkeypatch.setenv("RINGFENCE_STORE_PASSWORD", PASSWORD)
    with closing(open_store(server.url, password=PASSWORD)) as probe:
        probe.bulk_load({}, {})
        words = [sys.executable, "-m", "api.cli.main", "--home", str(fresh.home), *commands["refresh"]]
        child = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
        while not probe.nodes("Merchant").num_rows:
            assert child.poll() is None, "the refresh ended before it could be disturbed"
            time.sleep(0.05)
        server.do("kill")
        said = child.communicate(timeout=120)[1]
    assert child.returncode == 2 and "[store_away]" in said and "Traceback" not in said
    assert all("[store_away]" in failing(name) for name in commands)
    server.start()
    assert all("[store_not_whole]" in failing(name) for name in ("ask", "export"))  # half a graph answers nothing
    ringfence(fresh.home, *commands["refresh"])
    assert ringfence(fresh.home, *commands["ask"]).stdout == embedded
    ringfence(fresh.home, *commands["export"])
