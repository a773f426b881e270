"""The command line answers help at once, explains every word of itself, and its page is current."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup

from api.cli.main import app
from api.cli.output import table
from api.cli.page import PAGE, page


def test_help_imports_nothing_heavy() -> None:
    look = "import sys, api.cli.main; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"numpy", "pandas", "pyarrow", "numba", "duckdb", "fastapi", "sqlalchemy", "pydantic", "torch"}
    assert "typer" in loaded


def test_every_command_and_option_says_what_it_does() -> None:
    silent = []

    def look(group: object, path: str) -> None:
        assert isinstance(group, TyperGroup)
        for name, command in group.commands.items():
            if isinstance(command, TyperGroup):
                look(command, f"{path} {name}")
                continue
            if not command.help:
                silent.append(f"{path} {name}")
            silent.extend(f"{path} {name} {p.name}" for p in command.params if not getattr(p, "help", None))

    look(typer.main.get_command(app), "ringfence")
    assert silent == []


def test_the_page_of_commands_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m api.cli.page"


@pytest.mark.parametrize("words", [["--version-x"], ["no-such-command"], ["ingest"], ["score", "M1"]])
def test_a_wrong_call_ends_with_two_and_says_how(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli.main", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


def test_tables_put_numbers_to_the_right_and_count_in_thousands() -> None:
    assert table([("a", 1234), ("long", 5)], ("name", "n")) == [
        "name      n",
        "----  -----",
        "a     1,234",
        "long      5",
    ]
