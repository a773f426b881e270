"""Fixtures: ``town`` is a small world as numbers, ``folder`` the same as files, ``read`` opens one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ingest.world.scene import Scene
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world, tell

SMALL = WorldSpec(merchants=240, seed=5)


@pytest.fixture(scope="package")
def town() -> Scene:
    return tell(SMALL)


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    make_world(SMALL, root)
    return root


@pytest.fixture(scope="package")
def read(folder: Path) -> Callable[[str], pd.DataFrame]:
    """Reads a file as text, empty cells as ''."""
    opened: dict[str, pd.DataFrame] = {}

    def of(name: str) -> pd.DataFrame:
        if name not in opened:
            opened[name] = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        return opened[name].copy()

    return of
