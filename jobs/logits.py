"""The network's logits of all merchants of a published snapshot, kept beside the models: read here, never computed.

One file per (snapshot, model): ``<models>/logits/<snapshot>-<model>.arrow``, a column in the order of the snapshot's
merchants, with the model's sha256 and the snapshot's time. ``jobs.network`` writes it before either pointer flips.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa

from graph.snapshot import Float64

COLUMN = "sage_logit"


def logits_file(models: Path, snapshot: str, model: str) -> Path:
    """Where the logits of a snapshot by a model lie."""
    return models / "logits" / f"{snapshot}-{model}.arrow"


def read_logits(file: Path, as_of: int, sha256: str, merchants: int) -> Float64 | None:
    """The logits of a file; None when there is none, or when it is damaged or of another snapshot or model."""
    try:
        table = pa.ipc.open_file(pa.memory_map(str(file))).read_all()
    except (OSError, pa.ArrowInvalid):
        return None
    said = table.schema.metadata or {}
    if said.get(b"as_of") != str(as_of).encode() or said.get(b"model") != sha256.encode():
        return None
    if table.num_rows != merchants or table.schema.names != [COLUMN] or table.schema.field(0).type != pa.float64():
        return None
    return table[COLUMN].to_numpy()


class Logits:
    """Logits by snapshot and model, opened once. Safe to share between threads; a file that comes later is found."""

    def __init__(self, models: Path) -> None:
        self._models = models
        self._held: dict[tuple[str, int, str], Float64] = {}
        self._lock = threading.Lock()

    def of(self, snapshot: str, as_of: int, model: str, sha256: str, merchants: int) -> Float64 | None:
        """Log-odds by merchant number, or None when they have not been computed."""
        key = (snapshot, as_of, sha256)
        found = self._held.get(key)
        if found is not None:
            return found
        found = read_logits(logits_file(self._models, snapshot, model), as_of, sha256, merchants)
        if found is not None:
            with self._lock:
                self._held = {k: v for k, v in self._held.items() if k[0] == snapshot} | {key: found}
        return found
