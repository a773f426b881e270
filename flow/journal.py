"""The journal: every event that was taken, in the order it came, durable before anyone is told so.

One SQLite file (WAL, full sync). A row is a batch of events as one blob of lines in their one form (flow.events.body);
positions count events from 1 without gaps. What was received and what became of it is counted in the same transaction,
so that always received = stored + duplicate + rejected + conflict. Ids are unique as long as the journal keeps their
events (flow.id_index). One process writes at a time: a lock file sees to it.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import numpy as np

from flow.batch import decode_stored, times_of
from flow.dead_letters import DeadLetter, DeadLetters, Letter
from flow.events import Event
from flow.id_index import Hashes, IdIndex, hashes

Answer = Literal["created", "exists", "conflict"]

RETENTION_MS = 30 * 86_400_000
"""Events are kept at least so long: the longest window."""
_REMEMBERED = 64  # blobs kept split, for comparing repeats

_TABLES = """
CREATE TABLE IF NOT EXISTS batches (
    first INTEGER PRIMARY KEY,
    n INTEGER NOT NULL,
    received_ts INTEGER NOT NULL,
    newest_ts INTEGER NOT NULL,
    bodies BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    received INTEGER NOT NULL, stored INTEGER NOT NULL, duplicate INTEGER NOT NULL,
    rejected INTEGER NOT NULL, conflict INTEGER NOT NULL
);
INSERT OR IGNORE INTO counts VALUES (1, 0, 0, 0, 0, 0);
"""


class JournalError(Exception):
    """The journal cannot be opened, or what was to be stored is not stored."""


class JournalBusy(JournalError):  # noqa: N818 - what it is
    """Another process has the journal open."""


@dataclass(frozen=True)
class Counts:
    """What became of the lines received, since the journal was made. ``rejected`` includes those set aside."""

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    conflict: int = 0


@dataclass(frozen=True)
class Incoming:
    """What one sender brings: checked events with their bodies, and the lines that were refused."""

    events: Sequence[Event]
    bodies: Sequence[bytes]
    letters: Sequence[Letter] = ()


@dataclass(frozen=True)
class Stored:
    """A batch as it is stored: positions ``first`` to ``first + len(events) - 1``."""

    first: int
    received_ts: int
    events: list[Event]
    bodies: list[bytes]

    @property
    def last(self) -> int:
        """Position of the last event."""
        return self.first + len(self.events) - 1


class Journal:
    """The journal in a folder, open for writing. ``append`` may be called by one thread at a time (it waits)."""

    def __init__(self, folder: Path, durable: bool = True) -> None:
        """Open it, making it on first use. ``durable=False`` leaves out the sync: for tests of what that loses.

        Raises JournalError when another process has it open or the file is no journal.
        """
        self._mutex = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder)
        self.path = folder / "journal.sqlite"
        try:
            self._db = connect(self.path, durable)
            self._db.executescript(_TABLES)
            self.dead_letters = DeadLetters(self._db)
            self._index = IdIndex(folder / "ids")
            self._split: OrderedDict[int, list[bytes]] = OrderedDict()
            self.counts = self._read_counts()
            self._fill_index()
        except sqlite3.Error as why:
            self._lock.close()
            raise JournalError(f"the journal at {self.path} cannot be opened: {type(why).__name__}") from None

    @property
    def last(self) -> int:
        """Position of the newest event; 0 when there was none."""
        return self.counts.stored

    @property
    def first(self) -> int:
        """Position of the oldest event that is kept; one after the last when none is."""
        row = self._db.execute("SELECT min(first) FROM batches").fetchone()
        return int(row[0]) if row[0] is not None else self.last + 1

    def append(self, incoming: Sequence[Incoming], now: int) -> list[list[Answer]]:
        """Store what several senders bring in one transaction; returns once it is on disk.

        The answers, by sender and event: ``created``; ``exists``: the same event is stored already; ``conflict``:
        another event of that id is. Raises JournalError when nothing of it was stored.
        """
        with self._mutex:
            try:
                return self._append(incoming, now)
            except (sqlite3.Error, OSError) as why:
                raise JournalError(f"the journal cannot be written: {type(why).__name__}: {why}") from None

    def trim(self, before: int) -> int:
        """Forget batches whose positions are all under ``before``; how many events that were."""
        with self._mutex, self._transaction():
            gone = self._db.execute("SELECT first, n FROM batches WHERE first + n <= ?", (before,)).fetchall()
            self._db.execute("DELETE FROM batches WHERE first + n <= ?", (before,))
        self._index.forget(self.first)
        return sum(n for _, n in gone)

    def expired(self, now: int, lateness_ms: int) -> int:
        """The first position that must be kept: before it, all came and happened over RETENTION_MS + lateness ago."""
        cut = now - RETENTION_MS - lateness_ms
        query = "SELECT min(first) FROM batches WHERE received_ts >= ? OR newest_ts >= ?"
        row = self._db.execute(query, (cut, cut)).fetchone()
        return int(row[0]) if row[0] is not None else self.last + 1

    def asked_again(self, limit: int = 1_000) -> list[DeadLetter]:
        """Dead letters that someone asked to be replayed, oldest first."""
        with self._mutex:
            return list(self.dead_letters.wanted(limit))

    def note_replayed(self, letters: Sequence[int], now: int) -> None:
        """Note that dead letters were sent again."""
        with self._mutex, self._transaction():
            self.dead_letters.replayed(letters, now)

    def close(self) -> None:
        """Let another process have it."""
        with self._mutex:
            self._db.close()
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def _append(self, incoming: Sequence[Incoming], now: int) -> list[list[Answer]]:
        ids = [e.event_id for i in incoming for e in i.events]
        bodies = [b for i in incoming for b in i.bodies]
        letters = [letter for i in incoming for letter in i.letters]
        wanted = hashes(ids)
        answers, new = self._judge(ids, bodies, wanted)
        before, counts = self.counts, self._counted(answers, letters)
        with self._transaction():
            if new:
                events = [e for i in incoming for e in i.events]
                newest = int(times_of([events[k] for k in new]).max())
                blob = b"\n".join([bodies[k] for k in new])
                row = (before.stored + 1, len(new), now, newest, blob)
                self._db.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?)", row)
            self.dead_letters.add(letters, now)
            values = [getattr(counts, f.name) for f in fields(Counts)]
            self._db.execute(
                "UPDATE counts SET received = ?, stored = ?, duplicate = ?, rejected = ?, conflict = ?", values
            )
        self.counts = counts
        self._index.add(wanted[new].tolist() if new else [], before.stored + 1)
        return _by_sender(answers, incoming)

    def _judge(self, ids: list[str], bodies: list[bytes], wanted: Hashes) -> tuple[list[Answer], list[int]]:
        """The answer to each event, and which of them are new."""
        known = self._index.find(wanted)
        here: dict[str, int] = {}
        answers: list[Answer] = []
        new: list[int] = []
        for k, (id_, body) in enumerate(zip(ids, bodies, strict=True)):
            earlier = bodies[here[id_]] if id_ in here else self._stored_body(id_, known[k]) if k in known else None
            if earlier is None:
                here[id_] = k
                new.append(k)
                answers.append("created")
            else:
                answers.append("exists" if earlier == body else "conflict")
        return answers, new

    def _stored_body(self, id_: str, positions: list[int]) -> bytes | None:
        for position in positions:
            found = self._body_at(position)
            if found is not None and decode_stored(found)[0].event_id == id_:
                return found
        return None

    def _body_at(self, position: int) -> bytes | None:
        query = "SELECT first, n, bodies FROM batches WHERE first <= ? ORDER BY first DESC LIMIT 1"
        for first, lines in self._split.items():
            if first <= position < first + len(lines):
                self._split.move_to_end(first)
                return lines[position - first]
        row = self._db.execute(query, (position,)).fetchone()
        if row is None or position >= row[0] + row[1]:
            return None
        self._split[row[0]] = lines = bytes(row[2]).split(b"\n")
        if len(self._split) > _REMEMBERED:
            self._split.popitem(last=False)
        return lines[position - row[0]]

    def _counted(self, answers: list[Answer], letters: list[Letter]) -> Counts:
        c = self.counts
        fresh, again, other = (answers.count(a) for a in ("created", "exists", "conflict"))
        received = c.received + len(answers) + len(letters)
        return Counts(received, c.stored + fresh, c.duplicate + again, c.rejected + len(letters), c.conflict + other)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _read_counts(self) -> Counts:
        return Counts(
            *self._db.execute("SELECT received, stored, duplicate, rejected, conflict FROM counts").fetchone()
        )

    def _fill_index(self) -> None:
        """Bring the index to what is stored: all that its files do not cover is read again."""
        reached = self._index.load(self.first, self.last)
        for batch in read(self._db, reached, self.last):
            known = max(0, reached + 1 - batch.first)
            self._index.add(hashes(e.event_id for e in batch.events[known:]).tolist(), batch.first + known)


class JournalReader:
    """Reads what is stored, beside the writer and from any process; one for each thread."""

    def __init__(self, folder: Path) -> None:
        """Raises JournalError when there is no journal there."""
        path = folder / "journal.sqlite"
        if not path.exists():
            raise JournalError(f"there is no journal at {path}: nothing was taken yet")
        self._db = connect(path)

    def batches(self, after: int, upto: int | None = None) -> Iterator[Stored]:
        """Batches with positions after ``after`` (and up to ``upto``), in order. The first may begin earlier."""
        return read(self._db, after, upto)

    def last(self) -> int:
        """Position of the newest event."""
        return int(self._db.execute("SELECT stored FROM counts").fetchone()[0])

    def start(self, since: int) -> int:
        """The position before the first batch that holds or follows events at or after a time (epoch ms)."""
        row = self._db.execute("SELECT min(first) FROM batches WHERE newest_ts >= ?", (since,)).fetchone()
        return self.last() if row[0] is None else int(row[0]) - 1

    def received_after(self, position: int) -> int | None:
        """When the event after a position was received; None when there is none."""
        query = "SELECT received_ts FROM batches WHERE first + n - 1 > ? AND first >= ? ORDER BY first LIMIT 1"
        start = self._db.execute("SELECT max(first) FROM batches WHERE first <= ?", (position + 1,)).fetchone()[0]
        row = self._db.execute(query, (position, start or 0)).fetchone()
        return None if row is None else int(row[0])

    def newest_ts(self, upto: int) -> int | None:
        """The newest time of events up to a position, of those that are kept."""
        row = self._db.execute("SELECT max(newest_ts) FROM batches WHERE first <= ?", (upto,)).fetchone()
        return None if row[0] is None else int(row[0])

    def close(self) -> None:
        self._db.close()


def connect(path: Path, durable: bool = True) -> sqlite3.Connection:
    """A connection as the journal needs it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
    db.execute("PRAGMA wal_autocheckpoint = 4000")
    return db


