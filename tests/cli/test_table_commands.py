"""Exit codes of the commands that work on any table: 0 done, 1 done but not the whole of it, 2 could not run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.calling import call

HEAD = {"loops": "src,dst,ts,amount", "circles": "src,dst,amount", "rings": "order_id,buyer_id,merchant_id,ts"}
ROW = {"loops": "a,b,{},5\nb,a,{},5", "circles": "a,b,{}\nb,a,{}", "rings": "1,a,m,{}\n2,b,m,{}"}
HOLE = {"loops": ",b,3,5", "circles": ",b,3", "rings": "3,,m,3"}
COMMANDS = sorted(HEAD)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path):  # type: ignore[no-untyped-def]  # a closure over three fixtures
    def run(command: str, text: str | bytes, *words: str, name: str = "t.csv"):  # type: ignore[no-untyped-def]  # as above
        file = tmp_path / name
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return call(capsys, monkeypatch, command, file, "--json", *words)

    return run


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_whole_answer_ends_with_0_also_for_no_rows_and_one(run, command: str, rows: int) -> None:  # type: ignore[no-untyped-def]  # see the fixture
    lines = ROW[command].format(1, 2).split("\n")[:rows]
    done = run(command, "\n".join([HEAD[command], *lines, ""]))
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["rows_left_out"] == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_rows_left_out_end_with_1(run, command: str) -> None:  # type: ignore[no-untyped-def]  # see the fixture
    done = run(command, f"{HEAD[command]}\n{ROW[command].format(1, 2)}\n{HOLE[command]}\n")
    assert (done.code, json.loads(done.out)["rows_left_out"]) == (1, 1)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("text", "name", "code", "where"),
    [
        ("", "t.csv", "unreadable", "t.csv"),
        ("x,y\n1,2\n", "t.csv", "no_column", "there are x, y"),
        ("{head}\n1,2\n", "t.csv", "unreadable", "t.csv"),
        (b"not parquet", "t.parquet", "unreadable", "t.parquet"),
        ("{head},{head}\n", "t.csv", "two_columns", "2 columns are called"),
        ("{head}\n{bad}\n", "t.csv", "bad", "row 1"),
        (b"\xff\xfe\x00", "t.csv", "", "t.csv"),
    ],
)
def test_what_cannot_be_read_ends_with_2_a_code_and_the_place(
    run,  # type: ignore[no-untyped-def]  # see the fixture
    command: str,
    text: str | bytes,
    name: str,
    code: str,
    where: str,
) -> None:
    if isinstance(text, str):
        text = text.format(head=HEAD[command], bad=ROW[command].format(1, "soon"))
    done = run(command, text, name=name)
    told = json.loads(done.out)["error"]
    assert done.code == 2
    assert code in told["code"]
    assert where in told["message"]
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("loops", ["--max-length", "1"]),
        ("loops", ["--max-length", "65"]),
        ("loops", ["--window", "3 days"]),
        ("loops", ["--decay", "1"]),
        ("loops", ["--time-unit", "minutes"]),
        ("loops", ["--decay", "0.1", "--flows"]),
        ("loops", ["--id", "none"]),
        ("circles", ["--max-length", "1"]),
        ("circles", ["--src", "none"]),
        ("rings", ["--buyer", "none"]),
    ],
)
def test_a_wrong_call_ends_with_2(run, command: str, words: list[str]) -> None:  # type: ignore[no-untyped-def]  # see the fixture
    done = run(command, f"{HEAD[command]}\n{ROW[command].format(1, 2)}\n", *words)
    assert (done.code, "error" in json.loads(done.out)) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there_ends_with_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    assert call(capsys, monkeypatch, command, "nowhere.csv", "--json").code == 2
