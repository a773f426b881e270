"""From bytes to alerts: decode, journal (synced), reorder, windows, fifty rules, loops: ``benchmarks.flow_pipeline``.

Two measurements. *Throughput*: a file of events in batches as fast as one core takes them, by stages, in the final lane
and with both lanes. *Latency*: the same events at a given rate, each batch due at its time; from a batch's due time to
its alerts told (provisional lane, journal synced before), percentiles over events.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.flow_world import START, rules, stream
from flow.alerts import Alert, moment_text
from flow.batch import EventBatch, columns, decode
from flow.events import TYPES
from flow.journal import Incoming, Journal
from flow.pipeline import Options, Pipeline


def ndjson(batch: EventBatch) -> list[bytes]:
    """The events of a batch as lines."""
    out = []
    for i in range(len(batch)):
        type_ = TYPES[batch.type[i]]
        event: dict[str, object] = {
            "event_id": batch.event_id[i],
            "type": type_,
            "ts": moment_text(int(batch.ts[i])),
        }
        if type_ == "transfer":
            event |= {"src": batch.account[i], "dst": batch.counter[i]}
        elif type_ == "login":
            event |= {"account_id": batch.account[i], "buyer_id": batch.buyer[i], "device_id": batch.device[i]}
        else:
            event |= {"merchant_id": batch.merchant[i], "buyer_id": batch.buyer[i] or "B0", "order_id": f"O{i}"}
            event |= {"device_id": batch.device[i], "address_id": batch.address[i]}
        if type_ != "login":
            event |= {"amount": int(batch.amount[i]), "currency": "CNY"}
        line = json.dumps({k: v for k, v in event.items() if v is not None}, separators=(",", ":"))
        out.append(line.encode() + b"\n")
    return out


class Way:
    """The way of an event, stage by stage."""

    STAGES = ("decode", "journal", "columns", "pipeline")

    def __init__(self, folder: Path, options: Options) -> None:
        self.journal = Journal(folder)
        self.pipeline = Pipeline(rules(), options)
        self.cpu = dict.fromkeys(self.STAGES, 0.0)
        self.told: Counter[str] = Counter()

    def take(self, data: bytes, now: int) -> list[Alert]:
        """One batch of lines to alerts."""
        at = time.process_time()

        def passed(stage: str) -> None:
            nonlocal at
            then = time.process_time()
            self.cpu[stage] += then - at
            at = then

        decoded = decode(data)
        passed("decode")
        answers = self.journal.append([Incoming(decoded.events, decoded.bodies)], now)[0]
        new = [i for i, answer in enumerate(answers) if answer == "created"]
        passed("journal")
        batch = columns([decoded.events[i] for i in new], [decoded.bodies[i] for i in new])
        passed("columns")
        alerts = self.pipeline.push(batch)
        passed("pipeline")
        self.told.update(a.status for a in alerts)
        return alerts


def batches(lines: list[bytes], size: int) -> Iterator[bytes]:
    for i in range(0, len(lines), size):
        yield b"".join(lines[i : i + size])


def throughput(lines: list[bytes], size: int, options: Options, name: str) -> float:
    """Events a second of one core; prints the stages."""
    with tempfile.TemporaryDirectory() as folder:
        way = Way(Path(folder), options)
        warm = max(len(lines) // 10, 1)
        for data in batches(lines[:warm], size):
            way.take(data, START)
        way.cpu = dict.fromkeys(way.STAGES, 0.0)
        cpu, wall = time.process_time(), time.perf_counter()
        for data in batches(lines[warm:], size):
            way.take(data, START)
        way.pipeline.close()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        way.journal.close()
    n = len(lines) - warm
    stages = ", ".join(f"{stage} {1e6 * spent / n:.1f}" for stage, spent in way.cpu.items())
    print(
        f"{name:9} batches of {size:6}: {n / cpu:9,.0f} events/cpu-s, {n / wall:9,.0f} events/s wall; "
        f"us/event {1e6 * cpu / n:.1f} ({stages}); alerts {dict(way.told)}"
    )
    return n / cpu


def latency(lines: list[bytes], rate: float, sync_ms: float | None) -> None:
    """Lines arriving at a rate, those that wait taken at once: from arrival to the alerts told.

    ``sync_ms``: None for the wall clock. Else a clock that only this process's own CPU time moves, and so long for each
    sync of the journal: what the same work takes on a machine that nobody else uses.
    """
    with tempfile.TemporaryDirectory() as folder:
        way = Way(Path(folder), Options())
        warm = len(lines) // 4
        for data in batches(lines[:warm], 2000):
            way.take(data, START)
        gc.collect()
        gc.freeze()  # what the benchmark itself holds is none of the service's
        arrivals = np.arange(len(lines) - warm) / rate
        clock = time.perf_counter if sync_ms is None else time.process_time
        began, idle, at, waits, spent = clock(), 0.0, 0, [], 0.0
        while at < len(arrivals):
            now = clock() - began + idle
            end = int(np.searchsorted(arrivals, now, side="right"))
            if end == at:
                wait = max(float(arrivals[at]) - now, 0.0005)
                if sync_ms is None:
                    time.sleep(wait)
                else:
                    idle += wait
                continue
            way.take(b"".join(lines[warm + at : warm + end]), START)
            idle += (sync_ms or 0.0) / 1000
            done = clock() - began + idle
            spent += done - now
            waits.append(done - arrivals[at:end])
            at = end
        way.journal.close()
        gc.unfreeze()
    took = 1000 * np.concatenate(waits)
    p50, p99, most = np.percentile(took, [50, 99, 100])
    which = "wall clock" if sync_ms is None else f"own CPU and {sync_ms:g} ms a sync"
    print(
        f"latency at {rate:,.0f} events/s ({which}), {len(took):,} events in {len(waits):,} batches, "
        f"busy {spent / done:.0%}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, greatest {most:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[200, 2000, 20_000])
    parser.add_argument("--rate", type=float, default=25_000)
    parser.add_argument("--sync-ms", type=float, default=5.0)
    parser.add_argument("--only", choices=("throughput", "latency"))
    args = parser.parse_args()
    lines = ndjson(stream(args.events, args.keys))
    if args.only != "latency":
        for size in args.sizes:
            throughput(lines, size, Options(provisional=False, loops=True), "final")
            throughput(lines, size, Options(loops=True), "both")
    if args.only != "throughput":
        latency(lines, args.rate, None)
        latency(lines, args.rate, args.sync_ms)


if __name__ == "__main__":
    main()
