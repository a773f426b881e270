"""Commands that run the service or look after the installation: serve, doctor, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import REFUSED, Json, answer, home_of, now_ms, progress, settings_of, table


def register(app: typer.Typer) -> None:
    for command in (serve, doctor, demo):
        app.command()(command)


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="address to listen on (RINGFENCE_HOST)")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on (RINGFENCE_PORT)")] = None,
) -> None:
    """Run the scoring service. Callers need a key: ringfence keys create NAME."""
    from api.app import create_app
    from api.server import serve as run

    context.obj |= {"host": host, "port": port}
    settings = settings_of(context)
    run(settings, create_app(settings))


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """What is installed, what is there, what is missing, and what to do about it."""
    from jobs.doctor import examine

    checks = examine(home_of(context))
    rows = [("ok" if c.ok else "missing", c.name, c.found, c.next_step or "") for c in checks]
    answer({"checks": [c.__dict__ for c in checks]}, as_json, table(rows, ("", "what", "found", "next")))
    if not all(c.ok for c in checks):
        raise typer.Exit(REFUSED)


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="folder for the world, the data and report.html")] = Path("demo"),
    merchants: Annotated[int, typer.Option(min=100, help="shops in the world")] = 1200,
    seed: Annotated[int, typer.Option(help="of the world")] = 7,
    replace_store: Annotated[bool, typer.Option("--replace-store", help="whatever graph a server holds goes")] = False,
    as_json: Json = False,
) -> None:
    """The main job, end to end, on a synthetic world: clusters, a scored merchant, report.html."""
    from api.cli.demo import run

    context.obj |= {"home": out / "home"}
    done = run(home_of(context), out, merchants, seed, now_ms(), progress, replace_store)
    answer(done.to_json(), as_json, done.lines())
