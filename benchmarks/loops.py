"""How fast the loop engine is: against its own floor (remembering without searching) and against networkx, in one run.

    python -m benchmarks.loops [--edges 1000000] [--repeat 3] [--memory 10000000] [--networkx 3000 ...] [--bounded]

Prints one JSON object for each size. ``ratio``: cpu time with search over cpu time without, the least of the repeats
each, measured alternately on the same transfers. ``p999_us``: per edge, over micro-batches of 256 (the call included).
``--memory``: so many transfers with the amount rule in one pass, in a process of its own, and the most memory it took
(input included). ``--bounded``: tables in which the search does not end by itself, with the limits of ``loops FILE``.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import networkx as nx
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.loops.engine import LoopBounds, LoopEngine, LoopRule, Ties
from graph.loops.table import LoopTableOptions, loops_of_table

HOUR, DAY = 3_600_000, 86_400_000
Edges = tuple[
    npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.float64]
]  # from, to, time, amount
Table = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]  # from, to, time


def uniform(edges: int, accounts: int, seed: int) -> Edges:
    """Every account as likely as every other, over 30 days."""
    rng = np.random.default_rng(seed)
    src, dst = rng.integers(0, accounts, (2, edges))
    return _timed(rng, src, dst, accounts)


def heavy(edges: int, accounts: int, seed: int, alpha: float = 0.75, both: float = 0.3) -> Edges:
    """Zipf-like activity of payers and payees; a share ``both`` of accounts is equally busy on both sides."""
    rng = np.random.default_rng(seed)
    weight = np.cumsum((np.arange(accounts) + 20.0) ** -alpha)
    weight /= weight[-1]
    payers = rng.permutation(accounts)
    payees = payers.copy()
    apart = np.flatnonzero(rng.random(accounts) >= both)
    payees[apart] = payers[rng.permutation(apart)]
    src = payers[np.searchsorted(weight, rng.random(edges))]
    dst = payees[np.searchsorted(weight, rng.random(edges))]
    return _timed(rng, src, dst, accounts)


def _timed(rng: np.random.Generator, src: npt.NDArray[np.int64], dst: npt.NDArray[np.int64], accounts: int) -> Edges:
    dst = np.where(src == dst, (dst + 1) % accounts, dst)
    ts = np.sort(rng.integers(0, 30 * DAY, len(src)))
    amount: npt.NDArray[np.float64] = np.exp(rng.normal(7.5, 1.4, len(src))).round(2)
    return src.astype(np.int32), dst.astype(np.int32), ts, amount


def measure(
    edges: Edges, rule: LoopRule, search: bool, batch: int = 0
) -> tuple[float, int, dict[str, int], list[float]]:
    """Cpu seconds, loops, what was cut, and wall seconds per micro-batch."""
    src, dst, ts, amount = edges
    held = int((np.searchsorted(ts, ts, "right") - np.searchsorted(ts, ts - rule.window)).max()) + 1
    engine = LoopEngine(rule, LoopBounds(capacity=held), search=search)
    engine.push(
        np.array([int(max(src.max(), dst.max()))]), np.array([0]), ts[:1], np.ones(1)
    )  # memory for all accounts
    engine.push(src[:0], dst[:0], ts[:0], amount[:0])
    loops, waits = 0, []
    start = time.process_time()
    size = batch or len(ts)
    for i in range(0, len(ts), size):
        began = time.perf_counter()
        part = slice(i, i + size)
        loops += len(engine.push(src[part], dst[part], ts[part], amount[part]))
        waits.append(time.perf_counter() - began)
    return time.process_time() - start, loops, engine.cuts, waits


def against_own_floor(edges: Edges, rule: LoopRule, repeat: int) -> dict[str, object]:
    """Search against insert-only on the same transfers."""
    with_search: list[float] = []
    without: list[float] = []
    loops, cuts = 0, dict[str, int]()
    for _ in range(repeat):
        without.append(measure(edges, rule, False)[0])
        seconds, loops, cuts, _ = measure(edges, rule, True)
        with_search.append(seconds)
    *_, waits = measure(edges, rule, True, batch=256)
    return {
        "ratio": round(min(with_search) / min(without), 2),
        "seconds": round(min(with_search), 3),
        "insert_only_seconds": round(min(without), 3),
        "loops": loops,
        "cuts": cuts,
        "p999_us_per_edge_in_batches_of_256": round(float(np.percentile(waits, 99.9)) / 256 * 1e6, 2),
        "slowest_batch_ms": round(max(waits) * 1e3, 2),
    }


def against_networkx(edges: Edges, rule: LoopRule) -> dict[str, object]:
    """The engine against bounded simple_cycles of the plain digraph, which then still has to be checked for times."""
    src, dst, ts, _ = edges

    def cycles() -> int:
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_edges_from(zip(src.tolist(), dst.tolist(), strict=True))
        return sum(1 for _ in nx.simple_cycles(graph, length_bound=rule.max_length))

    theirs, cycles_found = _clock(cycles)
    ours, *_ = measure(edges, rule, True)
    return {
        "edges": len(ts),
        "networkx_seconds": round(theirs, 3),
        "seconds": round(ours, 4),
        "networkx_over_ours": round(theirs / ours, 1),
        "cycles_ignoring_time": cycles_found,
    }


def _clock(work: Callable[[], int]) -> tuple[float, int]:
    start = time.process_time()
    answer = work()
    return time.process_time() - start, answer


AMOUNTS, PLAIN = LoopRule(72 * HOUR, 10, 0.1, 0.01), LoopRule(72 * HOUR, 10)


def memory(edges: int) -> dict[str, object]:
    """One pass with the amount rule over uniform transfers, made and pushed in slices; the most memory it took."""
    began, base = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    accounts, slice_, loops = edges // 10, 1 << 18, 0
    held = int(edges * AMOUNTS.window / (30 * DAY) * 1.02) + 1000
    engine = LoopEngine(AMOUNTS, LoopBounds(capacity=held))
    rng = np.random.default_rng(9)
    for start in range(0, edges, slice_):
        n = min(slice_, edges - start)
        src, dst = rng.integers(0, accounts, (2, n))
        low, high = (30 * DAY * at // edges for at in (start, start + n))
        ts = np.sort(rng.integers(low, max(high, low + 1), n))
        loops += len(engine.push(src, dst, ts, np.round(np.exp(rng.normal(7.5, 1.4, n)), 2)))
    return {
        "edges": edges,
        "loops": loops,
        "cuts": engine.cuts,
        "cpu_seconds": round(time.process_time() - began, 1),
        "mib_before": base // 1024,
        "mib_at_most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def at_one_time(rng: np.random.Generator, edges: int, accounts: int) -> Table:
    """Transfers between any two accounts, all at one time."""
    src, dst = rng.integers(0, accounts, (2, edges))
    return src, dst, np.zeros(edges, np.int64)


def bounded() -> None:
    """A hub, a complete graph and transfers at one time: what was found, what was cut and flagged, cpu seconds."""
    rng = np.random.default_rng(0)
    other, inward = rng.integers(1, 20_000, 100_000), rng.random(100_000) < 0.5
    payers, payees = np.array([(a, b) for a in range(300) for b in range(300) if a != b])[rng.permutation(300 * 299)].T
    cases: dict[str, Table] = {
        "a hub of 100,000": (
            np.where(inward, other, 0),
            np.where(inward, 0, other),
            np.sort(rng.integers(0, 72 * HOUR, 100_000)),
        ),
        "300 accounts, each to each": (payers, payees, np.sort(rng.integers(0, 60_000, len(payers)))),
        "100,000 at one time, 1,000 accounts": at_one_time(rng, 100_000, 1_000),
        "1,000,000 at one time, 1,000 accounts": at_one_time(rng, 1_000_000, 1_000),
        "1,000,000 at one time, 100 accounts": at_one_time(rng, 1_000_000, 100),
        "1,000,000 at one time, 1,000 accounts, ties in order": at_one_time(rng, 1_000_000, 1_000),
        "1,000,000 at one time, 100 accounts, ties in order": at_one_time(rng, 1_000_000, 100),
    }
    for name, (src, dst, ts) in cases.items():
        ties: Ties = "order" if name.endswith("ties in order") else "strict"
        began = time.process_time()
        _, summary = loops_of_table(pa.table({"src": src, "dst": dst, "ts": ts}), LoopTableOptions(ties=ties))
        kept = ("edges", "loops", "truncated_edges", "truncated", "truncated_accounts")
        used: dict[str, object] = {"cpu_seconds": round(time.process_time() - began, 1)}
        used["mib_at_most"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({name: {k: summary[k] for k in kept} | used}), flush=True)


def suite(edges: int, repeat: int) -> dict[str, object]:
    """All but memory and networkx, for one size."""
    accounts = max(edges // 10, 10)
    report: dict[str, object] = {"edges": edges, "accounts": accounts}
    for name, make in (("uniform", uniform), ("heavy", heavy)):
        made = make(edges, accounts, 7)
        report[f"{name}, amount rule"] = against_own_floor(made, AMOUNTS, repeat)
        report[f"{name}, no amount rule"] = against_own_floor(made, PLAIN, repeat)
    return report


def run(sizes: Sequence[int]) -> None:
    """Measure and print, for each number of transfers."""
    measure(uniform(1000, 100, 0), AMOUNTS, True)  # compile
    for size in sizes:
        print(json.dumps(suite(size, 3), indent=1))
    print(json.dumps({"networkx, uniform": against_networkx(uniform(3000, 2000, 1), LoopRule(30 * DAY, 6))}, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", type=int, help="transfers of the check of memory")
    parser.add_argument("--networkx", type=int, nargs="*", default=[3000], help="transfers given to networkx")
    parser.add_argument("--bounded", action="store_true", help="only the tables without an end")
    parser.add_argument("--in-here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    measure(uniform(1000, 100, 0), AMOUNTS, True)  # compile
    if args.bounded:
        bounded()
        return
    if args.memory and args.in_here:
        print(json.dumps(memory(args.memory), indent=1))
        return
    if args.memory:
        program = [sys.executable, "-m", "benchmarks.loops", "--memory", str(args.memory), "--in-here"]
        subprocess.run(program, check=True)
        return
    report = suite(args.edges, args.repeat)
    for edges in args.networkx:
        made = uniform(edges, edges * 2 // 3, 1)
        report[f"networkx, uniform, {edges}"] = against_networkx(made, LoopRule(30 * DAY, 6))
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
