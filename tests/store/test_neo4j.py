"""What only a store on a server has to see to: its password, its absence, its death in the middle of a load."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph.store.contract import Store, StoreAway, StoreError
from graph.store.open import open_store
from tests.cypher.asking import load
from tests.cypher.differential import Tally, compare
from tests.cypher.hostile_graphs import hostile_graph
from tests.store.graphs import transfers
from tests.store.servers import PASSWORD, Server, running_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that a test may kill."""
    with running_server(tmp_path_factory.mktemp("mortal")) as found:
        yield found


def test_a_wrong_password_is_named_and_not_repeated(mine: Server) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(mine.url, password="not-this-one")
    assert caught.value.code == "wrong_password" and "not-this-one" not in str(caught.value)


def test_both_stores_answer_as_brute_force_does(mine: Server, tmp_path: Path) -> None:
    stores: dict[str, Store] = {
        "neo4j": open_store(mine.url, password=PASSWORD),
        "ladybug": open_store(f"ladybug:{tmp_path / 'graph.lbug'}", buffer_pool_mb=256),
    }
    tally = Tally()
    g = hostile_graph(200)
    for store in stores.values():
        load(store, g, "mixed")
    compare(stores, g, tally, tries=1)
    for store in stores.values():
        store.close()
    assert not tally.differences, tally.differences[0]


def test_a_server_that_dies_during_a_load_has_every_acknowledged_row(mine: Server) -> None:
    store = open_store(mine.url, password=PASSWORD)
    store.bulk_load({}, {})
    acknowledged: list[int] = []
    died: list[str] = []

    def write() -> None:
        for i in range(10_000):
            try:
                store.upsert_edges("TRANSFER", transfers(*[(f"t{i}-{k}", f"a{k}", "b", i) for k in range(5)]))
            except StoreError as e:
                died.append(e.code)
                return
            acknowledged.append(i)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 20:
        time.sleep(0.05)
    mine.do("kill")
    writer.join()
    assert died == ["store_away"]
    start = time.monotonic()
    ill = store.health(timeout_s=2.0)
    assert not ill.ok and time.monotonic() - start < 4
    with pytest.raises(StoreAway):
        store.query("transfer_draw_count", {"ids": ["a0"]})
    mine.start()
    ids = set(store.edges("TRANSFER")["id"].to_pylist())
    assert {f"t{i}-{k}" for i in acknowledged for k in range(5)} <= ids
    assert len(ids) % 5 == 0, "half a batch"
    store.close()
