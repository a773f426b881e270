"""How the end of a command that could not run is told: a line for people, with ``--json`` also an object."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass

import typer


@dataclass(frozen=True)
class Fault:
    """What ends a command: a stable code, a sentence, what to do."""

    code: str
    message: str
    next_step: str | None = None


WRONG_CALL = Fault("usage", "the command was called wrongly; stderr says how", "ringfence COMMAND --help")


class _Told:
    """Standard output holds at most one object."""

    on_stdout = False


def answered() -> None:
    """Note that the command's own object is on standard output."""
    _Told.on_stdout = True


def tell_fault(fault: Fault) -> None:
    """Tell why the command ends, on stderr, and with ``--json`` on stdout too."""
    typer.secho(f"error [{fault.code}]: {fault.message}", err=True, fg="red")
    if fault.next_step:
        typer.echo(f"  next: {fault.next_step}", err=True)
    fault_in_json(fault)


def fault_in_json(fault: Fault) -> None:
    """``{"error": {"code", "message", "next_step"}}`` on stdout, when it was asked for and nothing is there yet."""
    if "--json" in sys.argv[1:] and not _Told.on_stdout:
        _Told.on_stdout = True
        typer.echo(json.dumps({"error": asdict(fault)}, ensure_ascii=False))
