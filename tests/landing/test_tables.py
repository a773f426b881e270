"""Landing: batches are there whole or not at all, and a view gives the same answers for as long as it is held."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landing.manifest import Manifest, Part
from landing.tables import RECEIPTS, Landing, LandingError, newest_versions

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("n", pa.int64()),
        pa.field("updated_ts", pa.int64(), nullable=False),
        pa.field("known_ts", pa.int64(), nullable=False),
    ]
)
Row = tuple[str, int | None, int, int]


def _rows(*rows: Row) -> pa.Table:
    return pa.table({name: [r[i] for r in rows] for i, name in enumerate(SCHEMA.names)}, schema=SCHEMA)


def _put(landing: Landing, batch_id: str, *rows: Row) -> None:
    with landing.begin(batch_id, "source", "source.feed") as batch:
        batch.add("T", _rows(*rows))
        batch.counts = {"stored": len(rows)}


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing", {"T": SCHEMA})


def test_an_empty_landing_answers(landing: Landing) -> None:
    view = landing.view()
    assert view.position == -1
    assert view.all_versions("T").num_rows == view.newest("T").num_rows == view.rows("T") == 0
    assert view.all_versions("T").schema == SCHEMA
    assert landing.verify() == []
    assert landing.batch("none") is None


def test_batches_come_back_in_the_order_of_their_commit(landing: Landing) -> None:
    for batch_id in ("z", "a", "m"):
        _put(landing, batch_id, (batch_id, 1, 1, 1))
    assert [b.batch_id for b in landing.batches()] == ["z", "a", "m"]
    assert [b.sequence for b in landing.batches()] == [0, 1, 2]
    assert landing.view().all_versions("T")["id"].to_pylist() == ["z", "a", "m"]
    assert landing.view().rows("T") == 3


def test_nothing_is_seen_before_the_batch_is_committed(landing: Landing) -> None:
    with landing.begin("b", "s", "f") as batch:
        batch.add("T", _rows(("x", 1, 1, 1)))
        assert landing.view().rows("T") == 0
    assert landing.view().rows("T") == 1


def test_a_batch_that_fails_leaves_nothing(landing: Landing) -> None:
    with pytest.raises(ZeroDivisionError), landing.begin("b", "s", "f") as batch:
        batch.add("T", _rows(("x", 1, 1, 1)))
        raise ZeroDivisionError
    assert landing.batches() == []
    assert list((landing.root / "parts").iterdir()) == []
    _put(landing, "b", ("x", 1, 1, 1))
    assert landing.view().rows("T") == 1


def test_what_a_killed_run_left_is_cleared_away(landing: Landing) -> None:
    left = landing.root / "parts" / "b"
    left.mkdir(parents=True)
    (left / "T-0.parquet").write_bytes(b"half of a file")
    assert landing.view().rows("T") == 0
    _put(landing, "b", ("x", 1, 1, 1))
    assert landing.verify() == []
    assert landing.view().rows("T") == 1


def test_a_batch_is_taken_once(landing: Landing) -> None:
    _put(landing, "b", ("x", 1, 1, 1))
    with pytest.raises(LandingError, match="already"):
        _put(landing, "b", ("y", 1, 1, 1))
    assert landing.view().rows("T") == 1
    assert landing.verify() == []


def test_a_view_stays_as_it_was(landing: Landing) -> None:
    _put(landing, "a", ("x", 1, 1, 1))
    view = landing.view()
    _put(landing, "b", ("x", 2, 2, 2))
    assert view.newest("T")["n"].to_pylist() == [1]
    assert landing.view().newest("T")["n"].to_pylist() == [2]
    assert landing.view().between(0, 1).all_versions("T")["n"].to_pylist() == [2]
    assert (view.position, landing.view().position) == (0, 1)


def test_one_writer_at_a_time(landing: Landing) -> None:
    with (
        landing.begin("a", "s", "f"),
        pytest.raises(LandingError, match="another process"),
        landing.begin("b", "s", "f"),
    ):
        pass
    assert [b.batch_id for b in landing.batches()] == ["a"]


def test_rows_must_fit_their_table(landing: Landing) -> None:
    with pytest.raises((KeyError, pa.ArrowException)), landing.begin("a", "s", "f") as batch:
        batch.add("T", pa.table({"id": ["x"]}))
    with pytest.raises((KeyError, LandingError)), landing.begin("a", "s", "f") as batch:
        batch.add("nosuch", _rows(("x", 1, 1, 1)))
    with pytest.raises((ValueError, pa.ArrowException)), landing.begin("a", "s", "f") as batch:
        batch.add("T", _rows(("x", 1, 1, 1)).set_column(0, "id", pa.array([None], pa.string())))
    with pytest.raises(LandingError, match="no table 'nosuch'"):
        landing.view().all_versions("nosuch")
    assert landing.batches() == []


def test_columns_may_come_in_any_order(landing: Landing) -> None:
    with landing.begin("a", "s", "f") as batch:
        batch.add("T", _rows(("x", 1, 2, 3)).select(["known_ts", "id", "updated_ts", "n"]))
    assert landing.view().all_versions("T").to_pylist() == [{"id": "x", "n": 1, "updated_ts": 2, "known_ts": 3}]


def test_damage_is_found(landing: Landing) -> None:
    _put(landing, "a", ("x", 1, 1, 1))
    _put(landing, "b", ("y", 1, 1, 1))
    first, second = (landing.root / b.parts[0].path for b in landing.batches())
    first.write_bytes(first.read_bytes()[:-1] + b"?")
    second.unlink()
    wrong = landing.verify()
    assert len(wrong) == 2
    assert "changed" in wrong[0]
    assert "missing" in wrong[1]


def test_receipts_are_kept_by_feed(landing: Landing) -> None:
    receipts = pa.table({"record_id": ["r"], "version_ts": [1], "row_hash": [b"x" * 16]}, schema=RECEIPTS)
    with landing.begin("a", "s", "s.f") as batch:
        batch.add_receipts("s.f", receipts)
    assert landing.receipts("s.f").equals(receipts)
    assert landing.receipts("s.other").num_rows == 0


@pytest.mark.parametrize("text", ["{", "[]", '{"batch_id": "b"}'])
def test_a_damaged_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "b.json").write_text(text)
    with pytest.raises(LandingError, match=r"manifests/b\.json is damaged"):
        Landing(tmp_path, {}).batches()


def test_a_manifest_survives_its_json() -> None:
    manifest = Manifest("b", 3, "s", "s.f", 12, {"sent": 1}, {"名": "值"}, (Part("T", "parts/b/T-0.parquet", 1, "00"),))
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert json.loads(manifest.to_json())["info"] == {"名": "值"}


def _newest_twin(rows: list[Row]) -> dict[str, Row]:
    best: dict[str, tuple[tuple[int, int, int], Row]] = {}
    for i, r in enumerate(rows):
        rank = (r[2], r[3], i)
        if r[0] not in best or rank > best[r[0]][0]:
            best[r[0]] = (rank, r)
    return {k: r for k, (_, r) in best.items()}


_ROW = st.tuples(
    st.sampled_from(["a", "b", "c", "d e", ""]),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(st.lists(_ROW, max_size=25))
def test_the_newest_version_of_each_id(rows: list[Row]) -> None:
    got = newest_versions(_rows(*rows)).to_pylist()
    assert {r["id"]: tuple(r.values()) for r in got} == _newest_twin(rows)
    assert len(got) == len({r[0] for r in rows})


def test_the_newest_version_as_of_any_time(landing: Landing) -> None:
    rng = random.Random(7)
    rows = [(rng.choice("abc"), rng.randrange(9), rng.randrange(5), rng.randrange(5)) for _ in range(60)]
    for i in range(0, 60, 20):
        _put(landing, f"b{i}", *rows[i : i + 20])
    for as_of in range(-1, 6):
        known = [r for r in rows if r[3] <= as_of]
        got = landing.view().newest("T", as_of).to_pylist()
        assert {r["id"]: tuple(r.values()) for r in got} == _newest_twin(known)
