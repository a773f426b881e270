"""The real service, killed again and again while events come in: nothing may be lost, counted or told twice.

``python -m tests.flow.service.kills`` sends 60,000 events through 20 kills with SIGKILL and checks the journal against
what was sent, and the alerts on record against those of a judge that was never interrupted. ``--control ack-first``
and ``--control no-dedupe`` are services with a known fault: the check must find it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import structlog
from sqlalchemy import Engine, select

from flow.facts import catalogue
from flow.journal import JournalReader
from flow.judge import Judge, Rules
from flow.keeper import Keeper
from flow.pipeline import Options, Pipeline
from jobs.home import Home
from policy.ruleset import read
from records import keys
from records.alerts import Position, position, switches
from records.database import open_records, reading
from records.rules import start_from
from records.tables import flow_alerts, flow_outbox

RULES = """
name = "kills"
[[rule]]
code = "ORDERS"
on = "merchant"
when = "orders_5m >= 12"
severity = "high"
[[rule]]
code = "OUT"
on = "account"
when = "sum_out_1h >= 5000000 AND counterparties_1h >= 12"
severity = "medium"
cooldown = "10m"
"""

SERVE = """
import sys, time, threading
from pathlib import Path
from api.app import create_app
from api.server import serve
from api.settings import Settings
home, control = Path(sys.argv[1]), sys.argv[2]
ahead = home / "clock-ahead"
def clock():
    return time.time_ns() // 1_000_000 + int(ahead.read_text())
if control == "ack-first":
    from concurrent.futures import Future
    from flow.service import FlowService
    store = FlowService.store
    def answer_first(self, delivery):
        future = Future()
        future.set_result(["created"] * len(delivery.incoming.events))
        threading.Timer(0.3, store, (self, delivery)).start()
        return future
    FlowService.store = answer_first
if control == "no-dedupe":
    from flow.journal import Journal
    Journal._judge = lambda self, ids, bodies, wanted: (["created"] * len(ids), list(range(len(ids))))
settings = Settings(home=home, port=0)
serve(settings, create_app(settings, clock=clock))
"""


@dataclass
class Verdict:
    """What was found. The first five must be 0; ``kills``, ``resent`` and ``exists`` say how hard it was."""

    events: int
    kills: int
    lost: int = 0
    counted_twice: int = 0
    wrong_sums: int = 0
    alerts_missing: int = 0
    alerts_extra: int = 0
    final_differs: int = 0
    alerts: int = 0
    steps: int = 0
    resent: int = 0
    exists: int = 0
    recovery_s: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or wrong."""
        wrong = (self.lost, self.counted_twice, self.wrong_sums, self.alerts_missing, self.alerts_extra)
        return not any(wrong) and not self.final_differs


