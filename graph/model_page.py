"""The page docs/schema.md, made from the model: ``python -m graph.model_page`` writes it anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from graph.model import EDGES, FACTS, KINDS, Property

PAGE = Path(__file__).parent.parent / "docs" / "schema.md"

INTRODUCTION = """# The graph

Made from `graph/model.py` by `python -m graph.model_page`; do not edit by hand.

Ids are unique within a kind; outside the graph a node is written `Kind:id`. Every node and edge also carries its own
`id` and `updated_ts`, when the source says this version came to be; in landing every row carries `known_ts` too, when
we learnt it. Times are epoch milliseconds UTC, amounts integer minor units of their currency; sums never mix
currencies. Personal data are keyed tokens.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([INTRODUCTION, *_nodes(), *_edges(), *_facts()]) + "\n"


def _nodes() -> Iterator[str]:
    yield "## Nodes\n"
    for kind in KINDS:
        yield f"### {kind.name}\n\n{kind.doc}.\n"
        yield from _properties(kind.properties)


def _edges() -> Iterator[str]:
    yield "## Edges\n"
    for edge in EDGES:
        yield f"### {edge.name}\n\n{edge.doc[0].upper()}{edge.doc[1:]}.\n"
        yield ", ".join(f"{a} → {b}" for a, b in edge.pairs) + "\n"
        yield from _properties(edge.properties)


def _facts() -> Iterator[str]:
    yield "## Facts\n\nWhat has no node of its own: kept in landing and in snapshots, never in the store.\n"
    for fact in FACTS:
        yield f"### {fact.name}\n\n{fact.doc}.\n"
        yield from _properties(fact.properties)


def _properties(properties: Iterable[Property]) -> Iterator[str]:
    rows = [f"| `{p.name}` | {p.type} | {p.doc} |" for p in properties]
    if rows:
        yield "\n".join(["| property | type | meaning |", "| --- | --- | --- |", *rows]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
