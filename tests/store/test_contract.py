"""What every store promises, tried on each of them."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from cypher.errors import QuestionError
from graph.store.backup import restore_store
from graph.store.contract import Changes, ExpandLimits, Store, StoreError
from graph.store.ladybug.store import LadybugStore
from tests.store.conftest import Opened
from tests.store.graphs import HOSTILE, edges, nodes, transfers


def by_id(rows: pa.Table) -> dict[str, dict[str, Any]]:
    found = {r["id"]: r for r in rows.to_pylist()}
    assert len(found) == rows.num_rows, "an id is there twice"
    return found


def account(id_: str, bank: str, updated_ts: int, known_ts: int = 1) -> dict[str, Any]:
    return {"id": id_, "bank": bank, "updated_ts": updated_ts, "known_ts": known_ts}


# ---- writing


def test_bringing_the_same_rows_again_changes_nothing(store: Store) -> None:
    for _ in range(2):
        store.upsert_nodes("Account", nodes("Account", [account("a", "x", 1), account("b", "y", 1)]))
        store.upsert_edges("TRANSFER", transfers(("t1", "a", "b", 5), ("t2", "a", "b", 5), ("t3", "a", "a", 1)))
    assert set(by_id(store.nodes("Account"))) == {"a", "b"}
    assert set(by_id(store.edges("TRANSFER"))) == {"t1", "t2", "t3"}


@pytest.mark.parametrize("seed", range(3))
def test_the_newest_version_wins_in_any_order(store: Store, seed: int) -> None:
    r = random.Random(seed)
    versions = [account(f"a{i % 3}", f"bank{i}", r.randrange(4), r.randrange(3)) for i in range(24)]
    moved = [{**v, "id": f"t{v['id']}", "src": "p", "dst": "q", "amount": i} for i, v in enumerate(versions)]
    for i in range(0, len(versions), 4):
        store.upsert_nodes("Account", nodes("Account", versions[i : i + 4]))
        store.upsert_edges(
            "TRANSFER", edges("TRANSFER", [{k: v for k, v in m.items() if k != "bank"} for m in moved[i : i + 4]])
        )
    for name in ("a0", "a1", "a2"):
        mine = [(v["updated_ts"], v["known_ts"], i) for i, v in enumerate(versions) if v["id"] == name]
        newest = max(mine)[2]  # on a tie the one that came later
        assert by_id(store.nodes("Account"))[name]["bank"] == f"bank{newest}"
        assert by_id(store.edges("TRANSFER"))[f"t{name}"]["amount"] == newest


def test_an_id_twice_in_a_batch_leaves_the_newest(store: Store) -> None:
    store.upsert_nodes(
        "Account", nodes("Account", [account("a", "old", 1), account("a", "new", 3), account("a", "mid", 2)])
    )
    store.upsert_edges("TRANSFER", transfers(("t", "a", "b", 1), ("t", "a", "b", 2)))
    assert by_id(store.nodes("Account"))["a"]["bank"] == "new"
    assert by_id(store.edges("TRANSFER"))["t"]["amount"] == 2


def test_a_newer_version_may_take_a_value_away(store: Store) -> None:
    store.upsert_nodes("Account", nodes("Account", [account("a", "x", 1)]))
    store.upsert_nodes("Account", nodes("Account", [{"id": "a", "updated_ts": 2}]))
    assert by_id(store.nodes("Account"))["a"]["bank"] is None


def test_ends_nobody_described_become_bare_nodes_and_are_described_later(store: Store) -> None:
    store.upsert_edges("TRANSFER", transfers(("t", "a", "b", 1)))
    assert by_id(store.nodes("Account"))["a"] == {**dict.fromkeys(store.nodes("Account").column_names), "id": "a"}
    store.upsert_nodes("Account", nodes("Account", [account("a", "x", -5)]))
    assert by_id(store.nodes("Account"))["a"]["bank"] == "x"


def test_a_failing_batch_leaves_nothing(store: Store) -> None:
    store.upsert_nodes("Account", nodes("Account", [account("a", "x", 1)]))
    good = nodes("Account", [account("b", "y", 1)])
    wrong_pair = edges("TRANSFER", [{"id": "t", "src": "a", "dst": "b", "dst_kind": "Loan"}])
    with pytest.raises(StoreError) as caught:
        store.apply(Changes({}, {"Account": good}, {"TRANSFER": wrong_pair}, {}, 7))
    assert caught.value.code == "unknown_pair"
    assert set(by_id(store.nodes("Account"))) == {"a"}
    assert store.position() is None
    store.upsert_nodes("Account", good)  # and the store goes on
    assert set(by_id(store.nodes("Account"))) == {"a", "b"}


def test_rows_that_lack_a_column_or_an_id_are_refused(store: Store) -> None:
    whole = nodes("Account", [account("a", "x", 1)])
    for rows, code in (
        (whole.drop_columns(["bank"]), "missing_column"),
        (whole.set_column(0, "id", pa.array([None], pa.string())), "missing_value"),
        (whole.set_column(1, "bank", pa.array([[1]])), "wrong_type"),
    ):
        with pytest.raises(StoreError) as caught:
            store.upsert_nodes("Account", rows)
        assert caught.value.code == code
    with pytest.raises(StoreError):
        store.upsert_nodes("Planet", whole)


def test_deleting_a_node_takes_its_edges(store: Store) -> None:
    store.upsert_edges("TRANSFER", transfers(("t1", "a", "b", 1), ("t2", "b", "c", 1), ("t3", "c", "a", 1)))
    store.delete_nodes("Account", ["a", "nobody"])
    store.delete_nodes("Account", ["a"])
    assert set(by_id(store.nodes("Account"))) == {"b", "c"}
    assert set(by_id(store.edges("TRANSFER"))) == {"t2"}


def test_deleting_an_edge_leaves_its_parallel(store: Store) -> None:
    both = transfers(("t1", "a", "b", 1), ("t2", "a", "b", 1), ("t3", "b", "a", 1))
    store.upsert_edges("TRANSFER", both)
    store.delete_edges("TRANSFER", transfers(("t1", "a", "b", 1), ("t3", "a", "b", 1), ("t9", "x", "y", 1)))
    assert set(by_id(store.edges("TRANSFER"))) == {"t2", "t3"}


def test_bulk_load_replaces_everything(store: Store) -> None:
    store.upsert_nodes("Person", nodes("Person", [{"id": "p"}]))
    store.set_position(3)
    store.bulk_load(
        {"Account": nodes("Account", [account("a", "x", 1), account("b", "x", 1)])},
        {"TRANSFER": transfers(("t", "a", "b", 1))},
    )
    assert store.nodes("Person").num_rows == 0
    assert set(by_id(store.edges("TRANSFER"))) == {"t"}
    assert store.position() is None


def test_rows_in_many_chunks_all_arrive(store: Store) -> None:
    piece = nodes("Account", [account(f"a{i}", "x", 1) for i in range(50)])
    rows = pa.concat_tables([piece.slice(0, 0), piece.slice(0, 20), piece.slice(20, 0), piece.slice(20)])
    store.upsert_nodes("Account", rows)
    assert store.nodes("Account").num_rows == 50
    store.bulk_load({"Account": rows}, {})
    assert store.nodes("Account").num_rows == 50


# ---- many hands


def test_two_writers_of_one_key_leave_the_newest(store: Store) -> None:
    def write(numbers: range) -> None:
        for i in numbers:
            store.upsert_nodes("Account", nodes("Account", [account("a", f"bank{i}", i)]))

    for most in range(12, 60, 12):  # they end together, so that the last of each meet
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(write, range(most - 12 + start, most, 2)) for start in (0, 1)]:
                done.result()
        assert by_id(store.nodes("Account"))["a"]["bank"] == f"bank{most - 1}"


def test_readers_during_writes_see_batches_come_and_never_go(store: Store) -> None:
    stop = threading.Event()
    ids = [f"a{i}" for i in range(10)]

    def read() -> list[int]:
        seen = []
        while not stop.is_set():
            seen.append(store.query("transfer_draw_count", {"ids": ids})[0]["n_transfers"])
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for batch in range(6):
                rows = [(f"t{batch}-{i}", ids[i], ids[-1 - i], i) for i in range(10)]
                store.upsert_edges("TRANSFER", transfers(*rows))
        finally:
            stop.set()
        seen = [reader.result() for reader in readers]
    assert all(seen)
    assert all(counts == sorted(counts) for counts in seen)
    assert store.query("transfer_draw_count", {"ids": ids}) == [{"n_transfers": 60}]
    if isinstance(store, LadybugStore):  # a server commits row by row before a reader's eyes
        assert all(n % 10 == 0 for counts in seen for n in counts), seen


# ---- asking


def test_hostile_ids_come_back_as_they_went_in(store: Store) -> None:
    store.upsert_nodes("Account", nodes("Account", [account(i, i, 1) for i in HOSTILE]))
    store.upsert_edges("TRANSFER", transfers(*[(i, i, HOSTILE[n - 1], 1) for n, i in enumerate(HOSTILE)]))
    assert {r["bank"] for r in store.nodes("Account").to_pylist()} == set(HOSTILE)
    drawn = store.query("transfer_draw", {"ids": HOSTILE, "limit": 100})
    assert {(r["src"], r["id"]) for r in drawn} == {(i, i) for i in HOSTILE}
    for i in HOSTILE:
        assert [r["src"] for r in store.query("expand_out:Account-TRANSFER-Account", {"ids": [i], "limit": 9})] == [i]
    store.delete_edges("TRANSFER", transfers(*[(i, i, HOSTILE[n - 1], 1) for n, i in enumerate(HOSTILE[:5])]))
    assert store.edges("TRANSFER").num_rows == len(HOSTILE) - 5


def test_a_missing_parameter_is_refused_and_named(store: Store) -> None:
    with pytest.raises(QuestionError) as caught:
        store.query("transfer_draw", {"limit": 1})
    assert (caught.value.code, caught.value.parameter) == ("param_missing", "ids")


def test_sums_are_whole_numbers(store: Store) -> None:
    store.upsert_edges(
        "USED_DEVICE",
        edges(
            "USED_DEVICE",
            [{"id": "u1", "src_kind": "Merchant", "src": "m", "dst": "d"}, {"id": "u2", "src": "b", "dst": "d"}],
        ),
    )
    store.upsert_nodes(
        "Orders",
        nodes("Orders", [{"id": "o", "amount": 7, "currency": "CNY"}, {"id": "o2", "amount": None, "currency": "CNY"}]),
    )
    store.upsert_edges("PLACED", edges("PLACED", [{"id": f"p{o}", "src": "b", "dst": o} for o in ("o", "o2")]))
    store.upsert_edges("SOLD_BY", edges("SOLD_BY", [{"id": f"s{o}", "src": o, "dst": "m"} for o in ("o", "o2")]))
    [row] = store.query("ring_seed_device", {"k": 1, "limit": 10})
    assert row == {"merchant": "m", "device": "d", "currency": "CNY", "n_buyers": 1, "n_orders": 2, "amount": 7}
    assert type(row["amount"]) is int


def test_a_person_and_a_company_with_one_id_are_two_parties(store: Store) -> None:
    def guarantee(id_: str, src_kind: str, dst_kind: str, src: str = "7", dst: str = "7") -> dict[str, Any]:
        return {"id": id_, "src_kind": src_kind, "src": src, "dst_kind": dst_kind, "dst": dst}

    pairs = [("Person", "Company"), ("Company", "Person"), ("Company", "Merchant"), ("Merchant", "Person")]
    store.upsert_edges("GUARANTEES", edges("GUARANTEES", [guarantee(f"g{i}", *p) for i, p in enumerate(pairs)]))
    phones = [{"id": f"h{k}", "src_kind": k, "src": "7", "dst": "p"} for k in ("Person", "Merchant")]
    store.upsert_edges("HAS_PHONE", edges("HAS_PHONE", phones))
    assert [store.query(f"guarantee_circle_{n}_count", {})[0]["n_circles"] for n in (2, 3, 4)] == [1, 1, 0]
    [row] = store.query("guarantee_circle_3", {"limit": 9})
    assert [row[f"kind{i}"] for i in range(3)] == ["Person", "Company", "Merchant"]
    assert store.query("phone_shared", {"k": 2, "limit": 9}) == [{"phone": "p", "n_parties": 2}]
    drawn = store.query("guarantee_draw", {"ids": ["7"], "limit": 9})
    assert [(r["src_kind"], r["dst_kind"]) for r in drawn] == pairs


def test_lists_may_be_empty(store: Store) -> None:
    store.upsert_edges("TRANSFER", transfers(("t", "a", "b", 1)))
    assert store.query("transfer_draw", {"ids": [], "limit": 5}) == []
    assert store.query("expand_out_unwind:Account-TRANSFER-Account", {"ids": [], "limit": 5}) == []


def test_expanding_tells_what_it_cut(store: Store) -> None:
    hub = [{"id": f"u{i}", "src": f"b{i}", "dst": "d"} for i in range(30)]
    store.upsert_edges("USED_DEVICE", edges("USED_DEVICE", hub))
    store.upsert_nodes("Device", nodes("Device", [{"id": "d", "device_type": "phone"}]))
    whole = store.expand([("Device", "d"), ("Device", "none")], ExpandLimits())
    assert whole.complete and len(whole.edges) == 30 and len(whole.nodes) == 31
    assert whole.unknown == (("Device", "none"),)
    assert whole.nodes["Device", "d"]["device_type"] == "phone"
    for limits, why in (
        (ExpandLimits(per_relation=5), "5 edges"),
        (ExpandLimits(max_nodes=5), "5 nodes"),
        (ExpandLimits(max_edges=5), "5 edges"),
    ):
        cut = store.expand([("Device", "d")], limits)
        assert not cut.complete and why in cut.truncated_why
        assert all({e.src, e.dst} <= set(cut.nodes) for e in cut.edges)
    assert not store.expand([("Device", "d")], ExpandLimits(types=("OWNS",))).edges
    two = store.expand([("Buyer", "b1")], ExpandLimits(hops=2))
    assert len(two.edges) == 30


# ---- lasting


def test_content_and_position_are_there_after_reopening(store: Store, reopen: Callable[[Store], Store]) -> None:
    store.upsert_edges("TRANSFER", transfers(("t", "a", "b", 1)))
    store.set_position(4)
    store.checkpoint()
    store = reopen(store)
    assert set(by_id(store.edges("TRANSFER"))) == {"t"}
    assert store.position() == 4
    store.init_schema()
    assert store.edges("TRANSFER").num_rows == 1


WRITER = """
import sys
from graph.store.open import open_store
from tests.store.graphs import transfers
store = open_store(sys.argv[1], buffer_pool_mb=256)
for i in range(10_000):
    store.upsert_edges("TRANSFER", transfers(*[(f"t{i}-{k}", f"a{k}", "b", i) for k in range(5)]))
    print(i, flush=True)
