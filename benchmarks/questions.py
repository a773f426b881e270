"""Questions per store: median and p95 of each, on the embedded store with and without its join-order hint and on Neo4j.

    python -m benchmarks.questions --transfers 200000

A Neo4j server is started for the run where there is one (make servers). Answers of all stores are compared.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.bank import DAY, bank
from benchmarks.clock import percentiles, show
from graph.store.contract import Store
from graph.store.ladybug.store import LadybugStore
from graph.store.open import open_store
from graph.store.questions import questions
from tests.store.servers import PASSWORD, Server, why_not

WHOLE = 3
"""How often a question about the whole graph is asked."""

ASKED = (
    *(f"fund_loop_{n}" for n in range(2, 7)),
    "fund_loop_closed_by_3",
    *(f"loan_trace_{n}" for n in range(1, 5)),
    "loan_return_own_3",
    "loan_return_owner_2",
    "device_draw",
    "device_evidence_owners",
    "transfer_draw",
    "account_owners",
    "expand_out:Account-TRANSFER-Account",
    "device_shared_by_accounts",
    "device_shared_by_buyers",
    "address_shared_by_buyers",
    "ring_seed_device",
    "ring_pair_device_users",
    "guarantee_circle_3",
    "guarantee_circle_4_count",
)


def run(sizes: Sequence[int], places: int, left_out: Sequence[str]) -> None:
    """Measure each size, in transfers, and print a table for each. ``places``: of how many a question is asked."""
    for size in sizes:
        nodes, edges = bank(size)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            stores: dict[str, Store] = {"embedded": open_store(f"ladybug:{path / 'g.lbug'}", buffer_pool_mb=2048)}
            stores["embedded"].bulk_load(nodes, edges)
            stores["no hint"] = LadybugStore(path / "g.lbug", 2048, hints=False)
            why = "as was asked" if "neo4j" in left_out else why_not()
            server = None if why else Server(path / "neo4j", os.getpid(), java_options="")
            if server is None:
                print(f"Neo4j is left out: {why}")
            else:
                server.start()
                stores["neo4j"] = open_store(server.url, password=PASSWORD)
                started = time.perf_counter()
                stores["neo4j"].bulk_load(nodes, edges)
                rows = sum(t.num_rows for t in (*nodes.values(), *edges.values()))
                print(f"{rows:,} rows into Neo4j in {time.perf_counter() - started:.0f} s", flush=True)
            show(
                f"questions at {size:,} transfers: ms, median and p95",
                ("question", "rows", *(f"{s} {m}" for s in stores for m in ("p50", "p95"))),
                [_measure(stores, name, edges, places) for name in ASKED],
            )
            for store in stores.values():
                store.close()
            if server is not None:
                server.do("kill")


def _measure(stores: Mapping[str, Store], name: str, edges: Mapping[str, Any], places: int) -> tuple[object, ...]:
    r = np.random.default_rng(1)
    question = questions()[name]
    times = WHOLE if not {"id", "ids", "tid"} & dict(question.params).keys() else places
    asked = [_params(name, dict(question.params), edges, r) for _ in range(times)]
    taken: dict[str, list[float]] = {}
    answers: dict[str, list[object]] = {}
    for told, store in stores.items():
        store.query(name, asked[0])  # planned before it is timed
        for params in asked:
            started = time.perf_counter()
            rows = store.query(name, params)
            taken.setdefault(told, []).append((time.perf_counter() - started) * 1000)
            answers.setdefault(told, []).append(rows)
    first = next(iter(answers.values()))
    assert all(a == first for a in answers.values()), f"{name}: the stores answer differently"
    figures = [round(x, 1) for told in stores for x in percentiles(taken[told], (50, 95))]
    return name, sum(len(rows) for rows in first), *figures


def _params(name: str, wanted: Mapping[str, str], edges: Mapping[str, Any], r: np.random.Generator) -> dict[str, Any]:
    transfers, loans = edges["TRANSFER"], edges["DISBURSED_TO"]
    row = int(r.integers(max(1, transfers.num_rows // 20))) * 4  # where loops begin
    of = {"fund": transfers["src"][row].as_py(), "loan": loans["src"][int(r.integers(loans.num_rows))].as_py()}
    device = edges["USED_DEVICE"]["dst"][int(r.integers(edges["USED_DEVICE"].num_rows))].as_py()
    made: dict[str, Any] = {
        "id": of.get(name[:4], device),
        "ids": transfers["src"].slice(row, 20).to_pylist(),
        "src": transfers["src"][row + 2].as_py(),
        "tid": transfers["id"][row + 2].as_py(),
        "from_ts": 0,
        "window": 3 * DAY,
        "decay": 0.1,
        "growth": 0.01,
        "min_share": 0.1,
        "k": 3,
        "limit": 1000,
    }
    return {n: made[n] for n in wanted}


def main() -> None:
    """Measure the sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transfers", type=int, nargs="+", default=[200_000])
    parser.add_argument("--places", type=int, default=25, help="of how many places a question about one is asked")
    parser.add_argument("--without", action="append", default=[], choices=("neo4j",), help="a store to leave out")
    asked = parser.parse_args()
    run(asked.transfers, asked.places, asked.without)


if __name__ == "__main__":
    main()
