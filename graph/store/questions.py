"""The catalogue of questions in the words of the graph model."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cypher.catalogue import Question, load_catalogue
from cypher.vocabulary import EdgeWords, Vocabulary
from graph.model import EDGES, KINDS, Property

ALWAYS = {"id": "STRING", "updated_ts": "INT64", "known_ts": "INT64"}
"""What every node and edge of the store carries besides the properties of its kind or type."""


def vocabulary() -> Vocabulary:
    """Kinds, types, pairs and properties of the model, as the stores hold them."""
    kinds = {k.name: _types(k.properties) for k in KINDS}
    return Vocabulary(kinds, {e.name: EdgeWords(e.pairs, _types(e.properties)) for e in EDGES})


@cache
def questions() -> Mapping[str, Question]:
    """Every question of the product by name, read and checked once."""
    return load_catalogue(vocabulary())


def _types(properties: tuple[Property, ...]) -> dict[str, str]:
    return {"id": ALWAYS["id"], **{p.name: p.type for p in properties}, **dict(list(ALWAYS.items())[1:])}
