"""A command that cannot run says why in one line, with ``--json`` in one object, and never shows a traceback."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from sqlalchemy.exc import IntegrityError, OperationalError

from api.cli.faults import fault_of
from api.cli.output import moment
from api.settings import Settings


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.cli.main", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("words", "code"),
    [(("clusters", "--limit", "x"), "usage"), (("refresh", "--as-of", "yesterday"), "bad_time")],
)
def test_json_is_one_object_also_where_a_command_could_not_run(
    tmp_path: Path, words: tuple[str, ...], code: str
) -> None:
    done = _run("--home", str(tmp_path), *words, "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == code
    assert "Traceback" not in done.stderr


def test_a_home_that_cannot_be_written_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "orders.csv").write_text("order_id\n1\n")
    done = _run("--home", str(tmp_path / "file"), "ingest", "platform", str(tmp_path / "orders.csv"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error [")
    assert "Traceback" not in done.stderr


def test_what_is_told_of_errors_that_are_not_ours() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/home/x")
    assert fault_of(full).code == "disk_full"
    assert fault_of(PermissionError(errno.EACCES, "Permission denied", "/x")).code == "not_permitted"
    assert fault_of(MemoryError()).code == "memory"
    locked = OperationalError("SELECT 13800000000", {}, sqlite3.OperationalError("database is locked"))
    assert "locked" in fault_of(locked).message
    with pytest.raises(Exception, match="port") as settings:
        Settings(port=-13800)
    assert fault_of(settings.value).code == "settings"
    with pytest.raises(SystemExit) as gone:
        raise SystemExit(2)
    assert fault_of(gone.value).code == "internal"


def test_no_value_of_the_data_is_told() -> None:
    doubled = IntegrityError("INSERT", {"x": "13800000000"}, sqlite3.IntegrityError("13800000000"))
    for error in (pa.ArrowInvalid("cannot cast '13800000000'"), ValueError("13800000000"), doubled):
        fault = fault_of(error)
        assert "13800000000" not in fault.message
        assert fault.next_step


@pytest.mark.parametrize("text", ["9" * 30, "9" * 19, "²", "0001-01-01T00:00:00+14:00", "nan", "2026-06-30"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(typer.Exit):
        moment(text)


def test_the_first_moment_is_a_time() -> None:
    assert moment("0") == 0


@pytest.mark.parametrize(
    ("application", "amount", "currency"),
    [("", "5", "CNY"), ("a\u202eb", "5", "CNY"), ("A1", "9" * 20, "CNY"), ("A1", "5", "?")],
)
def test_what_the_service_refuses_is_not_put_on_record_here(
    tmp_path: Path, application: str, amount: str, currency: str
) -> None:
    words = ("score", "M1", "--application", application, "--amount", amount, "--currency", currency, "--json")
    done = _run("--home", str(tmp_path), *words)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "invalid_request"
