"""Readers for public data sets, as published.

A reader turns a folder of a set's files into deliveries for the intake. Everything they bring is history, so it is
taken with ``known="event"``: a row is known when it says it happened.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ingest.intake import Delivery

KNOWN: Literal["event"] = "event"
"""How the sets are to be taken: see IntakeOptions."""

SETS = ("finbench", "finbench_incremental", "olist", "cumcm", "amlsim")


def _reader(name: str) -> Callable[[Path], list[Delivery]]:
    def read(path: Path) -> list[Delivery]:
        deliveries: list[Delivery] = getattr(import_module(f"ingest.public.{name}"), name)(path)
        return deliveries

    read.__doc__ = f"Deliveries of the {name} set in a folder; see ingest.public.{name}."
    return read


READERS: dict[str, Callable[[Path], list[Delivery]]] = {name: _reader(name) for name in SETS}
"""Set -> reader. A reader raises ingest.public.published.PublicDataError where it finds nothing it knows."""


def missing(name: str, path: Path) -> list[str]:
    """Files of a set that are not in the folder, by their published names: their part is not taken."""
    absent: list[str] = import_module(f"ingest.public.{name}").missing(path)
    return absent
