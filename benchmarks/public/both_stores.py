"""A public set on both stores: loaded, compared row by row with landing, and asked the questions of the findings.

    python -m benchmarks.public.both_stores finbench DATA/finbench/snapshot

Prints what each file brought, what was loaded and, for each question, how many rows came. Loops are looked for by the
loop engine first; the stores are then asked at the accounts where it found some begin, and must list as many. Ends with
1 when the stores differ in anything, from landing or from the engine.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.clock import show
from benchmarks.public.figures import DAY_MS, snapshot_of
from graph.loops.engine import LoopBounds, LoopEngine, LoopRule
from graph.model import landing_schemas
from graph.snapshot import Snapshot
from graph.store.contract import Store
from graph.store.equal import differences
from graph.store.load import load_all
from graph.store.open import open_store
from ingest.public import SETS
from landing.tables import Landing
from tests.store.servers import PASSWORD, Server

MOST = 40
LOANS = 200
"""So many of the busiest accounts, and so many loans, a question about one place is asked of."""

LONGEST = 5
LOOPS = (
    ("3 days, any amounts", 3, None, 0.0),
    ("3 days, -10 % to +1 % a step", 3, 0.1, 0.01),
    ("30 days, any amounts", 30, None, 0.0),
    ("30 days, -10 % to +1 % a step", 30, 0.1, 0.01),
)
"""Windows and amount rules of loops."""

ANY_GROWTH = 1e9

Asking = tuple[str, list[dict[str, Any]]]


def askings(snapshot: Snapshot) -> Iterator[Asking]:
    """The questions of every kind of finding, with places of this graph."""
    limit = {"limit": 1_000_000}
    for who in ("accounts", "buyers", "merchants"):
        yield f"device_shared_by_{who}", [{"k": 2, **limit}]
        yield f"device_shared_by_{who}_count", [{"k": 2}]
    yield "phone_shared", [{"k": 2, **limit}]
    yield "address_shared_by_buyers", [{"k": 3, **limit}]
    yield "ring_seed_address", [{"k": 3, **limit}]
    yield "ring_seed_device", [{"k": 2, **limit}]
    for n in range(2, 6):
        yield f"guarantee_circle_{n}_count", [{}]
        yield f"guarantee_circle_{n}", [limit]
    walk = {"window": 30 * DAY_MS, "decay": 0.1, "growth": 0.01, **limit}
    busiest = snapshot.relation("Account", "TRANSFER", "Account").out_degree.argsort(kind="stable")[::-1][:MOST]
    accounts = [snapshot.nodes["Account"].id(int(i)) for i in busiest]
    yield "transfer_draw", [{"ids": accounts, **limit}]
    yield "account_owners", [{"ids": accounts, **limit}]
    loans = [snapshot.nodes["Loan"].id(i) for i in range(min(LOANS, len(snapshot.nodes["Loan"])))]
    for n in range(1, 4):
        first = {k: v for k, v in walk.items() if n > 1 or k not in ("decay", "growth")}
        for question in ("loan_trace", "loan_return_own", "loan_return_owner"):
            yield f"{question}_{n}", [{"id": i, "min_share": 0.2, **first} for i in loans]


def loop_starts(snapshot: Snapshot, days: int, decay: float | None, growth: float) -> dict[int, Counter[str]]:
    """Where the loops that the engine finds begin: by length, account -> loops."""
    transfers = snapshot.relation("Account", "TRANSFER", "Account")
    ts, amount = transfers.int64("ts"), transfers.int64("amount")
    order = np.argsort(ts, kind="stable")
    bounds = LoopBounds(capacity=max(1, len(order)), budget=1 << 24, loops_per_edge=1 << 20)
    engine = LoopEngine(LoopRule(days * DAY_MS, LONGEST, decay, growth), bounds)
    found = engine.push(transfers.src[order], transfers.dst[order], ts[order], amount[order].astype(np.float64), order)
    if not engine.complete:
        raise SystemExit(f"the search for loops was cut off: {engine.cuts}")
    starts: dict[int, Counter[str]] = {n: Counter() for n in range(2, LONGEST + 1)}
    for loop in found:
        first = min(loop, key=lambda row: int(ts[row]))
        starts[len(loop)][snapshot.nodes["Account"].id(int(transfers.src[first]))] += 1
    return starts


def ask_loops(stores: Mapping[str, Store], snapshot: Snapshot) -> Iterator[tuple[str, int, int, bool]]:
    """Each rule and length: accounts asked, loops of the engine, whether every store lists just as many at each."""
    for rule, days, decay, growth in LOOPS:
        amounts = {"decay": 1.0, "growth": ANY_GROWTH} if decay is None else {"decay": decay, "growth": growth}
        params = {"from_ts": 0, "window": days * DAY_MS, "limit": 1_000_000, **amounts}
        for n, starts in loop_starts(snapshot, days, decay, growth).items():
            same = True
            for account, expected in starts.items():
                answers = [s.query(f"fund_loop_{n}", {"id": account, **params}) for s in stores.values()]
                same &= all(a == answers[0] and len(a) == expected for a in answers)
            yield f"loops of {n} within {rule}", len(starts), starts.total(), same


def main() -> int:
    """Load and compare one set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("path", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        snapshot = snapshot_of(asked.set, asked.path, home)
        view = Landing(home / "landing", landing_schemas()).view()
        server = Server(home / "neo4j", os.getpid())
        server.start()
        stores: dict[str, Store] = {
            "ladybug": open_store(f"ladybug:{home / 'graph.lbug'}", buffer_pool_mb=1024),
            "neo4j": open_store(server.url, password=PASSWORD),
        }
        wrong = 0
        for name, store in stores.items():
            started = time.perf_counter()
            loaded = load_all(store, view)
            took = time.perf_counter() - started
            found = differences(store, snapshot)
            wrong += len(found)
            told = "; ".join(found) or "row for row as landing"
            print(f"{name}: {loaded.nodes:,} nodes, {loaded.edges:,} edges in {took:.1f} s, {told}", flush=True)
        rows: list[tuple[object, ...]] = []
        for question, every in askings(snapshot):
            answers = [[s.query(question, p) for p in every] for s in stores.values()]
            same = answers[0] == answers[1]
            wrong += not same
            count = question.endswith("_count")
            told_rows = sum(next(iter(a[0].values())) if count else len(a) for a in answers[0])
            rows.append((question, len(every), told_rows, "equal" if same else "DIFFERENT"))
        for what, places, loops, same in ask_loops(stores, snapshot):
            wrong += not same
            rows.append((what, places, loops, "equal, and to the engine" if same else "DIFFERENT"))
        shown = [r for r in rows if r[2] or r[3] == "DIFFERENT"]
        show(f"{asked.set}: questions with an answer", ("question", "asked", "rows (or count)", "both stores"), shown)
        silent = [str(r[0]) for r in rows if r not in shown]
        print(f"no rows on either store: {', '.join(silent) or 'none'}")
        print(f"{wrong} differences")
        server.do("kill")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
