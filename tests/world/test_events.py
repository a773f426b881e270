"""A world's events are events: all of them fit the contract, none twice, the same on every run, some of them late."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flow.batch import decode_lines
from flow.events import TYPES
from ingest.world.spec import WorldSpec
from ingest.world.world import make_world


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("world")
    rows = make_world(WorldSpec(merchants=60, seed=5), out)
    found = (out / "events" / "events.jsonl").read_bytes()
    assert rows["events/events.jsonl"] == found.count(b"\n")
    return found


def test_every_line_is_an_event_of_its_own(lines: bytes) -> None:
    batch, refused = decode_lines(lines, 1)
    assert refused == [] and len(set(batch.event_id)) == len(batch.ts) > 1_000
    kinds = {TYPES[k] for k in np.unique(batch.type)}
    assert kinds == {"order", "refund", "transfer", "disbursement", "repayment", "logistics"}


def test_they_come_nearly_in_order_within_ten_minutes(lines: bytes) -> None:
    batch, _ = decode_lines(lines, 1)
    behind = np.maximum.accumulate(batch.ts) - batch.ts
    assert 0 < (behind > 60_000).mean() < 0.05 and behind.max() < 600_000


def test_the_same_world_has_the_same_events(lines: bytes, tmp_path: Path) -> None:
    make_world(WorldSpec(merchants=60, seed=5), tmp_path)
    assert (tmp_path / "events" / "events.jsonl").read_bytes() == lines
