"""What only a store on a server has to see to: its password, its absence, its death in the middle of a load."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graph.store.contract import Store, StoreAway, StoreError
from graph.store.load import apply_new, load_all
from graph.store.neo4j.store import Neo4jStore
from graph.store.open import open_store
from graph.store.questions import questions
from graph.store.rows import with_bare_nodes
from tests.cypher.differential import Tally, run, run_together
from tests.store.graphs import bring, landing, transfers
from tests.store.kills import kill_during_load
from tests.store.servers import PASSWORD, Server
from tests.store.test_load import assert_equal

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


def test_a_large_change_goes_in_portions_and_one_cut_off_between_two_is_repeated(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.store.neo4j.writes.BATCH", 2)
    monkeypatch.setattr("graph.store.neo4j.writes.AT_ONCE", 3)
    store = open_store(server.url, password=PASSWORD)
    assert isinstance(store, Neo4jStore)
    to = landing(tmp_path / "landing")
    bring(to, {"TRANSFER": transfers(*[(f"t{i}", "a", "b", i) for i in range(20)])})
    load_all(store, to.view())
    bring(to, {"TRANSFER": transfers(*[(f"t{i}", "a", "c", i) for i in range(8)], updated_ts=5)})  # moved, and new ones
    bring(to, {"TRANSFER": transfers(*[(f"u{i}", "c", "a", i) for i in range(6)])})
    left, write = [3], store._link.write

    def writes_thrice(step: str, work: Callable[[Any], Any]) -> Any:
        if step == "apply" and not left[0]:
            raise StoreAway("store_away", "the wire was cut", step)
        left[0] -= step == "apply"
        return write(step, work)

    monkeypatch.setattr(store._link, "write", writes_thrice)
    with pytest.raises(StoreAway):
        apply_new(store, to.view(), 0)
    assert store.position() == 0
    left[0] = 1_000
    apply_new(store, to.view(), 0)
    assert left[0] < 1_000 - 3
    assert_equal(store, to)
    store.close()


def test_a_load_that_meets_another_ends_and_no_edge_is_there_twice(server: Server) -> None:
    mine, other = open_store(server.url, password=PASSWORD), open_store(server.url, password=PASSWORD)
    assert isinstance(mine, Neo4jStore)
    edges = {"TRANSFER": transfers(*[(f"t{i}", "a", "b", i) for i in range(50)])}
    nodes = with_bare_nodes({}, edges)
    once = mine._link.once

    def after_another_began(step: str, work: Callable[[Any], Any]) -> Any:
        other.bulk_load(nodes, edges)
        return once(step, work)

    mine._link.once = after_another_began  # type: ignore[method-assign]  # this is the moment that is tried
    with pytest.raises(StoreError) as caught:
        mine.bulk_load(nodes, edges)
    assert caught.value.code == "store_busy"
    assert sorted(other.edges("TRANSFER")["id"].to_pylist()) == sorted(edges["TRANSFER"]["id"].to_pylist())
    mine.close()
    other.close()


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
