"""Commands that bring data in and keep store and snapshot true: world, ingest, refresh, rebuild."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import Json, answer, fail, home_of, moment, now_ms, progress, table

if TYPE_CHECKING:
    from jobs.home import Home
    from jobs.refresh import Refreshed


def register(app: typer.Typer) -> None:
    for command in (world, ingest, refresh, detect, rebuild):
        app.command()(command)


def world(
    out: Annotated[Path, typer.Option(help="folder to write the source files to")],
    merchants: Annotated[int, typer.Option(min=20, help="shops")] = 1200,
    seed: Annotated[int, typer.Option(help="same seed, same bytes")] = 0,
    camouflage: Annotated[
        float, typer.Option(min=0, help="honest-looking orders per fake one of a ring's buyers")
    ] = 1.0,
    shared_identity: Annotated[float, typer.Option(min=0, max=1, help="share of ring buyers on shared devices")] = 0.5,
    as_json: Json = False,
) -> None:
    """Make a synthetic world: the files of a bank and its platforms, with planted fraud and honest lookalikes."""
    from ingest.world.spec import WorldSpec
    from ingest.world.world import make_world

    spec = WorldSpec(merchants=merchants, seed=seed, camouflage=camouflage, shared_identity=shared_identity)
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
    time_unit: Annotated[str, typer.Option(help="iso, or the unit of numeric times: s, ms, us")] = "iso",
    known: Annotated[str | None, typer.Option(help="when rows count as learnt: column, now, or event")] = None,
    max_bad: Annotated[
        float, typer.Option(min=0, max=1, help="share of bad rows above which a file is refused")
    ] = 0.05,
    as_json: Json = False,
) -> None:
    """Take files of a source into landing. Every row is stored, a duplicate, a conflict or rejected with a reason."""
    from jobs.sync import SyncOptions, sync

    home = home_of(context)
    missing = [p for p in paths if not p.exists()]
    if missing:
        fail("no_such_file", f"there is no {', '.join(map(str, missing))}")
    if time_unit not in ("iso", "s", "ms", "us"):
        fail("bad_time_unit", f"--time-unit {time_unit!r}", "use iso, s, ms or us")
    options = SyncOptions(time_unit=time_unit, known=known, max_bad_share=max_bad, now_ms=now_ms(), feed=feed)
    report = sync(source, paths, home.landing, home.pseudonym_key, home.rejects, options, progress)
    answer(report.to_json(), as_json, report.lines())
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
