"""Dead letters: lines that were not taken, with the reason; those that may be taken later can be sent again.

What could not be read keeps no text, since nobody can say what personal data it holds: only its reason, its place and
its length. What was read but set aside (a time in the future) or could not be worked on keeps its body, with tokens in
place of personal data, and can be replayed. The newest LIMIT letters are kept; how many came is counted for good.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LIMIT = 100_000

_TABLES = """
CREATE TABLE IF NOT EXISTS dead_letters (
    letter INTEGER PRIMARY KEY AUTOINCREMENT,
    received_ts INTEGER NOT NULL,
    code TEXT NOT NULL,
    field TEXT,
    line INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sender TEXT,
    event_id TEXT,
    body BLOB,
    replayed_ts INTEGER,
    wanted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS dead_letters_wanted ON dead_letters (wanted) WHERE wanted = 1;
"""
_COLUMNS = "letter, received_ts, code, field, line, size, sender, event_id, body, replayed_ts"


@dataclass(frozen=True)
class Letter:
    """A line that was not taken. ``line``: its number in what the sender (a key's id) sent; ``size``: bytes."""

    code: str
    field: str | None
    line: int
    size: int = 0
    sender: str | None = None
    event_id: str | None = None
    body: bytes | None = None


@dataclass(frozen=True)
class DeadLetter:
    """A letter as it is kept. Times in epoch ms."""

    letter: int
    received_ts: int
    code: str
    field: str | None
    line: int
    size: int
    sender: str | None
    event_id: str | None
    body: bytes | None
    replayed_ts: int | None


class DeadLetters:
    """The letters in a journal's file. Writing is done within the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.executescript(_TABLES)

    def add(self, letters: Sequence[Letter], now: int) -> None:
        """Keep letters; the oldest go when there are more than LIMIT."""
        if not letters:
            return
        self._db.executemany(
            "INSERT INTO dead_letters (received_ts, code, field, line, size, sender, event_id, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(now, x.code, x.field, x.line, x.size, x.sender, x.event_id, x.body) for x in letters],
        )
        self._db.execute(
            "DELETE FROM dead_letters WHERE letter <= (SELECT max(letter) FROM dead_letters) - ?", (LIMIT,)
        )

    def newest(self, limit: int = 100, code: str | None = None) -> list[DeadLetter]:
        """The newest letters first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM dead_letters WHERE code = coalesce(?, code) ORDER BY letter DESC LIMIT ?",  # noqa: S608 - names of ours
            (code, limit),
        )
        return [DeadLetter(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many letters are kept, by code."""
        return dict(self._db.execute("SELECT code, count(*) FROM dead_letters GROUP BY code ORDER BY code").fetchall())

    def want(self, code: str | None = None) -> int:
        """Ask for every letter with a body that was not replayed to be; how many those are."""
        return self._db.execute(
            "UPDATE dead_letters SET wanted = 1"
            " WHERE body IS NOT NULL AND replayed_ts IS NULL AND code = coalesce(?, code)",
            (code,),
        ).rowcount

    def wanted(self, limit: int = 1_000) -> Iterator[DeadLetter]:
        """Letters that are asked for, oldest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM dead_letters WHERE wanted = 1 ORDER BY letter LIMIT ?",  # noqa: S608 - names of ours
            (limit,),
        ).fetchall()
        return (DeadLetter(*row) for row in rows)

    def replayed(self, letters: Sequence[int], now: int) -> None:
        """Note that these were sent again; one that failed again is a new letter."""
        self._db.executemany(
            "UPDATE dead_letters SET wanted = 0, replayed_ts = ? WHERE letter = ?", [(now, x) for x in letters]
        )
