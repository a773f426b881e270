"""``ringfence replay``: a decision recomputed, from its record and from landing as of then."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.output import Json, answer, fail, home_of, progress


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    context: typer.Context,
    decision_id: Annotated[str | None, typer.Argument(help="the decision to recompute")] = None,
    landing: Annotated[bool, typer.Option(help="also from landing as of then, not from the record alone")] = True,
    as_json: Json = False,
) -> None:
    """Recompute a decision from its record and from landing as of then: 0 equal, 1 differs, 2 could not run."""
    if decision_id is None:
        fail("wrong_call", "name the decision to replay", "its id is in every answer: ringfence score --json")
    _decision(context, decision_id, landing, as_json)


def _decision(context: typer.Context, decision_id: str, landing: bool, as_json: bool) -> None:
    from jobs.replay import replay_decision

    done = replay_decision(home_of(context), decision_id, landing, progress)
    answer(done.to_json(), as_json, done.lines())
    if done.exit_code:
        raise typer.Exit(done.exit_code)
