"""Judges the journal: reads on from where it came to, runs the pipeline, keeps alerts and position together.

What it does is a function of the journal alone: of the events in their order, of the time each batch was received at,
and of where rules were switched. A restart replays the journal of the longest window to have the windows again, says
nothing of what was said, and goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from flow.alerts import Alert
from flow.batch import columns
from flow.journal import RETENTION_MS, JournalError, JournalReader, Stored
from flow.keeper import Keeper
from flow.loops_watch import StreamLoops
from flow.ownership import Ownership
from flow.pipeline import Options, Pipeline
from flow.proceeds_watch import WatchParams
from policy.ruleset import RuleSet
from records.alerts import Position, Switch

CHUNK = 2_048
"""Events judged at once: the pipeline is free for a question between two chunks."""
GROUP = 16_384
KEEP_S = 0.5
"""Events judged, or seconds passed, before what they gave is kept: alerts of a long backlog come as they are found."""
LOOPS = StreamLoops(budget=1 << 12, loops_per_edge=16)
"""The search for loops beside the service: what one transfer may cost is bounded, so that a crowd of accounts that all
pay one another cannot hold up everybody's alerts. Where the bound is reached, alerts that read loops say so."""

ReadRules = Callable[[str], RuleSet]


@dataclass(frozen=True)
class Rules:
    """A set and the text it was read from."""

    text: str
    rules: RuleSet


class Judge:
    """One journal's judge. Not safe to share between threads but for ``pipeline`` under the caller's lock."""

    def __init__(
        self,
        folder: Path,
        keeper: Keeper,
        rules: Rules,
        ownership: Ownership | None,
        log: structlog.typing.FilteringBoundLogger,
        options: Options | None = None,
    ) -> None:
        self._reader = JournalReader(folder)
        self._keeper = keeper
        self._options = options or Options(loops=True, loop_search=LOOPS, watch=WatchParams())
        self._ownership = ownership
        self._log = log
        self._clock = 0
        self._late_before = 0
        self.rules = rules
        self.pipeline = Pipeline(rules.rules, self._options, ownership)

    def recover(self, switches: list[Switch], read: ReadRules) -> None:
        """Have the windows again as they were at the position on record.

        Raises JournalError when the journal holds less than was judged: it was replaced.
        """
        end, held = self._keeper.saved.position, self._reader.last()
        if end > held:
            raise JournalError(
                f"{end} events were judged but the journal holds {held}: it was replaced; put its copy back"
            )
        newest = self._reader.newest_ts(end)
        start = 0 if newest is None else self._reader.start(newest - RETENTION_MS - self._options.lateness_ms)
        start = min(start, end)
        earlier = [s for s in switches if s.position <= start]
        later = [s for s in switches if start < s.position]
        current = earlier[-1] if earlier else switches[0] if switches else None
        if current is not None:
            self._take(Rules(current.text, read(current.text)))
        for stored in self._reader.batches(start, end):
            at = max(start, stored.first - 1)
            while at < min(stored.last, end):
                while later and later[0].position <= at:
                    self._replay_switch(later.pop(0), read)
                upto = min(stored.last, end, *(s.position for s in later[:1]))
                self._push(stored, at, upto)
                at = upto
        for switch in later:
            self._replay_switch(switch, read)
        self.pipeline.expect(self._keeper.unsettled())
        self._late_before = self._keeper.saved.late - self.pipeline.late
        self._log.info("flow_recovered", position=end, replayed=end - start, rules=self.pipeline.rules.version)

    def catch_up(self, last: int, now: int, between: Callable[[], None]) -> int:
        """Judge events up to a position, then say how late it is; how many events that were.

        Ends after KEEP_S wherever it is, so that rules can change while much waits; called again it goes on from there.
        ``between`` is called between chunks, where questions about the pipeline may be asked.
        """
        judged = waiting = 0
        keep_by = time.monotonic() + KEEP_S
        alerts: list[Alert] = []
        for stored, at, upto in self._chunks(self._keeper.reached.position, last):
            alerts += self._push(stored, at, upto)
            judged += upto - at
            waiting += upto - at
            late = time.monotonic() > keep_by
            if waiting >= GROUP or late:
                kept = self._keeper.keep(alerts, self._position(upto))
                if late or (not kept and self._keeper.full):
                    return judged  # the clock stays where it is: there may be earlier events to come
                alerts, waiting = [], 0
            between()
        reached = max(last, self._keeper.reached.position) if judged else self._keeper.reached.position
        alerts += self._advance(now)
        if alerts or reached != self._keeper.reached.position:
            self._keeper.keep(alerts, self._position(reached))
        return judged

    def switch(self, new: Rules) -> bool:
        """Judge by other rules from the next event on; False while the records are away."""
        position = self._keeper.reached.position
        if not self._keeper.switch(Switch(position, self._clock, new.rules.version, new.text)):
            return False
        self.pipeline.swap(new.rules)
        self.rules = new
        return True

    def own(self, ownership: Ownership | None) -> None:
        """Another table of who owns what."""
        self._ownership = ownership
        self.pipeline.own(ownership)

    def close(self) -> None:
        self._reader.close()

    def _chunks(self, after: int, last: int) -> Iterator[tuple[Stored, int, int]]:
        for stored in self._reader.batches(after, last):
            at, end = max(after, stored.first - 1), min(stored.last, last)
            while at < end:
                upto = min(at + CHUNK, end)
                yield stored, at, upto
                at = upto

    def _push(self, stored: Stored, at: int, upto: int) -> list[Alert]:
        """Judge the events of a batch at positions ``at + 1`` to ``upto``."""
        a, b = at + 1 - stored.first, upto + 1 - stored.first
        batch = columns(stored.events[a:b], stored.bodies[a:b])
        self._clock = max(self._clock, stored.received_ts)
        return self.pipeline.push(batch, self._clock)

    def _advance(self, now: int) -> list[Alert]:
        self._clock = max(self._clock, now)
        return self.pipeline.advance(self._clock)

    def _position(self, position: int) -> Position:
        return Position(position, self._late_before + self.pipeline.late)

    def _take(self, rules: Rules) -> None:
        self.rules = rules
        self.pipeline = Pipeline(rules.rules, self._options, self._ownership)

    def _replay_switch(self, switch: Switch, read: ReadRules) -> None:
        self._advance(switch.clock)
        new = Rules(switch.text, read(switch.text))
        self.pipeline.swap(new.rules)
        self.rules = new
