"""Taking files into landing, by stage, beside a bare reading and writing of the same files.

The real intake runs; its stages are timed where they are called, each without what runs inside it. The bare way reads
the CSV as text and writes it as Parquet, nothing else: no types, checks, tokens, receipts, graph rows or sync to disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import ingest.account
import ingest.files
import ingest.rows
import landing.tables
from benchmarks.clock import Stages, seconds, show
from benchmarks.worlds import WARM_ORDERS, Bench, World
from graph.model import landing_schemas
from ingest.delivery import Delivery, IntakeOptions
from ingest.feed import Personal
from ingest.intake import take
from ingest.ledger import Ledger
from ingest.limits import Limits
from ingest.pseudonym import Pseudonymiser
from ingest.sources import SOURCES
from landing.tables import Landing

STAGES = ("scan", "read text", "parse, check", "tokens", "record form", "receipts", "map", "write", "commit")
"""scan: sha256, encoding, longest line. record form: what a row says, in the one form that is hashed. receipts: new,
known or in conflict. commit: what is left, sync to disk for the most."""

BIG = 0.05
"""A feed with at least this share of all rows has a line of its own."""


@dataclass(frozen=True)
class Taken:
    """One file: rows, and seconds by stage; ``bare``: seconds of the bare way."""

    feed: str
    rows: int
    stages: dict[str, float]
    bare: float

    @property
    def whole(self) -> float:
        return sum(self.stages.values())


def run(bench: Bench) -> None:
    """Measure and print."""
    _take_all(bench.worlds.made(WARM_ORDERS), bench)
    for orders in bench.orders:
        world = bench.worlds.made(orders)
        files = _take_all(world, bench)
        total = sum(f.rows for f in files)
        lines = [f for f in files if f.rows >= BIG * total]
        lines.sort(key=lambda f: -f.rows)
        show(
            f"ingest: {orders:,} orders; rows a second in all, share of each stage, and the time beside a bare copy",
            ("feed", "rows", "s", "rows/s", "whole/bare", *STAGES),
            [_line(f) for f in (*lines, _sum(files))],
        )


def _line(f: Taken) -> tuple[object, ...]:
    shares = (f"{f.stages.get(s, 0.0) / f.whole:.0%}" for s in STAGES)
    return f.feed, f.rows, f.whole, round(f.rows / f.whole), f.whole / f.bare, *shares


def _sum(files: Sequence[Taken]) -> Taken:
    stages = {s: sum(f.stages.get(s, 0.0) for f in files) for s in STAGES}
    return Taken(f"all {len(files)} files", sum(f.rows for f in files), stages, sum(f.bare for f in files))


def _take_all(world: World, bench: Bench) -> list[Taken]:
    scratch = bench.worlds.scratch()
    try:
        target = Landing(scratch / "landing", landing_schemas())
        return [
            _take(source, path, target, scratch, world.spec.end_ts)
            for source in SOURCES
            for path in sorted((world.files / source).glob("*.csv"))
        ]
    finally:
        shutil.rmtree(scratch)


def _take(source: str, path: Path, target: Landing, scratch: Path, now: int) -> Taken:
    """One file, the intake and the bare way one after the other."""
    stages = Stages()
    tokens = _TimedTokens(stages)
    bare = seconds(lambda: _bare(path, scratch / "bare.parquet"))
    with _watched(stages), stages.stage("commit"):
        with stages.stage("scan"):
            found = ingest.files.deliveries(source, [path], None, Limits())
        report = take(_drawn(found[0], stages), target, tokens, scratch / "rejects", IntakeOptions(now_ms=now))
    assert report.ok, report.counts()
    return Taken(report.feed, report.sent, stages.seconds, bare)


def _bare(path: Path, out: Path) -> None:
    names = pa.csv.open_csv(path).schema.names
    text = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    table = pa.csv.read_csv(path, read_options=pa.csv.ReadOptions(use_threads=False), convert_options=text)
    pq.write_table(table, out, compression="zstd")


class _TimedTokens(Pseudonymiser):
    """Makes tokens under a key of its own and counts the time."""

    def __init__(self, stages: Stages) -> None:
        super().__init__(bytes(32))
        self._stages = stages

    def tokens(self, kind: Personal, values: pa.Array) -> pa.Array:
        with self._stages.stage("tokens"):
            return super().tokens(kind, values)


def _drawn(delivery: Delivery, stages: Stages) -> Delivery:
    return replace(delivery, chunks=lambda: stages.drawn("read text", delivery.chunks()))


@contextmanager
def _watched(stages: Stages) -> Iterator[None]:
    """While inside, the parts of the intake count their time."""
    account, made = ingest.account, ingest.rows.landing_rows
    with ExitStack() as stack:

        def watch(owner: Any, name: str, stage: str) -> None:
            stack.enter_context(patch.object(owner, name, stages.timed(stage, getattr(owner, name))))

        watch(account, "parse", "parse, check")
        watch(account, "check_rows", "parse, check")
        for name in ("record_ids", "content"):
            watch(account, name, "record form")
        watch(Ledger, "judge", "receipts")
        watch(Ledger, "__init__", "receipts")
        watch(landing.tables.Batch, "_write", "write")
        stack.enter_context(patch.object(account, "landing_rows", lambda *a: stages.drawn("map", made(*a))))
        yield
