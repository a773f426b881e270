"""What a store on a server does when the server is away, hangs, or is another than it should be."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from graph.store.contract import Store, StoreError
from graph.store.neo4j.link import _meaning, in_time
from graph.store.neo4j.store import Neo4jStore
from graph.store.open import open_store
from jobs.home import Home
from jobs.warm import warm_in_background
from tests.store.graphs import transfers
from tests.store.servers import PASSWORD, Server

MUCH = 20.0
"""Seconds that no answer within a deadline of one or two takes, however busy the machine."""


def code_of(store: Store, question: str = "transfer_draw_count", timeout_s: float | None = None) -> str:
    with pytest.raises(StoreError) as caught:
        store.query(question, {"ids": ["a"]}, timeout_s)
    return caught.value.code


def test_what_takes_too_long_is_let_go_and_what_fails_fails_in_the_callers_thread() -> None:
    free = threading.Event()
    with pytest.raises(StoreError) as caught:
        in_time("step", 0.05, free.wait)
    free.set()
    assert caught.value.code == "timeout"
    assert in_time("step", MUCH, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        in_time("step", MUCH, lambda: 1 / 0)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [  # the codes of a 5.26 server brought into that state
        ("Neo.ClientError.Security.Unauthorized", "", "wrong_password"),
        ("Neo.ClientError.Security.AuthenticationRateLimit", "", "wrong_password"),
        ("Neo.ClientError.Transaction.TransactionTimedOut", "", "timeout"),
        ("Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration", "", "timeout"),
        ("Neo.TransientError.General.DatabaseUnavailable", "", "store_away"),
        ("Neo.ClientError.General.WriteOnReadOnlyAccessDatabase", "", "read_only"),
        ("Neo.DatabaseError.Transaction.TransactionLogError", "Could not append transaction: canary", "disk_full"),
        ("Neo.DatabaseError.Transaction.TransactionStartFailed", "a critical error", "needs_restart"),
        ("Neo.ClientError.Cluster.NotALeader", "", "read_only"),  # from here on by the server's documentation
        ("Neo.DatabaseError.General.UnknownError", "No space left on device", "disk_full"),
        ("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "", "out_of_memory"),
        ("Neo.ClientError.Statement.SyntaxError", "canary", "question_failed"),
    ],
)
def test_what_a_server_says_becomes_a_code_of_ours_without_its_words(code: str, message: str, expected: str) -> None:
    error = _meaning(code, message, "step")
    assert error.code == expected and "canary" not in str(error)


@pytest.mark.parametrize("version", ["4.4.44", "6.0.0", "2025.10.1"])
def test_a_server_of_another_version_is_refused_before_anything_is_written(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("neo4j", reason="pip install -r requirements-neo4j.txt")
    store = Neo4jStore("bolt://neo4j@127.0.0.1:1", PASSWORD)  # nobody is there: whatever else it does would fail
    monkeypatch.setattr(store, "_server_version", lambda _ask: version)
    with pytest.raises(StoreError) as caught:
        store.init_schema()
    assert caught.value.code == "wrong_version" and version in str(caught.value)
    store.close()


def test_warming_tells_that_the_server_is_away_and_an_embedded_store_has_nothing_to_warm(tmp_path: Path) -> None:
    pytest.importorskip("neo4j", reason="pip install -r requirements-neo4j.txt")
    told: list[dict[str, object]] = []
    assert warm_in_background(Home(tmp_path), told.append) is None
    thread = warm_in_background(Home(tmp_path, "bolt://neo4j@127.0.0.1:1", None, PASSWORD), told.append)
    assert thread is not None
    thread.join(MUCH)
    assert told == [{"code": "store_away"}]


@pytest.mark.slow
def test_a_server_that_takes_no_writes_answers_questions_and_says_so(server: Server) -> None:
    store = open_store(server.url, password=PASSWORD)
    store.bulk_load({}, {})
    store.upsert_edges("TRANSFER", transfers(("t", "a", "b", 1)))
    store.close()
    server.do("stop")
    server.start(settings="server.databases.default_to_read_only=true")
    try:
        store = open_store(server.url, password=PASSWORD)
        assert store.query("transfer_draw_count", {"ids": ["a", "b"]}) == [{"n_transfers": 1}]
        for write in (
            lambda: store.upsert_edges("TRANSFER", transfers(("u", "a", "b", 1))),
            lambda: store.set_position(1),
        ):
            with pytest.raises(StoreError) as caught:
                write()
            assert caught.value.code == "read_only"
        assert store.health().ok
        store.close()
    finally:
        server.do("stop")
        server.start()


@contextmanager
def hanging(server: Server) -> Iterator[None]:
    """The server's process is there and its port open, but it says nothing."""
    os.kill(server.pid(), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid(), signal.SIGCONT)


@pytest.mark.slow
def test_a_server_that_hangs_keeps_nobody_past_the_deadline_and_answers_again_afterwards(server: Server) -> None:
    store = open_store(server.url, password=PASSWORD)
    store.bulk_load({}, {})
    store.upsert_edges("TRANSFER", transfers(("t", "a", "b", 1)))
    with hanging(server):
        start = time.monotonic()
        assert code_of(store, timeout_s=1.0) == "timeout"
        ill = store.health(timeout_s=1.0)
        assert not ill.ok and ill.why == "timeout"
        assert time.monotonic() - start < MUCH
    assert store.query("transfer_draw_count", {"ids": ["a", "b"]}, MUCH) == [{"n_transfers": 1}]
    store.close()


@pytest.mark.slow
def test_a_question_past_its_deadline_is_ended_on_the_server_too(server: Server) -> None:
    store = open_store(server.url, password=PASSWORD)
    assert isinstance(store, Neo4jStore)
    with pytest.raises(StoreError) as caught:
        store._rows("forever", "UNWIND range(1, 1000000000000) AS i RETURN sum(i * i % 7)", {}, 1.0)
    assert caught.value.code == "timeout"
    look = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS '% 7' RETURN count(*)"
    deadline = time.monotonic() + MUCH
    while store._link.at_once("look", look.replace("RETURN", "AND NOT currentQuery STARTS WITH 'SHOW' RETURN"))[0][0]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    store.close()


@pytest.mark.slow
def test_a_question_after_a_load_sees_it_whichever_thread_asks(server: Server) -> None:
    store = open_store(server.url, password=PASSWORD)
    store.bulk_load({}, {})
    seen: list[int] = []
    for n in range(1, 6):
        store.upsert_edges("TRANSFER", transfers((f"t{n}", "a", "b", n)))
        other = threading.Thread(
            target=lambda: seen.append(store.query("transfer_draw_count", {"ids": ["a", "b"]})[0]["n_transfers"])
        )
        other.start()
        other.join()
    assert seen == [1, 2, 3, 4, 5]
    store.close()
