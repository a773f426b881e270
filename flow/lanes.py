"""Two lanes over one engine: one that is right, one that is quick.

The *final* lane holds events back until the lateness bound has passed and judges them as the sorted stream has them.
The *provisional* lane judges at once: an event that comes out of order is taken in at the newest time seen, since no
closed moment is opened again. What it says is settled by the final lane later.

Both are given batches in order of arrival. Moments are judged up to the lane's watermark and never twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import numpy.typing as npt

from flow.batch import EventBatch
from flow.loops_watch import LoopsWatch
from flow.proceeds_watch import Movement, ProceedsWatch
from flow.reorder import NEVER, Reorder

if TYPE_CHECKING:
    from flow.window.engine import Edge
    from flow.window.events import DerivedLoops
    from policy.ruleset import RuleSet

LARGEST_PUSH = 1 << 15
"""Events that the engine is given at once; more only where they share a millisecond."""


class Engine(Protocol):
    """What a lane needs of a window engine (flow.window.WindowEngine)."""

    def push(self, batch: EventBatch, watermark: int, derived: DerivedLoops | None = None) -> list[Edge]:
        """Take events in order of time and judge all moments up to the watermark."""

    def swap(self, rules: RuleSet) -> Self:
        """The engine for another set of rules, warmed from what this one holds."""


@dataclass
class Step:
    """What a lane found: rules that turned true, each with the set it belongs to, movements of loan money, up to which
    moment the lane has judged, and the events that came late."""

    watermark: int
    edges: list[tuple[RuleSet, Edge]] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    late: EventBatch | None = None


class _Lane:
    """What both lanes do with events in order of time."""

    def __init__(
        self, engine: Engine, rules: RuleSet, loops: LoopsWatch | None = None, proceeds: ProceedsWatch | None = None
    ) -> None:
        self.engine = engine
        self.rules = rules
        self.loops = loops
        self.proceeds = proceeds
        self._swaps: deque[tuple[int, RuleSet]] = deque()

    def swap(self, rules: RuleSet, after: int) -> None:
        """Judge moments later than ``after`` by another set."""
        self._swaps.append((after, rules))

    def _judge(self, step: Step, batch: EventBatch, entered: npt.NDArray[np.int64]) -> Step:
        """Give the engine events, in order of the times at which they are taken in, and judge up to the watermark."""
        first = 0
        while self._swaps and self._swaps[0][0] <= step.watermark:
            after, rules = self._swaps.popleft()
            end = int(np.searchsorted(entered, after, side="right"))
            self._push(step, batch, entered, first, end, after)
            self.engine, self.rules, first = self.engine.swap(rules), rules, end
        self._push(step, batch, entered, first, len(batch), step.watermark)
        return step

    def _push(
        self, step: Step, batch: EventBatch, entered: npt.NDArray[np.int64], first: int, last: int, watermark: int
    ) -> None:
        for start, end, judged_to in _pushes(entered, first, last, watermark):
            part = batch if end - start == len(batch) else batch.take(np.arange(start, end))
            times = entered[start:end]
            derived = self.loops.push(part, times) if self.loops is not None else None
            taken = part if entered is batch.ts else replace(part, ts=times)
            if self.proceeds is not None:
                step.movements += self.proceeds.push(taken)
            step.edges += [(self.rules, edge) for edge in self.engine.push(taken, judged_to, derived)]


class FinalLane(_Lane):
    """The sorted stream. ``lateness``: ms an event may be older than the newest seen; ``newest``: seen before."""

    def __init__(
        self,
        engine: Engine,
        rules: RuleSet,
        lateness: int,
        loops: LoopsWatch | None = None,
        proceeds: ProceedsWatch | None = None,
        newest: int = NEVER,
    ) -> None:
        super().__init__(engine, rules, loops, proceeds)
        self._reorder = Reorder(lateness, newest)

    @property
    def newest(self) -> int:
        """The newest time seen."""
        return self._reorder.newest

    @property
    def watermark(self) -> int:
        """All moments up to this are judged."""
        return self._reorder.watermark

    @property
    def late(self) -> int:
        """Events that came after the bound."""
        return self._reorder.late

    def waiting(self) -> EventBatch:
        """Events held back, in order of arrival."""
        return self._reorder.waiting()

    def push(self, batch: EventBatch) -> Step:
        """Take a batch in order of arrival."""
        ready, late = self._reorder.push(batch)
        return self._judge(Step(self.watermark, late=late), ready, ready.ts)

    def advance(self, watermark: int) -> Step:
        """Judge all moments up to the watermark (it never goes back): nothing earlier will come in time."""
        ready = self._reorder.advance(watermark)
        return self._judge(Step(self.watermark), ready, ready.ts)


class ProvisionalLane(_Lane):
    """The stream as it comes.

    ``eager``: judge the newest moment at once, as a service must; when more comes for the same millisecond it is judged
    once more. Otherwise a moment is judged when a later event has come, and the answer does not depend on how the
    stream is cut into batches. ``grace``: ms by which the clock may run ahead of the stream before a moment without
    events is judged.
    """

    def __init__(
        self,
        engine: Engine,
        rules: RuleSet,
        loops: LoopsWatch | None = None,
        proceeds: ProceedsWatch | None = None,
        eager: bool = True,
        grace: int = 1000,
    ) -> None:
        super().__init__(engine, rules, loops, proceeds)
        self.watermark = NEVER
        self._newest = NEVER
        self._tail = EventBatch.concat([])
        self._tail_entered: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._eager = eager
        self._grace = grace

    def push(self, batch: EventBatch) -> Step:
        """Take a batch in order of arrival."""
        if len(batch) == 0:
            return Step(self.watermark)
        entered = np.maximum.accumulate(np.maximum(batch.ts, max(self.watermark, self._newest)))
        self._newest = int(entered[-1])
        if self._eager:
            return self._up_to(self._newest, batch, entered)
        if len(self._tail):
            batch = EventBatch.concat([self._tail, batch])
            entered = np.concatenate([self._tail_entered, entered])
        ready = int(np.searchsorted(entered, self._newest))
        self._tail, self._tail_entered = batch.take(np.arange(ready, len(batch))), entered[ready:]
        return self._up_to(self._newest - 1, batch.take(np.arange(ready)), entered[:ready])

    @property
    def judged_all(self) -> bool:
        """Whether the moments of all events taken in are judged."""
        return len(self._tail) == 0

    def advance(self, now: int) -> Step:
        """Judge the moments that the clock has passed."""
        return self.close(now - self._grace)

    def close(self, watermark: int) -> Step:
        """Judge all moments up to the watermark."""
        if watermark <= self.watermark:
            return Step(self.watermark)
        batch, entered = self._tail, self._tail_entered
        self._tail, self._tail_entered = EventBatch.concat([]), np.empty(0, np.int64)
        return self._up_to(max(watermark, self._newest), batch, entered)

    def _up_to(self, watermark: int, batch: EventBatch, entered: npt.NDArray[np.int64]) -> Step:
        self.watermark = max(self.watermark, watermark)
        return self._judge(Step(self.watermark), batch, entered)


def _pushes(ts: npt.NDArray[np.int64], first: int, last: int, watermark: int) -> Iterator[tuple[int, int, int]]:
    """Cut events in order of time into pushes that do not part a millisecond: (first, end, watermark of the push)."""
    while last - first > LARGEST_PUSH:
        end = int(np.searchsorted(ts, ts[first + LARGEST_PUSH], side="left"))
        if end <= first:  # more than a push at one millisecond
            end = int(np.searchsorted(ts, ts[first], side="right"))
        if end >= last:
            break
        yield first, end, int(ts[end]) - 1
        first = end
    yield first, last, watermark
