"""AMLSim's samples: worlds of two files, times in steps, numbers that start at 0 in every world."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.public import READERS, missing
from ingest.public.published import PublicDataError
from tests.public.conftest import Took

NODES = "nodeid,isFraud,init_balance,fraudStep\n0,1,184.44,31337\n1,0,175.8,-1\n"
TX = "sourceNodeId,targetNodeId,value,time\n0,1,147.8,1\n0,1,147.8,1\n1,0,10.11,149\n"


def test_steps_are_days_and_repeats_are_kept(tmp_path: Path, took: Took) -> None:
    (tmp_path / "mini_nodes.csv").write_text(NODES, "utf-8")
    (tmp_path / "mini_tx.csv").write_text(TX, "utf-8")
    taken = took("amlsim", tmp_path)
    rows = sorted(taken.rows("TRANSFER").values(), key=lambda r: r["ts"])
    assert [(r["src"], r["dst"], r["amount"], r["currency"]) for r in rows] == [
        ("mini-0", "mini-1", 14780, "USD"),
        ("mini-0", "mini-1", 14780, "USD"),
        ("mini-1", "mini-0", 1011, "USD"),
    ]
    days = [datetime.fromtimestamp(r["ts"] / 1000, UTC) for r in rows]
    assert (days[0], days[-1]) == (datetime(2017, 1, 2, tzinfo=UTC), datetime(2017, 5, 30, tzinfo=UTC))
    assert set(taken.rows("Account")) == {"mini-0", "mini-1"}


def test_two_worlds_in_a_folder_stay_apart_and_a_lone_file_is_named(tmp_path: Path, took: Took) -> None:
    for world in ("a", "b"):
        (tmp_path / f"{world}_tx.csv").write_text(TX, "utf-8")
    (tmp_path / "a_nodes.csv").write_text(NODES, "utf-8")
    taken = took("amlsim", tmp_path)
    assert len(taken.rows("TRANSFER")) == 6
    assert missing("amlsim", tmp_path) == ["b_nodes"]


def test_the_planted_truth_is_not_taken(tmp_path: Path, took: Took) -> None:
    (tmp_path / "mini_nodes.csv").write_text(NODES, "utf-8")
    taken = took("amlsim", tmp_path)
    stored = str([taken.newest(t).to_pylist() for t in taken.landing.schemas])
    assert "31337" not in stored
    assert "mini-0" in stored


def test_a_world_may_have_its_folder_instead_of_its_name(tmp_path: Path, took: Took) -> None:
    home = tmp_path / "fan in"
    home.mkdir()
    (home / "tx.csv").write_text(TX, "utf-8")
    assert {r["src"] for r in took("amlsim", home).rows("TRANSFER").values()} == {"fan in-0", "fan in-1"}


def test_a_folder_without_worlds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PublicDataError, match="_nodes or <world>_tx"):
        READERS["amlsim"](tmp_path)
