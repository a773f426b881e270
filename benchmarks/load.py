"""Bringing landing to the embedded store, beside the bare engine's COPY of the same rows from memory.

Both make the schema in a new file with one buffer pool, number of threads, slice of rows and cut into transactions,
and end with a checkpoint. The store also reads landing's Parquet, picks the newest versions and adds bare nodes for
ends nobody has described; the bare engine gets the rows that come out of that as Arrow tables, outside its time.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import ladybug
import pyarrow as pa

from benchmarks.clock import show, side_by_side
from benchmarks.worlds import WARM_ORDERS, Bench
from graph.model import EDGES, KINDS
from graph.store.ladybug.ddl import create_tables
from graph.store.ladybug.file import BUFFER_POOL_MB, ROWS_PER_MB
from graph.store.ladybug.writes import copy_edges, copy_nodes, for_copy, rows_taken, without_empty_chunks
from graph.store.load import load_all
from graph.store.open import open_store
from graph.store.rows import bare_schema, by_pair, with_bare_nodes
from landing.tables import View

THREADS = 2
SLICE = BUFFER_POOL_MB * ROWS_PER_MB
Copies = list[tuple[str, pa.Table]]


def run(bench: Bench) -> None:
    """Measure and print."""
    scratch = bench.worlds.scratch()
    try:
        _store(bench.worlds.landed(WARM_ORDERS).view(), scratch)
        rows = [_measure(bench, orders, scratch) for orders in bench.orders]
    finally:
        shutil.rmtree(scratch)
    show(
        f"load: landing to the store, beside COPY of the same rows ({BUFFER_POOL_MB:,} MiB pool, {THREADS} threads)",
        (
            "orders",
            "rows",
            "store s",
            "bare COPY s",
            "store/bare",
            "reading landing s",
            "writing/bare",
            "store rows/s",
        ),
        rows,
    )


def _measure(bench: Bench, orders: int, scratch: Path) -> tuple[object, ...]:
    view = bench.worlds.landed(orders).view()
    copies = list(_copies(view))
    total = sum(rows.num_rows for _, rows in copies)
    ways = {
        "store": lambda: _check(_store(view, scratch), total),
        "bare": lambda: _check(_bare(copies, scratch), total),
        "read": lambda: list(_copies(view)),
    }
    taken = side_by_side(ways, bench.rounds)
    store, bare, read = taken["store"], taken["bare"], taken["read"]
    return orders, total, store, bare, store / bare, read, (store - read) / bare, round(total / store)


def _store(view: View, scratch: Path) -> int:
    """What ``ringfence refresh`` does with a store that is not there yet."""
    folder = scratch / "store"
    shutil.rmtree(folder, ignore_errors=True)
    store = open_store(f"ladybug:{folder / 'graph'}", buffer_pool_mb=BUFFER_POOL_MB, threads=THREADS)
    try:
        loaded = load_all(store, view)
    finally:
        store.close()
    return loaded.nodes + loaded.edges


def _bare(copies: Copies, scratch: Path) -> int:
    folder = scratch / "bare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    database = ladybug.Database(str(folder / "graph"), buffer_pool_size=BUFFER_POOL_MB << 20, max_num_threads=THREADS)
    connection = ladybug.Connection(database)
    taken = 0
    try:
        for statement in create_tables():
            connection.execute(statement).close()
        once = sum(rows.num_rows for _, rows in copies) <= SLICE // 2  # the store too: one transaction while it fits
        if once:
            connection.execute("BEGIN TRANSACTION").close()
        for statement, rows in copies:
            for start in range(0, rows.num_rows, SLICE):
                result = connection.execute(statement, {"rows": rows.slice(start, SLICE)})
                taken += rows_taken(result.get_all())
                result.close()
        if once:
            connection.execute("COMMIT").close()
        connection.execute("CHECKPOINT").close()
    finally:
        connection.close()
        database.close()
    return taken


def _copies(view: View) -> Iterator[tuple[str, pa.Table]]:
    """Everything the store ends up holding: COPY statements and their rows, nodes first."""
    edges = {e.name: view.newest(e.name) for e in EDGES}
    nodes = with_bare_nodes({k.name: view.newest(k.name) for k in KINDS}, edges)
    for kind in KINDS:
        if kind.name in nodes and nodes[kind.name].num_rows:
            rows = nodes[kind.name].select(bare_schema(kind.name).names)
            yield copy_nodes(kind.name), without_empty_chunks(rows)
    for edge in EDGES:
        for pair, rows in by_pair(edges[edge.name]).items():
            yield copy_edges(edge.name, pair), without_empty_chunks(for_copy(rows))


def _check(taken: int, expected: int) -> None:
    assert taken == expected, f"{taken:,} rows of {expected:,} were brought"
