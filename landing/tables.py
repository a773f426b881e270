"""Append-only tables: batches go in whole or not at all, readers see what was committed when they looked."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from landing.manifest import Manifest, Part, sha256_file, sync_folder, write_durably
from landing.text import maybe_repeated

RECEIPTS = pa.schema(
    [
        pa.field("record_id", pa.string(), nullable=False),
        pa.field("version_ts", pa.int64(), nullable=False),
        pa.field("row_hash", pa.binary(16), nullable=False),
    ]
)
"""One line per record taken from a feed: lets a second delivery be told from a correction and from a conflict."""


class LandingError(Exception):
    """Landing is damaged, locked or was asked for something it does not hold."""


class View:
    """What had been committed at one moment: the same answers for as long as it is held.

    ``position`` is the sequence number of the newest batch in it (-1 when landing is empty).
    """

    def __init__(self, root: Path, schemas: Mapping[str, pa.Schema], batches: list[Manifest]) -> None:
        self._root = root
        self._schemas = schemas
        self.batches = batches
        self.position = max((b.sequence for b in batches), default=-1)

    def files(self, table: str) -> list[str]:
        """Part files of a table, in the order they were committed."""
        return [str(self._root / p.path) for b in self.batches for p in b.parts if p.table == table]

    def rows(self, table: str) -> int:
        """How many rows a table holds, versions counted one by one."""
        return sum(p.rows for b in self.batches for p in b.parts if p.table == table)

    def all_versions(self, table: str, as_of: int | None = None) -> pa.Table:
        """Every row of a table with known_ts <= as_of, in commit order."""
        files, schema = self.files(table), self._schema(table)
        if not files:
            return schema.empty_table()
        whole = pa.concat_tables([pq.read_table(f, schema=schema, memory_map=True) for f in files])
        if as_of is None:
            return whole
        known = pc.less_equal(whole["known_ts"], as_of)
        return whole if pc.all(known, min_count=0).as_py() else whole.filter(known)

    def newest(self, table: str, as_of: int | None = None) -> pa.Table:
        """The newest version of each id known by ``as_of`` (epoch ms; None: all).

        Newest is by updated_ts, then known_ts, then commit order. Rows come in no particular order.
        """
        return newest_versions(self.all_versions(table, as_of))

    def between(self, after: int, upto: int) -> View:
        """Only the batches with after < sequence <= upto."""
        return View(self._root, self._schemas, [b for b in self.batches if after < b.sequence <= upto])

    def _schema(self, table: str) -> pa.Schema:
        try:
            return self._schemas[table]
        except KeyError:
            raise LandingError(f"no table {table!r} in landing; there are {', '.join(sorted(self._schemas))}") from None


def newest_versions(rows: pa.Table) -> pa.Table:
    """One row per id out of many versions: greatest (updated_ts, known_ts), the later row on a tie. Order is kept."""
    again = maybe_repeated(_whole(rows["id"]))
    if not again.any():
        return rows
    # Only ids seen more than once need telling apart and sorting.
    row = np.flatnonzero(again)
    id_ = _whole(rows["id"].take(pa.array(row))).dictionary_encode().indices.to_numpy()
    updated, known = (rows[c].to_numpy()[row] for c in ("updated_ts", "known_ts"))
    order = np.lexsort((row, known, updated, id_))
    newest = np.append(id_[order][1:] != id_[order][:-1], True)
    kept = ~again
    kept[row[order[newest]]] = True
    return rows if kept.all() else rows.filter(pa.array(kept))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column of text as one array, however long."""
    return (column if column.nbytes < 1 << 30 else column.cast(pa.large_string())).combine_chunks()


