"""When things happen: weekdays, hours of the day, the shopping festivals of June and November."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from ingest.world.chance import Float, Int
from ingest.world.spec import DAY, HOUR, WorldSpec

ZONE = 8 * HOUR
"""The world lives at +08:00, without daylight saving."""

_WEEKDAY = np.array([0.95, 0.93, 0.95, 0.98, 1.04, 1.12, 1.10])
_FESTIVALS = {(6, 18): 4.0, (6, 17): 1.9, (6, 16): 1.6, (11, 11): 5.5, (11, 10): 2.2, (11, 1): 1.8, (12, 12): 2.2}
_NIGHT_AND_MORNING = (1.6, 0.8, 0.4, 0.25, 0.2, 0.3, 0.7, 1.5, 2.6, 3.8, 4.9, 4.8)
_AFTERNOON_AND_EVENING = (4.6, 4.4, 4.5, 4.7, 4.6, 4.3, 4.5, 5.8, 7.2, 7.8, 6.0, 3.4)
_HOURS = np.array([*_NIGHT_AND_MORNING, *_AFTERNOON_AND_EVENING])


class Calendar:
    """The span of a world and how busy each of its days is."""

    def __init__(self, spec: WorldSpec) -> None:
        self.start, self.end = spec.start_ts, spec.end_ts
        days = (self.end - self.start) // DAY
        first = datetime.fromtimestamp((self.start + ZONE) / 1000, UTC)
        weight = np.empty(days)
        for i in range(days):
            day = first + timedelta(days=i)
            weight[i] = _WEEKDAY[day.weekday()] * _FESTIVALS.get((day.month, day.day), 1.0)
            if (day.month, day.day) >= (1, 24) and (day.month, day.day) <= (2, 8):
                weight[i] *= 0.55  # the spring festival: carriers rest
        self._edges = np.concatenate([[0.0], np.cumsum(weight) / weight.sum()])
        self._hours = np.concatenate([[0.0], np.cumsum(_HOURS) / _HOURS.sum()])

    def share(self, ts: Int) -> Float:
        """The share of all trade that lies before each time, 0..1."""
        days = (np.asarray(ts) - self.start) / DAY
        return np.interp(days, np.arange(len(self._edges)), self._edges)

    def at(self, rng: np.random.Generator, share: Float) -> Int:
        """Times for shares of all trade: the day by the season, the hour by the day's habits."""
        day = np.clip(np.searchsorted(self._edges, share, side="right") - 1, 0, len(self._edges) - 2)
        return self.start + day * DAY + self.hour(rng, len(day))

    def hour(self, rng: np.random.Generator, n: int) -> Int:
        """n moments of a day of shopping, ms since midnight in whole seconds."""
        hours = np.interp(rng.random(n), self._hours, np.arange(25.0))
        return np.minimum((hours * 3600).astype(np.int64) * 1000, DAY - 1000)

    def between(self, rng: np.random.Generator, low: Int, high: Int) -> Int:
        """A shopping moment between two times each, with the season inside them."""
        a, b = self.share(low), self.share(high)
        ts = self.at(rng, a + (b - a) * rng.random(len(a)))
        return np.clip(ts, low, np.maximum(low, np.asarray(high) - 1000))

    def office(self, rng: np.random.Generator, ts: Int) -> Int:
        """The same days at office hours: 9:00 to 17:30."""
        n = len(ts)
        return self.midnight(ts) + 9 * HOUR + rng.integers(0, 8 * 3600 + 1800, n) * 1000

    def midnight(self, ts: Int) -> Int:
        """The first moment of each time's day at +08:00."""
        ts = np.asarray(ts, np.int64)
        return ts - (ts + ZONE) % DAY

    def next_morning(self, rng: np.random.Generator, ts: Int) -> Int:
        """When the bank knows of what happened that day: the next morning's file, 2:00 to 5:00."""
        return self.midnight(ts) + DAY + 2 * HOUR + rng.integers(0, 3 * 3600, len(np.asarray(ts))) * 1000

    def quarters(self) -> Int:
        """First moments of the calendar quarters that touch the span, and the first one after it."""
        first = datetime.fromtimestamp((self.start + ZONE) / 1000, UTC)
        year, month = first.year, (first.month - 1) // 3 * 3 + 1
        found: list[int] = []
        while not found or found[-1] < self.end:
            found.append(round(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000) - ZONE)
            year, month = (year, month + 3) if month < 10 else (year + 1, 1)
        return np.array(found, np.int64)
