"""Commands for events in time: flow over a file, and two rule sets compared on recorded events."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import REFUSED, Json, answer, fail, home_of, moment, progress, table, tell

if TYPE_CHECKING:
    from flow.ownership import Ownership
    from jobs.flow_file import FlowSummary


def register(app: typer.Typer) -> None:
    app.command()(flow)


def flow(
    context: typer.Context,
    source: Annotated[Path, typer.Option("--from", help="events, a JSON object a line; gzip too; - for stdin")],
    rules: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="rule set, TOML")],
    out: Annotated[Path | None, typer.Option(help="alerts, one a line, in place when complete; else stdout")] = None,
    rejects: Annotated[Path | None, typer.Option(help="lines refused, with code; OUT.rejects.jsonl by default")] = None,
    drain: Annotated[bool, typer.Option("--drain", help="let windows run out after the last event")] = False,
    speed: Annotated[str, typer.Option(help="max, or how many times as fast as it happened: 60")] = "max",
    provisional: Annotated[
        bool, typer.Option("--provisional", help="also what is told at once, and what becomes of it")
    ] = False,
    shadow: Annotated[bool, typer.Option("--shadow", help="also alerts of shadow rules")] = False,
    proceeds: Annotated[
        bool, typer.Option("--proceeds", help="also watch loan money; owners from the published snapshot")
    ] = False,
    lateness: Annotated[str, typer.Option(help="how late an event may come: 10m")] = "10m",
    as_json: Json = False,
) -> None:
    """Run a file of events through windows and rules: the service's own engine, event time as the clock."""
    from graph.loops.table import span_us
    from jobs.flow_file import FlowFileOptions, run_flow

    if out is None and as_json:
        fail("where_to", "--json puts its object on stdout: name a file for the alerts with --out")
    options = FlowFileOptions(
        source=None if str(source) == "-" else source,
        rules=rules,
        out=out,
        rejects=rejects,
        drain=drain,
        speed=_speed(speed),
        provisional=provisional,
        shadow=shadow,
        proceeds=proceeds,
        lateness_ms=span_us(lateness) // 1000,
    )
    done = run_flow(options, progress, _ownership(context) if proceeds else None)
    if out is None:
        for line in _lines(done):
            tell(line)
    else:
        answer(asdict(done), as_json, _lines(done))
    if done.refused:
        raise typer.Exit(REFUSED)


def replay_events(
    context: typer.Context,
    rules: Path,
    from_: str | None,
    to: str | None,
    against: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """The part of ``ringfence replay`` that compares the alerts of two rule sets on the journal's events."""
    from jobs.flow_replay import replay_flow

    start, end = moment(from_), moment(to)
    if start is None or end is None or start >= end:
        fail("no_stretch", "--rules needs --from and --to, the first before the last")
    done = replay_flow(home_of(context), rules, start, end, against, out, progress)
    rows = [[code, n["before"], n["after"], n["both"]] for code, n in done.by_rule.items()]
    lines = [
        f"{done.events:,} events; version {done.before}: {done.alerts_before:,} alerts, "
        f"version {done.after}: {done.alerts_after:,}; added {done.added:,}, gone {done.gone:,}",
        *table(rows, ("rule", "before", "after", "in both")),
    ]
    answer(asdict(done), as_json, lines)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        times = float(text)
    except ValueError:
        times = 0.0
    if not 0 < times < 1e9:
        fail("bad_speed", f"{text!r} is no speed", "write max, or a number: 1 is as fast as it happened")
    return times


def _ownership(context: typer.Context) -> Ownership | None:
    from jobs.ownership import published_ownership

    found = published_ownership(home_of(context))
    if found is None:
        tell("nothing is published yet, so no owners are known: alerts on loan money are marked degraded")
    return found


def _lines(done: FlowSummary) -> list[str]:
    lines = [
        f"events {done.events:,}: stored {done.stored:,} (late {done.late:,}), duplicates {done.duplicates:,}, "
        f"conflicts {done.conflicts:,}, rejected {done.rejected:,}",
        f"alerts {done.alerts:,}; repeats within a cooldown {done.repeats:,}",
        *(f"  {code:24} {count:,}" for code, count in done.by_rule.items()),
    ]
    if done.provisional is not None:
        lines.append("steps: " + ", ".join(f"{name} {count:,}" for name, count in sorted(done.provisional.items())))
    if done.late:
        lines.append("late events are in no window: one that is newer by more than the bound (--lateness) came first")
    if done.cut:
        lines.append(f"the search for loops was cut: {', '.join(done.cut)}")
    if done.rejects:
        lines.append(f"refused lines in {done.rejects}")
    return [*lines, f"rules {done.rules}, {done.seconds:.1f} s"]
