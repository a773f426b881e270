"""Checkpoints of a training: tensors as a torch state_dict (read with weights_only), the rest as JSON.

The JSON names the tensor file and its sha256 and is replaced in one step after it: a training cut off at any moment
finds the last whole checkpoint.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gnn.needs import require_torch

require_torch()
import torch  # noqa: E402 - only after saying what to install

NAME = "checkpoint.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be gone on from. Codes: checkpoint_damaged, checkpoint_of_other_training."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{why} [{code}]")
        self.code = code


def save(folder: Path, tensors: Mapping[str, Any], values: Mapping[str, object]) -> None:
    """Keep tensors and values; what was kept before is replaced, never half."""
    folder.mkdir(parents=True, exist_ok=True)
    file = io.BytesIO()
    torch.save(dict(tensors), file)
    raw = file.getvalue()
    name = f"state-{hashlib.sha256(raw).hexdigest()[:16]}.pt"
    write_whole(folder / name, raw)
    described = {**values, "state": name, "sha256": hashlib.sha256(raw).hexdigest()}
    write_whole(folder / NAME, json.dumps(described, indent=1, allow_nan=False).encode())
    for old in folder.glob("state-*.pt"):
        if old.name != name:
            old.unlink()


def load(folder: Path, digest: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Tensors and values of the last checkpoint; None when there is none.

    ``digest``: of the training that wants to go on. CheckpointError when the checkpoint is damaged or another's.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text("utf-8"))
        raw = (folder / Path(values["state"]).name).read_bytes()
        whole = hashlib.sha256(raw).hexdigest() == values["sha256"]
    except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise CheckpointError("checkpoint_damaged", f"{path}: delete the folder to train from the start") from error
    if not whole:
        raise CheckpointError("checkpoint_damaged", f"{path}: its tensors are not those it names; delete the folder")
    if values.get("digest") != digest:
        raise CheckpointError(
            "checkpoint_of_other_training", f"{path} is of other data, settings or seed: name another folder"
        )
    return torch.load(io.BytesIO(raw), weights_only=True), values


def write_whole(path: Path, raw: bytes) -> None:
    """Write a file so that after a crash it is either the old or the new one."""
    waiting = path.with_name(f".{path.name}.tmp")
    with waiting.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    waiting.replace(path)
