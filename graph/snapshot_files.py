"""Snapshots on disk: a folder of Arrow files per version, a pointer that flips atomically.

``<root>/<version>/`` holds nodes-*.arrow, edges-*.arrow, facts-*.arrow, whatever else is published with the version
(features, findings) and ``manifest.json``, written last. ``<root>/current`` names the published version; readers that
opened an older one keep it, since files are never changed and old versions are swept only once they are not current.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from graph.model import FACTS, KINDS, RELATIONS
from graph.snapshot import Columns, Nodes, Relation, Snapshot
from landing.manifest import sha256_file, sync_folder, write_durably

_VERSION = re.compile(r"[0-9A-Za-z_-]{1,64}")


class SnapshotError(Exception):
    """There is no such snapshot, or its files are not what its manifest says."""


def save_snapshot(snapshot: Snapshot, folder: Path, extra: Mapping[str, pa.Table], info: Mapping[str, object]) -> None:
    """Write a version folder: the graph, extra tables (published beside it) and, last, the manifest."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    for kind, nodes in snapshot.nodes.items():
        _write(nodes.table, folder / f"nodes-{kind}.arrow")
    for triple, relation in snapshot.relations.items():
        _write(relation.table, folder / f"edges-{'-'.join(triple)}.arrow")
    for fact, columns in snapshot.facts.items():
        _write(columns.table, folder / f"facts-{fact}.arrow")
    for name, table in extra.items():
        _write(table, folder / f"{name}.arrow")
    files = {p.name: sha256_file(p) for p in sorted(folder.glob("*.arrow"))}
    manifest = {"as_of": snapshot.as_of, "version": folder.name, "files": files, "size": snapshot.size, **info}
    write_durably(folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
    sync_folder(folder)


def publish(root: Path, version: str) -> None:
    """Make a saved version the one that readers open next. Atomic."""
    if not (root / version / "manifest.json").exists():
        raise SnapshotError(f"snapshot {version} is not complete: it has no manifest")
    write_durably(root / "current", version)


def current_version(root: Path) -> str | None:
    """The published version, or None before the first refresh."""
    pointer = root / "current"
    if not pointer.exists():
        return None
    version = pointer.read_bytes()[:128].decode("ascii", "replace").strip()
    if not _VERSION.fullmatch(version):
        raise SnapshotError("the pointer to the published version is damaged: run `ringfence refresh`")
    return version


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of a version."""
    path = folder / "manifest.json"
    if not path.exists():
        raise SnapshotError(f"no snapshot in {folder.name}: run `ringfence refresh`")
    return json.loads(path.read_text("utf-8"))


def open_snapshot(folder: Path) -> Snapshot:
    """Open a version; columns are memory-mapped, so this is quick and shared between processes."""
    as_of = int(str(read_manifest(folder)["as_of"]))
    nodes = {k.name: Nodes(k.name, read_table(folder, f"nodes-{k.name}")) for k in KINDS}
    relations = {
        t: Relation(t, read_table(folder, f"edges-{'-'.join(t)}"), len(nodes[t[0]]), len(nodes[t[2]]))
        for t in RELATIONS
    }
    facts = {f.name: Columns(read_table(folder, f"facts-{f.name}")) for f in FACTS}
    return Snapshot(as_of, nodes, relations, facts)


def read_table(folder: Path, name: str) -> pa.Table:
    """A table of a version, memory-mapped."""
    path = folder / f"{name}.arrow"
    if not path.exists():
        raise SnapshotError(f"snapshot {folder.name} lacks {path.name}")
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except pa.ArrowInvalid:
        raise SnapshotError(f"{path.name} of snapshot {folder.name} is damaged: run `ringfence refresh`") from None


def sweep(root: Path, keep: int = 3) -> list[str]:
    """Remove all but the current and the ``keep`` newest other versions; returns what was removed."""
    current = current_version(root)
    others = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name != current)
    gone = others[:-keep] if keep else others
    for name in gone:
        shutil.rmtree(root / name)
    return gone


def _write(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
