"""Commands that bring data in and keep store and snapshot true: world, ingest, refresh, rebuild."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import FileProgress, Json, answer, fail, home_of, moment, now_ms, progress, table, tell

if TYPE_CHECKING:
    from jobs.home import Home
    from jobs.refresh import Refreshed
    from jobs.sync import SyncReport


class TimeUnit(StrEnum):
    iso = "iso"
    s = "s"
    ms = "ms"
    us = "us"


class Known(StrEnum):
    column = "column"
    now = "now"
    event = "event"


def register(app: typer.Typer) -> None:
    for command in (world, ingest, refresh, detect, rebuild):
        app.command()(command)


def world(
    out: Annotated[Path, typer.Option(help="folder to write the source files to")],
    merchants: Annotated[int, typer.Option(min=40, help="shops")] = 1200,
    seed: Annotated[int, typer.Option(min=0, max=999_999_999, help="same seed, same bytes")] = 0,
    camouflage: Annotated[
        float, typer.Option(min=0, max=100, help="honest-looking orders per fake one of a ring's buyers")
    ] = 1.0,
    shared_identity: Annotated[float, typer.Option(min=0, max=1, help="share of ring buyers on shared devices")] = 0.5,
    fraud_share: Annotated[float, typer.Option(min=0, max=0.5, help="share of shops in something planted")] = 0.18,
    months: Annotated[int, typer.Option(min=12, help="length of the history")] = 18,
    as_json: Json = False,
) -> None:
    """Make a synthetic world: the files of a bank and its platforms, with planted fraud and honest lookalikes."""
    from ingest.world.spec import WorldSpec
    from ingest.world.world import make_world

    spec = WorldSpec(merchants, seed, camouflage, shared_identity, fraud_share, months)
    rows = make_world(spec, out, progress)
    answer(
        {"out": str(out), "rows": rows},
        as_json,
        [*table(list(rows.items()), ("file", "rows")), "", f"written to {out}"],
    )


def ingest(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="platform, bank, logistics, tax, customs, labels, or a public set")],
    paths: Annotated[list[Path], typer.Argument(help="files or folders")],
    feed: Annotated[str | None, typer.Option(help="which feed the files are, when their names do not say")] = None,
    time_unit: Annotated[TimeUnit, typer.Option(help="iso, or the unit of numeric times")] = TimeUnit.iso,
    known: Annotated[Known, typer.Option(help="rows are learnt at: known_at, now, the event")] = Known.column,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="share of bad rows above which a file is refused")
    ] = 0.05,
    as_json: Json = False,
) -> None:
    """Take files of a source into landing. Every row is stored, a duplicate, a conflict or rejected with a reason."""
    from ingest.intake import IntakeOptions
    from ingest.public import READERS
    from ingest.public import missing as missing_files
    from jobs.sync import sync

    home = home_of(context)
    missing = [str(p) for p in paths if not p.exists()]
    if missing:
        fail("no_such_file", f"there is no {', '.join(missing)}")
    options = IntakeOptions(time_unit.value, known.value, max_bad, now_ms())
    places = (home.landing, home.pseudonym_key, home.rejects)
    report = sync(source, paths, *places, options, FileProgress(), feed=feed, warn=tell)
    for absent in (name for path in paths if source in READERS for name in missing_files(source, path)):
        tell(f"not there, and not taken: {absent}")
    answer(report.to_json(), as_json, _taken(report))
    raise typer.Exit(report.exit_code)


def refresh(
    context: typer.Context,
    as_of: Annotated[
        str | None, typer.Option(help="time of the snapshot; 'latest': the newest fact in landing")
    ] = None,
    store: Annotated[bool, typer.Option(help="bring the graph store up to date too")] = True,
    as_json: Json = False,
) -> None:
    """Bring store, snapshot, findings and features up to date, and publish them in one step."""
    from jobs.refresh import refresh as run

    home = home_of(context)
    done = run(home, now_ms(), _as_of(home, as_of), store, progress)
    answer(done.to_json(), as_json, _refreshed(done))


def detect(
    context: typer.Context,
    as_of: Annotated[
        str | None, typer.Option(help="time of the snapshot; 'latest': the newest fact in landing")
    ] = None,
    as_json: Json = False,
) -> None:
    """The findings part of refresh: snapshot, findings and features anew, the store left as it is."""
    refresh(context, as_of, False, as_json)


def rebuild(
    context: typer.Context,
    as_of: Annotated[
        str | None, typer.Option(help="time of the snapshot; 'latest': the newest fact in landing")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make store and snapshot anew from landing, which is checked first."""
    from jobs.rebuild import rebuild as run

    home = home_of(context)
    done = run(home, now_ms(), _as_of(home, as_of), progress)
    answer(done.to_json(), as_json, _refreshed(done))


def _as_of(home: Home, text: str | None) -> int | None:
    if text != "latest":
        return moment(text)
    from graph.model import landing_schemas
    from jobs.refresh import latest_known
    from landing.tables import Landing

    view = Landing(home.landing, landing_schemas()).view()
    if view.position < 0:
        fail("empty_landing", "landing is empty", "ringfence ingest SOURCE PATH")
    return latest_known(view)


def _refreshed(done: Refreshed) -> list[str]:
    return [
        *table([(k, v) for k, v in done.size.items() if v], ("in the graph", "rows")),
        "",
        *table(list(done.findings.items()), ("findings", "number")),
        *([f"{done.cut} of them are cut off at a limit and say so"] if done.cut else []),
        "",
        *table(list(done.seconds.items()), ("step", "seconds")),
        "",
        f"published version {done.version}; next: ringfence clusters",
    ]


def _taken(report: SyncReport) -> list[str]:
    head = ("file", "sent", "stored", "duplicate", "rejected", "conflict", "")
    rows = [
        (d.file, d.sent, d.stored, d.duplicate, d.rejected, d.conflict, "taken before" if d.already_taken else "")
        for d in report.deliveries
    ]
    lines = table(rows, head)
    for d in report.deliveries:
        if d.refused:
            lines.append(f"{d.file}: refused whole [{d.refused_code}]: {d.refused_why}")
        if d.codes:
            lines.append(f"{d.file}: {', '.join(f'{n:,} {code}' for code, n in sorted(d.codes.items()))}")
        if d.rejects_file:
            lines.append(f"{d.file}: the rows are in {d.rejects_file}")
        if d.ignored_columns:
            lines.append(f"{d.file}: columns not in the contract were left out: {', '.join(d.ignored_columns)}")
    return [*lines, "", "next: ringfence refresh"]
