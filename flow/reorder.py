"""Events wait here until none earlier may come, then leave in order of time.

The watermark is the newest time seen, less the lateness bound, less one: every event at or below it has either arrived
or is late. A late event is told apart at its arrival, one by one, so the answer does not depend on how the stream is
cut into batches. What waits lies in a binary heap of (time, arrival): its cost does not depend on how dense time is,
and events of one millisecond leave as they came.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from flow.batch import EventBatch

Int64 = npt.NDArray[np.int64]

NEVER = -(1 << 62)
"""Before any time."""


@njit(cache=True, nogil=True)
def _push(times: Int64, slots: Int64, held: int, ts: Int64, first_slot: int) -> int:
    """Add events to the heap (``times``, ``slots``: parallel arrays with room for them); how many it holds then."""
    for i in range(len(ts)):
        t = ts[i]
        at = held
        held += 1
        while at > 0 and times[(at - 1) >> 1] > t:
            times[at], slots[at] = times[(at - 1) >> 1], slots[(at - 1) >> 1]
            at = (at - 1) >> 1
        times[at], slots[at] = t, first_slot + i
    return held


@njit(cache=True, nogil=True)
def _pop(times: Int64, slots: Int64, held: int, watermark: int, out: Int64) -> tuple[int, int]:
    """Take events at or below the watermark out of the heap, earliest first: how many left, how many stay."""
    left = 0
    while held > 0 and times[0] <= watermark:
        out[left] = slots[0]
        left += 1
        held -= 1
        t, slot = times[held], slots[held]
        at = 0
        while True:
            child = 2 * at + 1
            if child >= held:
                break
            other = child + 1
            if other < held and (
                times[other] < times[child] or (times[other] == times[child] and slots[other] < slots[child])
            ):
                child = other
            if times[child] > t or (times[child] == t and slots[child] > slot):
                break
            times[at], slots[at] = times[child], slots[child]
            at = child
        times[at], slots[at] = t, slot
    return left, held


class Held:
    """Columns of events that grow at the end; any of them can be read out, in any order."""

    def __init__(self, like: EventBatch) -> None:
        self._size = 0
        self._columns: dict[str, Any] = {
            name: np.empty(0, values.dtype) if isinstance(values, np.ndarray) else []
            for name, values in vars(like).items()
        }

    def __len__(self) -> int:
        return self._size

    def extend(self, batch: EventBatch) -> None:
        """Add the events of a batch at the end."""
        size = self._size + len(batch)
        for name, values in vars(batch).items():
            column = self._columns[name]
            if isinstance(column, list):
                column.extend(values)
                continue
            if size > len(column):
                column = self._columns[name] = _grown(column, max(size, 2 * len(column)))
            column[self._size : size] = values
        self._size = size

    def take(self, index: Int64) -> EventBatch:
        """The events at these places, in that order."""
        if len(index) == 0:
            return EventBatch.concat([])
        places = index.tolist()
        pick = itemgetter(*places) if len(places) > 1 else lambda column: (column[places[0]],)
        taken: dict[str, Any] = {
            name: list(pick(column)) if isinstance(column, list) else column[index]
            for name, column in self._columns.items()
        }
        return EventBatch(**taken)


class Reorder:
    """The events that wait, and the watermark. ``lateness``: ms; ``newest``: the newest time seen before."""

    def __init__(self, lateness: int, newest: int = NEVER) -> None:
        self.lateness = lateness
        self.newest = newest
        self.watermark = max(newest - lateness - 1, NEVER)
        self.late = 0
        self._times: Int64 = np.empty(1024, np.int64)
        self._slots: Int64 = np.empty(1024, np.int64)
        self._waiting = 0
        self._held: Held | None = None

    def __len__(self) -> int:
        """Events that wait."""
        return self._waiting

    def push(self, batch: EventBatch) -> tuple[EventBatch, EventBatch | None]:
        """Take a batch in order of arrival: what may leave now, in order of time, and what came late, if anything."""
        late = None
        if len(batch):
            newest = np.maximum.accumulate(np.concatenate((np.array([self.newest], np.int64), batch.ts)))
            good = batch.ts > np.maximum(newest[:-1] - self.lateness - 1, self.watermark)
            self.newest = int(newest[-1])
            if not good.all():
                late = batch.take(np.flatnonzero(~good))
                batch = batch.take(np.flatnonzero(good))
                self.late += len(late)
        if len(batch):
            self._add(batch)
        return self.advance(self.newest - self.lateness - 1), late

    def advance(self, watermark: int) -> EventBatch:
        """Move the watermark on (never back); the events at or below it, in order of time."""
        self.watermark = max(self.watermark, watermark)
        out = np.empty(self._waiting, np.int64)
        left, self._waiting = _pop(self._times, self._slots, self._waiting, self.watermark, out)
        if self._held is None or left == 0:
            return EventBatch.concat([])
        released = self._held.take(out[:left])
        if self._waiting == 0:
            self._held = None
        elif len(self._held) > 2 * self._waiting + 4096:
            self._compact(self._held)
        return released

    def waiting(self) -> EventBatch:
        """The events that wait, as they came."""
        if self._held is None:
            return EventBatch.concat([])
        return self._held.take(np.sort(self._slots[: self._waiting]))

    def _add(self, batch: EventBatch) -> None:
        if self._held is None:
            self._held = Held(batch)
        need = self._waiting + len(batch)
        if need > len(self._times):
            size = max(need, 2 * len(self._times))
            self._times, self._slots = _grown(self._times, size), _grown(self._slots, size)
        self._waiting = _push(
            self._times, self._slots, self._waiting, np.ascontiguousarray(batch.ts, np.int64), len(self._held)
        )
        self._held.extend(batch)

    def _compact(self, held: Held) -> None:
        """Drop what has left. Numbers of arrival keep their order, so the heap stays one."""
        stay = np.sort(self._slots[: self._waiting])
        kept = held.take(stay)
        self._held = Held(kept)
        self._held.extend(kept)
        self._slots[: self._waiting] = np.searchsorted(stay, self._slots[: self._waiting])


def _grown(old: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    new = np.empty(size, old.dtype)
    new[: len(old)] = old
    return new
