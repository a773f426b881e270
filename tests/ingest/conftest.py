"""``desk`` takes files of the small test feed into a landing folder of its own; see making.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.making import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)
