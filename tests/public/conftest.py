"""Fixtures: ``took`` takes a folder with a reader into a fresh landing; ``data`` finds a published set or skips.

The public sets are looked for in RINGFENCE_PUBLIC_DATA, ``../shared/data`` beside the repository by default.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.model import landing_schemas
from ingest.intake import IntakeOptions, take
from ingest.pseudonym import Pseudonymiser
from ingest.public import KNOWN, READERS
from ingest.report import FeedReport
from landing.tables import Landing, View

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("RINGFENCE_PUBLIC_DATA", ROOT / "../shared/data"))


@dataclass
class Taken:
    """What came of taking folders into one landing."""

    home: Path
    reports: dict[str, list[FeedReport]] = field(default_factory=dict)

    @property
    def landing(self) -> Landing:
        return Landing(self.home / "landing", landing_schemas())

    @property
    def view(self) -> View:
        return self.landing.view()

    def take(self, name: str, path: Path, max_bad_share: float = 1.0) -> list[FeedReport]:
        """Take a folder; also adds to ``reports`` by feed name."""
        tokens = Pseudonymiser(b"a key for tests only")
        options = IntakeOptions(known=KNOWN, max_bad_share=max_bad_share, now_ms=1_700_000_000_000)
        new = [take(d, self.landing, tokens, self.home / "rejects", options) for d in READERS[name](path)]
        for report in new:
            self.reports.setdefault(report.feed.split(".")[1], []).append(report)
        return new

    def report(self, feed: str) -> FeedReport:
        (report,) = self.reports[feed]
        return report

    def rows(self, table: str, as_of: int | None = None) -> dict[str, dict[str, Any]]:
        """Newest rows by id."""
        return {r["id"]: r for r in self.view.newest(table, as_of).to_pylist()}

    def newest(self, table: str) -> pa.Table:
        return self.view.newest(table)

    def rejected(self) -> str:
        """All rejects files as one text."""
        return "".join(p.read_text("utf-8") for p in sorted((self.home / "rejects").glob("*.csv")))


Took = Callable[[str, Path], Taken]


@pytest.fixture
def took(tmp_path: Path) -> Took:
    """Take a folder with a reader into a fresh landing."""

    def run(name: str, path: Path) -> Taken:
        taken = Taken(tmp_path / "home")
        taken.take(name, path)
        return taken

    return run


def published(folder: str) -> Path:
    """A set's folder, or a skip with the reason."""
    path = DATA / folder
    if not path.is_dir():
        pytest.skip(f"public data not found: {path} (set RINGFENCE_PUBLIC_DATA to the folder that has them)")
    return path


def whole(name: str, folder: str, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """A published set taken whole."""
    taken = Taken(tmp_path_factory.mktemp(name))
    taken.take(name, published(folder), max_bad_share=0.05)
    return taken


@pytest.fixture(scope="session")
def finbench(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    return whole("finbench", "finbench/snapshot", tmp_path_factory)


@pytest.fixture(scope="session")
def olist(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    return whole("olist", "olist_sample", tmp_path_factory)


@pytest.fixture(scope="session")
def cumcm(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    return whole("cumcm", "cumcm2020c", tmp_path_factory)


@pytest.fixture(scope="session")
def amlsim(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    return whole("amlsim", "amlsim", tmp_path_factory)


def source(path: str) -> pa.Table:
    """A published table as it stands, read apart from the product."""
    return pq.read_table(DATA / path)
