"""What questions may speak of: kinds of nodes, types of edges, the pairs they join, their properties.

This package knows no graph; whoever loads the catalogue passes the words in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Pair = tuple[str, str]


@dataclass(frozen=True)
class EdgeWords:
    """An edge type: the (source kind, target kind) pairs it joins and its properties with their types."""

    pairs: tuple[Pair, ...]
    properties: Mapping[str, str]


@dataclass(frozen=True)
class Vocabulary:
    """Kinds with their properties (name -> STRING, INT64, DOUBLE or BOOLEAN) and edge types."""

    kinds: Mapping[str, Mapping[str, str]]
    edges: Mapping[str, EdgeWords]

    def pairs(self, type_: str, sources: Iterable[str] | None, targets: Iterable[str] | None) -> list[Pair]:
        """The pairs of an edge type whose ends are among the given kinds (None: any)."""
        return [
            (a, b)
            for a, b in self.edges[type_].pairs
            if (sources is None or a in set(sources)) and (targets is None or b in set(targets))
        ]