class Batch:
    """A batch being written. Nothing in it can be seen before ``Landing.begin``'s block ends without an error."""

    def __init__(self, root: Path, schemas: Mapping[str, pa.Schema], batch_id: str) -> None:
        self._root = root
        self._schemas = schemas
        self._folder = root / "parts" / batch_id
        self.batch_id = batch_id
        self.parts: list[Part] = []
        self.counts: dict[str, int] = {}
        self.info: dict[str, object] = {}
        if self._folder.exists():  # what a run that was killed left behind
            shutil.rmtree(self._folder)
        self._folder.mkdir(parents=True)

    def add(self, table: str, rows: pa.Table) -> None:
        """Append rows to a table; the columns must be those of its schema, in any order."""
        self._write(table, rows, self._schemas[table])

    def add_receipts(self, feed: str, rows: pa.Table) -> None:
        """Note which records of a feed (``source.feed``) were stored: columns of RECEIPTS."""
        self._write(f"receipts/{feed}", rows, RECEIPTS)

    def _write(self, table: str, rows: pa.Table, schema: pa.Schema) -> None:
        if rows.num_rows == 0:
            return
        path = self._folder / f"{table.replace('/', '-')}-{len(self.parts)}.parquet"
        pq.write_table(rows.select(schema.names).cast(schema), path, compression="zstd")
        with path.open("rb") as f:
            os.fsync(f.fileno())
        self.parts.append(Part(table, str(path.relative_to(self._root)), rows.num_rows, sha256_file(path)))


def _manifest(path: Path) -> Manifest:
    try:
        return Manifest.from_json(path.read_text("utf-8"))
    except (ValueError, KeyError, TypeError) as e:
        why = f"{path} is damaged ({type(e).__name__}): bring it back from a backup; its batch can be taken in again"
        raise LandingError(why) from e


class Landing:
    """The landing folder: ``manifests/`` (one JSON per batch, the commit) and ``parts/`` (Parquet)."""

    def __init__(self, root: Path, schemas: Mapping[str, pa.Schema]) -> None:
        self.root = root
        self.schemas = schemas

    def batches(self) -> list[Manifest]:
        """Committed batches in the order of their commit."""
        found = [_manifest(p) for p in (self.root / "manifests").glob("*.json")]
        return sorted(found, key=lambda b: b.sequence)

    def batch(self, batch_id: str) -> Manifest | None:
        """The committed batch of that id, if there is one."""
        path = self._manifest(batch_id)
        return _manifest(path) if path.exists() else None

    def view(self) -> View:
        """A fixed look at what is committed now."""
        return View(self.root, self.schemas, self.batches())

    def receipts(self, feed: str) -> pa.Table:
        """Every record taken from a feed so far: record_id, version_ts, row_hash."""
        table = f"receipts/{feed}"
        return View(self.root, {table: RECEIPTS}, self.batches()).all_versions(table)

    @contextmanager
    def begin(self, batch_id: str, source: str, feed: str) -> Iterator[Batch]:
        """Write a batch: committed when the block ends well, gone when it raises. One writer at a time."""
        with self._writer():
            if self.batch(batch_id) is not None:
                raise LandingError(f"batch {batch_id} is already in landing")
            batch = Batch(self.root, self.schemas, batch_id)
            try:
                yield batch
            except BaseException:
                shutil.rmtree(self.root / "parts" / batch_id, ignore_errors=True)
                raise
            sync_folder(self.root / "parts" / batch_id)
            sync_folder(self.root / "parts")
            last = max((b.sequence for b in self.batches()), default=-1)
            manifest = Manifest(
                batch_id=batch_id,
                sequence=last + 1,
                source=source,
                feed=feed,
                committed_ts=time.time_ns() // 1_000_000,
                counts=dict(batch.counts),
                info=dict(batch.info),
                parts=tuple(batch.parts),
            )
            write_durably(self._manifest(batch_id), manifest.to_json())

    def verify(self) -> list[str]:
        """Parts that are missing or whose sha256 differs from the manifest's; empty when all is well."""
        wrong = []
        for batch in self.batches():
            for part in batch.parts:
                path = self.root / part.path
                if not path.exists():
                    wrong.append(f"{part.path}: missing")
                elif sha256_file(path) != part.sha256:
                    wrong.append(f"{part.path}: changed since it was written")
        return wrong

    def _manifest(self, batch_id: str) -> Path:
        return self.root / "manifests" / f"{batch_id}.json"

    @contextmanager
    def _writer(self) -> Iterator[None]:
        (self.root / "manifests").mkdir(parents=True, exist_ok=True)
        with (self.root / "writer.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LandingError(f"another process is writing to {self.root}; wait for it to finish") from None
            yield
