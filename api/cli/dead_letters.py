"""The command for lines that were not taken."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from api.cli.output import REFUSED, Json, answer, fail, home_of, now_ms, table


def register(app: typer.Typer) -> None:
    app.command("dead-letters")(dead_letters)


def dead_letters(
    context: typer.Context,
    code: Annotated[str | None, typer.Option(help="only those with this code")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="the newest so many")] = 50,
    replay: Annotated[bool, typer.Option("--replay", help="send again those that can be")] = False,
    as_json: Json = False,
) -> None:
    """Lines of events that were not taken, with the reason; what was set aside can be sent again."""
    from flow.journal import JournalError
    from flow.refusals import CODES
    from jobs.dead_letters import kept_letters, replay_letters
    from jobs.decide import iso

    folder = home_of(context).flow
    try:
        if replay:
            done = replay_letters(folder, now_ms(), code)
            how = "the running service sends them within a second" if done.left_to_service else f"{done.sent:,} sent"
            answer(asdict(done), as_json, [f"{done.asked:,} to be sent again: {how}; refused again {done.refused:,}"])
            if done.refused:
                raise typer.Exit(REFUSED)
            return
        kept = kept_letters(folder, limit, code)
    except JournalError as why:
        fail("no_journal", str(why))
    shown = [asdict(x) | {"state": _state(x.body, x.replayed_ts)} for x in kept.newest]
    for letter in shown:
        del letter["body"]
    names = ("letter", "received_ts", "code", "field", "line", "sender", "event_id", "state")
    rows = [[iso(x[n]) if n == "received_ts" else x[n] or "" for n in names] for x in shown]
    lines = [f"{code:16} {n:>8,}  {CODES.get(code, '')}" for code, n in kept.counts.items()]
    heads = ("letter", "received", "code", "field", "line", "key", "event", "")
    answer({"counts": kept.counts, "newest": shown}, as_json, [*lines, *table(rows, heads)] if rows else ["none"])


def _state(body: bytes | None, replayed_ts: int | None) -> str:
    return "sent again" if replayed_ts is not None else "" if body is None else "kept"
