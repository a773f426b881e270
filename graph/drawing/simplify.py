"""Before drawing: orders between the same buyer and shop become one line, and only what fits a page is kept."""

from __future__ import annotations

from collections import Counter, defaultdict

from graph.subgraph import SubEdge, Subgraph, SubNode

BOUGHT = "BOUGHT"
"""Type of the line that stands for a buyer's orders in a shop; its properties: orders, amount."""


def merge_orders(subgraph: Subgraph) -> Subgraph:
    """Replace each order that has one buyer and one shop in the subgraph by a line from buyer to shop.

    Parcels and devices of such an order move to its buyer. Lines carry how many orders they stand for and their sum.
    """
    buyer = {e.dst: e.src for e in subgraph.edges if e.type == "PLACED"}
    shop = {e.src: e.dst for e in subgraph.edges if e.type == "SOLD_BY"}
    amount = {n.name: n.properties.get("amount") for n in subgraph.nodes if n.kind == "Orders"}
    whole = {n.name for n in subgraph.nodes if n.kind == "Orders" and n.name in buyer and n.name in shop}
    bought: dict[tuple[str, str], list[int]] = defaultdict(list)
    for order in sorted(whole):
        value = amount[order]
        bought[(buyer[order], shop[order])].append(value if isinstance(value, int) else 0)
    lines = {
        (BOUGHT, a, b): SubEdge(BOUGHT, f"{a}>{b}", a, b, {"orders": len(sums), "amount": sum(sums)})
        for (a, b), sums in sorted(bought.items())
    }
    for e in subgraph.edges:
        if e.type in ("PLACED", "SOLD_BY") and (e.src in whole or e.dst in whole):
            continue
        src = buyer[e.src] if e.src in whole else e.src
        key = (e.type, src, e.dst) if src != e.src else (e.id, src, e.dst)
        lines.setdefault(key, SubEdge(e.type, e.id, src, e.dst, e.properties))
    nodes = tuple(n for n in subgraph.nodes if n.name not in whole)
    return Subgraph(subgraph.as_of, nodes, tuple(lines.values()), subgraph.complete, subgraph.truncated_why)


def merge_parallel(subgraph: Subgraph, above: int = 2) -> Subgraph:
    """Edges of one type between the same two nodes become one, when there are more than ``above``.

    The line carries how many it stands for (``times``) and the sum of their amounts.
    """
    bundles: dict[tuple[str, str, str], list[SubEdge]] = defaultdict(list)
    for e in subgraph.edges:
        bundles[(e.type, e.src, e.dst)].append(e)
    lines: list[SubEdge] = []
    for (type_, src, dst), edges in bundles.items():
        if len(edges) <= above:
            lines.extend(edges)
            continue
        amounts = [a for e in edges if isinstance(a := e.properties.get("amount"), int)]
        summed = {"times": len(edges), **({"amount": sum(amounts)} if amounts else {})}
        lines.append(SubEdge(type_, f"{len(edges)} edges", src, dst, summed))
    return Subgraph(subgraph.as_of, subgraph.nodes, tuple(lines), subgraph.complete, subgraph.truncated_why)


def fit(subgraph: Subgraph, most: int) -> Subgraph:
    """Keep at most ``most`` nodes: members before others, then the best connected. Says how many are not drawn."""
    if len(subgraph.nodes) <= most:
        return subgraph
    degree = Counter(end for e in subgraph.edges for end in (e.src, e.dst))

    def weight(n: SubNode) -> tuple[int, int, str]:
        return (n.hop, -degree[n.name], n.name)

    kept = sorted(subgraph.nodes, key=weight)[:most]
    names = {n.name for n in kept}
    edges = tuple(e for e in subgraph.edges if e.src in names and e.dst in names)
    left_out = f"{len(subgraph.nodes) - most} of {len(subgraph.nodes)} nodes are not drawn"
    why = "; ".join(w for w in (subgraph.truncated_why, left_out) if w)
    return Subgraph(subgraph.as_of, tuple(kept), edges, False, why)
