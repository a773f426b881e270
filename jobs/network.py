"""Computing the network's logits of a snapshot: at a refresh for the models that serve, at a promotion for the new one.

Needs no torch. The service never comes here: it reads what was computed (jobs.logits).
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa

from gnn.graph import GraphError
from gnn.merchants import SageModel
from gnn.shape import ShapeError
from graph.snapshot import Float64, Snapshot
from graph.snapshot_files import current_version, open_snapshot, read_table
from jobs.logits import COLUMN, logits_file
from landing.manifest import sync_folder
from scoring.model_files import ModelFileError, model_sha256, network_files
from scoring.network_inputs import link_graph, network_inputs
from scoring.registry import RegistryError, serving, shadow, version_folder


def compute_logits(snapshot: Snapshot, features: pa.Table, files: dict[str, bytes]) -> Float64:
    """Log-odds of every merchant of a snapshot by the network of these files, those added since its training too."""
    model = SageModel.of_files(files)
    return model.logits(link_graph(snapshot), network_inputs(features, model.names)).astype(np.float64)


def keep_logits(
    models: Path,
    version: str,
    snapshot_version: str,
    snapshot: Snapshot,
    features: pa.Table,
    sha256: str | None = None,
) -> bool:
    """Compute and keep the logits of a snapshot by a model; False when the model has no network.

    ``sha256``: the manifest's as registered; None: as it lies there, for a model about to be promoted.
    """
    folder = version_folder(models, version)
    sha256 = model_sha256(folder) if sha256 is None else sha256
    files = network_files(folder, sha256)
    if files is None or not set(SageModel.of_files(files).names) <= set(features.column_names):
        return False  # of another feature set: the service refuses the model, and says so
    _write(logits_file(models, snapshot_version, version), compute_logits(snapshot, features, files), snapshot, sha256)
    return True


def logits_for_promotion(models: Path, version: str, snapshots: Path) -> bool:
    """Compute a model's logits of the published snapshot, before it serves; False when there is nothing to do."""
    current = current_version(snapshots)
    if current is None:
        return False
    folder = snapshots / current
    return keep_logits(models, version, current, open_snapshot(folder), read_table(folder, "features"))


def logits_for_refresh(models: Path, snapshot_version: str, snapshot: Snapshot, features: pa.Table) -> list[str]:
    """Compute the logits of a snapshot that is about to be published by champion and shadow; returns their versions."""
    done: list[str] = []
    for pick in (serving, shadow):
        try:
            served = pick(models)
            if served is not None and keep_logits(
                models, served.version, snapshot_version, snapshot, features, served.sha256
            ):
                done.append(served.version)
        except (RegistryError, ModelFileError, ShapeError, GraphError):
            continue  # a model that cannot serve is told by the service; decisions say what they lack
    return done


def sweep_logits(models: Path, snapshots: Path) -> None:
    """Remove the logits of snapshots that are gone."""
    for file in (models / "logits").glob("*.arrow"):
        if not (snapshots / file.name.partition("-")[0]).exists():
            file.unlink(missing_ok=True)


def _write(path: Path, logits: Float64, snapshot: Snapshot, sha256: str) -> None:
    said = {"as_of": str(snapshot.as_of), "model": sha256}
    table = pa.table({COLUMN: pa.array(logits, pa.float64())}).replace_schema_metadata(said)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with pa.OSFile(str(fresh), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    fresh.replace(path)
    sync_folder(path.parent)
