"""``flows`` makes services over one folder: closed ones can be opened again, as after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine

from flow.facts import catalogue
from flow.service import FlowService, Outside
from ingest.pseudonym import Pseudonymiser
from policy.ruleset import read
from records.alerts import Filters, page
from records.database import open_records, reading

NOW = 1_772_400_000_000

RULES = """
[[rule]]
code = "THREE"
on = "merchant"
when = "orders_1h >= 3"
severity = "high"
"""


class World:
    """A folder, a clock that stands until it is moved, the rules in force, and the services over them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.text = RULES
        self.records: Engine = open_records(f"sqlite:///{folder / 'records.sqlite'}")
        self.open: list[FlowService] = []
        self.missing: tuple[str, ...] = ()

    def service(self, judging: bool = True) -> FlowService:
        """A service; with ``judging`` once its judge is at work."""
        outside = Outside(
            rules=lambda: (read(self.text, catalogue()).version, self.text),
            read=lambda text: read(text, catalogue()),
            ownership=lambda: None,
            missing=lambda: self.missing,
        )
        made = FlowService(
            self.folder / "flow",
            self.records,
            Pseudonymiser(b"k" * 32),
            lambda: self.now,
            outside,
            structlog.wrap_logger(structlog.PrintLogger(open("/dev/null", "w"))),  # noqa: SIM115, PTH123 - never closed
        )
        self.open.append(made)
        until(lambda: not judging or made.state().trouble is None)
        return made

    def send(self, service: FlowService, *lines: bytes) -> list[str]:
        """The answers to lines, once they are durable."""
        delivery = service.receive(b"\n".join(lines), "k1")
        return [answer for _, _, answer, _ in delivery.answers(service.store(delivery).result(timeout=10))]

    def alerts(self) -> list[tuple[str, str, str]]:
        """Rule, key and status of the alerts on record."""
        with reading(self.records) as connection:
            return sorted((r.rule, r.key_id, r.status) for r in page(connection, Filters(), 1000))


def until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait for something to be true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true"
        time.sleep(0.02)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    for service in made.open:
        service.close()
    made.records.dispose()
