"""GraphSAGE's forward pass without torch, and its weights as plain files: what serving needs.

Equal to the torch model to 1e-5 (tested). Weights are one float32 vector in numpy's own file format beside a JSON that
says which part is what; nothing in them can be executed.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

import numpy as np

from gnn.graph import Csr, GraphError, TypedGraph
from gnn.segments import Float32, mean_rows, mean_rows_alone
from gnn.shape import SageShape, ShapeError, read_shape

Weights = Mapping[str, Float32]
EPSILON = np.float32(1e-5)
"""torch's, in LayerNorm."""


def forward(
    shape: SageShape, weights: Weights, graph: TypedGraph, x: Mapping[str, Float32], *, all_cores: bool = False
) -> Float32:
    """Logits of the target kind's nodes. ``x``: per kind nodes x width, finite.

    ``all_cores``: aggregate on numba's threads (not from several threads of a service at a time). GraphError
    when a relation of the model is not in the graph or a kind's features have another width.
    """
    relations = {r.triple: r for r in graph.only(shape.relations, list(shape.widths)).relations}
    _check(shape, x)
    h = x
    seen: list[Float32] = []
    for layer in range(shape.layers):
        after = {}
        for kind in shape.kinds_at(layer):
            means = [_mean(relations[t].into, h[t[0]], all_cores) for t in shape.into(kind)]
            name = f"layers.{shape.block(layer, kind)}"
            z = np.concatenate([h[kind], *means], 1) @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
            centred = z - z.mean(axis=1, keepdims=True)
            spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + EPSILON)
            z = centred / spread * weights[f"{name}_norm.weight"] + weights[f"{name}_norm.bias"]
            after[kind] = np.maximum(z, 0, dtype=np.float32)
        h = after
        seen.append(h[shape.target])
    joined = np.concatenate([*seen, x[shape.target]], 1)
    inner = np.maximum(joined @ weights["inner.weight"].T + weights["inner.bias"], 0)
    return (inner @ weights["outer.weight"].T + weights["outer.bias"])[:, 0].astype(np.float32)


def _mean(csr: Csr, x: Float32, all_cores: bool) -> Float32:
    out = np.empty((csr.rows, x.shape[1]), np.float32)
    (mean_rows if all_cores else mean_rows_alone)(csr.ptr, csr.nbr, np.ascontiguousarray(x, np.float32), out)
    return out


def _check(shape: SageShape, x: Mapping[str, Float32]) -> None:
    for kind in shape.kinds_at(0):
        if kind not in x or x[kind].shape[1] != shape.widths[kind]:
            width = x[kind].shape[1] if kind in x else 0
            raise GraphError(
                "graph_schema", f"{kind} has {width} features, the model was trained on {shape.widths[kind]}"
            )


def pack(shape: SageShape, weights: Weights) -> tuple[dict[str, object], bytes]:
    """A model as plain values and the bytes of one .npy vector; read back by ``unpack``."""
    parts = [{"name": n, "shape": list(w.shape)} for n, w in weights.items()]
    flat = np.concatenate([w.ravel() for w in weights.values()]).astype("<f4")
    file = io.BytesIO()
    np.save(file, flat, allow_pickle=False)
    raw = file.getvalue()
    return {"shape": shape.to_json(), "weights": parts, "sha256": hashlib.sha256(raw).hexdigest()}, raw


def unpack(described: object, raw: bytes) -> tuple[SageShape, dict[str, Float32]]:
    """A model from what ``pack`` gave. ShapeError when the bytes are not those described, or describe no model."""
    match described:
        case {"shape": shape_, "weights": list(parts), "sha256": str(digest)}:
            if hashlib.sha256(raw).hexdigest() != digest:
                raise ShapeError("the weights of the GraphSAGE model are not those of its description [gnn_format]")
            shape = read_shape(shape_)
            sizes = expected(shape)
            named = {p.get("name"): tuple(p.get("shape", ())) for p in parts if isinstance(p, dict)}
            flat = np.load(io.BytesIO(raw), allow_pickle=False)
            total = sum(int(np.prod(s)) for s in sizes.values())
            if named == sizes and flat.ndim == 1 and flat.dtype == np.float32 and len(flat) == total:
                if not np.isfinite(flat).all():
                    raise ShapeError("a weight of the GraphSAGE model is not finite [gnn_format]")
                ends = np.cumsum([int(np.prod(s)) for s in named.values()])
                pieces = np.split(flat, ends[:-1])
                return shape, {n: p.reshape(s) for (n, s), p in zip(named.items(), pieces, strict=True)}
    raise ShapeError("the description of the GraphSAGE model is damaged [gnn_format]")


def expected(shape: SageShape) -> dict[str, tuple[int, ...]]:
    """Names and sizes of the weights of a model of this shape."""
    sizes: dict[str, tuple[int, ...]] = {}
    for layer in range(shape.layers):
        for kind in shape.kinds_at(layer):
            name = f"layers.{shape.block(layer, kind)}"
            sizes[f"{name}.weight"] = (shape.hidden, shape.width_into(layer, kind))
            sizes |= {f"{name}.bias": (shape.hidden,)}
            sizes |= {f"{name}_norm.weight": (shape.hidden,), f"{name}_norm.bias": (shape.hidden,)}
    width = shape.hidden * shape.layers + shape.widths[shape.target]
    sizes |= {"inner.weight": (shape.hidden, width), "inner.bias": (shape.hidden,)}
    return sizes | {"outer.weight": (1, shape.hidden), "outer.bias": (1,)}
