"""The rejects file: which row of which file was not taken, by line, column and code, with the value masked."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections import Counter
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.faults import Faults
from ingest.feed import Feed

HEADER = ("file", "line", "column", "code", "value")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def masked(value: str | None) -> str:
    """First and last character and the length, no more: ``1…9 (18 characters)``. Short values show their length."""
    if value is None or value == "":
        return ""
    if len(value) < 4:
        return f"… ({len(value)} characters)"
    return f"{_shown(value[0])}…{_shown(value[-1])} ({len(value)} characters)"


def _shown(character: str) -> str:
    """A character, or its code when it is one that is not drawn or that writes on its neighbours."""
    if unicodedata.category(character)[0] in "CZM":
        return f"U+{ord(character):04X}"
    return character


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell


class RejectsFile:
    """Written beside its final name and moved there when done; no file is left when nothing was rejected."""

    def __init__(self, path: Path, feed: Feed, file: str) -> None:
        self._path = path
        self._file = harmless("".join(_shown(c) if unicodedata.category(c)[0] == "C" else c for c in file))
        self._personal = {c.name for c in feed.columns if c.personal is not None}
        self._known = {c.name for c in feed.columns}
        self.codes: Counter[str] = Counter()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fresh = path.with_name(path.name + ".tmp")
        handle = os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._out = os.fdopen(handle, "w", encoding="utf-8", newline="")
        self._csv = csv.writer(self._out)
        self._csv.writerow(HEADER)

    def __enter__(self) -> RejectsFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._out.closed:  # not finished: an error is on its way
            self._out.close()
            self._fresh.unlink(missing_ok=True)

    def add(self, faults: Faults, text: pa.Table, lines: npt.NDArray[np.int64]) -> None:
        """Write the faults of a chunk, in the order of the lines; ``text`` holds the cells as they came."""
        found = []
        for rows, column, code in faults.notes:
            self.codes[code] += len(rows)
            shows = column in self._known and column not in self._personal and column in text.column_names
            cells = text[column].take(pa.array(rows)).to_pylist() if shows else [None] * len(rows)
            found += [
                (int(line), column, code, masked(cell)) for line, cell in zip(lines[rows].tolist(), cells, strict=True)
            ]
        for line, column, code, value in sorted(found):
            self._csv.writerow((self._file, line, column, code, harmless(value)))

    def add_file(self, code: str, message: str, line: int | None) -> None:
        """Write why a file was refused whole."""
        self._csv.writerow((self._file, "" if line is None else line, "", code, harmless(message)))

    def finish(self) -> Path | None:
        """Move the file to its name and give it; None, and no file, when nothing was written."""
        empty = self._out.tell() <= len(",".join(HEADER)) + 2
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()
        if empty:
            self._fresh.unlink()
            self._path.unlink(missing_ok=True)
            return None
        self._fresh.replace(self._path)
        return self._path
