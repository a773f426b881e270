"""An intake that is killed leaves nothing that can be seen, and can be repeated until it is done."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ingest.making import Desk, csv_text, row

RUN = """
import sys
from pathlib import Path
from tests.ingest.making import Desk
from ingest.limits import Limits
print("ready", flush=True)
desk = Desk(Path(sys.argv[1]), Limits(chunk_bytes=1 << 16))
print(desk.take(Path(sys.argv[2])).stored, flush=True)
"""


def _start(root: Path, file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(root), str(file)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_moment_and_repeated(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    rows = [row(order_id=f"O{i % 5000}", status=f"s{i % 3}", rating=rng.choice(["1", "5", "7"])) for i in range(6_000)]
    file = tmp_path / "sales.csv"
    file.write_text(csv_text(rows))
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    calm, killed = Desk(tmp_path / "calm"), Desk(tmp_path / "killed")

    undisturbed = _start(calm.root, file)
    start = time.monotonic()
    assert undisturbed.wait() == 0
    work = time.monotonic() - start

    kills = 0
    for part in (0.2, 0.5, 0.8):
        process = _start(killed.root, file)
        time.sleep(work * (part + rng.uniform(-0.1, 0.1)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if killed.landing.batches():
            break
        kills += 1
        assert killed.rows("Orders") == []
        assert killed.landing.receipts("test.sales").num_rows == 0
    assert kills > 0, f"seed {seed}: every run was over before it was killed"
    if not killed.landing.batches():
        last = _start(killed.root, file)
        assert last.wait() == 0
    assert killed.landing.verify() == []
    for table in ("Orders", "SOLD_BY", "HAS_PHONE"):
        assert killed.rows(table) == calm.rows(table)
    expected, got = calm.take(file), killed.take(file)
    assert expected.already_taken
    assert got.counts() == expected.counts()
    assert got.sent == 6_000
    assert sorted(p.name for p in (killed.root / "landing" / "parts").iterdir()) == [got.batch_id]
