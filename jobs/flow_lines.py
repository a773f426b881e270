"""Lines in and lines out of a run over a file: whole lines whatever their length, files that appear when complete."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from flow.batch import LONGEST_LINE

CHUNK = 1 << 21
"""Bytes read at a time; what a chunk holds does not change the answer."""
UNCOUNTED = b',"count":1}'
"""How the line of an alert ends that stands for itself."""
_GZIP = b"\x1f\x8b"


class FlowFileError(ValueError):
    """Something that a run over a file cannot work with. ``code`` names the fault for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Spool:
    """Lines that take a file's place when all of them are there; without a path they go to standard output."""

    def __init__(self, path: Path | None, keep_empty: bool = True) -> None:
        self.path = path
        self.lines = 0
        self._keep_empty = keep_empty
        self._part: Path | None = None
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Spool:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def write(self, text: bytes) -> None:
        """Add a line."""
        self._opened().write(text + b"\n")
        self.lines += 1

    def finish(self, patches: dict[int, bytes]) -> None:
        """Put the lines in their place; ``patches``: line number -> what its count ends with instead."""
        if self.path is None and not self._keep_empty:
            return
        if not self.lines and not self._keep_empty and self.path is not None:
            self.path.unlink(missing_ok=True)  # what an earlier run refused
            return
        whole = self._opened()
        whole.flush()
        if self.path is None:
            whole.seek(0)
            _copy(whole, sys.stdout.buffer, patches)
            sys.stdout.buffer.flush()
            return
        if self._part is None:
            raise RuntimeError("a spool is finished inside its with statement")
        if patches:
            patched = self._part.with_suffix(".patched")
            try:
                with patched.open("wb") as target:
                    whole.seek(0)
                    _copy(whole, target, patches)
                patched.replace(self._part)
            finally:
                patched.unlink(missing_ok=True)
        with self._part.open("rb") as written:
            os.fsync(written.fileno())
        self._part.replace(self.path)

    def _opened(self) -> IO[bytes]:
        if self._file is None:
            part = self._part
            self._file = part.open("w+b") if part is not None else tempfile.TemporaryFile()  # noqa: SIM115 - __exit__
        return self._file


def _copy(source: IO[bytes], target: IO[bytes], patches: dict[int, bytes]) -> None:
    if not patches:
        shutil.copyfileobj(source, target)
        return
    for number, text in enumerate(source):
        end = patches.get(number)
        target.write(text if end is None else text.removesuffix(UNCOUNTED + b"\n") + end + b"\n")


@contextlib.contextmanager
def opened(path: Path | None) -> Iterator[BinaryIO]:
    """A file or standard input, unpacked where it is gzip."""
    with contextlib.ExitStack() as held:
        raw: BinaryIO = sys.stdin.buffer if path is None else held.enter_context(path.open("rb"))
        buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(raw)  # type: ignore[type-var]  # raw
        if buffered.peek(2)[:2] != _GZIP:
            yield buffered
            return
        try:
            yield held.enter_context(gzip.GzipFile(fileobj=buffered))  # type: ignore[misc]  # reads like a binary file
        except (gzip.BadGzipFile, EOFError, zlib.error) as e:
            raise FlowFileError("gzip", f"{path or 'standard input'}: damaged gzip: {e}") from e


def chunks(source: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Whole lines with the number of the first. Of a line longer than any that is taken only its beginning is kept."""
    rest, number = b"", 1
    long = False
    while data := source.read(CHUNK):
        if long:
            at = data.find(b"\n")
            if at < 0:
                continue
            data, long = data[at:], False
        data = rest + data
        cut = data.rfind(b"\n") + 1
        whole, rest = data[:cut], data[cut:]
        if len(rest) > LONGEST_LINE:
            rest, long = rest[: LONGEST_LINE + 1], True
        if whole:
            yield whole, number
            number += whole.count(b"\n")
    if rest:
        yield rest, number
