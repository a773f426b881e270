"""Landing to store: everything at once or what is new, in any portions, interrupted or not, the same graph."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from graph.model import EDGES, KIND
from graph.snapshot_build import build_snapshot
from graph.store.contract import Changes, Store, StoreError
from graph.store.equal import differences
from graph.store.load import apply_new, bring_up_to_date, load_all
from graph.store.open import open_store
from landing.tables import Landing
from tests.store.conftest import Opened
from tests.store.graphs import bring, edges, landing, nodes, transfers


def assert_equal(store: Store, to: Landing) -> None:
    view = to.view()
    found = differences(store, build_snapshot(view.newest, 0))
    assert not found, found


def random_batch(r: random.Random) -> dict[str, pa.Table]:
    """Versions of few things, so that most rows meet an older or newer one, and edges that move."""

    def version() -> dict[str, Any]:
        return {"updated_ts": r.randrange(5), "known_ts": r.randrange(4)}

    found: dict[str, pa.Table] = {}
    for kind in r.sample(["Account", "Merchant", "Buyer", "Device", "Loan"], 3):
        text = next((p.name for p in KIND[kind].properties if p.type == "STRING"), None)
        rows = [
            {"id": f"n{r.randrange(6)}", text: r.choice(["a", "b", None]), **version()} for _ in range(r.randrange(6))
        ]
        found[kind] = nodes(kind, rows)
    for edge in r.sample(EDGES, 6):
        rows = []
        for _ in range(r.randrange(8)):
            src_kind, dst_kind = r.choice(edge.pairs)
            ends = {
                "src_kind": src_kind,
                "src": f"n{r.randrange(4)}",
                "dst_kind": dst_kind,
                "dst": f"n{r.randrange(4)}",
            }
            rows.append({"id": f"e{r.randrange(6)}", **ends, **version()})
        found[edge.name] = edges(edge.name, rows)
    return {name: rows for name, rows in found.items() if rows.num_rows}


def test_a_whole_load_holds_what_landing_says(store: Store, tmp_path: Path) -> None:
    to, r = landing(tmp_path / "landing"), random.Random(1)
    for _ in range(5):
        bring(to, random_batch(r))
    loaded = load_all(store, to.view())
    assert_equal(store, to)
    assert (loaded.position, store.position(), loaded.anew) == (4, 4, True)


def test_following_landing_batch_by_batch_equals_loading_it_whole(store: Store, tmp_path: Path) -> None:
    _follow(store, tmp_path, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_following_landing_equals_loading_it_on_more_histories(tmp_path: Path, seed: int) -> None:
    store = open_store(f"ladybug:{tmp_path / 'graph.lbug'}", buffer_pool_mb=256)
    _follow(store, tmp_path, seed)
    store.close()


def _follow(store: Store, tmp_path: Path, seed: int) -> None:
    to, r = landing(tmp_path / "landing"), random.Random(seed)
    bring(to, random_batch(r))
    load_all(store, to.view())
    for _ in range(3):
        for _ in range(r.randrange(1, 4)):
            bring(to, random_batch(r))
        position = store.position()
        assert position is not None
        apply_new(store, to.view(), position)
        assert_equal(store, to)
        assert store.position() == to.view().position


def test_applying_the_same_batches_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    to, r = landing(tmp_path / "landing"), random.Random(8)
    bring(to, random_batch(r))
    load_all(store, to.view())
    bring(to, random_batch(r))
    bring(to, random_batch(r))
    apply_new(store, to.view(), 0)
    apply_new(store, to.view(), 1)
    assert_equal(store, to)


def test_an_edge_that_moved_is_only_where_it_is_now(store: Store, tmp_path: Path) -> None:
    to = landing(tmp_path / "landing")
    bring(to, {"TRANSFER": transfers(("t1", "a", "b", 1), ("t2", "a", "b", 1))})
    load_all(store, to.view())
    bring(to, {"TRANSFER": transfers(("t1", "a", "c", 2), updated_ts=5)})
    bring(to, {"TRANSFER": transfers(("t1", "a", "d", 3), updated_ts=3)})  # older news that comes later
    apply_new(store, to.view(), 0)
    where = {r["id"]: r["dst"] for r in store.edges("TRANSFER").to_pylist()}
    assert where == {"t1": "c", "t2": "b"}
    assert store.edges("TRANSFER").num_rows == 2


class Killed(Exception):  # noqa: N818  # it is no error of the product
    """Stands for a kill at this point."""


class KilledBefore:
    """A store that dies before its n-th write."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self._left = writes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in ("bulk_load", "set_position", "apply", "checkpoint"):
            return found
        self._left -= 1
        if self._left < 0:
            raise Killed
        return found


