"""A piece cut out of a store is the piece cut out of a snapshot of the same landing; every store gives the same
file."""

from __future__ import annotations

import random
from pathlib import Path

import networkx as nx
import pytest

from graph.export import FORMATS
from graph.findings.finding import EdgeRef, Finding, Member
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot
from graph.store.contract import ExpandLimits, Store
from graph.store.load import load_all
from graph.store.subgraph import stored_finding, stored_neighbourhood
from graph.subgraph import Limits, Subgraph, neighbourhood, of_finding
from tests.cypher.hostile_graphs import hostile_graph
from tests.store.conftest import Opened
from tests.store.graphs import bring, landing

WIDE = ExpandLimits(hops=2, per_relation=10_000, max_nodes=10_000, max_edges=10_000)


def loaded(store: Store, folder: Path, seed: int) -> Snapshot:
    g, to = hostile_graph(seed), landing(folder / "landing")
    tables = {k: g.node_table(k) for k in g.nodes} | {t: g.edge_table(t) for t in g.edges}
    bring(to, {name: rows for name, rows in tables.items() if rows.num_rows})
    load_all(store, to.view())
    return build_snapshot(to.view().newest, 1)


def described(drawn: Subgraph) -> tuple[dict[str, object], dict[str, object]]:
    """What a subgraph says, but for the times of its versions, which the questions leave out."""

    def told(properties: object) -> dict[str, object]:
        return {k: v for k, v in dict(properties).items() if k not in ("updated_ts", "known_ts")}  # type: ignore[call-overload]  # a mapping

    nodes = {n.name: (n.hop, n.role, told(n.properties)) for n in drawn.nodes}
    return nodes, {f"{e.type}:{e.id}": (e.src, e.dst, told(e.properties)) for e in drawn.edges}


@pytest.mark.parametrize("seed", [3, 9])
def test_a_neighbourhood_from_the_store_is_that_of_the_snapshot(store: Store, tmp_path: Path, seed: int) -> None:
    snapshot = loaded(store, tmp_path, seed)
    merchant = random.Random(seed).randrange(len(snapshot.nodes["Merchant"]))
    id_ = snapshot.nodes["Merchant"].id(merchant)
    mine = stored_neighbourhood(store, [("Merchant", id_)], WIDE, 1)
    assert mine.complete and mine.as_of == 1 and len(mine.edges) > 5
    assert described(mine) == described(neighbourhood(snapshot, [("Merchant", merchant)], 2, Limits(10_000, 10_000)))


def test_a_finding_from_the_store_is_that_of_the_snapshot(store: Store, tmp_path: Path) -> None:
    snapshot = loaded(store, tmp_path, 3)
    owns = next(r for r in snapshot.of_type("OWNS") if len(r))
    ends = [f"{owns.src_kind}:{snapshot.nodes[owns.src_kind].id(owns.src[0])}"]
    ends.append(f"{owns.dst_kind}:{snapshot.nodes[owns.dst_kind].id(owns.dst[0])}")
    owner, gone = Member(owns.src_kind, ends[0].partition(":")[2], "owner"), Member("Account", "gone since", "account")
    evidence = (EdgeRef("TRANSFER", "t", ends[1], "Account:gone since", 5, 7),)
    finding = Finding("fund_loop", "fund-loop-1", 0.5, (owner, gone), evidence, {}, 5, 5, "", "")
    mine = stored_finding(store, finding, 1)
    assert described(mine) == described(of_finding(snapshot, finding))
    assert mine.complete and {e.type for e in mine.edges} == {"OWNS", "TRANSFER"}


def test_what_a_limit_cut_is_told(store: Store, tmp_path: Path) -> None:
    snapshot = loaded(store, tmp_path, 3)
    start = ("Merchant", snapshot.nodes["Merchant"].id(0))
    cut = stored_neighbourhood(store, [start], ExpandLimits(hops=2, max_nodes=3), 1)
    assert not cut.complete and cut.truncated_why and len(cut.nodes) <= 3


def test_nobody_is_a_neighbourhood_without_nodes(store: Store) -> None:
    assert stored_neighbourhood(store, [("Merchant", "nobody")], WIDE, 1).nodes == ()


def test_every_format_is_the_same_file_from_every_store(store: Store, opened: Opened, tmp_path: Path) -> None:
    other = opened.open("other")
    snapshot = loaded(store, tmp_path, 9)
    loaded(other, tmp_path / "again", 9)
    start = ("Merchant", snapshot.nodes["Merchant"].id(0))
    mine, others = (stored_neighbourhood(s, [start], WIDE, 1) for s in (store, other))
    for name, file_of in FORMATS.items():
        assert file_of(mine) == file_of(others), name
    (tmp_path / "g.gexf").write_bytes(FORMATS["gexf"](mine))
    assert f"{start[0]}:{start[1]}" in nx.read_gexf(tmp_path / "g.gexf")
