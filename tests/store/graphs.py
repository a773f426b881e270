"""Small landing tables for store tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from graph.model import EDGE, edge_schema, landing_schemas, node_schema
from landing.tables import Landing

HOSTILE = [
    "a'b",
    'a"b',
    "a\\b",
    "a\nb",
    "商家",
    "🙂",
    "$id",
    "{}",
    "`",
    "//",
    " ",
    "%",
    "null",
    "'; MATCH (n) DETACH DELETE n //",
]
"""Ids that a store which pastes values into text would trip over."""


def nodes(kind: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Node rows; updated_ts and known_ts are 1 where not given."""
    return _table(node_schema(kind), rows)


def edges(type_: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Edge rows; the ends' kinds are the type's first pair where not given."""
    src_kind, dst_kind = EDGE[type_].pairs[0]
    return _table(edge_schema(type_), [{"src_kind": src_kind, "dst_kind": dst_kind, **r} for r in rows])


def transfers(*rows: tuple[str, str, str, int], **more: Any) -> pa.Table:
    """Transfers (id, src, dst, amount)."""
    told = [{"id": i, "src": s, "dst": d, "amount": a, "ts": a, **more} for i, s, d, a in rows]
    return edges("TRANSFER", told)


def landing(folder: Path) -> Landing:
    """An empty landing folder."""
    return Landing(folder, landing_schemas())


def bring(to: Landing, tables: Mapping[str, pa.Table]) -> int:
    """One batch with these tables; its sequence number."""
    number = len(to.batches())
    with to.begin(f"batch-{number:04d}", "bank", "test") as batch:
        for name, rows in tables.items():
            batch.add(name, rows)
    return number


def _table(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    whole = [{"updated_ts": 1, "known_ts": 1, **r} for r in rows]
    return pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in whole], schema)
