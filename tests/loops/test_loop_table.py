"""Loops of a foreign table: any ids, any time format, rows in any order; ids, times and amounts come back as given."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.loops.table import LoopTableOptions, loops_of_table, span_us
from graph.table_columns import TableError
from jobs.loops_file import run_loops
from tests.loops.brute import brute_loops
from tests.loops.graphs import random_case

HOUR = 3_600


def loops(table: pa.Table) -> list[tuple[int, ...]]:
    found: dict[int, list[int]] = {}
    for row in table.to_pylist():
        assert row["position"] == len(found.setdefault(row["loop_id"], []))
        found[row["loop_id"]].append(row["row"])
    return sorted(map(tuple, found.values()))


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_table_in_any_order_gives_the_loops_of_trying_all_paths() -> None:
    rng = np.random.default_rng(11)
    for number in range(60):
        case = random_case(rng, number)
        names = [f"00{i}" for i in range(10)]
        table = pa.table(
            {
                "src": [names[i] for i in case.src],
                "dst": [names[i] for i in case.dst],
                "ts": case.ts,
                "amount": case.amount,
            }
        )
        rule = case.rule
        options = LoopTableOptions(
            window=f"{rule.window}ms", max_length=rule.max_length, decay=rule.decay, growth=rule.growth, ties=rule.ties
        )
        found, summary = loops_of_table(table, options)
        want = brute_loops(*case.lists(), rule)
        assert loops(found) == want
        assert (summary["edges"], summary["loops"], summary["truncated_edges"]) == (len(case.ts), len(want), 0)
        assert found["src"].to_pylist() == [table["src"][r].as_py() for r in found["row"].to_pylist()]


CSV = "when,payer,payee,sum,booking\n{}\n"


def options(**changes: object) -> LoopTableOptions:
    named = {"src": "payer", "dst": "payee", "ts": "when", "amount": "sum", "id": "booking", "time_unit": "s"}
    return LoopTableOptions(**{**named, **changes})  # type: ignore[arg-type]  # changed by name


def test_a_csv_comes_back_as_given_with_ids_that_look_like_numbers(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", CSV.format("7200,007,7,10.50,b2\n0,7,007,11.00,b1\n3600,7,7,1,b3"))
    summary = run_loops(file, tmp_path / "deep" / "loops.parquet", options())
    assert (summary["loops"], summary["by_length"], summary["rows_left_out"]) == (1, {"2": 1}, 0)
    found = pq.read_table(tmp_path / "deep" / "loops.parquet")
    assert found.column_names == ["loop_id", "position", "row", "src", "dst", "ts", "amount", "id"]
    assert found["row"].to_pylist() == [1, 0]
    assert found["src"].to_pylist() == ["7", "007"]
    assert found["amount"].to_pylist() == ["11.00", "10.50"]
    assert found["id"].to_pylist() == ["b1", "b2"]
    assert found["ts"].to_pylist() == [0, 7200]


@pytest.mark.parametrize(
    "times",
    [
        ("2025-03-01T10:00:00+08:00", "2025-03-01T03:00:00Z"),
        ("2025-03-01 02:00:00", "2025-03-01T03:00:00"),
        ("2025-03-01", "2025-03-01T01:00:00.000001"),
        ("1740794400", "1740798000"),
        ("1740794400.25", "1740798000.5"),
    ],
)
def test_times_are_iso_with_or_without_zone_or_epochs(tmp_path: Path, times: tuple[str, str]) -> None:
    file = write(tmp_path / "t.csv", CSV.format(f"{times[1]},b,a,1,x\n{times[0]},a,b,1,y"))
    assert run_loops(file, None, options(window="2h"))["loops"] == 1
    assert run_loops(file, None, options(window="59m"))["loops"] == 0


def test_the_unit_of_epochs_sets_how_long_the_window_is() -> None:
    table = pa.table({"src": [1, 2], "dst": [2, 1], "ts": [0, 73 * HOUR * 1000]})
    assert loops_of_table(table, LoopTableOptions(time_unit="s"))[1]["loops"] == 0
    assert loops_of_table(table, LoopTableOptions(time_unit="ms"))[1]["loops"] == 0
    assert loops_of_table(table, LoopTableOptions(time_unit="us"))[1]["loops"] == 1


def test_timestamps_of_parquet_and_mixed_id_types_are_taken(tmp_path: Path) -> None:
    moments = [datetime(2025, 3, 1, h, tzinfo=UTC) for h in (1, 2)]
    pq.write_table(
        pa.table({"src": [1, 2], "dst": ["2", "1"], "ts": moments, "amount": [1, 1]}), tmp_path / "t.parquet"
    )
    assert run_loops(tmp_path / "t.parquet", None, LoopTableOptions(decay=0.1, growth=0.01))["loops"] == 1


def test_rows_with_an_empty_end_or_time_are_left_out_and_counted(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", CSV.format("0,a,b,1,x\n,b,a,1,y\n5,,a,1,z\n6,b,a,1,w"))
    summary = run_loops(file, None, options())
    assert (summary["edges"], summary["rows_left_out"], summary["loops"]) == (4, 2, 1)


def test_an_empty_table_has_no_loops(tmp_path: Path) -> None:
    summary = run_loops(write(tmp_path / "t.csv", "src,dst,ts,amount\n"), tmp_path / "o.parquet", LoopTableOptions())
    assert (summary["edges"], summary["loops"], summary["by_length"]) == (0, 0, {})
    assert pq.read_table(tmp_path / "o.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("row", "changes", "code", "where"),
    [
        ("soon,a,b,1,x", {}, "bad_time", "row 1"),
        ("5,a,b,lots,x", {"decay": 0.1}, "bad_number", "row 1"),
        ("5,a,b,1e999,x", {"decay": 0.1}, "bad_number", "row 1"),
        ("5,a,b,1,x", {"src": "from"}, "no_column", "'from'"),
        ("5,a,b,1,x", {"window": "3 days"}, "bad_span", "3 days"),
        ("5,a,b", {}, "unreadable", "t.csv"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, row: str, changes: dict[str, object], code: str, where: str
) -> None:
    file = write(tmp_path / "t.csv", CSV.format(f"0,a,b,1,x\n{row}"))
    with pytest.raises(TableError, match=where) as refused:
        run_loops(file, None, options(**changes))
    assert refused.value.code == code


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no such file"):
        run_loops(tmp_path / "none.csv", None, LoopTableOptions())


def test_spans_are_whole_numbers_with_a_unit() -> None:
    assert (span_us("72h"), span_us("30d"), span_us("5us")) == (72 * 3600 * 10**6, 30 * 86_400 * 10**6, 5)