"""


@pytest.mark.slow
def test_acknowledged_rows_are_there_after_kill_9(tmp_path: Path) -> None:
    opened = Opened(tmp_path)  # an embedded store dies with its process; for a server see test_neo4j
    for attempt in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, opened.url("killed")], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged = -1
        for line in child.stdout:
            acknowledged = int(line)
            if acknowledged >= 4 + attempt * 5:
                child.send_signal(signal.SIGKILL)
                break
        child.wait()
        acknowledged = max([acknowledged, *(int(x) for x in child.stdout.read().split())])
        store = opened.open("killed")
        ids = set(by_id(store.edges("TRANSFER")))
        assert {f"t{i}-{k}" for i in range(acknowledged + 1) for k in range(5)} <= ids
        assert len(ids) % 5 == 0, "half a batch"
        store.close()


def test_a_backup_is_read_back_into_another_store(store: Store, opened: Opened, tmp_path: Path) -> None:
    store.upsert_nodes("Account", nodes("Account", [account(i, i, 1) for i in HOSTILE]))
    store.upsert_edges("TRANSFER", transfers(*[(i, i, "x", 1) for i in HOSTILE]))
    store.upsert_edges("OWNS", edges("OWNS", [{"id": "o", "src": "p", "dst": "c", "dst_kind": "Company"}]))
    store.set_position(9)
    store.backup(tmp_path / "backup")
    other = opened.open("other")
    other.upsert_nodes("Person", nodes("Person", [{"id": "gone after the restore"}]))
    restore_store(other, tmp_path / "backup")
    assert other.position() == 9
    for kind in ("Account", "Person", "Company"):
        assert by_id(other.nodes(kind)) == by_id(store.nodes(kind))
    for type_ in ("TRANSFER", "OWNS"):
        assert by_id(other.edges(type_)) == by_id(store.edges(type_))


def test_a_damaged_backup_is_refused_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    store.upsert_nodes("Account", nodes("Account", [account("a", "x", 1)]))
    store.backup(tmp_path / "backup")
    with pytest.raises(StoreError, match="exists"):
        store.backup(tmp_path / "backup")
    part = tmp_path / "backup" / "nodes-Account.parquet"
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(StoreError) as caught:
        restore_store(store, tmp_path / "backup")
    assert caught.value.code == "damaged_backup"
    assert store.nodes("Account").num_rows == 1
    with pytest.raises(StoreError):
        restore_store(store, tmp_path / "nothing")


def test_health_tells_what_it_is_and_never_raises(store: Store) -> None:
    store.set_position(2)
    well = store.health()
    assert well.ok and well.engine in ("ladybug", "neo4j") and well.version and well.position == 2
    store.close()
    start = time.monotonic()
    ill = store.health(timeout_s=1.0)
    assert not ill.ok and ill.why
    assert time.monotonic() - start < 5


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    store.close()
    for call in (
        lambda: store.query("transfer_draw_count", {"ids": []}),
        lambda: store.nodes("Account"),
        store.init_schema,
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert caught.value.code == "closed"


def test_no_error_repeats_a_value(store: Store) -> None:
    secret = "6222-canary"
    rows = transfers((secret, secret, secret, 1))
    wrong = rows.set_column(rows.column_names.index("src_kind"), "src_kind", pa.array(["Loan"]))
    with pytest.raises(StoreError) as caught:
        store.upsert_edges("TRANSFER", wrong)
    assert secret not in str(caught.value)
    with pytest.raises(StoreError) as caught:
        store.bulk_load({}, {"TRANSFER": rows})  # its ends are not among the nodes
    assert secret not in str(caught.value) and secret not in repr(caught.value.__context__)
    assert pc.sum(pc.equal(store.edges("TRANSFER")["id"], secret)).as_py() in (0, None)
