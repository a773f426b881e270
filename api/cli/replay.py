"""``ringfence replay``: a decision recomputed, or events of the journal judged again by another rule set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import Json, answer, fail, home_of, progress


def register(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    context: typer.Context,
    decision_id: Annotated[str | None, typer.Argument(help="the decision to recompute")] = None,
    landing: Annotated[
        bool, typer.Option(help="a decision: also from landing as of then, not from the record alone")
    ] = True,
    rules: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="events: the rule set to judge them by, TOML")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="events: from this moment on")] = None,
    to: Annotated[str | None, typer.Option(help="events: end of the stretch, itself not included")] = None,
    against: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="events: compare with this set, not that in force")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="events: a line for each alert that only one set raises")] = None,
    as_json: Json = False,
) -> None:
    """Recompute a decision from its record and from landing as of then: 0 equal, 1 differs, 2 could not run.

    With --rules, --from and --to instead: what that rule set and the one in force say of the journal's events.
    """
    events = any(given is not None for given in (rules, from_, to, against, out))
    if (decision_id is not None) == events:
        fail(
            "wrong_call",
            "name a decision, or --rules with --from and --to for the journal's events: one of the two",
            "a decision's id is in its answer: ringfence score --json",
        )
    if decision_id is not None:
        _decision(context, decision_id, landing, as_json)
        return
    if rules is None:
        fail("wrong_call", "--from, --to, --against and --out go with --rules FILE")
    from api.cli.flow import replay_events

    replay_events(context, rules, from_, to, against, out, as_json)


def _decision(context: typer.Context, decision_id: str, landing: bool, as_json: bool) -> None:
    from jobs.replay import replay_decision

    done = replay_decision(home_of(context), decision_id, landing, progress)
    answer(done.to_json(), as_json, done.lines())
    if done.exit_code:
        raise typer.Exit(done.exit_code)
