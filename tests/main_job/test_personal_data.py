"""Personal data of the source files are found nowhere afterwards: not in data, records, logs, errors or exports."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.sources import SOURCES
from tests.main_job.conftest import Job, Run

pytestmark = pytest.mark.slow


def _canaries(world: Path, per_column: int = 25) -> set[str]:
    """Clear values of personal columns, a few of each, long enough not to turn up by chance."""
    found: set[str] = set()
    for source, feeds in SOURCES.items():
        for feed in feeds:
            personal = [c.name for c in feed.columns if c.personal]
            with (world / source / f"{feed.name}.csv").open(encoding="utf-8", newline="") as f:
                for i, row in enumerate(csv.DictReader(f)):
                    if i == per_column:
                        break
                    found |= {row[c] for c in personal if len(row.get(c) or "") >= (3 if c.endswith("name") else 8)}
    return found


def _texts(home: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(home.rglob("*")):
        if not path.is_file() or "secrets" in path.parts:
            continue
        if path.suffix == ".parquet":
            yield str(path.relative_to(home)), _strings(pq.read_table(path))
        elif path.suffix == ".arrow":
            yield str(path.relative_to(home)), _strings(pa.ipc.open_file(pa.memory_map(str(path))).read_all())
        else:
            yield str(path.relative_to(home)), path.read_bytes()


def _strings(table: pa.Table) -> bytes:
    columns = [c for c in table.columns if pa.types.is_string(c.type)]
    return "\n".join(v for c in columns for v in c.unique().to_pylist() if v).encode()


def _leaks(canaries: set[str], home: Path, said: str) -> list[str]:
    texts = [*_texts(home), ("what was printed", said.encode())]
    wanted = [c.encode() for c in sorted(canaries)]
    return [f"{name}: a clear value of {len(c)} bytes" for name, text in texts for c in wanted if c in text]


def test_no_clear_value_survives_the_intake(fresh: Job, ringfence: Run, tmp_path: Path) -> None:
    canaries = _canaries(fresh.world)
    assert len(canaries) > 150
    bad = tmp_path / "persons.csv"
    head, first, *_ = (fresh.world / "bank" / "persons.csv").read_text("utf-8").splitlines()
    bad.write_text("\n".join([head, first.replace("T", "?", 1), first + ",one cell too many", ""]), "utf-8")
    refused = ringfence(fresh.home, "ingest", "bank", str(bad), "--max-bad", "1", check=False)
    assert refused.returncode == 1
    exported = fresh.home / "m.graphml"
    said = ringfence(fresh.home, "export", "--merchant", "M000001", "--out", str(exported)).stdout
    assert _leaks(canaries, fresh.home, fresh.said + refused.stdout + refused.stderr + said) == []


def test_the_search_would_find_a_leak(fresh: Job) -> None:
    canaries = _canaries(fresh.world)
    (fresh.home / "leak.log").write_text(f"hello {min(canaries)}", "utf-8")
    assert any(leak.startswith("leak.log") for leak in _leaks(canaries, fresh.home, ""))
