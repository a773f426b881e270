"""The page docs/commands.md, made from the commands themselves: ``python -m api.cli.page`` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer
from typer.core import TyperCommand, TyperGroup

from api.cli.main import app

PAGE = Path(__file__).parent.parent.parent / "docs" / "commands.md"

INTRODUCTION = """# Commands

Made from the commands' own help by `python -m api.cli.page`; do not edit by hand.

`ringfence [--home FOLDER] [--store URL] COMMAND ...`. `--json` prints one JSON object on stdout; progress and messages
go to stderr. Exit codes: 0 done, 1 done but rows were refused or a check failed, 2 could not run.
"""


def page() -> str:
    """The page as Markdown."""
    group = typer.main.get_command(app)
    return "\n".join([INTRODUCTION, *_commands(group, "ringfence")])


def _commands(group: object, path: str) -> Iterator[str]:
    if not isinstance(group, TyperGroup):
        raise TypeError(f"{path} is no group of commands")
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{path} {name}")
            continue
        if not isinstance(command, TyperCommand):
            raise TypeError(f"{path} {name} is no command")
        context = typer.Context(command, info_name=f"{path} {name}")
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"## {path} {name}\n\n{(command.help or '').strip()}\n\n`{path} {name} {usage}`\n"
        rows = [r for p in command.get_params(context) if (r := p.get_help_record(context)) and r[0] != "--help"]
        if rows:
            yield "| option | meaning |\n| --- | --- |"
            yield from (f"| `{option.replace('|', ' or ')}` | {_cell(meaning)} |" for option, meaning in rows)
            yield ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
