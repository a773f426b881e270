"""``ringfence replay``: a decision recomputed, from its record and from landing as of then."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.flow import replay_events
from api.cli.output import Json, answer, fail, home_of, progress


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    context: typer.Context,
    decision_id: Annotated[str | None, typer.Argument(help="the decision to recompute")] = None,
    landing: Annotated[bool, typer.Option(help="also from landing as of then, not from the record alone")] = True,
    rules: Annotated[Path | None, typer.Option(help="instead: a rule set to judge the events of a stretch by")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="with --rules: first moment of the stretch")] = None,
    to: Annotated[str | None, typer.Option(help="with --rules: end of the stretch, itself not included")] = None,
    against: Annotated[
        Path | None, typer.Option(help="with --rules: the set to compare; else the one in force")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="with --rules: a line for each alert that one of them adds")] = None,
    as_json: Json = False,
) -> None:
    """Recompute a decision from its record and from landing as of then: 0 equal, 1 differs, 2 could not run.

    With --rules instead: compare the alerts of two rule sets on the events of a stretch of the journal.
    """
    if rules is not None:
        replay_events(context, rules, from_, to, against, out, as_json)
        return
    if decision_id is None:
        fail("wrong_call", "name the decision to replay", "its id is in every answer: ringfence score --json")
    _decision(context, decision_id, landing, as_json)


def _decision(context: typer.Context, decision_id: str, landing: bool, as_json: bool) -> None:
    from jobs.replay import replay_decision

    done = replay_decision(home_of(context), decision_id, landing, progress)
    answer(done.to_json(), as_json, done.lines())
    if done.exit_code:
        raise typer.Exit(done.exit_code)
