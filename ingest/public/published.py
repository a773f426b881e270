"""Files of a public set: found under their published names, read as text, whole.

A set is published as CSV; Parquet copies of the same tables are taken too. Either way every value becomes text, exactly
as it stands (64-bit ids keep every digit, doubles their shortest exact form), and rows keep the order of the file.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.csv_files import read_csv
from ingest.csv_scan import scan
from ingest.intake import FAULT, LINE
from ingest.limits import FileRefusedError, Limits
from ingest.parquet_files import read_parquet
from landing.manifest import sha256_file

_LIMITS = Limits()


class PublicDataError(ValueError):
    """A folder holds nothing that a reader knows: what was expected there."""


@dataclass(frozen=True)
class Table:
    """One table of a set as published.

    ``names``: file names without ending, the published one first, the short one last. ``columns``: our name -> the
    headers it goes by. ``optional``: columns that only some editions carry; they read as missing where there are none.
    """

    names: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separator: str = ","

    @property
    def name(self) -> str:
        """As published."""
        return self.names[0]

    @property
    def short(self) -> str:
        """As questions call it."""
        return self.names[-1]


@dataclass(frozen=True)
class Found:
    """A table's file or, where it is published in parts, its files in order."""

    table: Table
    parts: tuple[Path, ...]

    @property
    def sha256(self) -> str:
        """Of the file; of the parts' digests where there are several."""
        digests = [sha256_file(p) for p in self.parts]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    @property
    def label(self) -> str:
        """Name to show in reports."""
        return self.parts[0].name if len(self.parts) == 1 else f"{self.parts[0].name} and {len(self.parts) - 1} more"

    def read(self) -> pa.Table:
        """Every row as text: columns under our names, ``row_no`` from 0, and the intake's LINE and FAULT.

        Empty cells are null. FileRefusedError names the file and what is wrong with it.
        """
        whole = pa.concat_tables([piece for path in self.parts for piece in _pieces(path, self.table)])
        return whole.append_column("row_no", pa.array(range(whole.num_rows), pa.int64()))


def find(path: Path, table: Table) -> Found | None:
    """The table's file in a folder (or ``path`` itself when it is that file); CSV before Parquet; None: not there.

    Also taken: a folder of parts, ``Name/part-0000.csv``, as generators write it. Names match in any case.
    """
    inside = listing(path)
    for name in table.names:
        for ending in (".csv", ".parquet"):
            for entry in inside:
                if entry.name.lower() == name.lower() + ending and entry.is_file():
                    return Found(table, (entry,))
        for entry in inside:
            if entry.name.lower() in (name.lower(), f"{name.lower()}.csv") and entry.is_dir():
                parts = sorted(p for p in entry.iterdir() if is_data(p))
                if parts:
                    return Found(table, tuple(parts))
    return None


def listing(path: Path) -> list[Path]:
    """What is in a folder, by name; the file itself when it is one."""
    if not path.exists():
        raise PublicDataError(f"{path}: there is no such file or folder")
    return sorted(path.iterdir()) if path.is_dir() else [path]


def is_data(path: Path) -> bool:
    """Whether it is a CSV or Parquet file."""
    return path.suffix.lower() in (".csv", ".parquet") and path.is_file()


def headers(path: Path) -> list[str]:
    """Column names of a file, as far as its first line tells; for telling sheets apart, not for reading them."""
    if path.suffix.lower() == ".parquet":
        try:
            return [str(n) for n in pq.read_schema(path).names]
        except pa.ArrowInvalid:
            return []
    with path.open("rb") as file:
        line = file.readline(_LIMITS.line_bytes)
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = line.decode("gb18030", errors="replace")
    return [c.strip() for c in next(csv.reader([text]), [])]


def empty(table: Table) -> pa.Table:
    """No rows of a table: what a join sees when the file is not there."""
    names = (*table.columns, *table.optional)
    return pa.table({n: pa.array([], pa.string()) for n in names} | {"row_no": pa.array([], pa.int64())})


def _pieces(path: Path, table: Table) -> Iterator[pa.Table]:
    columnar = path.suffix.lower() == ".parquet"
    try:
        seen = 0
        chunks = read_parquet(path, _LIMITS) if columnar else read_csv(path, scan(path), _LIMITS, table.separator)
        for chunk in chunks:
            yield _ours(chunk, table, seen + 1)
            seen += chunk.num_rows
    except FileRefusedError as error:
        raise FileRefusedError(error.code, f"{path.name}: {error.message}", error.line) from None


def _ours(chunk: pa.Table, table: Table, first_line: int) -> pa.Table:
    """A chunk under our names. Parquet has no lines: its rows are counted from 1."""
    columns = {}
    for name, known_as in (*table.columns.items(), *table.optional.items()):
        header = next((h for h in known_as if h in chunk.column_names), None)
        if header is None and name in table.columns:
            there = ", ".join(n for n in chunk.column_names if n not in (LINE, FAULT))
            raise FileRefusedError("columns_missing", f"no column {' or '.join(known_as)} among {there}", 1)
        text = pa.nulls(chunk.num_rows, pa.string()) if header is None else chunk[header].cast(pa.string())
        columns[name] = pc.if_else(pc.equal(text, ""), None, text)
    numbered = LINE in chunk.column_names
    rows = range(first_line, first_line + chunk.num_rows)
    columns[LINE] = chunk[LINE] if numbered else pa.array(rows, pa.int64())
    columns[FAULT] = chunk[FAULT] if FAULT in chunk.column_names else pa.nulls(chunk.num_rows, pa.string())
    return pa.table(columns)
