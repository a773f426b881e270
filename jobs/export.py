"""Export: a finding or a merchant's neighbourhood as a file, from what is published or from the store, with an audit
row."""

from __future__ import annotations

import os
import time
from pathlib import Path

from graph.export import FORMATS
from graph.snapshot_files import current_version, open_snapshot
from graph.store.contract import ExpandLimits
from graph.store.subgraph import stored_finding, stored_neighbourhood
from graph.subgraph import Limits, Subgraph, neighbourhood, of_finding
from jobs.home import Home
from jobs.look import LookError, cluster
from jobs.refresh import latest_known
from jobs.whole_store import whole_store
from records.audit import note
from records.database import open_records


def export_subgraph(
    home: Home,
    out: Path,
    format_: str,
    cluster_id: str | None,
    merchant_id: str | None,
    hops: int = 2,
    max_nodes: int = 2000,
    actor: str = "user:command line",
    from_store: bool = False,
) -> dict[str, object]:
    """Write the subgraph; returns how many nodes and edges it has and whether a limit cut it.

    ``from_store``: the graph as it is now, asked of the store, in place of the published snapshot. A finding is the
    published one either way; the store says what is known of its members.
    """
    if format_ not in FORMATS:
        raise LookError(f"no format is called {format_!r}; there are {', '.join(FORMATS)}")
    if out.is_dir():
        raise LookError(f"{out} is a folder: name the file to write")
    look = _from_store if from_store else _from_snapshot
    subgraph = look(home, cluster_id, merchant_id, hops, max_nodes)
    content = FORMATS[format_](subgraph)
    what = f"cluster:{cluster_id}" if cluster_id is not None else f"Merchant:{merchant_id}"
    details = {
        "format": format_,
        "from": "store" if from_store else "snapshot",
        "nodes": len(subgraph.nodes),
        "edges": len(subgraph.edges),
    }
    with open_records(home.records_url).begin() as connection:
        note(connection, actor, "export", what, time.time_ns() // 1_000_000, details)
    _write(out, content)
    return {
        "out": str(out),
        "format": format_,
        "nodes": len(subgraph.nodes),
        "edges": len(subgraph.edges),
        "complete": subgraph.complete,
        "truncated_why": subgraph.truncated_why,
    }


def _from_snapshot(home: Home, cluster_id: str | None, merchant_id: str | None, hops: int, max_nodes: int) -> Subgraph:
    version = current_version(home.snapshots)
    if version is None:
        raise LookError("nothing is published yet: run `ringfence refresh`")
    snapshot = open_snapshot(home.snapshots / version)
    if cluster_id is not None:
        return of_finding(snapshot, cluster(home, cluster_id))
    if merchant_id is None:
        raise LookError("say which cluster or which merchant")
    number = snapshot.nodes["Merchant"].number(merchant_id)
    if number is None:
        raise LookError(f"no merchant has the id {merchant_id!r} in version {version}")
    return neighbourhood(snapshot, [("Merchant", number)], hops, Limits(max_nodes=max_nodes))


def _from_store(home: Home, cluster_id: str | None, merchant_id: str | None, hops: int, max_nodes: int) -> Subgraph:
    if cluster_id is None and merchant_id is None:
        raise LookError("say which cluster or which merchant")
    with whole_store(home) as (store, landed):
        as_of = latest_known(landed)
        if cluster_id is not None:
            return stored_finding(store, cluster(home, cluster_id), as_of)
        limits = ExpandLimits(hops, per_relation=max_nodes, max_nodes=max_nodes, max_edges=10 * max_nodes)
        found = stored_neighbourhood(store, [("Merchant", str(merchant_id))], limits, as_of)
    if not found.nodes:
        raise LookError(f"no merchant has the id {merchant_id!r} in the store")
    return found


def _write(out: Path, content: bytes) -> None:
    fresh = out.with_name(out.name + ".tmp")
    with fresh.open("wb") as f:
        f.write(content)
        f.flush()
        os.fsync(f.fileno())
    fresh.replace(out)
