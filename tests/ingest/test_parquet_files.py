"""Parquet: every type as the text it means, and no file that unpacks to more than it should."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.limits import FileRefusedError, Limits
from ingest.parquet_files import read_parquet

SMALL = Limits(ratio_floor_bytes=1 << 20)


def _read(path: Path, table: pa.Table, limits: Limits | None = None, **written: object) -> list[dict[str, object]]:
    pq.write_table(table, path, **written)
    return [r for chunk in read_parquet(path, limits or Limits()) for r in chunk.to_pylist()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.parquet"


def test_every_type_is_read_as_the_text_it_means(path: Path) -> None:
    moment = datetime(2025, 3, 1, 12, 15, 0, 250_000, tzinfo=UTC)
    table = pa.table(
        {
            "text": ["007"],
            "long": pa.array([330102199001011234], pa.int64()),
            "amount": [129.1],
            "big": [1e15],
            "bigger": [1e17],
            "exact": pa.array([Decimal("1.50")], pa.decimal128(10, 2)),
            "yes": [True],
            "at": pa.array([moment], pa.timestamp("us", "Asia/Shanghai")),
            "naive": pa.array([moment.replace(tzinfo=None)], pa.timestamp("ms")),
            "day": pa.array([date(2025, 3, 1)]),
            "coded": pa.array(["CNY"]).dictionary_encode(),
            "none": pa.array([None], pa.string()),
            "nan": [float("nan")],
        }
    )
    assert _read(path, table) == [
        {
            "text": "007", "long": "330102199001011234", "amount": "129.1", "big": "1000000000000000",
            "exact": "1.50", "yes": "true", "at": "2025-03-01 12:15:00.250000Z", "naive": "2025-03-01 12:15:00.250",
            "day": "2025-03-01", "coded": "CNY", "none": None, "nan": "nan", "bigger": "1e+17",
        }
    ]  # fmt: skip


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_bomb_of_repeated_text_is_refused(path: Path, dictionary: bool) -> None:
    table = pa.table({"s": pa.array(["A" * 1000]).take(pa.array(np.zeros(20_000, dtype=np.int32)))})
    with pytest.raises(FileRefusedError) as error:
        _read(path, table, SMALL, compression="zstd", use_dictionary=dictionary)
    assert error.value.code == "decoded_too_large"
    assert path.stat().st_size < 1 << 20


def test_a_bomb_of_repeated_numbers_is_refused_though_its_metadata_looks_small(path: Path) -> None:
    table = pa.table({"n": np.zeros(1_000_000, dtype=np.int64)})
    pq.write_table(table, path, compression="zstd")
    meta = pq.read_metadata(path)
    assert meta.row_group(0).total_byte_size * meta.num_row_groups < 1 << 16
    with pytest.raises(FileRefusedError) as error:
        list(read_parquet(path, SMALL))
    assert error.value.code == "decoded_too_large"


def test_one_huge_cell_repeated_is_refused(path: Path) -> None:
    table = pa.table({"s": pa.array(["A" * (2 << 20)]).take(pa.array(np.zeros(5, dtype=np.int32)))})
    with pytest.raises(FileRefusedError) as error:
        _read(path, table)
    assert error.value.code == "cell_too_long"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (pa.table({"a": [[1, 2]]}), "column_type"),
        (pa.table({"a": [{"b": 1}]}), "column_type"),
        (pa.table({"a": [b"raw"]}), "column_type"),
        (pa.table({f"c{i}": [1] for i in range(600)}), "columns_too_many"),
        (pa.table({"a": list(range(100))}), "too_many_rows"),
    ],
)
def test_what_is_not_read_is_refused_with_a_code(path: Path, table: pa.Table, code: str) -> None:
    with pytest.raises(FileRefusedError) as error:
        _read(path, table, Limits(rows=50))
    assert error.value.code == code


@pytest.mark.parametrize("damage", ["not parquet", "cut", "flipped", "empty"])
def test_damaged_files_are_refused_with_a_code(path: Path, damage: str) -> None:
    pq.write_table(pa.table({"a": [f"x{i}" for i in range(5000)]}), path)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "not parquet": b"order_id,amount\n1,2\n" * 10,
            "cut": whole[: len(whole) // 2],
            "flipped": whole[:4] + bytes(b ^ 0xFF for b in whole[4:400]) + whole[400:],
            "empty": b"",
        }[damage]
    )
    with pytest.raises(FileRefusedError) as error:
        list(read_parquet(path, Limits()))
    assert error.value.code == "format"


def test_an_honest_file_is_read_in_chunks(path: Path) -> None:
    ids = [f"O{i:07d}" for i in range(50_000)]
    pq.write_table(pa.table({"id": ids}), path)
    chunks = list(read_parquet(path, Limits(chunk_rows=20_000)))
    assert [v for c in chunks for v in c["id"].to_pylist()] == ids
    assert max(c.num_rows for c in chunks) < 40_000


def test_ids_kept_as_floating_point_numbers_are_refused(path: Path) -> None:
    pq.write_table(pa.table({"id": [330102199001011234.0], "x": [0.5]}), path)
    assert [r["x"] for c in read_parquet(path, Limits()) for r in c.to_pylist()] == ["0.5"]
    with pytest.raises(FileRefusedError, match="digits") as error:
        list(read_parquet(path, Limits(), frozenset({"id"})))
    assert error.value.code == "column_type"


@pytest.mark.parametrize("name", ["#line", "#fault"])
def test_a_column_cannot_pass_for_what_a_reader_saw(path: Path, name: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        _read(path, pa.table({"s": ["a"], name: ["13800000000"]}))
    assert refused.value.code == "header"
    assert "13800000000" not in refused.value.message


@pytest.mark.parametrize("coded", [True, False])
def test_bytes_that_are_no_text_stay_in_their_cell(path: Path, coded: bool) -> None:
    offsets, data = np.array([0, 2, 4], dtype=np.int32), b"ok\xff\xfe"
    text = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    found = _read(path, pa.table({"s": text}), use_dictionary=coded)
    assert [r["s"] for r in found] == ["ok", "\N{REPLACEMENT CHARACTER}" * 2]


def test_a_damaged_column_name_refuses_the_file(path: Path) -> None:
    pq.write_table(pa.table({"merchant_id": ["M1"]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"merchant_id", b"merch\xddnt_id"))
    with pytest.raises(FileRefusedError) as refused:
        list(read_parquet(path, Limits()))
    assert refused.value.code == "format"
