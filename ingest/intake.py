"""Take one delivery into landing: parse, check, pseudonymise, tell new from known, store, account for every row."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.faults import Faults
from ingest.feed import Column, Feed
from ingest.ledger import CONFLICT, DUPLICATE, NEW, Ledger
from ingest.limits import FileRefusedError
from ingest.parse import parse
from ingest.pseudonym import KeyRefusedError, Pseudonymiser
from ingest.rejects import RejectsFile
from ingest.report import FeedReport
from ingest.rows import Typed, check_rows, landing_rows
from ingest.text import mask_of
from ingest.times import TimeUnit
from landing.tables import Batch, Landing

LINE = "#line"
"""Optional int64 column of a chunk: the line of each row, where lines do not simply follow one another."""
FAULT = "#fault"
"""Optional column of a chunk: the code of a row that could not even be cut into cells (its cells are null)."""

DAY_MS = 86_400_000
_BETWEEN = "\x1f"  # between the parts of a record id; no cell may hold it


@dataclass(frozen=True)
class Delivery:
    """One thing to take: rows of a feed as text.

    ``sha256`` is that of the content: the same content is the same batch. ``chunks`` gives tables of strings (null:
    an empty cell) in file order; it raises FileRefusedError where the file cannot be read on. ``first_line``: line of
    the first row (CSV under a header: 2; Parquet: 1).
    """

    feed: Feed
    name: str
    sha256: str
    chunks: Callable[[], Iterable[pa.Table]]
    first_line: int = 2


@dataclass(frozen=True)
class IntakeOptions:
    """How to read what the contract leaves open.

    ``known``: known_ts of a row is its known_at where given (``column``; else the time of the intake), always the
    time of the intake (``now``), or its known_at, else the moment this version came to be (``event``: back-fills).
    ``max_bad_share``: a file with a larger share of rejected rows is refused whole. ``now_ms``: the time of intake.
    """

    time_unit: TimeUnit = "iso"
    known: Literal["column", "now", "event"] = "column"
    max_bad_share: float = 0.05
    now_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)


def batch_id(delivery: Delivery, options: IntakeOptions) -> str:
    """Names a batch by feed, content and the options that change what its rows mean."""
    meaning = json.dumps([delivery.feed.full_name, delivery.sha256, options.time_unit, options.known])
    return f"{delivery.feed.full_name}-{hashlib.sha256(meaning.encode()).hexdigest()[:24]}"


def take(
    delivery: Delivery,
    landing: Landing,
    tokens: Pseudonymiser,
    rejects: Path,
    options: IntakeOptions,
    progress: Callable[[int], None] | None = None,
) -> FeedReport:
    """Take a delivery into landing and say what became of each row.

    Content that landing already holds is not read again. A batch is stored whole or not at all. ``rejects``: folder
    for the rejects file. ``progress`` is called with the number of rows seen so far. Raises KeyRefusedError when
    landing was filled under another key, LandingError when another process is writing.
    """
    name = batch_id(delivery, options)
    earlier = landing.batch(name)
    if earlier is not None:
        return FeedReport.of_earlier(earlier, delivery.name)
    _same_key(landing, tokens)
    path = rejects / f"{name}.csv"
    run = _Intake(delivery, tokens, options)
    with RejectsFile(path, delivery.feed, delivery.name) as out:
        try:
            with landing.begin(name, delivery.feed.source, delivery.feed.full_name) as batch:
                with Ledger(landing.view().files(f"receipts/{delivery.feed.full_name}")) as ledger:
                    for chunk in delivery.chunks():
                        run.add(chunk, batch, ledger, out)
                        if progress is not None:
                            progress(run.counts["sent"])
                run.refuse_if_bad()
                report = run.report(name, out)
                batch.counts = report.counts()
                batch.info = run.info(report, tokens)
        except FileRefusedError as error:
            return run.refusal(name, out, error.code, error.message, error.line)
    return report


def _same_key(landing: Landing, tokens: Pseudonymiser) -> None:
    batches = landing.batches()
    used = batches[-1].info.get("key_fingerprint") if batches else None
    if used is not None and used != tokens.fingerprint:
        raise KeyRefusedError(
            f"{landing.root} was filled under another key for tokens: what comes now would not join what is stored; "
            "give back the old key file, or start an empty landing folder"
        )


class _Intake:
    """The running account of one delivery."""

    def __init__(self, delivery: Delivery, tokens: Pseudonymiser, options: IntakeOptions) -> None:
        self._delivery = delivery
        self._feed = delivery.feed
        self._tokens = tokens
        self._options = options
        self._ignored: tuple[str, ...] = ()
        self._checked = False
        self._tables: Counter[str] = Counter()
        self.counts = dict.fromkeys(("sent", "stored", "duplicate", "rejected", "conflict"), 0)

    def add(self, chunk: pa.Table, batch: Batch, ledger: Ledger, out: RejectsFile) -> None:
        """Take one chunk."""
        if not self._checked:
            self._ignored = check_header(self._feed, chunk.column_names)
            self._checked = True
        n = chunk.num_rows
        lines = self._lines(chunk)
        self.counts["sent"] += n
        if n == 0:
            return
        text = _with_every_column(self._feed.columns, chunk)
        faults = Faults(n)
        self._uncut(chunk, faults)
        typed = parse(self._feed, text, self._tokens, self._options.time_unit, faults)
        check_rows(self._feed, typed, faults)
        updated_ts, known_ts = self._moments(typed, faults)
        self.counts["rejected"] += int(faults.bad.sum())

        rows = np.flatnonzero(~faults.bad)
        if rows.size < n:
            good = pa.array(rows)
            typed = {name: values.take(good) for name, values in typed.items()}
            updated_ts, known_ts = updated_ts.take(good), known_ts.take(good)
        verdict, receipts = ledger.judge(
            record_ids(self._feed, typed), updated_ts, content(self._feed, typed, updated_ts)
        )
        conflict = np.zeros(n, dtype=np.bool_)
        conflict[rows[verdict == CONFLICT]] = True
        faults.note(conflict, self._feed.key[0] if self._feed.key else "", "conflict")
        self.counts["stored"] += int((verdict == NEW).sum())
        self.counts["duplicate"] += int((verdict == DUPLICATE).sum())
        self.counts["conflict"] += int((verdict == CONFLICT).sum())
        out.add(faults, text, lines)

        if receipts.num_rows == 0:
            return
        if receipts.num_rows < rows.size:
            new = pa.array(verdict == NEW)
            typed = {name: values.filter(new) for name, values in typed.items()}
            updated_ts, known_ts = updated_ts.filter(new), known_ts.filter(new)
        for table, made in landing_rows(self._feed, typed, updated_ts, known_ts):
            batch.add(table, made)
            self._tables[table] += made.num_rows
        batch.add_receipts(self._feed.full_name, receipts)

    def refuse_if_bad(self) -> None:
        """FileRefusedError when more rows are bad than the options allow."""
        bad, sent, allowed = self.counts["rejected"], self.counts["sent"], self._options.max_bad_share
        if bad > allowed * sent:
            why = f"{bad:,} of {sent:,} rows are bad, more than {allowed:.2%}; nothing was stored"
            raise FileRefusedError("bad_share", why)

    def report(self, name: str, out: RejectsFile) -> FeedReport:
        """The report of a delivery that is stored; closes the rejects file."""
        codes = dict(sorted(out.codes.items()))
        path = out.finish()
        return FeedReport(
            feed=self._feed.full_name,
            file=self._delivery.name,
            sent=self.counts["sent"],
            stored=self.counts["stored"],
            duplicate=self.counts["duplicate"],
            rejected=self.counts["rejected"],
            conflict=self.counts["conflict"],
            codes=codes,
            rejects_file=None if path is None else str(path),
            batch_id=name,
            ignored_columns=self._ignored,
            tables=dict(sorted(self._tables.items())),
        )

    def refusal(self, name: str, out: RejectsFile, code: str, why: str, line: int | None) -> FeedReport:
        """The report of a delivery that was refused whole; closes the rejects file."""
        sent, rejected = self.counts["sent"], self.counts["rejected"]
        out.add_file(code, why, line)
        codes = {**out.codes, code: 1}
        if sent > rejected:
            codes["file_refused"] = sent - rejected
        return FeedReport(
            feed=self._feed.full_name,
            file=self._delivery.name,
            sent=sent,
            rejected=sent,
            refused=True,
            refused_code=code,
            refused_why=why,
            codes=dict(sorted(codes.items())),
            rejects_file=str(out.finish()),
            batch_id=name,
            ignored_columns=self._ignored,
        )

    def info(self, report: FeedReport, tokens: Pseudonymiser) -> dict[str, object]:
        """What the manifest keeps beside the counts."""
        return {
            "file": report.file,
            "sha256": self._delivery.sha256,
            "time_unit": self._options.time_unit,
            "known": self._options.known,
            "taken_ts": self._options.now_ms,
            "codes": dict(report.codes),
            "tables": dict(report.tables),
            "rejects_file": report.rejects_file,
            "ignored_columns": list(report.ignored_columns),
            "key_fingerprint": tokens.fingerprint,
        }

    def _lines(self, chunk: pa.Table) -> npt.NDArray[np.int64]:
        if LINE in chunk.column_names:
            return chunk[LINE].to_numpy()
        first = self._delivery.first_line + self.counts["sent"]
        return np.arange(first, first + chunk.num_rows, dtype=np.int64)

    @staticmethod
    def _uncut(chunk: pa.Table, faults: Faults) -> None:
        """Rows that the reader could not cut into cells; no other fault of theirs is worth telling."""
        if FAULT in chunk.column_names:
            codes = chunk[FAULT].combine_chunks()
            for code in pc.unique(codes.drop_null()).to_pylist():
                faults.note(mask_of(pc.equal(codes, code)), "", code)
            faults.close_rows()

    def _moments(self, typed: Typed, faults: Faults) -> tuple[pa.Array, pa.Array]:
        """When each version came to be, and when we learnt it."""
        feed, options = self._feed, self._options
        event = typed[feed.event_time]
        updated = event if feed.version is None else pc.coalesce(typed[feed.version], event)
        came = pc.max_element_wise(event, updated)
        told = typed.get(feed.known, pa.nulls(len(event), pa.int64()))
        match options.known:
            case "column":
                known = pc.fill_null(told, options.now_ms)
            case "now":
                known = pa.repeat(pa.scalar(options.now_ms, pa.int64()), len(event))
            case "event":
                known = pc.coalesce(told, came)
        early = mask_of(pc.less(known, pc.subtract(came, DAY_MS)))
        faults.note(early, feed.event_time, "known_before")
        return updated, known


def check_header(feed: Feed, names: list[str]) -> tuple[str, ...]:
    """Columns of a file that its feed does not know; FileRefusedError for repeated names and missing columns."""
    own = [n for n in names if n not in (LINE, FAULT)]
    twice = sorted(n for n, count in Counter(own).items() if count > 1)
    if twice:
        raise FileRefusedError("header_duplicate", f"column names stand twice in the header: {', '.join(twice)}", 1)
    missing = [c.name for c in feed.columns if c.required and c.name not in own]
    if missing:
        raise FileRefusedError(
            "columns_missing", f"{feed.full_name} needs columns that the file has not: {', '.join(missing)}", 1
        )
    known = {c.name for c in feed.columns}
    return tuple(n for n in own if n not in known)


def _with_every_column(columns: tuple[Column, ...], chunk: pa.Table) -> pa.Table:
    given = set(chunk.column_names)
    empty = pa.nulls(chunk.num_rows, pa.string())
    return pa.table({c.name: chunk[c.name] if c.name in given else empty for c in columns})


def record_ids(feed: Feed, typed: Typed) -> pa.Array:
    """The record each row is about: its key columns, joined so that two keys never make one id; null without a key."""
    if not feed.key:
        return pa.nulls(len(typed[feed.event_time]), pa.string())
    parts = [pc.fill_null(typed[name].cast(pa.string()), "") for name in feed.key]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, _BETWEEN)


def content(feed: Feed, typed: Typed, updated_ts: pa.Array) -> pa.Array:
    """Each row in one normal form, ``name=value`` for what is not empty; when we learnt it is not part of it.

    Empty columns leave no trace, so a contract that gains an optional column still knows its old rows again.
    """
    parts = [updated_ts.cast(pa.string()), _BETWEEN]
    for name in sorted(typed):
        if name not in (feed.known, feed.version):
            values = typed[name].cast(pa.string())
            parts.append(pc.fill_null(pc.binary_join_element_wise(f"{name}=", values, _BETWEEN, ""), ""))
    return pc.binary_join_element_wise(*parts, "")
