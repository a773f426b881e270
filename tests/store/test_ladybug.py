"""What only the embedded store has to see to: its file, its memory, its join order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graph.store.contract import StoreBusy, StoreError
from graph.store.ladybug.hints import with_join_order
from graph.store.ladybug.store import LadybugStore
from graph.store.open import open_store
from graph.store.questions import questions
from tests.store.graphs import nodes, transfers

OPENER = """
import sys
from graph.store.contract import StoreBusy
from graph.store.open import open_store
try:
    open_store(sys.argv[1])
except StoreBusy as e:
    print(e.owner_pid, e)
"""


def test_another_process_is_told_who_owns_the_store(tmp_path: Path) -> None:
    url = f"ladybug:{tmp_path / 'graph.lbug'}"
    store = open_store(url)
    told = subprocess.run([sys.executable, "-c", OPENER, url], capture_output=True, text=True, check=True).stdout
    assert told.startswith(f"{os.getpid()} process {os.getpid()} has the store at graph.lbug open")
    store.close()
    assert subprocess.run([sys.executable, "-c", OPENER, url], capture_output=True, text=True, check=True).stdout == ""


def test_two_handles_in_one_process_share_the_engine_and_close_it_last(tmp_path: Path) -> None:
    url = f"ladybug:{tmp_path / 'graph.lbug'}"
    one, two = open_store(url), open_store(url)
    one.upsert_nodes("Account", nodes("Account", [{"id": "a"}]))
    assert two.nodes("Account").num_rows == 1
    one.close()
    two.upsert_nodes("Account", nodes("Account", [{"id": "b"}]))
    two.close()
    three = open_store(url)
    assert three.nodes("Account").num_rows == 2
    three.close()


def test_a_thousand_small_writes_fit_in_a_small_buffer_pool(tmp_path: Path) -> None:
    """The engine's client keeps a plan for each table it was given until its memory is full; ours lets go of them."""
    store = LadybugStore(tmp_path / "graph.lbug", buffer_pool_mb=64)
    store.init_schema()
    with store._transaction("many") as run:
        for i in range(150):
            store._add_ends(run, {"TRANSFER": transfers((f"t{i}", f"a{i}", f"b{i}", 1))})
    assert store.nodes("Account").num_rows == 300
    store.close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.lbug"
    path.write_bytes(b"not a store at all" * 1000)
    with pytest.raises(StoreError) as caught:
        open_store(f"ladybug:{path}")
    assert caught.value.code == "cannot_open" and not isinstance(caught.value, StoreBusy)
    path.unlink()
    open_store(f"ladybug:{path}").close()  # and the lock was let go


@pytest.mark.parametrize("url", ["", "ladybug", "ladybug:", "sqlite:x", "/a/path"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert caught.value.code == "bad_url"


def test_the_join_order_is_said_at_every_later_hop() -> None:
    text = with_join_order(questions()["fund_loop_3"].text)
    assert [line for line in text.splitlines() if line.startswith("HINT")] == [
        "HINT (a1 JOIN t2) JOIN a2",
        "HINT (a2 JOIN t3) JOIN a0",
    ]
    for question in questions().values():
        if question.hinted:
            assert with_join_order(question.text).count("HINT") == question.text.count("MATCH (") - 1


def test_answers_are_the_same_with_and_without_the_hint(tmp_path: Path) -> None:
    store = LadybugStore(tmp_path / "graph.lbug", hints=False)
    store.init_schema()
    store.upsert_edges(
        "TRANSFER", transfers(("t1", "a", "b", 1), ("t2", "b", "c", 2), ("t3", "c", "a", 3), ("t4", "b", "a", 9))
    )
    hinted = LadybugStore(tmp_path / "graph.lbug")
    params = {"id": "a", "from_ts": 0, "window": 99, "decay": 1.0, "growth": 9.0, "limit": 9}
    assert [len(hinted.query(f"fund_loop_{n}", params)) for n in (2, 3)] == [1, 1]
    assert all(hinted.query(f"fund_loop_{n}", params) == store.query(f"fund_loop_{n}", params) for n in (2, 3))
    store.close()
    hinted.close()
