"""Pieces cut out of a snapshot hold what they should, say when they do not, and survive the way to other tools."""

from __future__ import annotations

import io
import json
import zipfile

import networkx as nx

from graph.export import FORMATS, neutral, to_csv, to_gexf, to_graphml, to_json
from graph.subgraph import Limits, SubEdge, Subgraph, SubNode, neighbourhood, sub_snapshot
from tests.graph.small_world import edge, snapshot

STAR = {
    "PLACED": [edge(f"p{i}", f"Buyer:B{i}", f"Orders:O{i}", ts=i) for i in range(6)],
    "SOLD_BY": [edge(f"s{i}", f"Orders:O{i}", f"Merchant:M{i % 2}", ts=i) for i in range(6)],
    "TRANSFER": [edge("t1", "Account:A", "Account:A", ts=1, amount=5), edge("t2", "Account:A", "Account:B", ts=2)],
    "OWNS": [edge("o1", "Merchant:M0", "Account:A")],
    "refund": [{"id": "r1", "merchant_id": "M0"}, {"id": "r2", "merchant_id": "M1"}],
}


def _named(piece: Subgraph) -> set[str]:
    return {n.name for n in piece.nodes}


def test_one_hop_from_a_shop_reaches_its_orders_and_account_and_no_more() -> None:
    s = snapshot(STAR)
    piece = neighbourhood(s, [("Merchant", 0)], 1)
    assert _named(piece) == {"Merchant:M0", "Orders:O0", "Orders:O2", "Orders:O4", "Account:A"}
    assert {e.id for e in piece.edges} == {"s0", "s2", "s4", "o1"}
    assert piece.complete


def test_a_transfer_to_oneself_is_there_once() -> None:
    piece = neighbourhood(snapshot(STAR), [("Merchant", 0)], 2)
    assert [e.id for e in piece.edges].count("t1") == 1


def test_growth_stops_at_the_limit_and_says_so() -> None:
    piece = neighbourhood(snapshot(STAR), [("Merchant", 0)], 3, Limits(max_nodes=3))
    assert len(piece.nodes) == 3
    assert not piece.complete
    assert piece.truncated_why == "stopped at 3 nodes"


def test_a_hub_is_shown_but_not_walked_through_and_that_is_said() -> None:
    piece = neighbourhood(snapshot(STAR), [("Orders", 0)], 3, Limits(max_degree=3))
    assert "Merchant:M0" in _named(piece)
    assert "Orders:O2" not in _named(piece)
    assert "1 nodes with more than 3 edges" in str(piece.truncated_why)


def test_the_exact_neighbourhood_is_a_snapshot_with_the_facts_of_its_merchants() -> None:
    cut = sub_snapshot(snapshot(STAR), [0], 2)
    assert cut.nodes["Merchant"].ids.to_pylist() == ["M0"]
    assert cut.nodes["Buyer"].ids.to_pylist() == ["B0", "B2", "B4"]
    assert cut.relation("Orders", "SOLD_BY", "Merchant").int64("ts").tolist() == [0, 2, 4]
    assert cut.facts["refund"].table["id"].to_pylist() == ["r1"]
    assert len(cut.relation("Account", "TRANSFER", "Account")) == 2


def test_networkx_reads_back_what_was_written() -> None:
    piece = neighbourhood(snapshot(STAR), [("Merchant", 0)], 2)
    for name, back in (("graphml", nx.read_graphml(io.BytesIO(to_graphml(piece)), force_multigraph=True)),):
        assert set(back.nodes) == _named(piece), name
        assert back.number_of_edges() == len(piece.edges), name
        assert {d["edge_id"] for *_, d in back.edges(data=True)} == {e.id for e in piece.edges}, name
    gexf = nx.read_gexf(io.BytesIO(to_gexf(piece)))
    assert set(gexf.nodes) == _named(piece)
    assert len(json.loads(to_json(piece))["edges"]) == len(piece.edges)


def test_a_spreadsheet_runs_nothing() -> None:
    evil = "=HYPERLINK(1)"
    piece = Subgraph(
        0, (SubNode("Buyer", "b", 0, {"region": evil}, evil),), (SubEdge("T", evil, "Buyer:b", "Buyer:b"),)
    )
    with zipfile.ZipFile(io.BytesIO(to_csv(piece))) as z:
        text = z.read("nodes.csv").decode() + z.read("edges.csv").decode()
    assert ",=" not in text
    assert "\n=" not in text
    assert text.count("'=HYPERLINK") == 3
    assert [neutral(v) for v in ("@a", "+1", "-1", "\tx", -1, "a=b")] == ["'@a", "'+1", "'-1", "'\tx", -1, "a=b"]


def test_every_format_writes_the_same_bytes_twice() -> None:
    piece = neighbourhood(snapshot(STAR), [("Merchant", 0)], 2)
    for write in FORMATS.values():
        assert write(piece) == write(piece)
