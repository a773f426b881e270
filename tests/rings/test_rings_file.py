"""``ringfence rings FILE``: any order table in, rings, summaries and bursts out, ids as given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from graph.rings.table import OrderColumns
from graph.table_columns import TableError
from jobs.rings_file import RingsFileOptions, run_rings
from tests.rings.test_groups import RING, honest, ring

START = 1_700_000_000_000


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """Honest trade and a ring of fourteen on three devices; ids with leading zeros."""
    rng = np.random.default_rng(3)
    rows = honest(rng) + ring(rng)
    rng.shuffle(rows)
    return pa.table(
        {
            "order_id": [f"o{i:05d}" for i in range(len(rows))],
            "buyer_id": [f"{b:05d}" for b, _, _ in rows],
            "merchant_id": [f"{s:03d}" for _, s, _ in rows],
            "ts": [START + t for _, _, t in rows],
            "device": [f"d{b // 5 if b in RING else b}" for b, _, _ in rows],
            "amount": ["12.50"] * len(rows),
        }
    )


OPTIONS = RingsFileOptions(columns=OrderColumns(device="device", amount="amount"))


def test_the_ring_comes_out_with_its_members_scores_and_sentence(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table, tmp_path / "orders.parquet")
    options = RingsFileOptions(columns=OPTIONS.columns, summary_out=tmp_path / "summary.parquet")
    summary = run_rings(tmp_path / "orders.parquet", tmp_path / "rings.parquet", options)
    assert summary["fake_orders"] == 1 and summary["complete"] and summary["orders"] == table.num_rows
    members = pq.read_table(tmp_path / "rings.parquet").to_pylist()
    fake = [m for m in members if m["output"] == "fake_orders"]
    assert {m["member_id"] for m in fake if m["member_kind"] == "merchant"} == {"090", "091"}
    buyers = {m["member_id"]: m["share"] for m in fake if m["member_kind"] == "buyer"}
    assert {f"{b:05d}" for b in RING} <= set(buyers) and buyers["01000"] == 1.0
    (about,) = [s for s in pq.read_table(tmp_path / "summary.parquet").to_pylist() if s["output"] == "fake_orders"]
    assert about["amount"] == about["orders"] * 12.5 and about["score"] >= 0.5
    assert "Likely fake orders" in about["sentence"] and "share a device" in about["top_signals"][0]


def test_csv_and_parquet_and_any_order_of_rows_give_the_same_rings(table: pa.Table, tmp_path: Path) -> None:
    shuffled = table.take(np.random.default_rng(1).permutation(table.num_rows))
    pq.write_table(table, tmp_path / "a.parquet")
    pq.write_table(shuffled, tmp_path / "b.parquet")
    pacsv.write_csv(table, tmp_path / "c.csv")
    found = []
    for name in ("a.parquet", "b.parquet", "c.csv"):
        run_rings(tmp_path / name, tmp_path / "out.parquet", OPTIONS)
        found.append(pq.read_table(tmp_path / "out.parquet"))
    assert found[0].equals(found[1])
    first, last = (t.select(["member_kind", "score", "share", "output"]) for t in (found[0], found[2]))
    assert sorted(first.to_pylist(), key=str) == sorted(last.to_pylist(), key=str)


def test_rows_that_cannot_be_used_are_counted_not_lost(table: pa.Table, tmp_path: Path) -> None:
    spoilt = table.slice(0, 10).set_column(
        1, "buyer_id", pa.array([None, *table["buyer_id"].slice(1, 9).to_pylist()], pa.string())
    )
    twice = pa.concat_tables([spoilt, spoilt.slice(4, 3)])
    pq.write_table(twice, tmp_path / "orders.parquet")
    summary = run_rings(tmp_path / "orders.parquet", None, OPTIONS)
    assert (summary["orders"], summary["rows_left_out"], summary["rows_repeated"]) == (9, 1, 3)


def test_bursts_name_shop_window_and_buyers(tmp_path: Path) -> None:
    rows = [("b1", "m1", m) for m in (0, 10, 20, 30, 50)] + [("b2", "m1", 55), ("b1", "m2", 0), ("b1", "m2", 90)]
    orders = pa.table(
        {
            "order_id": [str(i) for i in range(len(rows))],
            "buyer_id": [b for b, _, _ in rows],
            "merchant_id": [m for _, m, _ in rows],
            "ts": [f"2025-03-01T10:{m:02d}:00Z" if m < 60 else "2025-03-01T11:30:00Z" for _, _, m in rows],
        }
    )
    pacsv.write_csv(orders, tmp_path / "orders.csv")
    options = RingsFileOptions(burst="1h", burst_ratio=3.0, burst_out=tmp_path / "bursts.parquet")
    assert run_rings(tmp_path / "orders.csv", None, options)["bursts"] == 1
    (burst,) = pq.read_table(tmp_path / "bursts.parquet").to_pylist()
    assert burst["merchant_id"] == "m1" and burst["ratio"] == 5.0 and burst["buyers"] == 1
    assert burst["from_ts"] == "2025-03-01T10:00:00Z" and burst["to_ts"] == "2025-03-01T10:50:00Z"
    assert burst["top_buyers"] == [{"buyer_id": "b1", "orders": 5}]


def test_an_empty_table_gives_empty_outputs(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table.slice(0, 0), tmp_path / "orders.parquet")
    options = RingsFileOptions(
        columns=OPTIONS.columns, summary_out=tmp_path / "s.parquet", burst="1h", burst_out=tmp_path / "b.parquet"
    )
    summary = run_rings(tmp_path / "orders.parquet", tmp_path / "r.parquet", options)
    assert summary["fake_orders"] == 0 and summary["coordinated_groups"] == 0 and summary["bursts"] == 0
    assert all(pq.read_table(tmp_path / f"{n}.parquet").num_rows == 0 for n in "srb")


@pytest.mark.parametrize(
    ("columns", "code"),
    [(OrderColumns(buyer="nobody"), "no_column"), (OrderColumns(ts="buyer_id"), "bad_time")],
)
def test_a_column_that_cannot_be_read_is_named(
    table: pa.Table, tmp_path: Path, columns: OrderColumns, code: str
) -> None:
    named = table.set_column(1, "buyer_id", pa.array([f"b{i}" for i in range(table.num_rows)]))
    pq.write_table(named, tmp_path / "orders.parquet")
    with pytest.raises(TableError) as error:
        run_rings(tmp_path / "orders.parquet", None, RingsFileOptions(columns=columns))
    assert error.value.code == code and "orders.parquet" in str(error.value)


def test_what_is_known_of_shops_calibrates_the_scores_of_groups(table: pa.Table, tmp_path: Path) -> None:
    pq.write_table(table, tmp_path / "orders.parquet")
    scores = {}
    for label in ("1", "0"):
        (tmp_path / "labels.csv").write_text(f"merchant_id,label\n090,{label}\n")
        options = replace(OPTIONS, labels=tmp_path / "labels.csv")
        summary = run_rings(tmp_path / "orders.parquet", tmp_path / "rings.parquet", options)
        assert summary["calibrated_on"] == 1
        rows = pq.read_table(tmp_path / "rings.parquet").to_pylist()
        scores[label] = max(r["score"] for r in rows if r["member_id"] == "090")
    run_rings(tmp_path / "orders.parquet", tmp_path / "rings.parquet", OPTIONS)
    plain = max(r["score"] for r in pq.read_table(tmp_path / "rings.parquet").to_pylist() if r["member_id"] == "090")
    assert scores["0"] < plain <= scores["1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("merchant_id,label\n090,2\n", "bad_label"),
        ("merchant_id,label\n090,1\n090,0\n", "two_labels"),
        ("shop,label\n090,1\n", "no_column"),
    ],
)
def test_labels_that_cannot_be_read_are_named(table: pa.Table, tmp_path: Path, text: str, code: str) -> None:
    pq.write_table(table, tmp_path / "orders.parquet")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(TableError) as caught:
        run_rings(tmp_path / "orders.parquet", None, replace(OPTIONS, labels=tmp_path / "labels.csv"))
    assert caught.value.code == code
