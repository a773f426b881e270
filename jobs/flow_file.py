"""``ringfence flow --from FILE``: the engine of the service over a file, event time as the clock, the same each time.

Alerts are spooled beside the output and put in its place when all went well: a run that breaks off leaves what was
there. Lines that are refused stand in the rejects file with their number and code.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from flow.alerts import Alert, line
from flow.batch import Decoded, EventBatch, columns, decode
from flow.facts import catalogue
from flow.ownership import Ownership
from flow.pipeline import LATENESS_MS, Options, Pipeline
from flow.proceeds_watch import RULES as WATCH_RULES
from flow.proceeds_watch import WatchParams
from flow.refusals import CODES
from jobs.flow_lines import FlowFileError, Spool, chunks, opened
from jobs.progress import Report, quiet
from policy.ruleset import RuleSet, read

LARGEST_RULES = 1 << 22
_SETTLED = ("final", "confirmed", "withdrawn", "repeat")
_CONFLICT = "an event of this id came before and said something else"


@dataclass(frozen=True)
class FlowFileOptions:
    """``source``: None for standard input; ``out``: None for standard output; ``rejects``: None for the output's name
    with ``.rejects.jsonl``; ``speed``: times as fast as it happened, None for as fast as can be; ``provisional``:
    alerts of the quick lane and what becomes of them; ``shadow``: those of shadow rules; ``proceeds``: the watch on
    loan money."""

    source: Path | None
    rules: Path
    out: Path | None = None
    rejects: Path | None = None
    drain: bool = False
    speed: float | None = None
    provisional: bool = False
    shadow: bool = False
    proceeds: bool = False
    lateness_ms: int = LATENESS_MS


@dataclass
class FlowSummary:
    """What became of the lines: ``events`` = stored + duplicates + conflicts + rejected; ``late`` is among the stored.
    ``alerts`` counts what was raised in the end; ``repeats`` how often a rule turned true again within its cooldown;
    ``provisional`` how many of each step there were; ``cut``: limits that the search for loops reached."""

    rules: str
    events: int = 0
    stored: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: int = 0
    late: int = 0
    alerts: int = 0
    repeats: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)
    provisional: dict[str, int] | None = None
    cut: list[str] = field(default_factory=list)
    out: str | None = None
    rejects: str | None = None
    seconds: float = 0.0

    @property
    def refused(self) -> bool:
        """Whether any line was not taken."""
        return self.rejected > 0 or self.conflicts > 0


def read_rules(path: Path) -> RuleSet:
    """The rule set of a TOML file. FlowFileError when it cannot be read, RuleSetError when it is refused."""
    try:
        if path.stat().st_size > LARGEST_RULES:
            raise FlowFileError("too_large", f"{path}: more than {LARGEST_RULES >> 20} MiB is no rule set")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        raise FlowFileError("encoding", f"{path}: byte {e.start} is not UTF-8: save the rules as UTF-8") from e
    return read(text, catalogue())


def run_flow(
    options: FlowFileOptions,
    report: Report = quiet,
    ownership: Ownership | None = None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> FlowSummary:
    """Run a file of events through the pipeline and write its alerts. OSError, FlowFileError or RuleSetError when it
    cannot be done; lines that are refused do not end it."""
    began = time.perf_counter()
    rules = read_rules(options.rules)
    summary = FlowSummary(rules.version)
    pipeline = Pipeline(
        rules,
        Options(
            lateness_ms=options.lateness_ms,
            provisional=options.provisional,
            eager=False,
            watch=WatchParams() if options.proceeds else None,
        ),
        ownership,
    )
    rejects = options.rejects
    if rejects is None and options.out is not None:
        rejects = options.out.with_name(f"{options.out.name}.rejects.jsonl")
    with opened(options.source) as source, Spool(options.out) as alerts, Spool(rejects, keep_empty=False) as bad:
        told = _Teller(alerts, summary, options, rules)
        intake = _Intake(summary, bad if rejects is not None else None)
        pace = _Pace(options.speed, sleep, clock)
        for chunk, first_line in chunks(source):
            batch = intake.take(decode(chunk, first_line))
            for part in pace.parts(batch):
                told.tell(pipeline.push(part), pipeline.newest)
            report(f"{summary.events:,} events, {summary.alerts:,} alerts")
        told.tell(pipeline.close(options.drain), None)
        alerts.finish(told.patches())
        bad.finish({})
        summary.rejects = str(rejects) if rejects is not None and bad.lines else None
    summary.late = pipeline.late
    summary.cut = pipeline.cut
    summary.out = str(options.out) if options.out is not None else None
    summary.seconds = round(time.perf_counter() - began, 3)
    return summary


class _Intake:
    """Takes decoded lines: each id once, the rest counted or refused."""

    def __init__(self, summary: FlowSummary, rejects: Spool | None) -> None:
        self._summary = summary
        self._rejects = rejects
        self._seen: dict[str, bytes] = {}

    def take(self, decoded: Decoded) -> EventBatch:
        """The new events as columns."""
        batch = columns(decoded.events, decoded.bodies)
        seen, summary = self._seen, self._summary
        refused = [(r.line, r.code, r.field, CODES[r.code]) for r in decoded.refusals]
        summary.rejected += len(refused)
        summary.events += len(refused) + len(batch)
        again: list[int] = []
        for i, (id_, digest) in enumerate(zip(batch.event_id, batch.digest, strict=True)):
            if seen.setdefault(id_, digest) is digest:
                continue
            again.append(i)
            if seen[id_] == digest:
                summary.duplicates += 1
            else:
                summary.conflicts += 1
                refused.append((decoded.lines[i], "conflict", "event_id", _CONFLICT))
        summary.stored += len(batch) - len(again)
        if self._rejects is not None:
            for number, code, name, reason in sorted(refused, key=lambda r: r[0]):
                said = {"line": number, "code": code, "field": name, "reason": reason}
                self._rejects.write(msgspec.json.encode(said))
        if not again:
            return batch
        return batch.take(np.delete(np.arange(len(batch)), again))


class _Teller:
    """Writes alerts and counts them. Repeats are not written: the line of the alert they belong to gets their count."""

    def __init__(self, out: Spool, summary: FlowSummary, options: FlowFileOptions, rules: RuleSet) -> None:
        self._out = out
        self._summary = summary
        self._shadow = options.shadow
        self._cooled = {r.code for r in rules.rules if r.cooldown_ms > 0}
        self._line_of: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self._held: list[tuple[int, tuple[int, int, str, str], str, Alert]] = []
        self._bound = options.lateness_ms + 1
        shown = [r.code for r in rules.rules if r.mode == "active" or (r.mode == "shadow" and options.shadow)]
        summary.by_rule = dict.fromkeys([*shown, *(WATCH_RULES if options.proceeds else ())], 0)
        self._steps: Counter[str] | None = Counter() if options.provisional else None
        if self._steps is not None:
            summary.provisional = self._steps

    def tell(self, alerts: list[Alert], newest: int | None) -> None:
        """Write what is to be told; ``newest``: the newest time seen, None at the end."""
        if self._steps is None:
            self._write(alerts)
            return
        # Two lanes: in the order in which it could be known, which does not depend on how the file was cut.
        self._held += [(a.ts + (self._bound if a.status in _SETTLED else 0), a.order(), a.status, a) for a in alerts]
        self._held.sort(key=lambda held: held[:3])
        ready = len(self._held) if newest is None else bisect_left(self._held, newest, key=lambda held: held[0])
        self._write([alert for *_, alert in self._held[:ready]])
        del self._held[:ready]

    def _write(self, alerts: list[Alert]) -> None:
        summary = self._summary
        for alert in alerts:
            if alert.mode == "shadow" and not self._shadow:
                continue
            if alert.status == "repeat":
                summary.repeats += 1
                self._counts[alert.alert_id] = alert.count
                continue
            if self._steps is not None:
                self._steps[alert.status] += 1
            if alert.status in ("final", "confirmed"):
                summary.alerts += 1
                summary.by_rule[alert.rule] += 1
                if alert.rule in self._cooled:
                    self._line_of[alert.alert_id] = self._out.lines
            self._out.write(line(alert))

    def patches(self) -> dict[int, bytes]:
        """Line number -> the end that the line has instead, for alerts that stand for several."""
        return {self._line_of[id_]: b',"count":%d}' % count for id_, count in self._counts.items()}


class _Pace:
    """Hands events on no sooner than they happened, ``speed`` times as fast."""

    def __init__(self, speed: float | None, sleep: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._speed = speed
        self._sleep = sleep
        self._clock = clock
        self._first: int | None = None
        self._began = 0.0

    def parts(self, batch: EventBatch) -> Iterator[EventBatch]:
        """The batch in the parts that are due together."""
        if self._speed is None or not len(batch):
            yield batch
            return
        if self._first is None:
            self._first, self._began = int(batch.ts[0]), self._clock()
        due = np.maximum.accumulate((batch.ts - self._first) / (1000.0 * self._speed))
        at = 0
        while at < len(batch):
            now = self._clock() - self._began
            end = int(np.searchsorted(due, now, side="right"))
            if end <= at:
                self._sleep(min(float(due[at]) - now, 1.0))
                continue
            yield batch.take(np.arange(at, end))
            at = end