class Server:
    """The service as a process; ``kill`` ends it as a power cut would end a program, ``start`` brings it back."""

    def __init__(self, home: Path, control: str) -> None:
        self.home, self.control = home, control
        self.log = home.parent / "log"
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; seconds until it answered."""
        began = time.monotonic()
        with self.log.open("ab") as out:
            at = out.tell()
            command = [sys.executable, "-c", SERVE, str(self.home), self.control]
            self.process = subprocess.Popen(command, stderr=out)
        while True:
            found = re.search(r"running on http://127\.0\.0\.1:(\d+)", self.log.read_bytes()[at:].decode())
            if found:
                self.url = f"http://127.0.0.1:{found[1]}"
                return time.monotonic() - began
            if self.process.poll() is not None or time.monotonic() - began > 120:
                raise RuntimeError(f"it did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Senders:
    """Clients that send every batch until it is answered for, as clients must."""

    def __init__(self, server: Server, key: str, batches: list[bytes], seed: int) -> None:
        self._server, self._key = server, key
        self._work = list(enumerate(batches))
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.acknowledged: set[int] = set()
        self.resent = self.exists = 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(4)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    @property
    def done(self) -> bool:
        return not any(t.is_alive() for t in self._threads)

    def _run(self) -> None:
        client = httpx.Client(timeout=10, headers={"X-API-Key": self._key, "Content-Type": "application/x-ndjson"})
        while True:
            with self._lock:
                if not self._work:
                    return
                number, batch = self._work.pop(0)
                again = self._random.random() < 0.05
            self._send(client, number, batch)
            if again:
                self._send(client, number, batch)

    def _send(self, client: httpx.Client, number: int, batch: bytes) -> None:
        while True:
            try:
                answer = client.post(f"{self._server.url}/v1/events", content=batch)
                if answer.status_code == 200:
                    with self._lock:
                        self.acknowledged.add(number)
                        self.exists += answer.json()["counts"]["exists"]
                    return
            except (httpx.HTTPError, ValueError):
                pass  # cut off in the middle: nobody knows whether it is stored, so it is sent again
            with self._lock:
                self.resent += 1
            time.sleep(0.05)


def made_events(n: int, now: int, seed: int) -> list[dict[str, object]]:
    """Orders and transfers of the last eight minutes, somewhat out of order."""
    r = random.Random(seed)
    events: list[dict[str, object]] = []
    for i in range(n):
        ts = now - 480_000 + i * 470_000 // n + r.randrange(-60_000, 10_000)
        at = datetime.fromtimestamp(ts / 1000, UTC).isoformat(timespec="milliseconds")
        common = {"event_id": f"k{i}", "ts": at, "amount": r.randrange(1, 10**6), "currency": "CNY"}
        if r.random() < 0.5:
            merchant = f"M{min(r.randrange(n // 15 + 1), r.randrange(n // 15 + 1))}"
            events.append({**common, "type": "order", "merchant_id": merchant, "buyer_id": f"B{r.randrange(5000)}"})
            events[-1]["order_id"] = f"O{i}"
        else:
            accounts = n // 12 + 2
            src, dst = f"A{min(r.randrange(accounts), r.randrange(accounts))}", f"A{r.randrange(accounts)}"
            events.append({**common, "type": "transfer", "src": src, "dst": dst})
    return events


def run(events: int, kills: int, control: str = "none", batch: int = 100, seed: int = 7) -> Verdict:
    """Send events through kills and judge what is left."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        records = open_records(home.records_url)
        now = time.time_ns() // 1_000_000
        with records.begin() as connection:
            key = keys.create(connection, "kills", ["events", "metrics"], now, "user:test")
            rules = read(RULES, catalogue())
            start_from(connection, rules.version, rules.name, RULES, "user:test", now)
        (home.root / "clock-ahead").write_text("0")
        sent = made_events(events, now, seed)
        lines = [json.dumps(e).encode() for e in sent]
        server = Server(home.root, control)
        verdict = Verdict(events, 0)
        server.start()
        senders = Senders(server, key, [b"\n".join(lines[i : i + batch]) for i in range(0, events, batch)], seed)
        senders.start()
        try:
            _kill_on_the_way(server, senders, kills, events // batch, verdict, seed)
            senders.join()
            if control == "ack-first":
                _kill(server, verdict)
            if control == "none":
                _settle(records, home, events)
        except TimeoutError as why:
            raise TimeoutError(f"{why}: {server.log.read_text()[-3000:]}") from None
        finally:
            server.kill()
        verdict.resent, verdict.exists = senders.resent, senders.exists
        _check_journal(home, sent, senders, batch, verdict)
        if control == "none":
            _check_alerts(home, records, sent, verdict)
        verdict.seconds = round(time.monotonic() - began, 1)
        records.dispose()
    return verdict


def _kill_on_the_way(server: Server, senders: Senders, kills: int, batches: int, verdict: Verdict, seed: int) -> None:
    """Kill at moments spread over the run, each soon after so many batches were answered for."""
    r = random.Random(seed)
    for n in range(kills):
        wanted = batches * (n + 1) // (kills + 1)
        while len(senders.acknowledged) < wanted and not senders.done:
            time.sleep(0.002)
        if senders.done:
            return
        time.sleep(r.uniform(0, 0.05))
        _kill(server, verdict)


def _kill(server: Server, verdict: Verdict) -> None:
    server.kill()
    verdict.kills += 1
    verdict.recovery_s.append(round(server.start(), 2))


def _settle(records: Engine, home: Home, events: int) -> None:
    """Let everything be judged, then move the clock on until every alert is settled."""

    def processed() -> int:
        with reading(records) as connection:
            return position(connection).position

    _wait(lambda: processed() == events)
    (home.root / "clock-ahead").write_text("1300000")

    def unsettled() -> bool:
        with reading(records) as connection:
            return (
                connection.execute(select(flow_alerts.c.status).where(flow_alerts.c.status == "provisional")).first()
                is not None
            )

    _wait(lambda: not unsettled())
    time.sleep(1.5)


def _wait(true: object, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]  # a question
        if time.monotonic() > end:
            raise TimeoutError("the service did not come to the end of the events")
        time.sleep(0.1)


def _check_journal(home: Home, sent: list[dict[str, object]], senders: Senders, batch: int, verdict: Verdict) -> None:
    reader = JournalReader(home.flow)
    stored = [e for b in reader.batches(0) for e in b.events]
    reader.close()
    times = Counter(e.event_id for e in stored)
    acknowledged = {
        str(sent[i]["event_id"])
        for n in senders.acknowledged
        for i in range(n * batch, min((n + 1) * batch, len(sent)))
    }
    verdict.lost = len(acknowledged - set(times))
    verdict.counted_twice = sum(n - 1 for n in times.values())
    expected: Counter[str] = Counter()
    for e in sent:
        if e["type"] == "transfer":
            expected[str(e["src"])] -= int(str(e["amount"]))
            expected[str(e["dst"])] += int(str(e["amount"]))
    found: Counter[str] = Counter()
    for event in stored:
        src, dst, amount = (getattr(event, name) for name in ("src", "dst", "amount"))
        if src is not None:
            found[src] -= amount
            found[dst] += amount
    verdict.wrong_sums = sum(found[a] != expected[a] for a in expected.keys() | found.keys())


def _check_alerts(home: Home, records: Engine, sent: list[dict[str, object]], verdict: Verdict) -> None:
    """Hold what is on record against a judge that is never interrupted, and against the sorted stream."""
    calm = open_records(f"sqlite:///{home.root.parent / 'calm.sqlite'}")
    text = RULES
    rules = Rules(text, read(text, catalogue()))
    keeper = Keeper(calm, Position(0, 0), lambda: 0)
    judge = Judge(home.flow, keeper, rules, None, structlog.wrap_logger(structlog.ReturnLogger()))
    with reading(records) as connection:
        assert [s.version for s in switches(connection)] == [rules.rules.version]
    reader = JournalReader(home.flow)
    newest = max(e["ts"] for e in sent)
    settled = int(datetime.fromisoformat(str(newest)).timestamp() * 1000) + 1_300_000
    while judge.catch_up(reader.last(), settled, lambda: None):
        pass  # until nothing is left: the last time says how late it is
    reader.close()
    judge.close()
    on_record, expected = _steps(records), _steps(calm)
    verdict.steps = sum(on_record.values())
    verdict.alerts_missing = sum((expected - on_record).values())
    verdict.alerts_extra = sum((on_record - expected).values())
    calm.dispose()
    verdict.final_differs, verdict.alerts = _against_sorted(records, sent, rules)


def _steps(records: Engine) -> Counter[tuple[str, str, int]]:
    with reading(records) as connection:
        rows = connection.execute(select(flow_outbox.c.alert_id, flow_outbox.c.status, flow_outbox.c.times))
        return Counter((r.alert_id, r.status, r.times) for r in rows)


def _against_sorted(records: Engine, sent: list[dict[str, object]], rules: Rules) -> tuple[int, int]:
    """Alerts that stand, against those of the sorted stream in one piece; how many differ, how many there are."""
    from flow.batch import decode_lines

    batch, _ = decode_lines(b"\n".join(json.dumps(e).encode() for e in sorted(sent, key=lambda e: str(e["ts"]))))
    pipeline = Pipeline(rules.rules, Options(provisional=False))
    told = [*pipeline.push(batch), *pipeline.close()]
    expected = {a.alert_id for a in told if a.status == "final"}
    with reading(records) as connection:
        rows = connection.execute(
            select(flow_alerts.c.alert_id).where(flow_alerts.c.status.in_(("final", "confirmed")))
        )
        found = {r.alert_id for r in rows}
    return len(expected ^ found), len(expected)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--control", choices=("none", "ack-first", "no-dedupe"), default="none")
    options = parser.parse_args()
    verdict = run(options.events, options.kills, options.control, options.batch)
    print(json.dumps(asdict(verdict)))
    found = not verdict.clean and verdict.kills == options.kills
    return int(not found if options.control != "none" else not verdict.clean or verdict.kills < options.kills)


if __name__ == "__main__":
    sys.exit(main())
