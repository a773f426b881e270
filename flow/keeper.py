"""Keeps alerts on record, with the position in the journal they came from; holds them back while the records are away.

What is held back is told from memory, marked with what is missing, and comes on record when they are back. After a kill
it is judged anew from the journal, since the position on record has not moved.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from flow.alerts import Alert, line, of_line
from records.alerts import Filters, Position, PositionMoved, Step, Switch, advance, note_switch, page
from records.database import reading
from records.errors import RecordsError

RECORDS = "records"
FULL = 50_000
"""Steps held back; with more, judging waits (events stay in the journal)."""


def step_of(alert: Alert) -> Step:
    """The step as it is kept."""
    return Step(
        alert_id=alert.alert_id,
        rule=alert.rule,
        version=alert.version,
        key_kind=alert.on,
        key_id=alert.key,
        ts=alert.ts,
        severity=alert.severity,
        mode=alert.mode,
        status=alert.status,
        times=alert.count,
        degraded=alert.degraded,
        body=line(alert).decode(),
    )


class Keeper:
    """What waits to be kept. ``saved`` is the position on record; ``changed`` counts what came, for those who watch."""

    def __init__(self, records: Engine, saved: Position, clock: Callable[[], int]) -> None:
        self._records = records
        self._clock = clock
        self._held: list[Alert] = []
        self._reached = saved
        self._mutex = threading.Lock()
        self.saved = saved
        self.away = False
        self.changed = 0
        self.told = 0

    @property
    def reached(self) -> Position:
        """How far is judged, on record or not."""
        return self._reached

    @property
    def full(self) -> bool:
        """Whether judging has to wait for the records."""
        return len(self._held) >= FULL

    def held_back(self) -> list[Alert]:
        """Alerts that are not on record yet."""
        with self._mutex:
            return list(self._held)

    def unsettled(self) -> list[Alert]:
        """Provisional alerts on record that nothing has settled: what a clock alone had raised before a restart is not
        raised again by replaying the journal."""
        with reading(self._records) as connection:
            rows = page(connection, Filters(status="provisional", shadow=True, snoozed=True), FULL)
        return [of_line(json.dumps(row.body).encode()) for row in rows]

    def keep(self, alerts: Sequence[Alert], reached: Position) -> bool:
        """Keep alerts and how far is judged; False when the records are away and it is held back.

        Raises PositionMoved when another process judges the same journal.
        """
        with self._mutex:
            self._held.extend(_marked(a) for a in alerts) if self.away else self._held.extend(alerts)
        self._reached = reached
        return self.flush()

    def flush(self) -> bool:
        """Try to bring on record what is held back; whether nothing is any more."""
        with self._mutex:
            held = list(self._held)
        if not held and self._reached == self.saved:
            return True
        try:
            with self._records.begin() as connection:
                steps = [step_of(a) for a in held]
                self.told += advance(connection, self.saved.position, self._reached, steps, self._clock())
        except PositionMoved:
            raise
        except (SQLAlchemyError, RecordsError):
            self._lost(held)
            return False
        with self._mutex:
            del self._held[: len(held)]
        self.saved, self.away = self._reached, False
        if held:
            self.changed += 1
        return True

    def switch(self, switch: Switch) -> bool:
        """Put a switch of rules on record; only when all before it is."""
        if not self.flush():
            return False
        try:
            with self._records.begin() as connection:
                note_switch(connection, switch)
        except (SQLAlchemyError, RecordsError):
            return False
        return True

    def _lost(self, held: list[Alert]) -> None:
        with self._mutex:
            self._held[: len(held)] = [_marked(a) for a in held]
        if held:
            self.changed += 1
        self.away = True


def _marked(alert: Alert) -> Alert:
    """The alert, marked as judged while the records were away."""
    return alert if RECORDS in alert.degraded else replace(alert, degraded=(*alert.degraded, RECORDS))
