"""The flow as a service: journal, recovery, new rules, HTTP: ``python -m benchmarks.flow_service --events 200000``.

* *journal*: events stored for good by batch size, beside a table with a unique id, synced as often.
* *recovery*: from a journal of so many events to windows that go on, by replay.
* *rules*: from the moment another set is in force to the first event that it judges, the stream running.
* *http*: events answered for over loopback by batch size, client on the same cores; from an event sent to its alert on
  record, at a quiet rate.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import structlog
from sqlalchemy import Engine, select

from benchmarks.flow_pipeline import ndjson
from benchmarks.flow_world import START, rules, stream
from flow.batch import Decoded, decode, times_of
from flow.events import digest
from flow.facts import catalogue
from flow.journal import Incoming, Journal
from flow.judge import Judge, Rules
from flow.keeper import Keeper
from flow.service import FlowService, Outside
from ingest.pseudonym import Pseudonymiser
from jobs.home import Home
from policy.publish import SHIPPED
from policy.ruleset import read
from records import keys
from records.alerts import Position, position
from records.database import open_records, reading
from records.rules import start_from
from records.tables import flow_alerts
from tests.flow.service.kills import RULES, Server, made_events

QUIET = structlog.wrap_logger(structlog.ReturnLogger())
FEW = '[[rule]]\ncode = "FEW"\non = "merchant"\nwhen = "orders_5m >= 3"\n'


def batches(lines: list[bytes], size: int) -> Iterator[Decoded]:
    """Lines decoded in batches."""
    for i in range(0, len(lines), size):
        yield decode(b"".join(lines[i : i + size]))


def journal(lines: list[bytes], folder: Path) -> None:
    """Events a second by batch size, wall and cpu, for the journal and for a table with a unique id."""
    print(f"\njournal, {len(lines):,} events at most, wall events/s (cpu us an event, decoding included)")
    print(f"{'batch':>6} {'journal':>20} {'unique id':>20} {'cpu ratio':>10}")
    for size in (20, 200, 2000):
        some = lines[: min(len(lines), 60 * size)]
        made = Journal(folder / f"journal-{size}")
        ours = _timed(some, size, lambda d, made=made: made.append([Incoming(d.events, d.bodies)], START))
        made.close()
        db = sqlite3.connect(folder / f"plain-{size}.sqlite", isolation_level=None)
        db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
        db.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT UNIQUE, hash BLOB, body BLOB)")
        plain = _timed(some, size, lambda d, db=db: _plainly(db, d))
        db.close()
        told = [f"{len(some) / wall:>10,.0f} ({cpu / len(some) * 1e6:5.1f})" for wall, cpu in (ours, plain)]
        print(f"{size:>6} {told[0]:>20} {told[1]:>20} {plain[1] / ours[1]:>10.2f}")


def recovery(lines: list[bytes], folder: Path) -> None:
    """Seconds until windows go on after a restart, by replay of the journal."""
    with Journal(folder) as made:
        began = time.perf_counter()
        for decoded in batches(lines, 2000):
            made.append([Incoming(decoded.events, decoded.bodies)], int(decoded.events[-1].ts.timestamp() * 1000))
        stored = time.perf_counter() - began
        held = made.last
    began = time.perf_counter()
    Journal(folder).close()
    opened = time.perf_counter() - began
    records = open_records(f"sqlite:///{folder / 'records.sqlite'}")
    for what, text in (
        ("warming up", _text()),
        ("fifty rules", _text()),
        ("shipped rules", SHIPPED.read_text("utf-8")),
    ):
        keeper = Keeper(records, Position(held, 0), lambda: START)
        judge = Judge(folder, keeper, Rules(text, read(text, catalogue())), None, QUIET)
        began, cpu = time.perf_counter(), time.process_time()
        judge.recover([], lambda t: read(t, catalogue()))
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
        judge.close()
        print(
            f"recovery ({what}, both lanes): {held:,} events in {wall:.1f} s wall, "
            f"{cpu:.1f} s cpu, {cpu / held * 1e6:.1f} us an event; ids {opened:.2f} s; stored in {stored:.1f} s"
        )
    records.dispose()


def new_rules(lines: list[bytes], folder: Path) -> None:
    """From another set in force to events judged by it, while events stream in."""
    in_force = [_text()]
    versions = {t: read(t, catalogue()).version for t in (in_force[0], FEW)}
    records = open_records(f"sqlite:///{folder / 'records.sqlite'}")
    outside = Outside(lambda: (versions[in_force[0]], in_force[0]), lambda text: read(text, catalogue()), lambda: None)
    clock = [START]
    service = FlowService(folder / "flow", records, Pseudonymiser(b"k" * 32), lambda: clock[0], outside, QUIET)
    stop = threading.Event()

    def send() -> None:
        for i in range(0, len(lines), 500):
            data = b"".join(lines[i : i + 500])
            clock[0] = max(clock[0], int(times_of(decode(data).events).max()))
            service.store(service.receive(data, None)).result()
            if stop.wait(0.02):
                return

    sender = threading.Thread(target=send)
    sender.start()
    while service.state().processed == 0:  # the first events wait for code that is compiled once
        time.sleep(0.05)
    took = []
    for text in (FEW, _text(), FEW):
        time.sleep(3)
        began = time.perf_counter()
        in_force[0] = text
        while service.state().rules != versions[text]:
            time.sleep(0.005)
        took.append(time.perf_counter() - began)
    stop.set()
    sender.join()
    service.close()
    records.dispose()
    print(f"new rules live after {', '.join(f'{t:.2f}' for t in took)} s (goal: under 1), events streaming in")


def http(folder: Path) -> None:
    """Events answered for by batch size, and from an event to its alert on record."""
    home = Home(folder / "home")
    records = open_records(home.records_url)
    now = time.time_ns() // 1_000_000
    with records.begin() as connection:
        key = keys.create(connection, "bench", ["events"], now, "user:bench")
        start_from(connection, read(RULES, catalogue()).version, "kills", RULES, "user:bench", now)
    (home.root / "clock-ahead").write_text("0")
    server = Server(home.root, "none")
    print(f"\nhttp: the service started in {server.start():.1f} s")
    try:
        headers = {"X-API-Key": key, "Content-Type": "application/x-ndjson"}
        client = httpx.Client(base_url=server.url, headers=headers, timeout=30)
        lines = [json.dumps(e).encode() for e in made_events(62_200, now, seed=3)]
        at = 0
        print(f"{'batch':>6} {'events/s':>10} {'ms to the answer, p50':>24} {'p99':>8}")
        for size, requests in ((1, 200), (20, 100), (200, 100), (2000, 20)):
            took = []
            for _ in range(requests):
                began = time.perf_counter()
                client.post("/v1/events", content=b"\n".join(lines[at : at + size])).raise_for_status()
                took.append(time.perf_counter() - began)
                at += size
            p50, p99 = statistics.median(took) * 1e3, statistics.quantiles(took, n=100)[98] * 1e3
            print(f"{size:>6} {size * requests / sum(took):>10,.0f} {p50:>24.1f} {p99:>8.1f}")
        while _processed(records) < at:
            time.sleep(0.1)
        print(f"{_alert_delay(client, records)}")
    finally:
        server.kill()
        records.dispose()


def _alert_delay(client: httpx.Client, records: Engine) -> str:
    """Twelve orders make an alert; from the twelfth sent to the alert on record, thirty times."""
    took = []
    for n in range(30):
        now = time.time_ns() // 1_000_000
        events = made_events(300, now, seed=n)
        orders = [e for e in events if e["type"] == "order"][:12]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now / 1000)) + f".{now % 1000:03d}Z"
        lines = [
            json.dumps({**e, "event_id": f"d{n}-{i}", "merchant_id": f"D{n}", "ts": stamp}).encode()
            for i, e in enumerate(orders)
        ]
        client.post("/v1/events", content=b"\n".join(lines[:11])).raise_for_status()
        began = time.perf_counter()
        client.post("/v1/events", content=lines[11]).raise_for_status()
        while True:
            with reading(records) as connection:
                query = select(flow_alerts.c.alert_id).where(flow_alerts.c.key_id == f"D{n}")
                if connection.execute(query).first():
                    break
            time.sleep(0.002)
        took.append(time.perf_counter() - began)
    took.sort()
    return f"event sent to alert on record: p50 {took[15] * 1e3:.0f} ms, longest of 30 {took[-1] * 1e3:.0f} ms"


def _timed(lines: list[bytes], size: int, store: Callable[[Decoded], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for decoded in batches(lines, size):
        store(decoded)
    return time.perf_counter() - wall, time.process_time() - cpu


def _plainly(db: sqlite3.Connection, decoded: Decoded) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany(
        "INSERT INTO events (id, hash, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(e.event_id, digest(b), b) for e, b in zip(decoded.events, decoded.bodies, strict=True)],
    )
    db.execute("COMMIT")


def _processed(records: Engine) -> int:

    with reading(records) as connection:
        return position(connection).position


def _text() -> str:
    """The fifty rules of the pipeline's benchmark as a text."""
    rule = "[[rule]]\ncode = {!r}\non = {!r}\nwhen = {}"
    return "\n".join(rule.format(r.code, r.on, json.dumps(r.when.text)) for r in rules().rules)


PARTS = ("journal", "recovery", "rules", "http")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help="which parts; default: all")
    parser.add_argument("--events", type=int, default=200_000)
    options = parser.parse_args()
    wanted = options.part or PARTS
    lines = ndjson(stream(options.events, 20_000, days=28)) if set(wanted) - {"http"} else []
    with tempfile.TemporaryDirectory() as temporary:
        for part in wanted:
            folder = Path(temporary) / part
            folder.mkdir()
            if part == "http":
                http(folder)
            else:
                {"journal": journal, "recovery": recovery, "rules": new_rules}[part](lines, folder)


if __name__ == "__main__":
    main()
