"""A small graph written by hand, for tests that want to see every edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from graph.model import landing_schemas
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot

Rows = Mapping[str, Sequence[Mapping[str, object]]]


def tables(rows: Rows) -> dict[str, pa.Table]:
    """Landing tables from plain rows; updated_ts and known_ts are 0 where a row does not give them."""
    out = {}
    for name, schema in landing_schemas().items():
        given = [{"updated_ts": 0, "known_ts": 0, **r} for r in rows.get(name, ())]
        out[name] = pa.table({f.name: pa.array([r.get(f.name) for r in given], f.type) for f in schema}, schema=schema)
    return out


def snapshot(rows: Rows, as_of: int = 1_000) -> Snapshot:
    """The snapshot of those rows."""
    held = tables(rows)
    return build_snapshot(lambda name: held[name], as_of)


def edge(id_: str, src: str, dst: str, **properties: object) -> dict[str, object]:
    """An edge row from ``Kind:id`` ends."""
    (a, src_id), (b, dst_id) = src.split(":", 1), dst.split(":", 1)
    return {"id": id_, "src_kind": a, "src": src_id, "dst_kind": b, "dst": dst_id, **properties}