@pytest.mark.parametrize("writes", range(3))
def test_a_load_that_was_killed_is_repeated(store: Store, tmp_path: Path, writes: int) -> None:
    to, r = landing(tmp_path / "landing"), random.Random(5)
    bring(to, random_batch(r))
    with pytest.raises(Killed):
        bring_up_to_date(KilledBefore(store, writes), to.view())
    bring_up_to_date(store, to.view())
    assert_equal(store, to)


@pytest.mark.slow
def test_following_goes_on_where_it_was_killed(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.store.load.GROUP_ROWS", 1)
    to, r = landing(tmp_path / "landing"), random.Random(6)
    for _ in range(6):
        bring(to, random_batch(r))
    load_all(store, to.view().between(-1, 2))
    with pytest.raises(Killed):
        apply_new(KilledBefore(store, 2), to.view(), 2)
    assert store.position() == 4
    done = bring_up_to_date(store, to.view())
    assert not done.anew
    assert_equal(store, to)


def test_most_of_landing_being_news_means_loading_anew(store: Store, tmp_path: Path) -> None:
    to = landing(tmp_path / "landing")
    bring(to, {"TRANSFER": transfers(("t1", "a", "b", 1))})
    assert bring_up_to_date(store, to.view()).anew
    bring(to, {"TRANSFER": transfers(("t2", "a", "b", 1), ("t3", "a", "b", 1))})
    assert bring_up_to_date(store, to.view()).anew
    bring(to, {"TRANSFER": transfers(("t4", "a", "b", 1))})
    assert not bring_up_to_date(store, to.view()).anew
    assert bring_up_to_date(store, to.view()).edges == 0
    assert_equal(store, to)


def test_the_comparison_sees_a_missing_edge_and_a_changed_value(store: Store, tmp_path: Path) -> None:
    """A negative control."""
    to = landing(tmp_path / "landing")
    bring(to, {"TRANSFER": transfers(("t1", "a", "b", 1), ("t2", "a", "b", 1))})
    load_all(store, to.view())
    assert_equal(store, to)
    store.apply(Changes({}, {}, {"TRANSFER": transfers(("t1", "a", "b", 2))}, {}, 0))
    assert differences(store, build_snapshot(to.view().newest, 0)) == ["TRANSFER: ts, amount differ"]
    store.delete_edges("TRANSFER", transfers(("t1", "a", "b", 2)))
    assert differences(store, build_snapshot(to.view().newest, 0)) == ["TRANSFER: the store holds 1, landing 2"]


def test_a_store_that_holds_another_homes_graph_is_not_written_to(store: Store, tmp_path: Path) -> None:
    mine, other = landing(tmp_path / "mine"), landing(tmp_path / "other")
    bring(mine, {"TRANSFER": transfers(("t1", "a", "b", 1))})
    bring(other, {"TRANSFER": transfers(("t9", "a", "b", 1))})
    bring_up_to_date(store, mine.view())
    with pytest.raises(StoreError) as caught:
        bring_up_to_date(store, other.view())
    assert caught.value.code == "other_landing"
    assert_equal(store, mine)


def test_an_empty_landing_gives_an_empty_store(opened: Opened, tmp_path: Path) -> None:
    store = opened.open()
    to = landing(tmp_path / "landing")
    assert load_all(store, to.view()).position == -1
    assert bring_up_to_date(store, to.view()).edges == 0
    assert_equal(store, to)
