"""From landing to the store: everything at once, or what came since a position."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from graph.model import EDGES, KINDS, edge_schema
from graph.store.contract import Changes, Store, StoreError
from graph.store.rows import ENDS, with_bare_nodes
from landing.tables import View, newest_versions

GROUP_ROWS = 200_000
"""Landing batches are applied in groups of about so many rows, each group one transaction."""

Progress = Callable[[int, int], None]
"""Told the position reached and the rows taken so far."""


@dataclass(frozen=True)
class Loaded:
    """What a load did: rows of newest versions brought, the position reached, whether the store was made anew."""

    nodes: int
    edges: int
    position: int
    anew: bool


def load_all(store: Store, view: View) -> Loaded:
    """Replace the store's content by the newest version of everything in landing.

    Ends of edges that no source has described become bare nodes. Until the last row is in, ``store.position()`` is
    None: after a kill, call it again.
    """
    edges = {e.name: view.newest(e.name) for e in EDGES}
    nodes = with_bare_nodes({k.name: view.newest(k.name) for k in KINDS}, edges)
    store.bulk_load(nodes, edges)
    store.set_origin(origin_of(view))
    store.set_position(view.position)
    store.checkpoint()
    return Loaded(_rows(nodes), _rows(edges), view.position, anew=True)


def apply_new(store: Store, view: View, after_position: int, progress: Progress | None = None) -> Loaded:
    """Bring the batches of landing after a position into the store, in the order of their commit.

    Each group of batches is one transaction together with its position: after a kill, go on from
    ``store.position()``, or repeat everything; the outcome is the same.
    """
    n_nodes = n_edges = 0
    held = store.position()
    for upto in _groups(view, after_position):
        earlier, fresh = view.between(-1, after_position), view.between(after_position, upto)
        changes = _changes(earlier, fresh, first_time=held == after_position)
        store.apply(replace(changes, position=max(upto, held if held is not None else -1)))
        held = changes.position if held is None else max(held, upto)
        n_nodes += _rows(changes.nodes)
        n_edges += _rows(changes.edges) + _rows(changes.fresh)
        after_position = upto
        if progress:
            progress(upto, n_nodes + n_edges)
    return Loaded(n_nodes, n_edges, after_position, anew=False)


def bring_up_to_date(store: Store, view: View, progress: Progress | None = None) -> Loaded:
    """Load anew when the store is not whole or most of landing is news to it, apply what is new otherwise.

    Raises StoreError ``other_landing`` when the store holds another landing's graph: a server may serve another home.
    """
    position = store.position()
    origin = None if position is None else store.origin()
    if origin not in (None, origin_of(view)):
        raise other_landing()
    behind = position is None or position > view.position or 2 * _count(view, position) > _count(view, -1)
    if position is None or origin is None or behind:
        return load_all(store, view)
    return apply_new(store, view, position, progress)


def origin_of(view: View) -> int:
    """A number that tells one landing from another, the same as long as it only grows: made from its first batch."""
    first = min(view.batches, key=lambda b: b.sequence, default=None)
    content = "" if first is None else first.to_json()
    return int.from_bytes(hashlib.sha256(content.encode()).digest()[:7], "big")


def other_landing() -> StoreError:
    """What is said when a store holds a graph that is not this home's."""
    return StoreError("other_landing", "the store holds the graph of another home; `ringfence rebuild` replaces it")


def _groups(view: View, after: int) -> list[int]:
    """The last sequence number of each group."""
    ends: list[int] = []
    taken = 0
    for batch in view.batches:
        if batch.sequence <= after:
            continue
        if not ends or taken >= GROUP_ROWS:
            ends.append(batch.sequence)
            taken = 0
        ends[-1] = batch.sequence
        taken += sum(p.rows for p in batch.parts)
    return ends


def _changes(earlier: View, fresh: View, first_time: bool) -> Changes:
    """``first_time``: the store has never seen these batches, so edges that landing did not have are new to it."""
    nodes = {k.name: rows for k in KINDS if (rows := fresh.newest(k.name)).num_rows}
    deleted: dict[str, pa.Table] = {}
    changed: dict[str, pa.Table] = {}
    new: dict[str, pa.Table] = {}
    for edge in EDGES:
        versions = fresh.all_versions(edge.name)
        if not versions.num_rows:
            continue
        seen = _seen(earlier, edge.name, versions)
        moved = _moved(seen, versions)
        rows = newest_versions(versions)
        if moved.num_rows:
            ids = pc.unique(moved["id"])
            whole = pa.concat_tables([_with_ids(earlier.all_versions(edge.name), ids), _with_ids(versions, ids)])
            deleted[edge.name] = moved
            rows = pa.concat_tables([_without_ids(rows, ids), newest_versions(whole)])
        known = pc.is_in(rows["id"], seen["id"].combine_chunks())
        if not first_time:
            known = pc.is_valid(rows["id"])
        _keep(changed, edge.name, rows.filter(known))
        _keep(new, edge.name, rows.filter(pc.invert(known)))
    return Changes(deleted, nodes, changed, new, fresh.position)


def _seen(earlier: View, type_: str, versions: pa.Table) -> pa.Table:
    """Ids and ends under which earlier batches hold edges of these ids."""
    files, nothing = earlier.files(type_), _ends_of(edge_schema(type_).empty_table())
    if not files:
        return nothing
    con = duckdb.connect()
    try:
        con.register("versions", versions.select(["id"]))
        query = "SELECT DISTINCT id, src_kind, src, dst_kind, dst FROM read_parquet(?) SEMI JOIN versions USING (id)"
        return con.sql(query, params=[files]).to_arrow_table().cast(nothing.schema)
    finally:
        con.close()


def _moved(seen: pa.Table, versions: pa.Table) -> pa.Table:
    """Every place (id and ends) of edges that have been at more than one."""
    places = pa.concat_tables([seen, _ends_of(versions)]).group_by(["id", *ENDS]).aggregate([])
    counts = places.group_by("id").aggregate([([], "count_all")])
    several = counts.filter(pc.greater(counts["count_all"], 1))["id"]
    return _with_ids(places, several.combine_chunks())


def _ends_of(rows: pa.Table) -> pa.Table:
    return rows.select(["id", *ENDS])


def _with_ids(rows: pa.Table, ids: pa.Array) -> pa.Table:
    return rows.filter(pc.is_in(rows["id"], _flat(ids)))


def _without_ids(rows: pa.Table, ids: pa.Array) -> pa.Table:
    return rows.filter(pc.invert(pc.is_in(rows["id"], _flat(ids))))


def _flat(ids: pa.Array) -> pa.Array:
    return ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids


def _keep(into: dict[str, pa.Table], name: str, rows: pa.Table) -> None:
    if rows.num_rows:
        into[name] = rows


def _rows(tables: dict[str, pa.Table] | object) -> int:
    return sum(t.num_rows for t in tables.values()) if isinstance(tables, dict) else 0


def _count(view: View, after: int) -> int:
    return sum(p.rows for b in view.batches if b.sequence > after for p in b.parts)
