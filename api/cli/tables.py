"""Commands that work on any table of your own, with nothing set up: loops, circles, rings."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
