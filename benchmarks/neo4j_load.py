"""Loading Neo4j: the store's whole load beside the bare driver's UNWIND MERGE of the same rows, at its best batch size.

python -m benchmarks.neo4j_load --transfers 40000
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import neo4j
import pyarrow as pa

from benchmarks.bank import bank
from benchmarks.clock import show
from graph.store.neo4j.writes import clear
from graph.store.open import open_store
from graph.store.rows import by_pair
from tests.store.servers import PASSWORD, Server

BATCHES = (1_000, 5_000, 10_000)


def main() -> None:
    """Measure, twice each, in turn, each time into an empty server; the better is shown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transfers", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    nodes, edges = bank(asked.transfers)
    total = sum(t.num_rows for t in (*nodes.values(), *edges.values()))
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "neo4j", os.getpid(), java_options="")
        server.start()
        driver = neo4j.GraphDatabase.driver(
            server.url.replace("neo4j@", ""), auth=("neo4j", PASSWORD), notifications_min_severity="OFF"
        )
        store = open_store(server.url, password=PASSWORD)
        ways = {f"bare driver, {b:,} a batch": lambda b=b: _bare(driver, nodes, edges, b) for b in BATCHES}
        ways["store"] = lambda: store.bulk_load(nodes, edges)
        taken: dict[str, list[float]] = {name: [] for name in ways}
        _bare(driver, nodes, edges, 5_000)  # compiled before anything is timed
        for turn in range(asked.rounds):
            for name in list(ways)[:: -1 if turn % 2 else 1]:
                _empty(driver)
                started = time.perf_counter()
                ways[name]()
                taken[name].append(time.perf_counter() - started)
        best = min(min(t) for name, t in taken.items() if name != "store")
        rows = [(n, min(t), round(total / min(t)), min(t) / best) for n, t in taken.items()]
        show(f"{total:,} rows into Neo4j", ("way", "s", "rows/s", "/ best bare"), rows)
        store.close()
        driver.close()
        server.do("kill")


def _empty(driver: Any) -> None:
    with driver.session() as session:
        for statement in clear():
            session.run(statement).consume()


def _bare(driver: Any, nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table], batch: int) -> None:
    with driver.session() as session:
        for kind, rows in nodes.items():
            text = f"UNWIND $rows AS r MERGE (a:{kind} {{id: r.id}}) SET a += r.p"
            for start in range(0, rows.num_rows, batch):
                session.run(text, rows=[_row(x) for x in rows.slice(start, batch).to_pylist()]).consume()
        for type_, table in edges.items():
            for (src_kind, dst_kind), rows in by_pair(table).items():
                text = (
                    f"UNWIND $rows AS r MATCH (a:{src_kind} {{id: r.src}}) MATCH (b:{dst_kind} {{id: r.dst}}) "
                    f"MERGE (a)-[e:{type_} {{id: r.id}}]->(b) SET e += r.p"
                )
                for start in range(0, rows.num_rows, batch):
                    session.run(text, rows=[_row(x) for x in rows.slice(start, batch).to_pylist()]).consume()


def _row(row: dict[str, Any]) -> dict[str, Any]:
    ends = {n: row[n] for n in ("id", "src", "dst") if n in row}
    return {**ends, "p": {n: v for n, v in row.items() if v is not None and not n.startswith(("src", "dst"))}}


if __name__ == "__main__":
    main()
