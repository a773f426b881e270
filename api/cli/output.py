"""What every command shares: where things are, how answers are shown, how errors end a command.

Exit codes: 0 done, 1 done but rows were refused or a check failed, 2 could not run. ``--json`` prints one JSON object
on stdout; progress and messages go to stderr.
"""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from api.cli.say import Fault, answered, tell_fault

if TYPE_CHECKING:
    from api.settings import Settings
    from jobs.home import Home

Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout, for programs")]

DONE, REFUSED, FAILED = 0, 1, 2

LATEST = 4_102_444_800_000
"""2100-01-01T00:00:00Z, as at intake."""

_started = time.monotonic()


def settings_of(context: typer.Context) -> Settings:
    """The settings, with what the command line says over them."""
    from api.settings import Settings

    said = {name: value for name, value in context.obj.items() if value is not None}
    return Settings(**said)


def home_of(context: typer.Context) -> Home:
    """The home folder the command works on: --home, else the settings'."""
    return settings_of(context).at_home()


def tell(line: str) -> None:
    """A line for the person at the terminal."""
    typer.echo(line, err=True)


class _Shown:
    """What the progress of this command last showed: a counted step is not told at every count."""

    step = ""
    at = 0.0


def progress(line: str) -> None:
    """A step of long work. On a terminal one line that changes; elsewhere a line a step."""
    now = time.monotonic()
    step = re.sub(r"[\d,]+", "#", line)  # steps that differ in a count alone are one
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[2K  {now - _started:6.1f} s  {line}")
        sys.stderr.flush()
    elif step != _Shown.step or now - _Shown.at > 30:
        typer.echo(f"{line} ...", err=True)
        _Shown.at = now
    _Shown.step = step


def end_progress() -> None:
    if _Shown.step and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
    _Shown.step = ""


class FileProgress:
    """Tells which file is at work, and now and then how many rows were seen."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, name: str, rows: int) -> None:
        now = time.monotonic()
        if now - self._last > 2.0:
            self._last = now
            progress(f"{name}: {rows:,} rows")


def answer(value: object, as_json: bool, lines: Iterable[str]) -> None:
    """The command's answer: one JSON object, or lines for people."""
    end_progress()
    if as_json:
        typer.echo(json.dumps(_plain(value), ensure_ascii=False, default=str, sort_keys=True, allow_nan=False))
        answered()
    else:
        for line in lines:
            typer.echo(line)


def _plain(value: object) -> object:
    """JSON has no word for NaN and infinities: they become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def fail(code: str, message: str, next_step: str | None = None) -> NoReturn:
    """End the command: it could not run."""
    end_progress()
    tell_fault(Fault(code, message, next_step))
    raise typer.Exit(FAILED)


def table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> list[str]:
    """Rows in columns of equal width; numbers to the right."""
    text = [[_cell(c) for c in row] for row in rows]
    widths = [max(len(h), *(len(r[i]) for r in text)) if text else len(h) for i, h in enumerate(head)]
    right = [bool(rows) and all(isinstance(r[i], int | float) or r[i] is None for r in rows) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)).rstrip()

    return [line(head), line(["-" * w for w in widths]), *(line(r) for r in text)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def now_ms() -> int:
    """The clock, epoch ms UTC."""
    return time.time_ns() // 1_000_000


def moment(text: str | None) -> int | None:
    """A time given on the command line: ISO 8601 with a zone, epoch ms, or nothing."""
    if text is None:
        return None
    from datetime import UTC, datetime, timedelta

    try:
        if text.isdecimal() and len(text) < 20:
            when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
        else:
            when = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        fail("bad_time", f"{text!r} is not a time", "write it as 2026-06-30T00:00:00+08:00")
    if when.tzinfo is None:
        fail("naive_time", f"{text!r} has no zone", "add one, such as +08:00 or Z")
    at = (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if not 0 <= at <= LATEST:
        fail("bad_time", f"{text!r} lies outside 1970 to 2100")
    return at
