"""A published version that is damaged can be mended by a refresh: it is never needed for the next one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from graph.model import landing_schemas
from graph.snapshot_files import current_version
from ingest.intake import IntakeOptions
from jobs.graph_store import RefreshError
from jobs.home import Home
from jobs.refresh import refresh
from jobs.sync import sync
from landing.tables import Landing
from tests.ingest.test_sync import _sample

NOW = 1_772_000_000_000


def _harm(snapshots: Path, how: str) -> None:
    version = snapshots / str(current_version(snapshots))
    match how:
        case "findings cut":
            (version / "findings.arrow").write_bytes(b"ARROW1")
        case "version gone":
            shutil.rmtree(version)
        case "pointer bytes":
            (snapshots / "current").write_bytes(b"\xff\xfe")
        case "pointer elsewhere":
            (snapshots / "current").write_text("../../etc")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["findings cut", "version gone", "pointer bytes", "pointer elsewhere"])
def test_a_refresh_mends_what_is_published(tmp_path: Path, how: str) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "orders.csv").write_text(_sample("platform", "orders"))
    options = IntakeOptions(known="event", now_ms=NOW)
    sync("platform", [tmp_path / "orders.csv"], home.landing, home.pseudonym_key, home.rejects, options)
    assert Landing(home.landing, landing_schemas()).verify() == []
    refresh(home, NOW, store=False)
    _harm(home.snapshots, how)
    said: list[str] = []
    done = refresh(home, NOW, store=False, report=said.append)
    assert current_version(home.snapshots) == done.version
    assert any("new ids" in line for line in said)


def test_a_snapshot_of_the_future_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefreshError, match="future"):
        refresh(Home(tmp_path / "home"), NOW, NOW + 3_600_000, store=False)
