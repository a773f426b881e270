"""A server killed in the middle of a load, again and again: what was acknowledged is there, nothing is there by half.

``python -m tests.store.kills --times 20`` prints a line a kill and ends with 1 when a row is missing.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from graph.store.contract import Store, StoreError
from graph.store.open import open_store
from tests.store.graphs import transfers
from tests.store.servers import PASSWORD, Server

PER_BATCH = 5


@dataclass(frozen=True)
class Died:
    """What a killed load left: how its writer ended, batches acknowledged, those missing, rows of half batches."""

    code: str
    acknowledged: int
    missing: int
    half: int


def kill_during_load(server: Server, store: Store, name: str, after: int) -> Died:
    """Write batches named ``name`` until ``after`` are acknowledged, kill the server, start it again, look."""
    acknowledged: list[str] = []
    died: list[str] = []

    def write() -> None:
        for i in range(100_000):
            batch = f"{name}-{i}"
            rows = [(f"{batch}-{k}", f"a{k}", "b", i) for k in range(PER_BATCH)]
            try:
                store.upsert_edges("TRANSFER", transfers(*rows))
            except StoreError as e:
                died.append(e.code)
                return
            acknowledged.append(batch)

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < after and not died:
        time.sleep(0.01)
    server.do("kill")
    writer.join()
    told = len(acknowledged)
    server.start()
    found: dict[str, int] = {}
    for id_ in store.edges("TRANSFER")["id"].to_pylist():
        batch = id_.rpartition("-")[0]
        found[batch] = found.get(batch, 0) + 1
    missing = sum(found.get(batch, 0) < PER_BATCH for batch in acknowledged)
    return Died(died[0], told, missing, sum(n for n in found.values() if n != PER_BATCH))


def main() -> int:
    """Kill it so many times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    r, wrong, batches = random.Random(asked.seed), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "neo4j", os.getpid())
        server.start()
        store = open_store(server.url, password=PASSWORD)
        for n in range(asked.times):
            found = kill_during_load(server, store, f"k{n}", r.randrange(5, 60))
            wrong += found.missing + found.half
            batches += found.acknowledged
            print(n + 1, found, flush=True)
        store.close()
        server.do("kill")
    print(f"{asked.times} kills, {batches * PER_BATCH} rows acknowledged, {wrong} missing or in half batches")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
