"""Columns of a foreign table as arrays: account codes, times, amounts; and files read so that nothing changes.

Text that is a whole number throughout (no leading zeros, no sign but minus) counts as integers; anything else stays as
it is written. Errors name the column and the 0-based row.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

_INTEGER = r"^(0|-?[1-9][0-9]{0,17})$"
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_ZONED = r"(Z|:[0-9.]+[+-][0-9]{2}(:?[0-9]{2})?)$"
_BLOCK = 8 << 20  # bytes read at once; a row must fit into it

FARTHEST = (1 << 62) - 1
"""How far apart times may lie, in their own unit: sums and differences of such times fit 64 bits."""


class TableError(ValueError):
    """A file or column that cannot be read as asked. ``code`` names the fault for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_table(path: Path, columns: list[str], needed: Sequence[str] = ()) -> pa.Table:
    """The named columns of a CSV or Parquet file (those it has), CSV cells as text; empty cells are missing.

    TableError when it cannot be read, names one of them twice or lacks one that is ``needed``.
    """
    if not path.is_file():
        raise TableError("no_file", f"{path}: no such file")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            have = pq.read_schema(path).names
            return pq.read_table(path, columns=_wanted(path, have, columns, needed))
        with pacsv.open_csv(path, read_options=pacsv.ReadOptions(block_size=_BLOCK)) as reader:
            have = reader.schema.names
        return _read_csv(path, have, _wanted(path, have, columns, needed))
    except (pa.ArrowException, UnicodeDecodeError, OSError) as e:
        raise TableError("unreadable", f"{path}: cannot be read as CSV or Parquet: {e}") from e


def _wanted(path: Path, have: list[str], columns: list[str], needed: Sequence[str]) -> list[str]:
    for name in needed:
        if name not in have:
            raise TableError("no_column", f"{path}: no column {name!r}; there are {', '.join(have)}")
    for name in columns:
        if have.count(name) > 1:
            raise TableError("two_columns", f"{path}: {have.count(name)} columns are called {name!r}: rename one")
    return [n for n in have if n in columns]


def _read_csv(path: Path, names: list[str], wanted: list[str]) -> pa.Table:
    if not wanted:
        return pa.table({n: pa.nulls(0) for n in names})
    options = pacsv.ConvertOptions(
        column_types=dict.fromkeys(wanted, pa.string()),
        include_columns=wanted,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    table = pacsv.read_csv(
        path,
        read_options=pacsv.ReadOptions(block_size=_BLOCK),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=options,
    )
    for i, name in enumerate(table.column_names):
        column = table[name]
        if column.null_count < len(column) and pc.all(pc.match_substring_regex(column, _INTEGER)).as_py():
            table = table.set_column(i, name, column.cast(pa.int64()))
    return table


def as_given(column: pa.ChunkedArray, rows: npt.NDArray[np.int64]) -> pa.ChunkedArray:
    """Values of a column at some rows, unchanged."""
    return column.take(pa.array(rows))


def codes_of(
    src: pa.ChunkedArray, dst: pa.ChunkedArray, src_name: str, dst_name: str
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Both columns as numbers of accounts, in the order of first appearance; -1 where a cell is missing or empty."""
    src, dst = _plain(src, src_name), _plain(dst, dst_name)
    if src.type != dst.type:
        src, dst = src.cast(pa.string()), dst.cast(pa.string())
    known = pc.unique(pa.chunked_array([*src.chunks, *dst.chunks], src.type))
    known = known.drop_null()
    return tuple(pc.fill_null(pc.index_in(c, known), -1).to_numpy().astype(np.int32, copy=False) for c in (src, dst))


def _plain(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    type_ = column.type
    if pa.types.is_dictionary(type_):
        column = column.cast(type_.value_type)
        type_ = column.type
    if pa.types.is_null(type_):
        return column.cast(pa.string())
    if pa.types.is_integer(type_):
        return column.cast(pa.int64()) if not pa.types.is_uint64(type_) else column.cast(pa.string())
    if pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_):
        column = column.cast(pa.large_string())
        empty = pc.equal(column, "")
        return pc.if_else(empty, None, column) if pc.any(empty).as_py() else column
    raise TableError("bad_type", f"column {name!r} holds {type_}: accounts must be text or integers")


def numbers_of(column: pa.ChunkedArray, name: str) -> npt.NDArray[np.float64]:
    """Amounts as doubles; NaN where a cell is missing. TableError for text that is no number, and for infinities."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        good = pc.fill_null(pc.match_substring_regex(column, _DECIMAL), True)
        if not pc.all(good, min_count=0).as_py():
            raise TableError("bad_number", f"column {name!r}, row {_first(pc.invert(good))}: not a number")
    elif not (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
        or pa.types.is_null(column.type)
    ):
        raise TableError("bad_type", f"column {name!r} holds {column.type}: amounts must be numbers")
    values = column.cast(pa.float64()).to_numpy()
    if np.isinf(values).any():
        raise TableError("bad_number", f"column {name!r}, row {int(np.flatnonzero(np.isinf(values))[0])}: infinite")
    return values


def times_of(column: pa.ChunkedArray, name: str, unit: str) -> tuple[npt.NDArray[np.int64], str]:
    """Times as integers and their unit: s, ms, us or ns. Missing cells read 0.

    Numbers are epochs in ``unit`` (fractions are kept to the microsecond); text is ISO 8601; times without a zone are
    UTC.
    """
    type_ = column.type
    if pa.types.is_integer(type_) or pa.types.is_null(type_):
        try:
            return pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), unit
        except pa.ArrowInvalid:
            raise TableError("bad_time", f"column {name!r}: a time is out of range") from None
    if pa.types.is_floating(type_) or pa.types.is_decimal(type_):
        scale = {"s": 1_000_000, "ms": 1_000, "us": 1}[unit]
        values = np.nan_to_num(column.cast(pa.float64()).to_numpy(), nan=0.0)
        if not (np.abs(values) < 9e18 / scale).all():
            raise TableError("bad_time", f"column {name!r}: a time is out of range")
        return np.rint(values * scale).astype(np.int64), "us"
    if pa.types.is_date(type_):
        return pc.fill_null(column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()), 0).to_numpy() * 86_400, "s"
    if pa.types.is_timestamp(type_):
        return pc.fill_null(column.cast(pa.int64()), 0).to_numpy(), type_.unit
    if pa.types.is_string(type_) or pa.types.is_large_string(type_):
        return _parse_times(column, name, unit)
    raise TableError("bad_type", f"column {name!r} holds {type_}: times must be epochs, timestamps or ISO 8601 text")


