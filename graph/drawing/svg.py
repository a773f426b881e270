"""A subgraph as one SVG picture: shapes by kind, lines by type, everything named when pointed at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from graph.drawing.layout import Shape, place
from graph.drawing.simplify import BOUGHT, fit, merge_orders, merge_parallel
from graph.snapshot import Float64
from graph.subgraph import Scalar, SubEdge, Subgraph, SubNode

# Okabe and Ito's colours, told apart also by the colour-blind
COLOURS = {
    "Merchant": "#0072B2",
    "Company": "#005685",
    "Person": "#8C6BB1",
    "Buyer": "#56B4E9",
    "Account": "#CC79A7",
    "Device": "#D55E00",
    "Phone": "#E69F00",
    "Address": "#009E73",
    "Orders": "#999999",
    "Loan": "#1A1A1A",
}
# corner points of a shape of radius 1; an empty list is a circle
SHAPES: dict[str, list[tuple[float, float]]] = {
    "Merchant": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "Company": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "Device": [(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)],
    "Phone": [(0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
    "Address": [(0, -1.2), (1.1, -0.2), (0.8, 1), (-0.8, 1), (-1.1, -0.2)],
    "Loan": [(-0.6, -1), (0.6, -1), (1.2, 0), (0.6, 1), (-0.6, 1), (-1.2, 0)],
}
LINES = {"TRANSFER": "#B2478A", "DISBURSED_TO": "#1A1A1A", "GUARANTEES": "#8C6BB1", BOUGHT: "#7FA6C9"}
MARGIN = 46.0


def draw(subgraph: Subgraph, shape: Shape = "springs", width: int = 760, height: int = 460, most: int = 70) -> str:
    """SVG text of the subgraph; what is not drawn for want of room is said below the picture."""
    piece = fit(merge_parallel(merge_orders(subgraph)), most)
    points = place(piece, shape)
    points = points * [width - 2 * MARGIN, height - 2 * MARGIN - 24] + MARGIN
    root = ET.Element(
        "svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width} {height}", role="img", width="100%"
    )
    ET.SubElement(root, "title").text = f"{len(piece.nodes)} nodes, {len(piece.edges)} edges"
    _arrow_heads(root)
    where = {n.name: points[i] for i, n in enumerate(piece.nodes)}
    many = len(piece.nodes) > 24
    _edges(root, piece, where, many)
    for n in piece.nodes:
        _node(root, n, where[n.name], many)
    _legend(root, piece, width, height)
    return ET.tostring(root, encoding="unicode")


def _arrow_heads(root: ET.Element) -> None:
    defs = ET.SubElement(root, "defs")
    marker = ET.SubElement(
        defs,
        "marker",
        id="head",
        viewBox="0 0 8 8",
        refX="7",
        refY="4",
        markerWidth="7",
        markerHeight="7",
        orient="auto",
        markerUnits="userSpaceOnUse",
    )
    ET.SubElement(marker, "path", d="M0,0 L8,4 L0,8 z", fill="#666")


def _edges(root: ET.Element, piece: Subgraph, where: dict[str, Float64], many: bool) -> None:
    parallel: Counter[tuple[str, str]] = Counter()
    for e in piece.edges:
        if e.src not in where or e.dst not in where:
            continue
        parallel[(e.src, e.dst)] += 1
        group = ET.SubElement(root, "g")
        ET.SubElement(group, "title").text = _said(f"{e.type} {e.id}", e.properties)
        times = e.properties.get("orders", e.properties.get("times"))
        thick = 1.0 + math.log2(times) if isinstance(times, int) and times > 0 else 1.4
        path, middle = _curve(where[e.src], where[e.dst], parallel[(e.src, e.dst)], e.src == e.dst)
        line = ET.SubElement(
            group,
            "path",
            {"d": path, "fill": "none", "stroke": LINES.get(e.type, "#AAAAAA"), "stroke-width": f"{thick:.1f}"},
        )
        if e.type != BOUGHT:
            line.set("marker-end", "url(#head)")
        if not many and (label := _label(e)):
            _text(group, middle[0], middle[1] - 3, label, 10, "#555")


def _curve(a: Float64, b: Float64, nth: int, to_itself: bool) -> tuple[str, tuple[float, float]]:
    """A line from a to b, stopped short of the shape; the nth of parallel ones bends further."""
    if to_itself:
        x, y = float(a[0]), float(a[1])
        return f"M{x:.1f},{y - 9:.1f} c-26,-30 26,-30 0,0", (x, y - 32)
    dx, dy = float(b[0] - a[0]), float(b[1] - a[1])
    length = math.hypot(dx, dy) or 1.0
    bend = 10.0 * nth
    mx, my = (a[0] + b[0]) / 2 - dy / length * bend, (a[1] + b[1]) / 2 + dx / length * bend
    short = min(12.0, length / 3)
    ex, ey = float(b[0]), float(b[1])
    tx, ty = ex - mx, ey - my
    reach = math.hypot(tx, ty) or 1.0
    ex, ey = ex - tx / reach * short, ey - ty / reach * short
    return f"M{a[0]:.1f},{a[1]:.1f} Q{mx:.1f},{my:.1f} {ex:.1f},{ey:.1f}", (float(mx), float(my))


def _node(root: ET.Element, n: SubNode, at: Float64, many: bool) -> None:
    group = ET.SubElement(root, "g")
    ET.SubElement(group, "title").text = _said(f"{n.name} {n.role or ''}".strip(), n.properties)
    size = 9.0 if n.hop == 0 else 6.5
    x, y = float(at[0]), float(at[1])
    _shape(group, n.kind, x, y, size)
    if not many or n.kind in ("Merchant", "Loan"):
        _text(group, x, y + size + 11, short_name(n.id), 10, "#222")


def _shape(parent: ET.Element, kind: str, x: float, y: float, size: float) -> None:
    style = {"fill": COLOURS.get(kind, "#999"), "stroke": "#fff", "stroke-width": "1.5"}
    if corners := SHAPES.get(kind):
        points = " ".join(f"{x + size * a:.1f},{y + size * b:.1f}" for a, b in corners)
        ET.SubElement(parent, "polygon", {"points": points, **style})
    else:
        ET.SubElement(parent, "circle", {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": f"{size}", **style})


def short_name(id_: str) -> str:
    """An id cut to what fits under a node: tokens are long."""
    return id_ if len(id_) <= 14 else f"{id_[:6]}…{id_[-4:]}"


def _label(e: SubEdge) -> str:
    if "orders" in e.properties:
        return f"{e.properties['orders']} orders"
    amount, times = e.properties.get("amount"), e.properties.get("times")
    money = f"{amount / 100:,.0f}" if isinstance(amount, int) else ""
    return f"{times} times, {money} in all" if times else money


def _said(name: str, properties: Mapping[str, Scalar]) -> str:
    return "\n".join([name, *(f"{k}: {v}" for k, v in sorted(properties.items()))])


def _text(parent: ET.Element, x: float, y: float, text: str, size: int, colour: str, anchor: str = "middle") -> None:
    ET.SubElement(
        parent,
        "text",
        {
            "x": f"{x:.1f}",
            "y": f"{y:.1f}",
            "font-size": str(size),
            "text-anchor": anchor,
            "fill": colour,
            "stroke": "#fff",  # a halo, so that text reads across lines
            "stroke-width": "3",
            "paint-order": "stroke",
        },
    ).text = text


def _legend(root: ET.Element, piece: Subgraph, width: int, height: int) -> None:
    x = 10.0
    for kind in sorted({n.kind for n in piece.nodes}):
        group = ET.SubElement(root, "g")
        _shape(group, kind, x + 5, height - 10, 5)
        _text(group, x + 15, height - 6, kind, 11, "#444", "start")
        x += 26 + 7.0 * len(kind)
    if piece.truncated_why:
        _text(root, width - 10, height - 6, piece.truncated_why, 11, "#B00020", "end")
