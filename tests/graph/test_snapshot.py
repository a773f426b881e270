"""A snapshot holds exactly what was known by its time, numbered the same whatever the order of the rows."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.model import landing_schemas
from graph.snapshot import NULL, Relation
from graph.snapshot_build import build_snapshot, edge_order
from graph.snapshot_files import SnapshotError, current_version, open_snapshot, publish, save_snapshot, sweep
from landing.tables import newest_versions
from tests.graph.small_world import edge, snapshot, tables

ORDERS = {
    "Buyer": [{"id": "B1", "region": "north"}],
    "PLACED": [edge("e1", "Buyer:B2", "Orders:O1", ts=5), edge("e2", "Buyer:B1", "Orders:O2")],
    "SOLD_BY": [edge("s1", "Orders:O1", "Merchant:M1", ts=5), edge("s2", "Orders:O2", "Merchant:M1", ts=9)],
}


def test_the_ends_of_an_edge_are_nodes_even_when_no_source_described_them() -> None:
    s = snapshot(ORDERS)
    assert s.nodes["Buyer"].ids.to_pylist() == ["B1", "B2"]
    assert s.nodes["Buyer"].table["region"].to_pylist() == ["north", None]
    assert s.nodes["Merchant"].ids.to_pylist() == ["M1"]


def test_a_missing_time_reads_as_null_and_not_as_zero() -> None:
    s = snapshot(ORDERS)
    placed = s.relation("Buyer", "PLACED", "Orders")
    assert placed.int64("ts").tolist() == [NULL, 5]
    assert placed.known("ts").tolist() == [False, True]


def test_pointers_delimit_the_edges_of_each_node_in_both_directions() -> None:
    s = snapshot(ORDERS)
    sold = s.relation("Orders", "SOLD_BY", "Merchant")
    assert sold.out_ptr.tolist() == [0, 1, 2]
    assert sold.in_edges[sold.in_ptr[0] : sold.in_ptr[1]].tolist() == [0, 1]
    assert (sold.out_degree.tolist(), sold.in_degree.tolist()) == ([1, 1], [2])


def test_ids_are_found_by_bisection_and_strangers_are_not() -> None:
    buyers = snapshot(ORDERS).nodes["Buyer"]
    assert [buyers.number(i) for i in ("B1", "B2", "B0", "B3", "")] == [0, 1, None, None, None]


def test_the_order_of_rows_does_not_matter() -> None:
    held = tables(ORDERS)
    rng = random.Random(7)
    shuffled = {n: t.take(pa.array(rng.sample(range(len(t)), len(t)), pa.int64())) for n, t in held.items()}
    one, other = build_snapshot(held.__getitem__, 10), build_snapshot(shuffled.__getitem__, 10)
    assert all(one.relations[t].table.equals(other.relations[t].table) for t in one.relations)
    assert all(one.nodes[k].table.equals(other.nodes[k].table) for k in one.nodes)


def test_the_newest_version_wins_and_the_time_it_was_learnt_breaks_ties() -> None:
    schema = landing_schemas()["Phone"]
    rows = pa.table({"id": ["a", "a", "b", "a"], "updated_ts": [1, 3, 1, 3], "known_ts": [9, 1, 1, 2]}, schema=schema)
    assert sorted(newest_versions(rows).to_pylist(), key=lambda r: r["id"]) == [
        {"id": "a", "updated_ts": 3, "known_ts": 2},
        {"id": "b", "updated_ts": 1, "known_ts": 1},
    ]


def test_a_saved_version_reads_back_the_same_and_an_old_reader_keeps_its_own(tmp_path: Path) -> None:
    first = snapshot(ORDERS)
    save_snapshot(first, tmp_path / "000001", {}, {})
    publish(tmp_path, "000001")
    reader = open_snapshot(tmp_path / "000001")
    save_snapshot(snapshot({}), tmp_path / "000002", {}, {})
    publish(tmp_path, "000002")
    assert current_version(tmp_path) == "000002"
    assert reader.size == first.size
    assert all(reader.relations[t].table.equals(first.relations[t].table) for t in first.relations)


def test_a_version_that_was_not_finished_cannot_be_published(tmp_path: Path) -> None:
    (tmp_path / "000001").mkdir()
    with pytest.raises(SnapshotError, match="not complete"):
        publish(tmp_path, "000001")


def test_sweeping_never_removes_the_published_version(tmp_path: Path) -> None:
    for version in ("000001", "000002", "000003"):
        save_snapshot(snapshot({}), tmp_path / version, {}, {})
    publish(tmp_path, "000001")
    assert sweep(tmp_path, keep=1) == ["000002"]
    assert {p.name for p in tmp_path.iterdir() if p.is_dir()} == {"000001", "000003"}


@pytest.mark.parametrize("pointer", [b"../../../etc", b"\xff\xfe", b"", b"a" * 200])
def test_a_damaged_pointer_is_named_and_never_followed(tmp_path: Path, pointer: bytes) -> None:
    (tmp_path / "current").write_bytes(pointer)
    with pytest.raises(SnapshotError, match="pointer"):
        current_version(tmp_path)


def test_a_cut_file_is_named(tmp_path: Path) -> None:
    save_snapshot(snapshot(ORDERS), tmp_path / "000001", {}, {})
    path = tmp_path / "000001" / "nodes-Buyer.arrow"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(SnapshotError, match=r"nodes-Buyer\.arrow of snapshot 000001 is damaged"):
        open_snapshot(tmp_path / "000001")


@given(
    st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(-3, 3), st.just(1 << 61))), max_size=40),
    st.booleans(),
    st.randoms(use_true_random=False),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_edges_are_in_the_order_of_source_time_and_id_missing_times_last(
    rows: list[tuple[int, int | None]], timed: bool, shuffler: random.Random
) -> None:
    ids = [f"e{i}" for i in range(len(rows))]
    shuffler.shuffle(ids)
    src = np.array([s for s, _ in rows], np.int32)
    ts = pa.array([t for _, t in rows], pa.int64()) if timed else None

    def key(i: int) -> tuple[int, bool, int, str]:
        moment = rows[i][1] if timed else 0
        return rows[i][0], moment is None, moment or 0, ids[i]

    assert edge_order(src, ts, pa.array(ids, pa.string())).tolist() == sorted(range(len(rows)), key=key)


def test_edges_leaving_and_entering_some_nodes_are_those_of_each_in_turn() -> None:
    rng = np.random.default_rng(8)
    table = pa.table(
        {"src": np.sort(rng.integers(0, 9, 60)).astype(np.int32), "dst": rng.integers(0, 7, 60).astype(np.int32)}
    )
    relation = Relation(("Buyer", "PLACED", "Orders"), table, 9, 7)
    for nodes in ([], [3], [6, 0, 6, 5]):
        assert relation.leaving(nodes).tolist() == [e for n in nodes for e in range(60) if relation.src[e] == n]
        assert relation.entering(nodes).tolist() == [e for n in nodes for e in range(60) if relation.dst[e] == n]