def _parse_times(column: pa.ChunkedArray, name: str, unit: str) -> tuple[npt.NDArray[np.int64], str]:
    numeric = pc.fill_null(pc.match_substring_regex(column, _DECIMAL), True)
    if pc.all(numeric, skip_nulls=False).as_py():
        return times_of(column.cast(pa.float64()), name, unit)
    zoned = pc.match_substring_regex(column, _ZONED)
    for unit_of_text in ("ns", "us"):  # nanoseconds end in 2262
        try:
            aware = pc.if_else(zoned, column, None).cast(pa.timestamp(unit_of_text, "UTC")).cast(pa.int64())
            naive = pc.if_else(zoned, None, column).cast(pa.timestamp(unit_of_text)).cast(pa.int64())
        except pa.ArrowInvalid:
            continue
        return pc.fill_null(pc.coalesce(aware, naive), 0).to_numpy(), unit_of_text
    unfit = [i for i, cell in enumerate(column.to_pylist()) if cell is not None and not _is_time(cell)]
    bad = next((i for i in unfit if not numeric[i].as_py()), None)
    if bad is not None:
        raise TableError("bad_time", f"column {name!r}, row {bad}: not an ISO 8601 time")
    if unfit:
        raise TableError("bad_time", f"column {name!r}, row {unfit[0]}: a number among ISO 8601 times")
    raise TableError("bad_time", f"column {name!r}: some times are finer than microseconds, others beyond year 2262")


def known_times(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Where there is a time: neither missing nor, among floats, NaN."""
    known = pc.is_valid(column)
    if pa.types.is_floating(column.type):
        known = pc.and_(known, pc.invert(pc.fill_null(pc.is_nan(column), True)))
    return known.to_numpy(zero_copy_only=False)


def from_the_first(ts: npt.NDArray[np.int64], name: str) -> npt.NDArray[np.int64]:
    """Times counted from the earliest. TableError when they lie too far apart to be reckoned with."""
    if len(ts) == 0:
        return ts
    first, last = int(ts.min()), int(ts.max())
    if last - first > FARTHEST:
        raise TableError("bad_time", f"column {name!r}: times lie too far apart: is the unit right?")
    return ts - first


def _is_time(cell: str) -> bool:
    zone = "UTC" if pc.match_substring_regex(pa.scalar(cell), _ZONED).as_py() else None
    for unit in ("ns", "us"):
        try:
            pa.scalar(cell).cast(pa.timestamp(unit, zone))
        except pa.ArrowInvalid:
            continue
        return True
    return False


def _first(mask: pa.ChunkedArray) -> int:
    return int(pc.index(mask, True).as_py())
