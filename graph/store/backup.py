"""Backup and restore, the same for every store: a folder of Parquet files and a manifest written last.

What one store wrote another can read, so this is also the way from the embedded store to a server and back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from graph.model import EDGES, KINDS
from graph.store.contract import StoreError
from landing.manifest import sha256_file, sync_folder, write_durably

if TYPE_CHECKING:
    from graph.store.contract import Store

FORMAT = 1


def write_backup(store: Store, folder: Path) -> None:
    """Write everything a store holds into a new folder. The caller sees to it that nobody writes meanwhile."""
    if folder.exists():
        raise StoreError("exists", f"{folder.name} exists: a backup goes to a folder of its own")
    folder.mkdir(parents=True)
    files: dict[str, dict[str, object]] = {}
    for kind in KINDS:
        _write(store.nodes(kind.name), folder / f"nodes-{kind.name}.parquet", files)
    for edge in EDGES:
        _write(store.edges(edge.name), folder / f"edges-{edge.name}.parquet", files)
    manifest = {"format": FORMAT, "position": store.position(), "from": store.url.split(":")[0], "files": files}
    write_durably(folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
    sync_folder(folder)


def restore_store(store: Store, folder: Path) -> None:
    """Replace a store's content by a backup. Raises StoreError when a file is missing or not what the manifest says."""
    path = folder / "manifest.json"
    if not path.exists():
        raise StoreError("no_backup", f"{folder.name} holds no whole backup: it has no manifest")
    manifest = json.loads(path.read_text("utf-8"))
    if manifest.get("format") != FORMAT:
        raise StoreError("other_format", f"the backup has format {manifest.get('format')}, not {FORMAT}")
    for name, said in manifest["files"].items():
        part = folder / name
        if not part.exists() or sha256_file(part) != said["sha256"]:
            raise StoreError("damaged_backup", f"{name} is missing or was changed since it was written")
    nodes = {k.name: _read(folder, f"nodes-{k.name}") for k in KINDS}
    edges = {e.name: _read(folder, f"edges-{e.name}") for e in EDGES}
    store.bulk_load(nodes, edges)
    store.set_position(manifest["position"])


def _read(folder: Path, name: str) -> pa.Table:
    return pq.read_table(folder / f"{name}.parquet")


def _write(rows: pa.Table, path: Path, files: dict[str, dict[str, object]]) -> None:
    pq.write_table(rows, path, compression="zstd")
    files[path.name] = {"rows": rows.num_rows, "sha256": sha256_file(path)}
