"""CSV files as chunks of text: exact cells, the right line for every row, damage confined to the row it is in."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingest.csv_scan import Encoding, Recoded, Scan, encoding_of
from ingest.delivery import FAULT, LINE, check_names
from ingest.limits import FileRefusedError, Limits

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_csv(path: Path, scan: Scan, limits: Limits, separator: str = ",") -> Iterator[pa.Table]:
    """Rows of a CSV file as strings, with LINE, and FAULT where a row has not as many cells as the header.

    UTF-8, with or without byte order mark, or GBK / GB 18030. Lines with nothing in them are passed over.
    FileRefusedError has the code ``empty_file``, ``encoding``, ``characters``, ``header``, ``line_too_long``,
    ``columns_too_many``, ``too_many_rows``, ``quote`` or ``changed``.
    """
    if scan.longest > limits.line_bytes:
        raise FileRefusedError(
            "line_too_long",
            f"line {scan.longest_line} has {scan.longest:,} bytes; at most {limits.line_bytes:,} are read",
            scan.longest_line,
        )
    stat = path.stat()
    if stat.st_size != scan.size:
        raise FileRefusedError("changed", "the file changed while it was read; wait until it is complete")
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            raise FileRefusedError("encoding", "the file is UTF-16; save it as UTF-8", 1)
    encoding: Encoding | None = "utf-8" if scan.clean else encoding_of(path)
    if encoding is None:
        raise FileRefusedError("encoding", "the file is text neither in UTF-8 nor in GBK")
    with path.open("rb") as file:
        names, header_lines = _header(file, encoding, limits, separator)
    with path.open("rb") as file:
        stream: BinaryIO | Recoded = file if scan.clean else Recoded(file, encoding)
        yield from _rows(stream, names, header_lines, scan, limits, separator)
    if path.stat().st_mtime_ns != stat.st_mtime_ns:
        raise FileRefusedError("changed", "the file changed while it was read; wait until it is complete")


def _header(file: BinaryIO, encoding: Encoding, limits: Limits, separator: str) -> tuple[list[str], int]:
    """Column names, and how many lines they and what stands before them take."""
    head = file.read(limits.line_bytes + 4)
    if head.startswith(codecs.BOM_UTF8):
        head = head[len(codecs.BOM_UTF8) :]
    if b"\0" in head.split(b"\n", 1)[0]:
        raise FileRefusedError("characters", "the header holds NUL bytes; is this a CSV file?", 1)
    reader = csv.reader(io.StringIO(head.decode(encoding, errors="replace"), newline=""), delimiter=separator)
    try:
        for cells in reader:
            if any(c.strip() for c in cells):
                break
        else:
            raise FileRefusedError("empty_file", "the file is empty: not even a header", 1)
    except csv.Error as error:
        raise FileRefusedError("header", f"the header cannot be read: {error}", 1) from None
    names = [unicodedata.normalize("NFKC", c).strip() for c in cells]
    if len(names) > limits.columns:
        raise FileRefusedError("columns_too_many", f"{len(names):,} columns; at most {limits.columns} are read", 1)
    check_names(names)
    return names, reader.line_num


def _rows(
    stream: BinaryIO | Recoded, names: list[str], header_lines: int, scan: Scan, limits: Limits, separator: str
) -> Iterator[pa.Table]:
    cells = [f"c{i}" for i in range(len(names))]
    wrong: list[tuple[int, int]] = []  # physical row, newlines inside it

    def skip(row: arrow_csv.InvalidRow) -> str:
        inside = row.text.count("\n")
        if row.text.count('"') % 2 or inside >= limits.record_lines:
            wrong.append((row.number, -1 - inside))
        else:
            wrong.append((row.number, inside))
        return "skip"

    lines = _Lines(header_lines + 1, wrong, scan.quotes, limits)
    yield lines.table(names, [pa.array([], pa.string())] * len(names))  # the header stands even when no row follows
    try:
        reader = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=limits.chunk_bytes, skip_rows=header_lines, column_names=cells
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=scan.quotes, ignore_empty_lines=False, invalid_row_handler=skip
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(cells, pa.string()), strings_can_be_null=False
            ),
        )
        seen, last = 0, ""
        for batch in reader:
            if batch.num_rows:
                last = batch.columns[-1][-1].as_py()
            table = lines.table(names, batch.columns)
            if lines.last_was_wrong:
                last = ""
            seen += table.num_rows
            if seen > limits.rows:
                raise FileRefusedError("too_many_rows", f"more than {limits.rows:,} rows")
            yield table
        if wrong:  # rows that cannot be cut, and no good one after them
            yield lines.table(names, [pa.array([], pa.string())] * len(names))
        elif "\n" in last and not scan.ends_quoted:
            raise FileRefusedError("quote", "the last row opens a quote that is never closed", lines.next_line)
    except pa.ArrowInvalid as error:
        if not wrong and ("Could not skip" in str(error) or "Empty CSV file" in str(error)):
            return  # a header and nothing after it
        raise FileRefusedError(
            "quote",
            f"after line {lines.next_line - 1} the rows cannot be told apart: is a quoted value never closed?",
            lines.next_line,
        ) from None


class _Lines:
    """Gives every row its line, rows that could not be cut included, whatever newlines stand inside quotes."""

    def __init__(self, first_line: int, wrong: list[tuple[int, int]], quotes: bool, limits: Limits) -> None:
        self.next_line = first_line
        self.last_was_wrong = False
        self._next_row = first_line  # physical rows are counted like lines, but for newlines inside quotes
        self._wrong = wrong
        self._quotes = quotes
        self._limits = limits

    def table(self, names: list[str], columns: list[pa.Array]) -> pa.Table:
        """A chunk of good rows, the bad rows among them put back, blank lines taken out."""
        good = len(columns[0])
        bad = len(self._wrong)
        at = np.array([row for row, _ in self._wrong], dtype=np.int64) - self._next_row
        place = np.setdiff1d(np.arange(good + bad, dtype=np.int64), at, assume_unique=True)[:good]
        reach = int(place[-1]) + 1 if good else 0
        while self._wrong_at(at, reach):
            reach += 1
        taken = at[at < reach]
        if reach:
            self.last_was_wrong = bool(taken.size and taken[-1] == reach - 1)
        inside = np.zeros(reach, dtype=np.int64)
        if self._quotes:
            inside[place] = self._newlines(columns)
        inside[taken] = [n for _, n in self._wrong[: taken.size]]
        starts = self.next_line + np.cumsum(np.where(inside < 0, -1 - inside, inside) + 1) - 1
        starts -= np.where(inside < 0, -1 - inside, inside)
        broken = np.flatnonzero((inside < 0) | (inside >= self._limits.record_lines))
        if broken.size:
            line = int(starts[broken[0]])
            raise FileRefusedError("quote", f"the row at line {line} opens a quote that does not close in sight", line)
        if reach:
            self.next_line = int(starts[-1] + inside[-1]) + 1
        self._next_row += reach
        del self._wrong[: taken.size]

        blank = _all_empty(columns)
        keep = pa.array(~blank)
        kept = int((~blank).sum())
        order = np.argsort(np.concatenate([place[~blank], taken]), kind="stable")
        sort = None if taken.size == 0 else pa.array(order)
        made = []
        for values in columns:
            values = values if kept == good else values.filter(keep)
            made.append(values if sort is None else pa.concat_arrays([values, pa.nulls(taken.size, pa.string())]))
        fault = np.concatenate([np.zeros(kept, dtype=np.bool_), np.ones(taken.size, dtype=np.bool_)])
        made.append(pa.array(starts[np.concatenate([place[~blank], taken])]))
        made.append(pc.if_else(pa.array(fault), "fields", pa.scalar(None, pa.string())))
        table = pa.Table.from_arrays(made, names=[*names, LINE, FAULT])
        return table if sort is None else table.take(sort)

    @staticmethod
    def _wrong_at(at: npt.NDArray[np.int64], place: int) -> bool:
        found = int(np.searchsorted(at, place))
        return found < at.size and int(at[found]) == place

    @staticmethod
    def _newlines(columns: list[pa.Array]) -> npt.NDArray[np.int64]:
        inside = np.zeros(len(columns[0]), dtype=np.int64)
        for values in columns:
            data = values.buffers()[2]
            if data is not None and b"\n" in memoryview(data).tobytes():
                inside += pc.count_substring(values, "\n").to_numpy(zero_copy_only=False)
        return inside


def _all_empty(columns: list[pa.Array]) -> npt.NDArray[np.bool_]:
    empty = np.ones(len(columns[0]), dtype=np.bool_)
    for values in columns:
        if not empty.any():
            break
        empty &= pc.equal(pc.binary_length(values), 0).to_numpy(zero_copy_only=False)
    return empty
