"""Files of a source: found, matched to their feeds, and made deliveries that decode only when asked to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from ingest.csv_files import read_csv
from ingest.csv_scan import scan
from ingest.delivery import Delivery
from ingest.feed import As, Feed
from ingest.limits import FileRefusedError, Limits
from ingest.parquet_files import read_parquet
from ingest.sources import SOURCES
from landing.manifest import sha256_file

SUFFIXES = (".csv", ".parquet")


class SourceError(Exception):
    """The caller asked for a source, a feed or a file that there is not."""


def feed_of(source: str, file_name: str, feed: str | None = None) -> Feed:
    """The feed a file belongs to: the one given, or the one whose name the file's own begins with.

    ``orders.csv``, ``orders-2025-03.csv`` and ``orders_part1.parquet`` belong to ``orders``.
    """
    feeds = {f.name: f for f in _feeds(source)}
    if feed is not None:
        if feed not in feeds:
            raise SourceError(f"source {source} has no feed {feed!r}; it has {', '.join(feeds)}")
        return feeds[feed]
    stem = file_name.lower()
    fitting = [n for n in feeds if stem.startswith(n) and not stem[len(n) : len(n) + 1].isalnum()]
    if not fitting:
        raise SourceError(
            f"{file_name}: no feed of source {source} has a name the file's begins with ({', '.join(feeds)}); "
            "rename the file or name the feed"
        )
    return feeds[max(fitting, key=len)]


def deliveries(source: str, paths: Sequence[Path], feed: str | None, limits: Limits) -> list[Delivery]:
    """What is to be taken from files and folders, in the order given, folders by name.

    In a folder, files whose names begin with no feed's name are another source's and passed over; a folder that holds
    one named after the source stands for that one. A file named outright must fit. Raises SourceError for what is not
    there or fits no feed; damage inside a file shows when it is taken.
    """
    found: list[Delivery] = []
    for path in paths:
        if path.is_dir():
            path = path / source if (path / source).is_dir() else path
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            fitting = [(p, f) for p in inside if (f := _fits(source, p.name, feed)) is not None]
            if not fitting:
                raise SourceError(f"{path}: no file for source {source} in this folder")
            found += [delivery(f, p, limits) for p, f in fitting]
        elif path.is_file():
            if path.suffix.lower() not in SUFFIXES:
                raise SourceError(f"{path}: neither .csv nor .parquet")
            found.append(delivery(feed_of(source, path.name, feed), path, limits))
        else:
            raise SourceError(f"{path}: no such file or folder")
    return found


def delivery(feed: Feed, path: Path, limits: Limits) -> Delivery:
    """One file as a delivery. The file is read through once, for its sha256; nothing is decoded yet."""
    before = path.stat()
    size = before.st_size
    if size > limits.file_bytes:
        why = f"{size:,} bytes; at most {limits.file_bytes:,} are read"
        unread = hashlib.sha256(f"{path.name} of {size} bytes".encode()).hexdigest()
        return Delivery(feed, path.name, unread, _refusing(FileRefusedError("file_too_large", why)))
    if path.suffix.lower() == ".parquet":
        ids = frozenset(c.name for c in feed.columns if c.parse in (As.ID, As.TEXT))
        return Delivery(
            feed,
            path.name,
            sha256_file(path),
            _as_it_was(path, before, lambda: read_parquet(path, limits, ids)),
            first_line=1,
        )
    seen = scan(path)
    return Delivery(feed, path.name, seen.sha256, _as_it_was(path, before, lambda: read_csv(path, seen, limits)))


def _feeds(source: str) -> tuple[Feed, ...]:
    if source not in SOURCES:
        raise SourceError(f"no source {source!r}; there are {', '.join(sorted(SOURCES))}")
    return SOURCES[source]


def _fits(source: str, file_name: str, feed: str | None) -> Feed | None:
    try:
        return feed_of(source, file_name, feed)
    except SourceError:
        if source not in SOURCES or feed is not None:
            raise
        return None


def _as_it_was(
    path: Path, before: os.stat_result, read: Callable[[], Iterable[pa.Table]]
) -> Callable[[], Iterable[pa.Table]]:
    """What is read, refused where the file is not the one any more whose sha256 was taken."""

    def check() -> None:
        now = path.stat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns):
            raise FileRefusedError("changed", "the file changed while it was read; wait until it is complete")

    def chunks() -> Iterable[pa.Table]:
        check()
        yield from read()
        check()

    return chunks


def _refusing(error: FileRefusedError) -> Callable[[], Iterable[pa.Table]]:
    def chunks() -> Iterable[pa.Table]:
        raise error

    return chunks
