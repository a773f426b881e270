"""``ringfence``: one command for everything. Commands import what they need when they run, so --help is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli import data, dead_letters, evaluate, flow, keys, look, model, money, replay, rules, serve, tables, verdicts
from api.cli.anywhere import Anywhere
from api.cli.output import FAILED, end_progress
from api.cli.say import WRONG_CALL, fault_in_json, tell_fault

app = typer.Typer(
    cls=Anywhere,
    help="Graph-based fraud detection for e-commerce credit. Start with: ringfence demo",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option(help="folder that holds everything (RINGFENCE_HOME)")] = None,
    store: Annotated[str | None, typer.Option(help="ladybug:PATH or neo4j://user@host:7687 (RINGFENCE_STORE)")] = None,
) -> None:
    context.obj = {"home": home, "store": store}


for module in (data, look, money, verdicts, model, replay, evaluate, tables, flow, dead_letters, rules, serve, keys):
    module.register(app)


def main() -> None:
    """Run the command line; whatever goes wrong ends with a message and exit code 2, never with a traceback."""
    try:
        app()
    except SystemExit as end:
        if end.code == FAILED:
            fault_in_json(WRONG_CALL)
        raise
    except Exception as error:  # noqa: BLE001 - the last place that can keep a traceback from the terminal
        from api.cli.faults import fault_of

        end_progress()
        tell_fault(fault_of(error))
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