def read(db: sqlite3.Connection, after: int, upto: int | None = None) -> Iterator[Stored]:
    """Batches with positions after ``after`` and up to ``upto``, one at a time: no lock is held between two."""
    query = (
        "SELECT first, n, received_ts, bodies FROM batches"
        " WHERE first >= ? AND first + n - 1 > ? AND first <= ? ORDER BY first LIMIT 1"
    )
    last = (1 << 62) if upto is None else upto
    start = db.execute("SELECT max(first) FROM batches WHERE first <= ?", (after + 1,)).fetchone()[0] or 0
    while True:
        row = db.execute(query, (start, after, last)).fetchone()
        if row is None:
            return
        lines = bytes(row[3]).split(b"\n")
        yield Stored(row[0], row[2], decode_stored(bytes(row[3])), lines)
        start = after = row[0] + row[1] - 1


def _by_sender(answers: list[Answer], incoming: Sequence[Incoming]) -> list[list[Answer]]:
    ends = np.cumsum([0, *(len(i.events) for i in incoming)]).tolist()
    return [answers[a:b] for a, b in pairwise(ends)]


def _locked(folder: Path) -> IO[str]:
    lock = (folder / "journal.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise JournalBusy(f"another process has the journal at {folder} open; one at a time may write it") from None
    return lock
