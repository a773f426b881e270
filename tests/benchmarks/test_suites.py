"""Each suite of ``make bench`` runs, on the smallest world, and prints what it compares. No figure is judged here."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from benchmarks import __main__ as bench

TINY = ("--orders", "3400", "--rounds", "1")


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled on is what is measured: one world for all."""
    for module in ("load", "ingest", "mining"):
        monkeypatch.setattr(f"benchmarks.{module}.WARM_ORDERS", 3400)


def line(said: str, first: str) -> list[str]:
    """The cells of the line that begins so."""
    (found,) = [text for text in said.splitlines() if text.strip().startswith(first)]
    return re.split(r"\s{2,}", found.strip())


def ran(keep: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    bench.main([*words, *TINY, "--keep", str(keep)])
    assert not list(keep.glob("scratch-*")), "what was written for a measurement is gone"
    return capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_load_compares_the_store_with_the_bare_engine(keep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ran(keep, capsys, "load")
    _, rows, store, bare, ratio, *_ = line(said, "3,400")
    assert int(rows.replace(",", "")) > 3400
    assert float(ratio) == pytest.approx(float(store) / float(bare), rel=0.02)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_ingest_shows_the_share_of_every_stage(keep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ran(keep, capsys, "ingest")
    for feed in ("platform.orders", "logistics.parcels", "bank.transfers", "all 20 files"):
        shares = [int(c.rstrip("%")) for c in line(said, feed)[5:]]
        assert len(shares) == 9
        assert sum(shares) == pytest.approx(100, abs=4)


@pytest.mark.slow
@pytest.mark.usefixtures("small")
def test_mining_shows_every_step_with_memory(keep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = ran(keep, capsys, "mining")
    steps = (
        "snapshot",
        "shared_device",
        "fake_order_ring",
        "fund_loop",
        "guarantee_circle",
        "loan_trace",
        "features",
        "all of it",
    )
    for step in steps:
        assert float(line(said, step)[1]) >= 0


@pytest.mark.slow
def test_score_compares_every_percentile_with_empty_routes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.main(["score", "--orders", "12750", "--rounds", "1", "--seconds", "1", "--keep", str(tmp_path)])
    said = capsys.readouterr().out
    _, answers, failed, *percentiles = line(said, "POST /v1/score")
    assert (answers, failed) == ("50", "0")
    assert len(percentiles) == 5
    assert len(line(said, "score / POST /v1/empty")) == 4
    assert len(line(said, "score / GET /healthz")) == 4
    assert "50 decisions on record" in said


def test_a_name_that_is_no_suite_is_refused() -> None:
    with pytest.raises(SystemExit):
        bench.main(["lod"])


@pytest.mark.parametrize("name", bench.PROGRAMS)
def test_a_suite_that_is_a_program_of_its_own_starts_and_takes_its_size(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [name, "--help"])
    with pytest.raises(SystemExit) as done:
        importlib.import_module(f"benchmarks.{name}").main()
    assert done.value.code == 0
    assert bench.PROGRAMS[name][1] in capsys.readouterr().out
