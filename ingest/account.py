"""The running account of one delivery: chunk by chunk, each row into exactly one place."""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.delivery import FAULT, LINE, Delivery, IntakeOptions, check_header
from ingest.faults import Faults
from ingest.feed import Column
from ingest.ledger import CONFLICT, DUPLICATE, NEW, Ledger
from ingest.limits import FileRefusedError
from ingest.parse import parse
from ingest.pseudonym import Pseudonymiser
from ingest.records import content, record_ids
from ingest.rejects import RejectsFile
from ingest.report import FeedReport
from ingest.rows import Typed, check_rows, landing_rows
from ingest.text import mask_of
from landing.tables import Batch

DAY_MS = 86_400_000


class Account:
    """The running account of one delivery."""

    def __init__(self, delivery: Delivery, tokens: Pseudonymiser, options: IntakeOptions) -> None:
        self.delivery = delivery
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
            file=self.delivery.name,
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

    def refusal(self, name: str, out: RejectsFile, error: FileRefusedError) -> FeedReport:
        """The report of a delivery that was refused whole; closes the rejects file."""
        sent, rejected = self.counts["sent"], self.counts["rejected"]
        out.add_file(error.code, error.message, error.line)
        codes = {**out.codes, error.code: 1}
        if sent > rejected:
            codes["file_refused"] = sent - rejected
        return FeedReport(
            feed=self._feed.full_name,
            file=self.delivery.name,
            sent=sent,
            rejected=sent,
            refused=True,
            refused_code=error.code,
            refused_why=error.message,
            codes=dict(sorted(codes.items())),
            rejects_file=str(out.finish()),
            batch_id=name,
            ignored_columns=self._ignored,
        )

    def info(self, report: FeedReport) -> dict[str, object]:
        """What the manifest keeps beside the counts."""
        return {
            "file": report.file,
            "sha256": self.delivery.sha256,
            "time_unit": self._options.time_unit,
            "known": self._options.known,
            "taken_ts": self._options.now_ms,
            "codes": dict(report.codes),
            "tables": dict(report.tables),
            "rejects_file": report.rejects_file,
            "ignored_columns": list(report.ignored_columns),
            "key_fingerprint": self._tokens.fingerprint,
        }

    def _lines(self, chunk: pa.Table) -> npt.NDArray[np.int64]:
        if LINE in chunk.column_names:
            return chunk[LINE].to_numpy()
        first = self.delivery.first_line + self.counts["sent"]
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


def _with_every_column(columns: tuple[Column, ...], chunk: pa.Table) -> pa.Table:
    given = set(chunk.column_names)
    empty = pa.nulls(chunk.num_rows, pa.string())
    return pa.table({c.name: chunk[c.name] if c.name in given else empty for c in columns})
