"""The server is stopped in the middle of everything: each command says so, and is right when it is called again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.bank import bank
from graph.store.contract import StoreError
from graph.store.open import open_store
from jobs.ask import ask_store
from jobs.export import export_subgraph
from jobs.home import Home
from jobs.refresh import bring_store_up
from tests.store.graphs import bring, landing
from tests.store.servers import PASSWORD, Server

pytestmark = pytest.mark.slow

QUESTION = ("device_shared_by_buyers", {"k": 2, "limit": 1000})


def test_a_server_that_dies_in_a_refresh_is_named_whoever_asks_and_a_retry_is_right(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = Home(tmp_path, server.url, store_password=PASSWORD)
    to, (_, edges) = landing(home.landing), bank(4_000)
    bring(to, edges)
    does: dict[str, Callable[[], object]] = {
        "ask": lambda: ask_store(home, *QUESTION),
        "export": lambda: export_subgraph(home, tmp_path / "m.json", "json", None, "M0", from_store=True),
        "refresh": lambda: bring_store_up(home, to.view()),
    }

    def code_of(what: str) -> str:
        with pytest.raises(StoreError) as caught:
            does[what]()
        return caught.value.code

    monkeypatch.setenv("RINGFENCE_STORE_PASSWORD", PASSWORD)
    words = ["--home", str(tmp_path), "--store", server.url, "refresh", "--as-of", "latest"]
    with closing(open_store(server.url, password=PASSWORD)) as probe:
        probe.bulk_load({}, {})
        child = subprocess.Popen([sys.executable, "-m", "api.cli.main", *words], stderr=subprocess.PIPE, text=True)
        while not probe.nodes("Account").num_rows:
            assert child.poll() is None, "the refresh ended before it could be disturbed"
            time.sleep(0.02)
        server.do("kill")
        said = child.communicate()[1]
    assert child.returncode == 2 and "[store_away]" in said and "Traceback" not in said
    assert {code_of(what) for what in does} == {"store_away"}
    server.start()
    assert {code_of(what) for what in ("ask", "export")} == {"store_not_whole"}  # half a graph answers nothing
    does["refresh"]()
    does["export"]()
    assert len(json.loads((tmp_path / "m.json").read_text("utf-8"))["nodes"]) > 1
    embedded = Home(tmp_path)
    bring_store_up(embedded, to.view())
    assert does["ask"]() == ask_store(embedded, *QUESTION) != []
