"""Circles of a foreign table of guarantees."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow.parquet as pq
import pytest

from graph.table_columns import TableError
from jobs.circles_file import CirclesFileOptions, run_circles


def read(path: Path) -> set[tuple[object, ...]]:
    found: dict[int, list[object]] = {}
    for row in pq.read_table(path).to_pylist():
        assert row["position"] == len(found.setdefault(row["circle_id"], []))
        found[row["circle_id"]].append(row["node"])
    return {turned(c) for c in found.values()}


def turned(circle: list[object]) -> tuple[object, ...]:
    at = circle.index(min(circle, key=str))
    return (*circle[at:], *circle[:at])


def test_circles_of_a_file_are_those_of_networkx(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    ends = [(f"0{a}", f"0{b}") for a, b in rng.integers(0, 30, (90, 2)).tolist()]
    file = tmp_path / "g.csv"
    file.write_text("src,dst,amount\n" + "\n".join(f"{a},{b},5" for a, b in ends), "utf-8")
    summary = run_circles(file, tmp_path / "c.parquet", CirclesFileOptions(max_length=6))
    graph = nx.DiGraph([(a, b) for a, b in ends if a != b])
    want = {turned(c) for c in nx.simple_cycles(graph, length_bound=6)}
    assert read(tmp_path / "c.parquet") == want
    assert (summary["circles"], summary["truncated"]) == (len(want), 0)


def test_parallel_guarantees_add_amounts_and_not_circles(tmp_path: Path) -> None:
    file = tmp_path / "g.csv"
    file.write_text("from,to,sum\n1,2,10\n1,2,5\n2,1,7\n2,3,99\n1,1,4\n,1,1\n", "utf-8")
    summary = run_circles(file, tmp_path / "c.parquet", CirclesFileOptions("from", "to", "sum"))
    assert (summary["circles"], summary["by_length"], summary["amount_inside"]) == (1, {"2": 1}, 22.0)
    assert summary["rows_left_out"] == 1
    assert read(tmp_path / "c.parquet") == {(1, 2)}


def test_a_limit_is_reported_and_no_amounts_are_needed(tmp_path: Path) -> None:
    file = tmp_path / "g.csv"
    file.write_text("src,dst\n" + "\n".join(f"{a},{b}" for a in range(8) for b in range(8) if a != b), "utf-8")
    summary = run_circles(file, None, CirclesFileOptions(max_circles=10))
    assert (summary["circles"], summary["truncated"]) == (10, 1)
    assert "amount_inside" not in summary


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "g.csv"
    file.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(TableError, match="no column 'src'"):
        run_circles(file, None, CirclesFileOptions())
