"""The window engine beside its own twin in plain Python, and beside itself with more keys: CPU time an event.

    python -m benchmarks.flow_windows [--events 200000] [--many 1000000] [--plain 20000]

All in one run, one thread, fifty rules over five windows (``benchmarks.flow_world``), batches of 2,000. *engine* is
``WindowEngine.push`` from columns to edges: ids to handles, windows, rules, edges with their facts; *kernel* is its
compiled part. Cutting batches out of the stream is not counted. The better of two rounds stands.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.flow_plain import PlainEngine, entries
from benchmarks.flow_world import CONDITIONS, rules, stream
from flow.batch import EventBatch
from flow.window import engine as engine_module
from flow.window.engine import Edge, WindowEngine
from flow.window.warming import Warming

BATCH = 2_000
SMALL_KEYS = 20_000
DAYS = 45.0
Part = tuple[EventBatch, int]


def parts(events: EventBatch, size: int = BATCH) -> list[Part]:
    """Batches, never cut within a millisecond, each with the watermark up to which it may be judged."""
    found, start = [], 0
    while start < len(events):
        end = min(start + size, len(events))
        while end < len(events) and events.ts[end] == events.ts[end - 1]:
            end += 1
        until = int(events.ts[end]) - 1 if end < len(events) else int(events.ts[-1])
        found.append((events.take(range(start, end)), until))
        start = end
    return found


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one call in this thread."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


class KernelTime:
    """Adds up what the kernel takes while inside ``with``."""

    seconds = 0.0

    def __enter__(self) -> KernelTime:
        self._kernel = engine_module.advance

        def timed(*arguments: object) -> object:
            began = time.thread_time()
            answer = self._kernel(*arguments)
            self.seconds += time.thread_time() - began
            return answer

        engine_module.advance = timed
        return self

    def __exit__(self, *_: object) -> None:
        engine_module.advance = self._kernel


def edges_of(engine: WindowEngine, those: list[Part]) -> Iterator[Edge]:
    """Push everything."""
    for batch, until in those:
        yield from engine.push(batch, until)


def measured(those: list[Part], rounds: int) -> tuple[float, float, int, WindowEngine]:
    """Microseconds an event of engine and kernel, edges, and an engine that has taken all."""
    best: tuple[float, float, int, WindowEngine] | None = None
    events = sum(len(batch) for batch, _ in those)
    for _ in range(rounds):
        engine, count = WindowEngine(rules()), [0]
        with KernelTime() as kernel:
            taken = cpu(
                lambda engine=engine, count=count: count.__setitem__(0, sum(1 for _ in edges_of(engine, those)))
            )
        if best is None or taken < best[0] * events / 1e6:
            best = taken / events * 1e6, kernel.seconds / events * 1e6, count[0], engine
    assert best is not None
    return best


def against_plain(events: int) -> None:
    """The same stream through the plain twin; their edges must be equal."""
    batch = stream(events, SMALL_KEYS // 10, DAYS * events / 200_000)
    those, listed = parts(batch), entries(batch)
    engine, kernel, _, _ = measured(those, 2)
    chosen, plain = rules(), PlainEngine(rules())
    told: list[tuple[int, int, str]] = []
    taken = cpu(lambda: told.extend(plain.push(listed, int(batch.ts[-1])))) / events * 1e6
    mine = sorted((e.ts, e.rule, e.key) for e in edges_of(WindowEngine(chosen), those))
    assert mine == sorted(told), "the twin says something else"
    print(f"{events:,} events, {len(told):,} edges, equal in both")
    print(f"  plain Python {taken:8.2f} us/event\n  engine       {engine:8.2f} us/event (kernel {kernel:.2f})")
    print(f"  ratio        {taken / engine:8.1f} (goal: at least 40)")


def by_keys(events: int, many: int) -> None:
    """Few keys beside many."""
    small = measured(parts(stream(events, SMALL_KEYS)), 2)
    print(f"{SMALL_KEYS:,} ids, {events:,} events, {small[2]:,} edges")
    print(f"  engine {small[0]:.2f} us/event, kernel {small[1]:.2f} (goal: at most 6)")
    large_parts = parts(stream(many, 2 * many, 29.0, 0.7))
    large = measured(large_parts, 1)
    figures = large[3].figures()
    live = sum(figures[f"{kind}_ids"] for kind in CONDITIONS)
    print(f"{live:,} live keys, {many:,} events held, {large[2]:,} edges")
    print(
        f"  engine {large[0]:.2f} us/event, kernel {large[1]:.2f}: {large[0] / small[0]:.2f} times (goal: at most 1.5)"
    )
    peak, arrays = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, figures["bytes"] / 2**20
    print(f"  arrays {arrays:,.0f} MiB; the process, stream and all, {peak:,.0f} MiB (goal: 4,096)")
    changes(large[3])


class Clock:
    """CPU and wall seconds since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def cpu(self) -> float:
        return time.process_time() - self._cpu

    def __str__(self) -> str:
        return f"{self.cpu():.2f} s CPU ({time.perf_counter() - self._wall:.2f} s wall)"


def changes(engine: WindowEngine) -> None:
    """What a change of rules and a restart take with all that is held."""
    fewer = rules({kind: texts[1::2] for kind, texts in CONDITIONS.items()})
    clock = Clock()
    engine = engine.swap(fewer)
    print(f"rules that need nothing new: live after {clock} (goal: 1)")
    more = rules({**CONDITIONS, "merchant": [*CONDITIONS["merchant"], "orders_72h > 40", "top5_share_7d > 0.8"]})
    clock = Clock()
    warming = Warming(engine, more)
    print(f"rules that need new windows: {clock} before, ", end="")
    clock = Clock()
    thread = threading.Thread(target=warming.run)
    thread.start()
    thread.join()
    print(f"{clock} beside the engine, ", end="")
    clock = Clock()
    engine = warming.finish()
    print(f"{clock} after (goal: the engine waits at most 1)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "windows.arrow"
        clock = Clock()
        engine.save(path)
        saved, size = str(clock), path.stat().st_size
        clock = Clock()
        held = WindowEngine.restore(path, rules()).held
        print(f"{held:,} events: saved in {saved}, {size / held:.0f} bytes an event; restored in {clock} (goal: 15)")


def main() -> None:
    """Run all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000, help="of the stream with few keys")
    parser.add_argument("--many", type=int, default=1_000_000, help="events of the stream with many keys; 0: leave out")
    parser.add_argument("--plain", type=int, default=20_000, help="events given to the plain twin")
    options = parser.parse_args()
    for batch, until in parts(stream(2_000, 200)):
        WindowEngine(rules()).push(batch, until)  # compiled before anything is timed
    against_plain(options.plain)
    if options.many:
        by_keys(options.events, options.many)


if __name__ == "__main__":
    main()
