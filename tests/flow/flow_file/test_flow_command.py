"""``ringfence flow`` as it is called."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.calling import call
from tests.flow.lanes.batches import order
from tests.flow.pipeline.streams import lines

RULES = '[[rule]]\ncode = "TWO"\non = "merchant"\nwhen = "orders_1h >= 2"\n'


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    events, rules = tmp_path / "events.jsonl", tmp_path / "rules.toml"
    events.write_bytes(lines([order("a", 0), order("b", 1)]))
    rules.write_text(RULES)
    return events, rules, tmp_path / "out" / "alerts.jsonl"


def test_the_summary_is_one_json_object(
    files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events, rules, out = files
    done = call(capsys, monkeypatch, "flow", "--from", events, "--rules", rules, "--out", out, "--json")
    said = json.loads(done.out)
    assert done.code == 0
    assert {k: said[k] for k in ("events", "stored", "duplicates", "conflicts", "rejected", "late", "alerts")} == {
        "events": 2,
        "stored": 2,
        "duplicates": 0,
        "conflicts": 0,
        "rejected": 0,
        "late": 0,
        "alerts": 1,
    }
    assert said["by_rule"] == {"TWO": 1}
    assert len(out.read_bytes().splitlines()) == 1


def test_refused_lines_end_with_one_and_a_rejects_file(
    files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events, rules, out = files
    events.write_bytes(events.read_bytes() + b"{\n")
    done = call(capsys, monkeypatch, "flow", "--from", events, "--rules", rules, "--out", out)
    assert done.code == 1
    assert "rejected 1" in done.out
    assert json.loads((out.parent / "alerts.jsonl.rejects.jsonl").read_text())["line"] == 3


def test_standard_input_and_output(
    files: tuple[Path, Path, Path], capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    events, rules, _ = files

    class Pipe:
        buffer = io.BufferedReader(io.BytesIO(events.read_bytes()))

    from jobs.flow_file import FlowFileOptions, run_flow

    monkeypatch.setattr(sys, "stdin", Pipe)
    run_flow(FlowFileOptions(None, rules))
    assert [json.loads(x)["rule"] for x in capfdbinary.readouterr().out.splitlines()] == ["TWO"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--speed", "fast"), 2, "bad_speed"),
        (("--speed", "-1"), 2, "bad_speed"),
        (("--lateness", "soon"), 2, "bad_span"),
        (("--json",), 2, "where_to"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    files: tuple[Path, Path, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    events, rules, out = files
    named = () if "--json" in words else ("--out", out)
    done = call(capsys, monkeypatch, "flow", "--from", events, "--rules", rules, *named, *words)
    assert (done.code, said in done.err) == (code, True)


def test_files_that_are_not_there_and_rules_that_are_refused(
    files: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    events, rules, out = files
    assert call(capsys, monkeypatch, "flow", "--from", "no", "--rules", rules, "--out", out).code == 2
    rules.write_text(RULES.replace("orders_1h", "orders_2h"))
    done = call(capsys, monkeypatch, "flow", "--from", events, "--rules", rules, "--out", out)
    assert done.code == 2
    assert "orders_2h" in done.err
    assert "line 4" in done.err
    assert not out.exists()
