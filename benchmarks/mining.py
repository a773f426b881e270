"""Snapshot, each of the five finders and features: seconds and memory by size, and how they grow.

Each size is measured in a process of its own, where everything ran on a small world first; a round is what one refresh
does, in its order, on a snapshot built anew (finders share what the first of them works out about it).
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import pyarrow as pa
from numba.core import event

from benchmarks.clock import ENOUGH_S, PeakMemory, show
from benchmarks.worlds import WARM_ORDERS, Bench
from graph.features.compute import compute_features
from graph.findings.fake_order_rings import find_fake_order_rings
from graph.findings.finding import KINDS, Finding, Kind
from graph.findings.fund_loops import find_fund_loops
from graph.findings.guarantee_circles import find_guarantee_circles
from graph.findings.loan_traces import find_loan_traces
from graph.findings.mine import MiningParams
from graph.findings.shared_devices import find_shared_devices
from graph.model import landing_schemas
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot
from landing.tables import Landing

T = TypeVar("T")


@dataclass
class Step:
    """What one step took: wall and cpu seconds, MiB held when it began and at most; what it made; compiling inside."""

    seconds: float
    cpu: float
    before: float
    peak: float
    made: int
    compiled: float


def run(bench: Bench) -> None:
    """Measure and print."""
    warm = bench.worlds.landed(WARM_ORDERS)
    rounds = {}
    for orders in bench.orders:
        world = bench.worlds.landed(orders)
        command = [
            *(sys.executable, "-m", "benchmarks.mining", str(world.home.landing), str(warm.home.landing)),
            *("--as-of", str(world.spec.end_ts), "--rounds", str(bench.rounds)),
        ]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rounds[orders] = [{n: Step(**s) for n, s in r.items()} for r in json.loads(answer)]
    _show(rounds)


def _show(rounds: dict[int, list[dict[str, Step]]]) -> None:
    first, last = min(rounds), max(rounds)
    head = ["step"]
    for orders in rounds:
        head += [f"{orders:,}: s", "cpu s", "made", "MiB at most", "(before)"]
    if last > first:
        head += [f"s {last:,} / {first:,}", "cpu s"]
    lines: list[list[object]] = []
    for name in rounds[first][0]:
        line: list[object] = [name]
        for of_size in rounds.values():
            steps = [r[name] for r in of_size]
            line += [_seconds(of_size, name), _cpu(of_size, name), steps[-1].made]
            line += [round(max(s.peak for s in steps)), f"({steps[0].before:,.0f})"]
        if last > first:
            line += [take(rounds[last], name) / take(rounds[first], name) for take in (_seconds, _cpu)]
        lines.append(line)
    total: list[object] = ["all of it"]
    for of_size in rounds.values():
        peak = round(max(s.peak for r in of_size for s in r.values()))
        total += [_whole(of_size, _seconds), _whole(of_size, _cpu), "", peak, ""]
    if last > first:
        total += [_whole(rounds[last], take) / _whole(rounds[first], take) for take in (_seconds, _cpu)]
    counts = ", ".join(f"{len(r)} round{'s' * (len(r) > 1)} at {n:,}" for n, r in rounds.items())
    grown = f"; {last / first:g} times the orders" if last > first else ""
    show(f"mining: by number of orders ({counts}{grown})", head, [*lines, total])
    late = {n: s.compiled for of_size in rounds.values() for r in of_size for n, s in r.items() if s.compiled > 0.05}
    if late:
        print("  compiled inside the time: " + ", ".join(f"{n} {s:.1f} s" for n, s in late.items()))


def _seconds(rounds: list[dict[str, Step]], name: str) -> float:
    return median(r[name].seconds for r in rounds)


def _cpu(rounds: list[dict[str, Step]], name: str) -> float:
    return median(r[name].cpu for r in rounds)


def _whole(rounds: list[dict[str, Step]], take: Callable[[list[dict[str, Step]], str], float]) -> float:
    return sum(take(rounds, name) for name in rounds[0])


def one_round(landing: Path, as_of: int) -> dict[str, Step]:
    """What a refresh works out, step by step."""
    steps: dict[str, Step] = {}
    view = Landing(landing, landing_schemas()).view()
    snapshot = _timed(
        steps,
        "snapshot",
        lambda: build_snapshot(lambda table: view.newest(table, as_of), as_of),
        lambda s: sum(s.size.values()),
    )
    findings: list[Finding] = []
    for kind, find in _finders(snapshot).items():
        found: list[Finding] = _timed(steps, kind, find, len)
        findings += found
    _timed(steps, "features", lambda: compute_features(snapshot, findings), lambda t: t.num_rows)
    return steps


def _finders(snapshot: Snapshot) -> dict[Kind, Callable[[], list[Finding]]]:
    params = MiningParams()
    finders: dict[Kind, Callable[[], list[Finding]]] = {
        "shared_device": lambda: find_shared_devices(snapshot, params.shared_devices),
        "fake_order_ring": lambda: find_fake_order_rings(snapshot, params.fake_order_rings),
        "fund_loop": lambda: find_fund_loops(snapshot, params.fund_loops),
        "guarantee_circle": lambda: find_guarantee_circles(snapshot, params.guarantee_circles),
        "loan_trace": lambda: find_loan_traces(snapshot, params.loan_traces),
    }
    assert set(finders) == set(KINDS)
    return finders


def _timed(steps: dict[str, Step], name: str, work: Callable[[], T], made: Callable[[T], int]) -> T:
    gc.collect()
    pa.default_memory_pool().release_unused()
    with event.install_timer("numba:compile", lambda _seconds: None) as compiling, PeakMemory() as memory:
        started, busy = time.perf_counter(), time.process_time()
        result = work()
        taken, busy = time.perf_counter() - started, time.process_time() - busy
    compiled = compiling.duration if compiling.done else 0.0
    steps[name] = Step(taken, busy, memory.before, memory.peak, made(result), compiled)
    return result


def main() -> None:
    """One size, in this process: prints its rounds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("landing", type=Path)
    parser.add_argument("warm", type=Path, help="landing of a small world, run first")
    parser.add_argument("--as-of", type=int, required=True, help="epoch ms")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    one_round(options.warm, options.as_of)
    rounds: list[dict[str, Step]] = []
    started = time.perf_counter()
    while len(rounds) < options.rounds and (not rounds or time.perf_counter() - started < ENOUGH_S):
        rounds.append(one_round(options.landing, options.as_of))
    print(json.dumps([{n: s.__dict__ for n, s in r.items()} for r in rounds]))


if __name__ == "__main__":
    main()
