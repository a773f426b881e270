"""What can be taken: rows of a feed as text under a name and a digest, and how to read what a contract leaves open."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from ingest.feed import Feed
from ingest.limits import FileRefusedError
from ingest.times import TimeUnit

LINE = "#line"
"""Optional int64 column of a chunk: the line of each row, where lines do not simply follow one another."""
FAULT = "#fault"
"""Optional column of a chunk: the code of a row that could not even be cut into cells (its cells are null)."""


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


def check_names(names: list[str]) -> None:
    """FileRefusedError when a file has columns of the names that readers use for what they saw themselves."""
    if taken := [n for n in names if n in (LINE, FAULT)]:
        raise FileRefusedError("header", f"no column of a file may be called {' or '.join(sorted(set(taken)))}", 1)


def check_header(feed: Feed, names: list[str]) -> tuple[str, ...]:
    """Columns of a file that its feed does not know; FileRefusedError for repeated names and missing columns."""
    own = [n for n in names if n not in (LINE, FAULT)]
    # What is missing is told first, by the contract's names: a file without a header has data where names should be.
    missing = [c.name for c in feed.columns if c.required and c.name not in own]
    if missing:
        why = f"{feed.full_name} needs columns that the file has not: {', '.join(missing)}"
        if len(own) == 1 and any(mark in own[0] for mark in ";\t|"):
            why += "; cells must be separated by commas"
        raise FileRefusedError("columns_missing", why, 1)
    twice = sorted(n or "(no name)" for n, count in Counter(own).items() if count > 1)
    if twice:
        raise FileRefusedError("header_duplicate", f"column names stand twice in the header: {', '.join(twice)}", 1)
    known = {c.name for c in feed.columns}
    return tuple(n for n in own if n not in known)
