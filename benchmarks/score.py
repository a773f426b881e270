"""POST /v1/score at a fixed rate on one worker, beside a route that does nothing, in the same run.

A service of its own process on the loopback address, routes in turn. Applications are all different: no answer comes
from the record of an earlier one. Two empty routes: one behind the same key (benchmarks.score_server), and /healthz.
"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.clock import percentiles, show
from benchmarks.open_loop import Answer, fire, http
from benchmarks.score_server import EMPTY
from benchmarks.worlds import Bench, World
from graph.snapshot_files import current_version, read_table
from jobs.decide import iso
from records import keys
from records.database import open_records

HOST = "127.0.0.1"
DEMO_ORDERS = 100_000
WARM_S = 2.0
START_WITHIN_S = 120.0
SCORE, SAME_KEY, OPEN = "POST /v1/score", f"POST {EMPTY} (same key, does nothing)", "GET /healthz (no key)"


def run(bench: Bench) -> None:
    """Measure and print, on the world whose size is closest to that of the demo's."""
    world = bench.worlds.served(min(bench.orders, key=lambda n: abs(n - DEMO_ORDERS)))
    now = max(time.time_ns() // 1_000_000, world.spec.end_ts)
    with open_records(world.home.records_url).begin() as connection:
        key = keys.create(connection, "bench", ["score"], now, "user:bench")
    ways = _ways(world, key, now)
    answers: dict[str, list[Answer]] = {name: [] for name in ways}
    with _service(world, now) as port:
        for make in ways.values():
            fire(HOST, port, [make() for _ in range(round(bench.rate * WARM_S))], bench.rate)
        for turn in range(bench.rounds):
            for name in list(ways)[:: -1 if turn % 2 else 1]:
                requests = [ways[name]() for _ in range(round(bench.rate * bench.seconds))]
                answers[name] += fire(HOST, port, requests, bench.rate)
    _show(bench, world, answers)


def _ways(world: World, key: str, now: int) -> dict[str, Callable[[], bytes]]:
    snapshots = world.home.snapshots
    merchants = read_table(snapshots / str(current_version(snapshots)), "features")["merchant_id"].to_pylist()
    rng, moment, run_ = random.Random(0), iso(now), uuid.uuid4().hex[:12]
    headers = {"X-API-Key": key}

    def body() -> bytes:
        asked = {
            "application_id": f"BENCH-{run_}-{rng.getrandbits(48):012x}",
            "merchant_id": rng.choice(merchants),
            "amount": rng.randrange(100_000, 100_000_000),
            "currency": "CNY",
            "as_of": moment,
        }
        return json.dumps(asked).encode()

    return {
        SCORE: lambda: http("POST", "/v1/score", headers, body()),
        SAME_KEY: lambda: http("POST", EMPTY, headers, body()),
        OPEN: lambda: http("GET", "/healthz", {}),
    }


def _show(bench: Bench, world: World, answers: dict[str, list[Answer]]) -> None:
    ms = {name: [a.after * 1000 for a in of_way if a.status == 200] for name, of_way in answers.items()}
    assert all(ms.values()), {n: sorted({a.status for a in of_way}) for n, of_way in answers.items()}
    decided = [json.loads(a.body) for a in answers[SCORE] if a.status == 200]
    own = [float(d["latency_ms"]) for d in decided]
    rows: list[list[object]] = []
    for name, taken in {**ms, "latency_ms in the answer": own}.items():
        of_way = answers.get(name, ())
        failed = str(len(of_way) - len(taken)) if of_way else ""
        late = percentiles([a.late * 1000 for a in of_way], (99,))[0] if of_way else float("nan")
        rows.append([name, len(taken), failed, *percentiles(taken), max(taken), late])
    for over in (SAME_KEY, OPEN):
        pairs = zip(percentiles(ms[SCORE]), percentiles(ms[over]), strict=True)
        rows.append([f"score / {over.partition(' (')[0]}", "", "", *(a / b for a, b in pairs), "", ""])
    show(
        f"score: {bench.rate:g} requests/s on one worker, {bench.rounds} rounds of {bench.seconds:g} s, "
        f"{world.spec.merchants:,} merchants; ms from when a request was due",
        ("route", "answers", "failed", "p50", "p95", "p99", "most", "sent late p99"),
        rows,
    )
    distinct, degraded = len({d["decision_id"] for d in decided}), sum(d["degraded"] for d in decided)
    print(f"  {distinct:,} decisions on record, {degraded:,} of them degraded")


@contextmanager
def _service(world: World, now: int) -> Iterator[int]:
    with socket.socket() as s:
        s.bind((HOST, 0))
        port = int(s.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.score_server", "--home", str(world.home.root), "--port", str(port)]
    log = world.home.root / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen([*command, "--not-before", str(now)], stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while not _ready(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start: {_end(log)}")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/readyz", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _end(log: Path) -> str:
    return log.read_text("utf-8")[-2000:]
