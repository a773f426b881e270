"""What only a store on a server has to see to: its password, its absence, its death in the middle of a load."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from graph.store.contract import Store, StoreAway, StoreError
from graph.store.neo4j.store import Neo4jStore
from graph.store.open import open_store
from graph.store.questions import questions
from tests.cypher.differential import Tally, run, run_together
from tests.store.kills import kill_during_load
from tests.store.servers import PASSWORD, Server

pytestmark = pytest.mark.slow


def test_a_wrong_password_is_named_and_not_repeated(server: Server) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(server.url, password="not-this-one")
    assert caught.value.code == "wrong_password" and "not-this-one" not in str(caught.value)


def test_both_stores_answer_as_brute_force_does(server: Server, tmp_path: Path) -> None:
    stores: dict[str, Store] = {
        "neo4j": open_store(server.url, password=PASSWORD),
        "ladybug": open_store(f"ladybug:{tmp_path / 'graph.lbug'}", buffer_pool_mb=256),
    }
    tally = Tally()  # what comes once for each pair of kinds is cheap to ask and dear to plan: a few of them
    run_together(range(200, 220), stores, tally, per_pair_share=0.03)
    run([7], stores, tally, tries=1, per_pair_share=0.0)  # alone: kinds and types that it has nothing of
    for store in stores.values():
        store.close()
    assert not tally.differences, tally.differences[0]
    plain = {q.template for q in questions().values() if ":" not in q.name}
    never = [name for name in plain if not tally.answered[name]]
    assert not never, f"no rows in any asking: {never}"


def test_a_server_that_dies_during_a_load_has_every_acknowledged_row(server: Server) -> None:
    store = open_store(server.url, password=PASSWORD)
    store.bulk_load({}, {})
    found = kill_during_load(server, store, "k", 20)
    assert (found.code, found.missing, found.half) == ("store_away", 0, 0) and found.acknowledged >= 20
    store.close()


def test_a_store_whose_server_is_away_says_so_in_time() -> None:
    pytest.importorskip("neo4j", reason="pip install -r requirements-neo4j.txt")
    store = Neo4jStore("bolt://neo4j@127.0.0.1:1", PASSWORD)
    start = time.monotonic()
    ill = store.health(timeout_s=2.0)
    assert not ill.ok and ill.why in ("store_away", "timeout") and time.monotonic() - start < 4
    with pytest.raises(StoreAway):
        store.query("transfer_draw_count", {"ids": ["a0"]})
    store.close()
