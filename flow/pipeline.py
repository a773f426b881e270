"""From batches of events to alerts: both lanes, the watches beside them, cooldowns, and what becomes of what was said.

Times are event times; the caller says how late it is (``received_ms``, ``advance``), so that the same events with the
same times give the same alerts, live, replayed or read from a file. A clock that goes back is ignored; one that jumps
ahead closes moments early, so that more events are late: none is lost.

**Late events** (older than the bound) change no window of the final lane. Up to ``late_alert_ms`` old they are taken
into the provisional lane at the newest time, like any that come out of order, and an alert that one of them triggers is
told at once with the status ``late``: it is neither confirmed nor withdrawn. Older ones are counted only.

**Swap.** A new set judges the moments after the newest time seen, in both lanes: the final lane goes on with the old
set up to that moment, so each moment is judged by one version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from flow.alerts import Alert, Judged, Status, judged
from flow.batch import EventBatch
from flow.lanes import Engine, FinalLane, ProvisionalLane, Step
from flow.loops_watch import Loop, LoopsWatch, StreamLoops
from flow.ownership import Ownership
from flow.proceeds_watch import ProceedsWatch, WatchParams
from flow.reorder import NEVER
from flow.settlement import Cooldown, Open, Settlement
from flow.window.engine import WindowEngine
from policy.ruleset import RuleSet

LATENESS_MS = 600_000
LONGEST_WINDOW_MS = 30 * 86_400_000


@dataclass(frozen=True)
class Options:
    """``lateness_ms``: the bound; ``provisional``: whether the quick lane runs; ``eager`` and ``grace_ms``: see
    flow.lanes.ProvisionalLane; ``late_alert_ms``: how old a late event may be to alert; ``loops``: search even when no
    rule reads a fact about loops (a later set may); ``watch``: the watch on loan money, None for none."""

    lateness_ms: int = LATENESS_MS
    provisional: bool = True
    eager: bool = True
    grace_ms: int = 1000
    late_alert_ms: int = 86_400_000
    loops: bool = False
    loop_search: StreamLoops = field(default_factory=StreamLoops)
    watch: WatchParams | None = None


@dataclass(frozen=True)
class TransferCheck:
    """What a transfer would do. ``missing``: what could not be looked at."""

    loops: list[Loop]
    movements: list[Alert]
    missing: tuple[str, ...]


class Pipeline:
    """Events in, alerts out. Not safe to share between threads: one owner pushes.

    ``ownership``: who owns what, for the watch on loan money. After a restart, before the journal is replayed:
    ``newest``, the newest time seen before what is replayed; ``opened``, alerts whose cooldown ran then; ``unsettled``,
    provisional alerts on record that are neither confirmed nor withdrawn. ``engine``: what makes a window engine of a
    set. ``missing``: what is away just now, in the service's words; every alert is marked with it.
    """

    def __init__(
        self,
        rules: RuleSet,
        options: Options | None = None,
        ownership: Ownership | None = None,
        newest: int = NEVER,
        opened: Iterable[tuple[str, str, str, Open]] = (),
        unsettled: Iterable[Alert] = (),
        engine: Callable[[RuleSet], Engine] = WindowEngine,
    ) -> None:
        self.options = o = options or Options()
        self.rules = rules
        self.missing: tuple[str, ...] = ()
        self._clock = NEVER
        search = o.loop_search if o.loops or _reads_loops(rules) else None
        self._final = FinalLane(engine(rules), rules, o.lateness_ms, _loops(search), _watch(o, ownership), newest)
        self._quick: ProvisionalLane | None = None
        if o.provisional:
            late = _loops(search, max(o.lateness_ms, o.late_alert_ms))
            self._quick = ProvisionalLane(engine(rules), rules, late, _watch(o, ownership), o.eager, o.grace_ms)
        self._judged: dict[str, list[Judged]] = {}
        self._cooldown = Cooldown(opened)
        self._quick_cooldown = Cooldown()
        self._settlement = Settlement()
        self.expect(unsettled)
        self._late_ids: set[str] = set()  # of late events whose moment in the provisional lane is still to be judged

    @property
    def watermark(self) -> int:
        """All moments up to this are final, in epoch ms."""
        return self._final.watermark

    @property
    def newest(self) -> int:
        """The newest time seen."""
        return self._final.newest

    @property
    def late(self) -> int:
        """Events that came after the bound."""
        return self._final.late

    @property
    def unsettled(self) -> int:
        """Provisional alerts that the final lane has not reached yet."""
        return len(self._settlement)

    @property
    def cut(self) -> list[str]:
        """Limits that the search for loops reached in the final lane; empty: every loop was found."""
        return list(self._final.loops.cut) if self._final.loops is not None else []

    def waiting(self) -> EventBatch:
        """Events that the final lane holds back, in order of arrival."""
        return self._final.waiting()

    def opened(self) -> list[tuple[str, str, str, Open]]:
        """The alerts whose cooldown runs: with ``newest`` and the events of the longest window, the whole state."""
        return list(self._cooldown.opened())

    def expect(self, unsettled: Iterable[Alert]) -> None:
        """Settle these provisional alerts as well, once the final lane comes to their moments: those on record that are
        neither confirmed nor withdrawn, after a restart and the replay of the journal."""
        for alert in unsettled:
            self._settlement.expect(alert)

    def push(self, batch: EventBatch, received_ms: int | None = None) -> list[Alert]:
        """Take new events (each id once) in order of arrival; what is to be told now, in the order it is told."""
        out = self.advance(received_ms) if received_ms is not None else []
        before = self.newest
        step = self._final.push(batch)
        if self._quick is not None:
            out += self._provisional(batch, step.late, before)
        return out + self._settled(step)

    def advance(self, now_ms: int) -> list[Alert]:
        """The clock says so late it is: judge what it has passed."""
        if now_ms <= self._clock:
            return []
        self._clock = now_ms
        quick = self._quick.advance(now_ms) if self._quick is not None else None
        return self._quickly(quick) + self._settled(self._final.advance(now_ms - self.options.lateness_ms - 1))

    def close(self, drain: bool = False, until: int | None = None) -> list[Alert]:
        """The stream is over: judge all moments up to the newest time, or up to ``until`` where that is later, or with
        ``drain`` until windows are empty."""
        if self.newest == NEVER:
            return []
        end = max(self.newest + (LONGEST_WINDOW_MS if drain else 0), self.newest if until is None else until)
        quick = self._quick.close(end) if self._quick is not None else None
        return self._quickly(quick) + self._settled(self._final.advance(end))

    def swap(self, rules: RuleSet) -> None:
        """Judge by another set from the next moment on."""
        if _reads_loops(rules) and self._final.loops is None:
            raise ValueError("loops are not searched: start the pipeline with Options(loops=True) to take such rules")
        after = max(self.newest, self._quick.watermark if self._quick is not None else NEVER, self.watermark)
        self.rules = rules
        for lane in (self._final, self._quick):
            if lane is not None:
                lane.swap(rules, after)

    def own(self, ownership: Ownership | None) -> None:
        """Judge loans from here on by another table of who owns what."""
        for lane in (self._final, self._quick):
            if lane is not None and lane.proceeds is not None:
                lane.proceeds.ownership = ownership

    def check_transfer(self, src: str, dst: str, amount: int, currency: str, ts: int) -> TransferCheck:
        """Would this transfer close a loop, or take loan money where it should not go? Nothing is stored."""
        lane = self._quick or self._final
        loops = lane.loops.probe(src, dst, amount, currency, ts) if lane.loops is not None else []
        moved = lane.proceeds.probe(src, dst, amount, currency, ts) if lane.proceeds is not None else []
        away = [] if lane.loops is not None else ["loops"]
        away += [] if lane.proceeds is not None else ["proceeds"]
        return TransferCheck(loops, [m.alert(0, "provisional") for m in moved], (*self.missing, *away))

    def _provisional(self, batch: EventBatch, late: EventBatch | None, before: int) -> list[Alert]:
        assert self._quick is not None  # noqa: S101 - the caller has looked
        if late is not None:
            newest = np.maximum(np.maximum.accumulate(batch.ts), before)
            recent = batch.ts > newest - self.options.late_alert_ms
            if not recent.all():
                batch = batch.take(np.flatnonzero(recent))
            self._late_ids |= set(late.event_id)
        return self._quickly(self._quick.push(batch))

    def _quickly(self, step: Step | None) -> list[Alert]:
        if step is None:
            return []
        told = self._told(step, "provisional", self._quick_cooldown)
        if self._quick is not None and self._quick.judged_all:
            self._late_ids.clear()
        return [a for a in told if a.status != "provisional" or self._settlement.expect(a)]

    def _settled(self, step: Step) -> list[Alert]:
        told = self._told(step, "final", self._cooldown)
        return self._settlement.settle(told, step.watermark) if self._quick is not None else told

    def _told(self, step: Step, status: Status, cooldown: Cooldown) -> list[Alert]:
        quick = status == "provisional"
        lane = self._quick if quick else self._final
        loops = lane.loops if lane is not None else None
        proceeds = lane.proceeds if lane is not None else None
        found: list[tuple[Alert, int]] = []
        for rules, edge in step.edges:
            rule = self._of(rules)[edge.rule]
            evidence: dict[str, object] = {"events": [edge.event_id]}
            degraded = self.missing
            if rule.reads_loops and loops is not None:
                evidence["loops"] = loops.evidence(edge.key, edge.ts)
                degraded = (*degraded, *(f"loops_{reason}" for reason in loops.cut_at(edge.key)))
            customer = proceeds.customer(edge.key) if proceeds is not None and edge.kind == "account" else None
            said: Status = "late" if quick and not edge.leaves and edge.event_id in self._late_ids else status
            alert = rule.alert(
                edge.key, edge.ts, edge.event_id, edge.leaves, edge.facts, said, degraded, customer, evidence
            )
            found.append((alert, rule.rule.cooldown_ms))
        for movement in step.movements:
            said = "late" if quick and movement.event_id in self._late_ids else status
            found.append((movement.alert(len(self.rules.rules), said, self.missing), 0))
        found.sort(key=lambda pair: pair[0].order())
        out = []
        for alert, cooldown_ms in found:
            admitted = cooldown.admit(alert, cooldown_ms)
            if not quick or admitted.status != "repeat":  # what is provisional is not counted
                out.append(admitted)
        return out

    def _of(self, rules: RuleSet) -> list[Judged]:
        if rules.version not in self._judged:
            self._judged[rules.version] = judged(rules)
        return self._judged[rules.version]


def _reads_loops(rules: RuleSet) -> bool:
    return any(name.startswith("loops_") for rule in rules.rules if rule.mode != "off" for name in rule.when.facts)


def _loops(search: StreamLoops | None, lateness: int = 0) -> LoopsWatch | None:
    return LoopsWatch(replace(search, lateness=lateness)) if search is not None else None


def _watch(options: Options, ownership: Ownership | None) -> ProceedsWatch | None:
    return ProceedsWatch(options.watch, ownership) if options.watch is not None else None
