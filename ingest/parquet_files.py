"""Parquet files as chunks of text. Nothing in the file's own account of its size is believed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.delivery import check_names
from ingest.limits import FileRefusedError, Limits

_BATCH = 16_384
_EXACT = 2.0**53  # from here on doubles do not hold every whole number


def read_parquet(path: Path, limits: Limits, ids: Collection[str] = ()) -> Iterator[pa.Table]:
    """Rows of a Parquet file as strings.

    ``ids``: columns that may not be floating-point numbers, which lose digits of long ids. FileRefusedError has the
    code ``format``, ``header``, ``columns_too_many``, ``too_many_rows``, ``decoded_too_large``, ``cell_too_long`` or
    ``column_type``.
    """
    cap = limits.decoded_cap(path.stat().st_size)
    try:
        yield from _rows(path, cap, limits, ids)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileRefusedError("format", f"not a readable Parquet file: {str(error).splitlines()[0][:200]}") from None


def _rows(path: Path, cap: int, limits: Limits, ids: Collection[str]) -> Iterator[pa.Table]:
    with pq.ParquetFile(path) as plain:
        schema, meta = plain.schema_arrow, plain.metadata
        if len(schema) > limits.columns:
            raise FileRefusedError("columns_too_many", f"{len(schema):,} columns; at most {limits.columns} are read")
        check_names(schema.names)
        if meta.num_rows > limits.rows:
            raise FileRefusedError("too_many_rows", f"{meta.num_rows:,} rows; at most {limits.rows:,} are read")
        claimed = sum(meta.row_group(g).total_byte_size for g in range(meta.num_row_groups))
        if claimed > cap:
            raise _too_large(claimed, cap)
        for field in schema:
            _readable(field, ids)
    # Read as dictionaries a value repeated a million times stays one value, so that it can be measured unexpanded.
    texts = [f.name for f in schema if _is_text(f.type)]
    decoded = rows = 0
    yield schema.empty_table().cast(pa.schema([(f.name, pa.string()) for f in schema]))
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        waiting: list[pa.RecordBatch] = []
        held = 0
        for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
            rows += batch.num_rows
            size = sum(_size(batch.column(i), schema.field(i).name, limits) for i in range(batch.num_columns))
            decoded += size
            if decoded > cap:
                raise _too_large(decoded, cap)
            if rows > limits.rows:
                raise FileRefusedError("too_many_rows", f"more than {limits.rows:,} rows")
            waiting.append(pa.RecordBatch.from_arrays([as_text(c) for c in batch.columns], names=schema.names))
            held += size
            if held > limits.chunk_bytes or sum(b.num_rows for b in waiting) >= limits.chunk_rows:
                yield pa.Table.from_batches(waiting)
                waiting, held = [], 0
        if waiting:
            yield pa.Table.from_batches(waiting)


def _too_large(size: int, cap: int) -> FileRefusedError:
    return FileRefusedError(
        "decoded_too_large", f"the file unpacks to {size:,} bytes or more; at most {cap:,} are read"
    )


def _is_text(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)


def _readable(field: pa.Field, ids: Collection[str]) -> None:
    type_, is_ = field.type, pa.types
    if field.name in ids and is_.is_floating(type_):
        raise FileRefusedError(
            "column_type", f"column {field.name!r} holds ids as {type_}, which loses digits; write them as text"
        )
    fine = (
        _is_text(type_)
        or is_.is_integer(type_)
        or is_.is_floating(type_)
        or is_.is_decimal(type_)
        or is_.is_boolean(type_)
        or is_.is_timestamp(type_)
        or is_.is_date(type_)
        or is_.is_null(type_)
    )
    if not fine:
        raise FileRefusedError(
            "column_type", f"column {field.name!r} is {type_}; text, numbers, times and booleans are read"
        )


def _size(values: pa.Array, name: str, limits: Limits) -> int:
    """Bytes of the column once it is text, without making it so."""
    if not pa.types.is_dictionary(values.type):
        return values.nbytes
    lengths = pc.binary_length(values.dictionary)
    longest = pc.max(lengths).as_py() or 0
    if longest > limits.line_bytes:
        raise FileRefusedError("cell_too_long", f"column {name!r} holds a value of {longest:,} bytes")
    return int(pc.sum(lengths.take(values.indices)).as_py() or 0) + 4 * len(values)


def as_text(values: pa.Array) -> pa.Array:
    """A column as the text a CSV file would hold: times in ISO 8601 with their zone, numbers with all their digits."""
    type_ = values.type
    if pa.types.is_dictionary(type_):
        return _decoded(values.dictionary).take(values.indices)
    if pa.types.is_timestamp(type_):
        if type_.tz is None:
            return values.cast(pa.string())
        utc = values.cast(pa.int64()).cast(pa.timestamp(type_.unit)).cast(pa.string())
        return pc.binary_join_element_wise(utc, "Z", "")
    if pa.types.is_floating(type_):
        return _plain(values.cast(pa.float64()))
    if pa.types.is_date(type_):
        return values.cast(pa.date32()).cast(pa.string())
    return _decoded(values)


def _decoded(values: pa.Array) -> pa.Array:
    """Text as it stands; bytes that are no UTF-8, which Parquet does not keep out, read as U+FFFD."""
    text = values.cast(pa.string())
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        raw = text.cast(pa.binary()).to_pylist()
        return pa.array([None if b is None else b.decode("utf-8", errors="replace") for b in raw], pa.string())
    return text


def _plain(values: pa.Array) -> pa.Array:
    """Floating-point numbers as their shortest exact text, without an exponent where the digits can be trusted."""
    text = values.cast(pa.string())
    exponent = pc.fill_null(pc.match_substring(text, "e"), False)
    if not pc.any(exponent).as_py():
        return text
    spelled = [
        f"{Decimal(t):f}" if e and abs(v) < _EXACT else t
        for t, e, v in zip(text.to_pylist(), exponent.to_pylist(), values.to_pylist(), strict=True)
    ]
    return pa.array(spelled, pa.string())
