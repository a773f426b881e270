"""The demo: the main job on a synthetic world, and one question asked of the running service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.cli.model import scored_lines
from graph.findings.finding import KINDS, Finding
from ingest.world.event_file import DAYS
from ingest.world.spec import WorldSpec
from jobs.demo import Prepared, applicant, prepare
from jobs.flow_file import FlowFileOptions, FlowSummary, run_flow
from jobs.home import Home
from jobs.look import all_findings
from jobs.progress import Report
from jobs.report.make import make_report
from jobs.training import Trained, TrainingOptions, run_training
from policy.publish import SHIPPED
from records import keys
from records.database import open_records

START_WITHIN_S = 60.0
CADENCE_MS = 28 * 86_400_000


@dataclass(frozen=True)
class Demo:
    """What the demo shows at its end."""

    prepared: Prepared
    training: Trained
    top: tuple[Finding, ...]
    scored: dict[str, Any]
    flow: FlowSummary
    report: Path
    out: Path
    seconds: float

    def to_json(self) -> dict[str, object]:
        return {
            "rows": self.prepared.rows,
            "refresh": self.prepared.refreshed.to_json(),
            "training": self.training.to_json(),
            "top_clusters": [asdict(f) for f in self.top],
            "scored": self.scored,
            "flow": asdict(self.flow),
            "report": str(self.report),
            "seconds": round(self.seconds, 1),
        }

    def lines(self) -> list[str]:
        done, s = self.prepared.refreshed, self.scored
        ringfence = f"{_command()} --home {self.prepared.home.root}"
        return [
            f"{sum(self.prepared.rows.values()):,} rows taken in; graph of {sum(done.size.values()):,} rows; "
            + ", ".join(f"{n} {kind.replace('_', ' ')}s" for kind, n in done.findings.items()),
            "",
            "The worst cluster of each kind",
            *(line for f in self.top for line in (f"  {f.score:4.2f}  {f.text_en}", f"        {f.text_zh}")),
            "",
            "The scorer",
            *(f"  {line}" for line in self.training.lines()),
            "",
            *scored_lines(s),
            "",
            f"The last {DAYS} days as a stream: {self.flow.stored:,} events, {self.flow.alerts} alerts",
            "  " + ", ".join(f"{code} {n}" for code, n in sorted(self.flow.by_rule.items(), key=lambda c: -c[1]) if n),
            "",
            f"Pictures: {self.report}",
            f"All of it took {self.seconds:.0f} s. Now try:",
            f"  {ringfence} clusters --kind fake_order_ring",
            f"  {ringfence} clusters --member Merchant:{s['merchant_id']}",
            f"  {ringfence} ask --list",
            f"  {ringfence} flow --from {self.out}/world/events/events.jsonl --rules {os.path.relpath(SHIPPED)}"
            f" --out {self.out}/alerts.jsonl",
            f"  {ringfence} export --merchant {s['merchant_id']} --out {self.out}/merchant.graphml",
            f"  {ringfence} keys create loan-origination && {ringfence} serve",
        ]


def _worst_first(f: Finding) -> tuple[float, str]:
    """Of equal scores the same one in every demo: ids are made of tokens, and each demo has a key of its own."""
    return -f.score, f.text_en


def _command() -> str:
    """How this command was called, as the reader can call it again."""
    called = Path(sys.argv[0])
    if called.name != "ringfence":
        return "ringfence"
    return os.path.relpath(called) if called.is_relative_to(Path.cwd()) else str(called)


def run(home: Home, out: Path, merchants: int, seed: int, now: int, report: Report, replace: bool = False) -> Demo:
    """Do the main job: world (in ``out``), ingest (at ``home``), refresh, train, score over HTTP, report."""
    started = time.monotonic()
    prepared = prepare(home, out, WorldSpec(merchants=merchants, seed=seed), now, report, replace)
    options = TrainingOptions(cut_ms=prepared.spec.end_ts, cadence_ms=CADENCE_MS, seed=seed)
    training = run_training(home.landing, home.models, options, report, snapshots=home.snapshots)
    report("starting the service and asking it for a score")
    scored = score_over_http(home, *applicant(home))
    report("running its last days as a stream of events")
    events = out / "world" / "events" / "events.jsonl"
    flow = run_flow(FlowFileOptions(events, SHIPPED, out / "alerts.jsonl"), report)
    report("drawing the report")
    page = make_report(home, out / "report.html", scored)
    findings = all_findings(home)[1]
    of_kind = [[f for f in findings if f.kind == kind] for kind in KINDS]
    top = tuple(min(some, key=_worst_first) for some in of_kind if some)
    return Demo(prepared, training, top, scored, flow, page, out, time.monotonic() - started)


def score_over_http(home: Home, merchant_id: str, amount: int) -> dict[str, Any]:
    """Start the service on a free port of this machine, ask it for one score with a key of its own, stop it."""
    now = datetime.now(UTC)
    with open_records(home.records_url).begin() as connection:
        secret = keys.create(connection, "demo", ["score"], int(now.timestamp() * 1000), "user:demo")
    body = {
        "application_id": f"DEMO-{merchant_id}",
        "merchant_id": merchant_id,
        "amount": amount,
        "currency": "CNY",
        "as_of": now.isoformat(),
    }
    with _service(home) as address:
        request = urllib.request.Request(  # noqa: S310 - our own service on the loopback address
            f"{address}/v1/score",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-API-Key": secret},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return {**json.load(answer), "merchant_id": merchant_id, "application_id": body["application_id"]}


@contextmanager
def _service(home: Home) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "api.cli.main", "--home", str(home.root), "serve", "--port", str(port)]
    with (home.root / "serve.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - ourselves
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while not _ready(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start; see {home.root / 'serve.log'}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310 - our own service
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
