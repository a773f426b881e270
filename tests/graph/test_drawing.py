"""Pictures hold every node once, merge orders into lines, say what was left out, and run nothing."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from graph.drawing.layout import Shape, place
from graph.drawing.simplify import BOUGHT, fit, merge_orders, merge_parallel
from graph.drawing.svg import draw
from graph.subgraph import SubEdge, Subgraph, SubNode, neighbourhood
from tests.graph.small_world import edge, snapshot

SHOP = {
    "Orders": [{"id": f"O{i}", "amount": 100 * i} for i in range(4)],
    "PLACED": [edge(f"p{i}", f"Buyer:B{i % 2}", f"Orders:O{i}", ts=i) for i in range(4)],
    "SOLD_BY": [edge(f"s{i}", f"Orders:O{i}", "Merchant:M", ts=i) for i in range(4)],
    "SHIPPED_TO": [edge(f"h{i}", f"Orders:O{i}", "Address:A") for i in range(4)],
}


def _around_the_shop() -> Subgraph:
    return neighbourhood(snapshot(SHOP), [("Merchant", 0)], 3)


def test_orders_between_a_buyer_and_a_shop_become_one_line_with_their_number_and_sum() -> None:
    merged = merge_orders(_around_the_shop())
    lines = {(e.src, e.dst): e.properties for e in merged.edges if e.type == BOUGHT}
    assert lines == {
        ("Buyer:B0", "Merchant:M"): {"orders": 2, "amount": 200},
        ("Buyer:B1", "Merchant:M"): {"orders": 2, "amount": 400},
    }
    assert {n.name for n in merged.nodes} == {"Merchant:M", "Buyer:B0", "Buyer:B1", "Address:A"}
    assert sorted((e.src, e.dst) for e in merged.edges if e.type == "SHIPPED_TO") == [
        ("Buyer:B0", "Address:A"),
        ("Buyer:B1", "Address:A"),
    ]


def test_what_does_not_fit_is_left_out_and_counted() -> None:
    piece = fit(merge_orders(_around_the_shop()), 2)
    assert len(piece.nodes) == 2
    assert not piece.complete
    assert "2 of 4 nodes are not drawn" in str(piece.truncated_why)
    assert "not drawn" in draw(_around_the_shop(), most=2)


def test_the_same_subgraph_is_drawn_the_same_and_inside_the_page() -> None:
    piece = _around_the_shop()
    shapes: tuple[Shape, ...] = ("springs", "circle", "layers")
    for shape in shapes:
        points = place(piece, shape)
        assert ((points >= 0) & (points <= 1)).all()
        assert draw(piece, shape) == draw(piece, shape)


def test_an_empty_subgraph_and_a_lonely_loop_can_be_drawn() -> None:
    lonely = Subgraph(0, (SubNode("Account", "a", 0),), (SubEdge("TRANSFER", "t", "Account:a", "Account:a"),))
    shapes: tuple[Shape, ...] = ("springs", "circle", "layers")
    for piece in (Subgraph(0, (), ()), lonely):
        for shape in shapes:
            ET.fromstring(draw(piece, shape))  # noqa: S314 - our own output


def test_hostile_names_stay_text() -> None:
    evil = '"><script>alert(1)</script>'
    picture = draw(Subgraph(0, (SubNode("Buyer", evil, 0, {"region": evil}),), ()))
    assert "<script>" not in picture
    assert len(list(ET.fromstring(picture).iter())) > 3  # noqa: S314 - our own output


def test_many_transfers_between_two_accounts_become_one_line_with_their_number_and_sum() -> None:
    ends = (SubNode("Account", "a", 0), SubNode("Account", "b", 0))
    many = tuple(SubEdge("TRANSFER", str(i), "Account:a", "Account:b", {"amount": 100}) for i in range(5))
    [line] = merge_parallel(Subgraph(0, ends, many)).edges
    assert line.properties == {"times": 5, "amount": 500}
    assert merge_parallel(Subgraph(0, ends, many[:2])).edges == many[:2]
