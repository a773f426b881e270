"""Files of a public set: found under their published names, read as text, whole.

A set is published as CSV; Parquet copies of the same tables are taken too. Either way every value becomes text, exactly
as it stands (64-bit ids keep every digit, doubles their shortest exact form), and rows keep the order of the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from ingest.limits import FileRefusedError
from landing.manifest import sha256_file

MAX_TEXT_BYTES = 6 << 30
"""A file that unpacks to more text than this is refused, whatever its size on disk."""

_LONGEST_LINE = 1 << 20  # pyarrow refuses a line longer than one block
_BATCH = 65_536


class PublicDataError(ValueError):
    """A folder holds nothing that a reader knows: what was expected there."""


@dataclass(frozen=True)
class Table:
    """One table of a set as published.

    ``names``: file names without ending, the published one first. ``columns``: our name -> the headers it goes by.
    ``optional``: columns that fuller editions of the set carry; they read as missing where the file has none.
    """

    names: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    optional: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separator: str = ","

    @property
    def name(self) -> str:
        return self.names[0]


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
        """Every row as text, columns under our names, with ``row_no`` from 0."""
        whole = pa.concat_tables([_read(p, self.table) for p in self.parts])
        return whole.append_column("row_no", pa.array(range(whole.num_rows), pa.int64()))


def find(path: Path, table: Table) -> Found | None:
    """The table's file in a folder (or ``path`` itself when it is that file); CSV before Parquet; None: not there.

    Also taken: a folder of parts, ``Name/part-0000.csv``, as generators write it. Names match in any case.
    """
    if not path.exists():
        raise PublicDataError(f"{path}: there is no such file or folder")
    inside = sorted(path.iterdir()) if path.is_dir() else [path]
    for name in table.names:
        for ending in (".csv", ".parquet"):
            wanted = name.lower() + ending
            for entry in inside:
                if entry.name.lower() == wanted and entry.is_file():
                    return Found(table, (entry,))
        for entry in inside:
            if entry.name.lower() in (name.lower(), f"{name.lower()}.csv") and entry.is_dir():
                parts = sorted(p for p in entry.iterdir() if p.suffix in (".csv", ".parquet") and p.is_file())
                if parts:
                    return Found(table, tuple(parts))
    return None


def headers(path: Path, separator: str = ",") -> list[str]:
    """Column names of a CSV or Parquet file, trimmed, without a byte order mark."""
    if path.suffix.lower() == ".parquet":
        return [str(n) for n in pq.read_schema(path).names]
    with path.open(encoding=encoding_of(path), newline="") as f:
        line = f.readline(_LONGEST_LINE)
    return [c.strip().lstrip("\ufeff") for c in next(csv.reader([line], delimiter=separator), [])]


def encoding_of(path: Path) -> str:
    """``utf-8`` when the first mebibyte is valid UTF-8, else ``gb18030`` (of which GBK is a part)."""
    with path.open("rb") as f:
        head = f.read(1 << 20)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def empty(table: Table) -> pa.Table:
    """No rows of a table: what a join sees when the file is not there."""
    return _schema(table).empty_table().append_column("row_no", pa.array([], pa.int64()))


def _schema(table: Table) -> pa.Schema:
    return pa.schema([(n, pa.string()) for n in (*table.columns, *table.optional)])


def _read(path: Path, table: Table) -> pa.Table:
    there = headers(path, table.separator)
    source = {}
    for name, known_as in (*table.columns.items(), *table.optional.items()):
        found = next((h for h in known_as if h in there), None)
        if found is None and name in table.columns:
            raise FileRefusedError(
                "columns_missing", f"{path.name}: no column {' or '.join(known_as)}; it has {', '.join(there)}", 1
            )
        source[name] = found
    wanted = [h for h in source.values() if h is not None]
    batches = _parquet(path, wanted) if path.suffix.lower() == ".parquet" else _csv(path, table, there, wanted)
    kept, size = [], 0
    for batch in batches:
        size += batch.nbytes
        if size > MAX_TEXT_BYTES:
            raise FileRefusedError(
                "too_large", f"{path.name}: unpacks to more than {MAX_TEXT_BYTES >> 30} GiB; split it"
            )
        kept.append(pa.table({n: _column(batch, h) for n, h in source.items()}))
    return pa.concat_tables(kept) if kept else _schema(table).empty_table()


def _column(batch: pa.RecordBatch, header: str | None) -> pa.Array:
    return pa.nulls(batch.num_rows, pa.string()) if header is None else as_text(batch.column(header))


def _csv(path: Path, table: Table, there: list[str], wanted: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        yield from pacsv.open_csv(
            path,
            read_options=pacsv.ReadOptions(
                block_size=_LONGEST_LINE, encoding=encoding_of(path), column_names=there, skip_rows=1
            ),
            parse_options=pacsv.ParseOptions(delimiter=table.separator, newlines_in_values=True),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(there, pa.string()), include_columns=wanted, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as e:
        if "Empty CSV" in str(e):
            return
        raise FileRefusedError(
            "unreadable", f"{path.name}: no CSV of {len(there)} columns and lines under 1 MiB"
        ) from e


def _parquet(path: Path, wanted: list[str]) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=_BATCH, columns=wanted)
    except pa.ArrowInvalid as e:
        raise FileRefusedError("unreadable", f"{path.name}: not a readable Parquet file") from e


def as_text(column: pa.Array) -> pa.Array:
    """A column as exact text: integers by digits, doubles in their shortest exact form, times in ISO 8601, missing as
    missing. Empty text counts as missing, as in the CSV."""
    type_ = column.type
    if pa.types.is_timestamp(type_):
        text = pc.strftime(column.cast(pa.timestamp("ms", tz=type_.tz)), format="%Y-%m-%d %H:%M:%S")
    elif pa.types.is_dictionary(type_):
        text = column.dictionary_decode().cast(pa.string())
    else:
        text = column.cast(pa.string())
    return pc.if_else(pc.equal(text, ""), None, text)
