"""Keeping a trained model: its files, named by what is in them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from scoring.card import model_card
from scoring.model import TrainedModel
from scoring.model_files import as_json, write_model
from scoring.registry import versions

NAME = "merchant-risk"


def keep(model: TrainedModel, root: Path) -> str:
    """Write a model to the registry and return its version: the day of its cut and a hash of its contents.

    The same training gives the same version, which is then there already and left as it is.
    """
    schema = {
        "features": list(model.features),
        "units": list(model.units),
        "medians": list(model.medians),
        "feature_set_version": model.feature_set_version,
    }
    contents: dict[str, str | bytes] = {
        "model.json": model.booster,
        "calibration.json": as_json(model.calibration.to_json()),
        "schema.json": as_json(schema),
        "metrics.json": as_json(model.metrics),
        "golden.json": as_json({"rows": model.golden}),
    }
    contents |= model.network or {}
    digest = hashlib.sha256(b"\n".join(_bytes(contents[k]) for k in sorted(contents))).hexdigest()
    window = cast("dict[str, int]", model.metrics["window"])
    day = datetime.fromtimestamp(window["cut_ms"] / 1000, UTC).strftime("%Y%m%d")
    version = f"{day}-{digest[:8]}"
    if version not in versions(root):
        metrics = cast("dict[str, Any]", model.metrics)
        contents["card.md"] = model_card(NAME, version, len(model.features), metrics)
        if model.report:
            contents["report.html"] = model.report
        write_model(root / "versions" / version, NAME, version, contents)
    return version


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
