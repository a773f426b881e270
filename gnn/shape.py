"""What a GraphSAGE model is made of, as plain numbers: kinds, widths, relations, layers. Kept beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gnn.graph import Triple


@dataclass(frozen=True)
class SageShape:
    """``widths``: features per kind of node; ``relations``: in the order in which a layer joins their means."""

    widths: Mapping[str, int]
    relations: tuple[Triple, ...]
    target: str
    hidden: int = 64
    layers: int = 2
    dropout: float = 0.3

    def into(self, kind: str) -> tuple[Triple, ...]:
        """Relations that end at a kind."""
        return tuple(t for t in self.relations if t[2] == kind)

    def kinds_at(self, layer: int) -> tuple[str, ...]:
        """Kinds whose nodes a layer (0 is the first) must compute for the target to get its logit."""
        needed = {self.target}
        for _ in range(self.layers - 1 - layer):
            needed |= {t[0] for t in self.relations if t[2] in needed}
        return tuple(k for k in self.widths if k in needed)

    def width_into(self, layer: int, kind: str) -> int:
        """How many numbers a layer reads per node of a kind."""
        if layer:
            return self.hidden * (1 + len(self.into(kind)))
        return self.widths[kind] + sum(self.widths[t[0]] for t in self.into(kind))

    def block(self, layer: int, kind: str) -> str:
        """The name of a layer's weights for a kind (a name torch takes: no dots)."""
        return f"layer{layer}_{kind.replace('.', '_')}"

    def to_json(self) -> dict[str, object]:
        """Plain values, read back by ``read_shape``."""
        return {
            "widths": dict(self.widths),
            "relations": [list(t) for t in self.relations],
            "target": self.target,
            "hidden": self.hidden,
            "layers": self.layers,
            "dropout": self.dropout,
        }


class ShapeError(ValueError):
    """The values describe no model. ``code`` is ``gnn_format``."""

    code = "gnn_format"


def read_shape(raw: object) -> SageShape:
    """A shape from its plain values; ShapeError when they are none."""
    match raw:
        case {
            "widths": dict(widths),
            "relations": list(relations),
            "target": str(target),
            "hidden": int(hidden),
            "layers": int(layers),
            "dropout": int() | float() as dropout,
        }:
            good = all(isinstance(w, int) and 0 <= w <= 100_000 for w in widths.values())
            triples = [tuple(t) for t in relations if isinstance(t, list) and len(t) == 3]
            good = good and len(triples) == len(relations) and all(isinstance(x, str) for t in triples for x in t)
            good = good and all(t[0] in widths and t[2] in widths for t in triples) and target in widths
            if good and 1 <= hidden <= 4096 and 1 <= layers <= 8 and 0 <= dropout < 1:
                return SageShape(dict(widths), tuple(triples), target, hidden, layers, float(dropout))
    raise ShapeError("the description of the GraphSAGE model is damaged [gnn_format]")
