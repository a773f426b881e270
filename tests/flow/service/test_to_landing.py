"""Journalled events become landing rows, once each, and reach the graph store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from flow.batch import decode
from flow.journal import Incoming, Journal, JournalReader
from flow.to_landing import land, landed_position
from graph.model import landing_schemas
from jobs.flow_graph import GraphWriter
from jobs.home import Home
from landing.tables import Landing
from tests.flow.events.lines import line, mixed

NOW = 1_772_400_000_000


class Bench:
    """A journal and a landing folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.landing = Landing(folder / "landing", landing_schemas())

    def store(self, *lines: bytes, at: int = NOW) -> None:
        decoded = decode(b"\n".join(lines))
        assert not decoded.refusals
        with Journal(self.folder / "flow") as journal:
            journal.append([Incoming(decoded.events, decoded.bodies)], at)

    def land(self) -> int:
        """Bring everything over; how many events that were."""
        reader, n = JournalReader(self.folder / "flow"), 0
        while (done := land(reader, self.landing, landed_position(self.landing), "f")) is not None:
            n += done.events
        reader.close()
        return n

    def rows(self, table: str) -> list[dict[str, Any]]:
        return sorted(self.landing.view().newest(table).to_pylist(), key=lambda r: str(r["id"]))

    def one(self, table: str, **shown: object) -> None:
        [row] = self.rows(table)
        assert {name: row[name] for name in shown} == shown


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_order_becomes_a_node_and_its_edges(bench: Bench) -> None:
    bench.store(line(phone="ph_1"))
    assert bench.land() == 1
    ts = 1_772_352_900_250
    bench.one("Orders", id="O1", ts=ts, amount=12900, currency="CNY", status="placed", updated_ts=ts, known_ts=NOW)
    bench.one("PLACED", id="PLACED:Buyer:B7>Orders:O1", src="B7", dst="O1", ts=ts)
    bench.one("SOLD_BY", src="O1", dst="M1")
    bench.one("USED_DEVICE", src_kind="Orders", src="O1", dst="D3", first_ts=ts, last_ts=ts)
    bench.one("SHIPPED_TO", src="O1", dst="A9", shipped_ts=None)
    bench.one("HAS_PHONE", src_kind="Buyer", src="B7", dst="ph_1", since=ts)


def test_money_becomes_edges_with_the_events_own_id(bench: Bench) -> None:
    bench.store(line("transfer", "t1"), line("disbursement", "d1", merchant_id="M1"), line("repayment", "r1"))
    bench.store(line("refund", "f1"))
    bench.land()
    bench.one("TRANSFER", id="t1", src="A1", dst="A2", amount=5, currency="USD", purpose="goods", channel="bank")
    bench.one("Loan", id="L1", amount=10**15)
    bench.one("DISBURSED_TO", src="L1", dst="A1")
    bench.one("APPLIED_FOR", src_kind="Merchant", src="M1", dst="L1")
    bench.one("REPAID", id="r1", src="A1", dst="L1", amount=0)
    bench.one("refund", id="f1", order_id="O1", merchant_id="M1", amount=12900)


def test_logins_and_scans_are_summed_up_over_batches(bench: Bench) -> None:
    day = "2026-03-0{}T00:00:00Z"
    scan = {"address_id": "A9", "merchant_id": "M1", "order_id": "O1"}
    bench.store(line("login", "l1", day.format(2)), line("login", "l2", day.format(1)))
    bench.store(line("logistics", "s1", day.format(1), status="shipped", weight_g=900, **scan))
    bench.land()
    bench.store(line("login", "l3", day.format(3)))
    bench.store(line("logistics", "s2", day.format(3), status="signed", weight_g=..., **scan))
    bench.land()
    first, last = 1_772_323_200_000, 1_772_496_000_000
    bench.one("USED_DEVICE", src_kind="Buyer", src="B7", first_ts=first, last_ts=last, times=3, updated_ts=last)
    bench.one("SHIPPED_TO", src="O1", shipped_ts=first, signed_ts=last, weight_g=900)


def test_a_stretch_is_there_once_however_often_it_is_brought(bench: Bench) -> None:
    bench.store(*mixed(60))
    assert bench.land() == 60
    assert bench.land() == 0
    before = {name: bench.landing.view().rows(name) for name in landing_schemas()}
    bench.store(*mixed(60), line("notice", "n1"))
    assert bench.land() == 1
    assert {name: bench.landing.view().rows(name) for name in landing_schemas()} == before  # a notice has no place
    receipts = bench.landing.receipts("flow.events")
    assert sorted(receipts["record_id"].to_pylist()) == sorted([*(f"e{i}" for i in range(60)), "n1"])
    assert [b.info["last_position"] for b in bench.landing.batches()] == [60, 61]
    assert bench.landing.verify() == []


def test_a_stretch_that_was_cut_off_is_brought_whole_the_next_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.store(*mixed(30))
    monkeypatch.setattr("flow.to_landing._receipts", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        bench.land()
    assert bench.landing.view().position == -1
    monkeypatch.undo()
    assert bench.land() == 30


@pytest.mark.slow
def test_events_reach_the_store_and_the_lag_is_told(bench: Bench) -> None:
    bench.store(line())
    log = structlog.wrap_logger(structlog.ReturnLogger())
    writer = GraphWriter(Home(bench.folder), "f", lambda: NOW + 70_000, log)
    done = writer.round()
    assert (writer.trouble, writer.lag_ms(), writer.missing()) == (None, 0, ())
    assert done is not None and writer.landed() == 1
    from graph.store.open import open_store

    store = open_store(Home(bench.folder).store_url)
    assert store.position() == 0
    store.close()
    bench.store(line(event_id="e2", order_id="O2"))
    Home(bench.folder).root.joinpath("refresh.lock").touch()
    import fcntl

    with (bench.folder / "refresh.lock").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        assert writer.round() is None
    assert writer.trouble is not None
    assert writer.lag_ms() == 70_000
    assert writer.missing() == ("store",)
    writer.round()  # landed already: only the store is behind
    assert (writer.trouble, writer.lag_ms(), writer.missing()) == (None, 0, ())
