"""Changing which model serves or stands in the shadow; what it needs of the published graph is computed first."""

from __future__ import annotations

from jobs.home import Home
from jobs.network import logits_for_promotion
from scoring.registry import (
    RegistryError,
    Served,
    end_shadow,
    promote,
    promote_shadow,
    rollback,
    served_before,
)


def promote_model(home: Home, version: str) -> Served:
    """Make a version serve. RegistryError, ModelFileError: it cannot, and nothing has changed."""
    logits_for_promotion(home.models, version, home.snapshots)
    return promote(home.models, version)


def promote_to_shadow(home: Home, version: str) -> Served:
    """Put a version into the shadow. RegistryError, ModelFileError: it cannot be, and nothing has changed."""
    logits_for_promotion(home.models, version, home.snapshots)
    return promote_shadow(home.models, version)


def roll_back(home: Home) -> str:
    """Serve again what served before; returns its version. RegistryError (nothing_before) when nothing did."""
    before = served_before(home.models)
    if before is None:
        raise RegistryError("nothing_before", "no version served before this one")
    logits_for_promotion(home.models, before.version, home.snapshots)
    return rollback(home.models)


def leave_shadow(home: Home) -> str:
    """Take the challenger out of the shadow; returns its version. RegistryError (no_shadow) when there is none."""
    return end_shadow(home.models)
