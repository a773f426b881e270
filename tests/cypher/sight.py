"""What the twins look at: a graph with its edges findable from both ends, and the order of an answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.cypher.hostile_graphs import Edge, Graph, Key

Params = Mapping[str, Any]
Rows = list[tuple[Any, ...]]
Twin = Callable[["Sight", Params], Rows]


class Sight:
    """A graph with its edges findable from both ends."""

    def __init__(self, graph: Graph) -> None:
        self.g = graph
        self.out: dict[tuple[str, Key], list[Edge]] = defaultdict(list)
        self.into: dict[tuple[str, Key], list[Edge]] = defaultdict(list)
        for type_, edges in graph.edges.items():
            for e in edges:
                self.out[type_, e.a].append(e)
                self.into[type_, e.b].append(e)

    def edges(self, type_: str, src: str | None = None, dst: str | None = None) -> list[Edge]:
        return [e for e in self.g.edges[type_] if src in (None, e.a[0]) and dst in (None, e.b[0])]


def ordered(rows: Sequence[tuple[Any, ...]] | set[tuple[Any, ...]], columns: Sequence[int], limit: int) -> Rows:
    """Sorted by columns, missing values last; a column written ~i goes downwards."""

    def key(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple((row[c] is None, "" if row[c] is None else row[c]) if c >= 0 else -row[~c] for c in columns)

    return sorted(rows, key=key)[:limit]
