"""Writing a subgraph for other tools: GraphML, GEXF, JSON, CSV. Tokens only; nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable

import networkx as nx

from graph.subgraph import Scalar, Subgraph

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutral(value: Scalar) -> Scalar:
    """A text a spreadsheet would take for a formula gets an apostrophe in front; all else stays as it is."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def to_networkx(subgraph: Subgraph) -> nx.MultiDiGraph[str]:
    """The subgraph as networkx sees it: nodes ``Kind:id``, edge keys the edges' own ids."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(as_of=subgraph.as_of, complete=subgraph.complete)
    if subgraph.truncated_why:
        graph.graph["truncated_why"] = subgraph.truncated_why
    for n in subgraph.nodes:
        role = {"role": n.role} if n.role else {}
        graph.add_node(n.name, kind=n.kind, hop=n.hop, **role, **_plain(n.properties.items()))
    for e in subgraph.edges:
        graph.add_edge(e.src, e.dst, key=f"{e.type}:{e.id}", type=e.type, edge_id=e.id, **_plain(e.properties.items()))
    return graph


def _plain(items: Iterable[tuple[str, Scalar]]) -> dict[str, Scalar]:
    return {k: v for k, v in items if v is not None}


def to_graphml(subgraph: Subgraph) -> bytes:
    """GraphML, as networkx, Gephi and yEd read it."""
    out = io.BytesIO()
    nx.write_graphml(to_networkx(subgraph), out, encoding="utf-8", named_key_ids=True)
    return out.getvalue()


def to_gexf(subgraph: Subgraph) -> bytes:
    """GEXF 1.2, as Gephi reads it."""
    out = io.BytesIO()
    nx.write_gexf(to_networkx(subgraph), out, encoding="utf-8")
    return out.getvalue()


def to_json(subgraph: Subgraph) -> bytes:
    """The same object that the HTTP service answers."""
    return json.dumps(subgraph.to_json(), ensure_ascii=False, indent=1, sort_keys=True).encode()


def to_csv(subgraph: Subgraph) -> bytes:
    """A zip of nodes.csv and edges.csv (UTF-8 with BOM, as spreadsheets expect), formula characters neutralised."""
    node_properties = sorted({p for n in subgraph.nodes for p in n.properties})
    edge_properties = sorted({p for e in subgraph.edges for p in e.properties})
    nodes: list[list[Scalar]] = [["id", "kind", "role", "hop", *node_properties]]
    nodes += [[n.name, n.kind, n.role, n.hop, *(n.properties.get(p) for p in node_properties)] for n in subgraph.nodes]
    edges: list[list[Scalar]] = [["type", "id", "src", "dst", *edge_properties]]
    edges += [[e.type, e.id, e.src, e.dst, *(e.properties.get(p) for p in edge_properties)] for e in subgraph.edges]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, rows in (("nodes.csv", nodes), ("edges.csv", edges)):
            z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), _csv(rows))
    return out.getvalue()


def _csv(rows: list[list[Scalar]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[neutral(c) for c in row] for row in rows])
    return text.getvalue().encode("utf-8-sig")


FORMATS: dict[str, Callable[[Subgraph], bytes]] = {
    "graphml": to_graphml,
    "gexf": to_gexf,
    "json": to_json,
    "csv": to_csv,
}
"""Format name -> the file's bytes."""
