"""The embedded store's tables, from the model."""

from __future__ import annotations

from collections.abc import Iterator

from graph.model import EDGES, KINDS, EdgeType, NodeKind, Property

STATE = "StoreState"
"""A table of its own for what the store knows of itself: its format and the landing position it stands at."""

FORMAT = 1


def create_tables() -> Iterator[str]:
    """The statements that make every table; each is safe to repeat."""
    yield f"CREATE NODE TABLE IF NOT EXISTS {STATE}(id STRING PRIMARY KEY, number INT64)"
    for kind in KINDS:
        yield _node_table(kind)
    for edge in EDGES:
        yield _edge_table(edge)


def expected_columns() -> dict[str, list[tuple[str, str]]]:
    """Per table (name, type) of its columns, as the engine names types."""
    described = {**{k.name: k.properties for k in KINDS}, **{e.name: e.properties for e in EDGES}}
    return {name: _described(properties) for name, properties in described.items()}


def _described(properties: tuple[Property, ...]) -> list[tuple[str, str]]:
    own = [(p.name, "BOOL" if p.type == "BOOLEAN" else p.type) for p in properties]
    return [("id", "STRING"), *own, ("updated_ts", "INT64"), ("known_ts", "INT64")]


def _node_table(kind: NodeKind) -> str:
    return f"CREATE NODE TABLE IF NOT EXISTS {kind.name}(id STRING PRIMARY KEY{_columns(kind.properties)})"


def _edge_table(edge: EdgeType) -> str:
    ends = ", ".join(f"FROM {a} TO {b}" for a, b in edge.pairs)
    return f"CREATE REL TABLE IF NOT EXISTS {edge.name}({ends}, id STRING{_columns(edge.properties)})"


def _columns(properties: tuple[Property, ...]) -> str:
    return "".join(f", {p.name} {p.type}" for p in properties) + ", updated_ts INT64, known_ts INT64"
