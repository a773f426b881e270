"""``ringfence replay --from T --to T --rules FILE``: what two rule sets say of the same events of the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from flow.alerts import Alert, line
from flow.batch import columns
from flow.facts import catalogue
from flow.journal import JournalReader
from flow.pipeline import LATENESS_MS, LONGEST_WINDOW_MS, Options, Pipeline
from jobs.flow_file import read_rules
from jobs.flow_lines import Spool
from jobs.home import Home
from jobs.progress import Report, quiet
from policy.publish import active_rules
from policy.ruleset import RuleSet, read
from records.database import open_records

Moment = tuple[str, str, str, int]
"""Rule, kind of key, key, moment: what makes alerts of two versions the same."""


@dataclass
class Replayed:
    """Alerts of a stretch by the set before and the set after. ``by_rule``: rule -> how many before, after, and in
    both; ``added`` and ``gone``: how many only one of them raises."""

    before: str
    after: str
    from_ts: int
    to_ts: int
    events: int = 0
    alerts_before: int = 0
    alerts_after: int = 0
    added: int = 0
    gone: int = 0
    by_rule: dict[str, dict[str, int]] = field(default_factory=dict)


def replay_flow(
    home: Home,
    rules: Path,
    from_ts: int,
    to_ts: int,
    against: Path | None = None,
    out: Path | None = None,
    report: Report = quiet,
) -> Replayed:
    """Compare the set of a file with the one in force (or of another file) on the journal's events.

    Counted are final alerts with from_ts <= moment < to_ts, shadow rules among them, without repeats within a
    cooldown. ``out``: a line for each alert that only one of them raises. RuleSetError, FlowFileError, JournalError.
    """
    after = read_rules(rules)
    before = read_rules(against) if against is not None else _in_force(home)
    counted = Replayed(before.version, after.version, from_ts, to_ts)
    old, _ = _alerts(home.flow, before, from_ts, to_ts, report)
    new, counted.events = _alerts(home.flow, after, from_ts, to_ts, report)
    counted.alerts_before, counted.alerts_after = len(old), len(new)
    counted.added, counted.gone = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    sides = (Counter(m[0] for m in old), Counter(m[0] for m in new), Counter(m[0] for m in old.keys() & new.keys()))
    for code in dict.fromkeys(r.code for r in (*before.judged(), *after.judged())):
        counted.by_rule[code] = dict(zip(("before", "after", "both"), (s[code] for s in sides), strict=True))
    if out is not None:
        changed = [(m, "gone", a) for m, a in old.items() if m not in new]
        changed += [(m, "added", a) for m, a in new.items() if m not in old]
        with Spool(out) as lines:
            for _, change, alert in sorted(changed, key=lambda c: (c[2].order(), c[1])):
                lines.write(b'{"change":%b,' % msgspec.json.encode(change) + line(alert)[1:])
            lines.finish({})
    return counted


def alerts_of(folder: Path, rules: RuleSet, from_ts: int, to_ts: int) -> Iterator[tuple[list[Alert], int]]:
    """Final alerts of a set on the journal of a folder, as the service would have had them, in parts; with each part
    how many of its events lie in the stretch. Windows are filled from the events before it."""
    reader = JournalReader(folder)
    try:
        start = reader.start(from_ts - LONGEST_WINDOW_MS - LATENESS_MS)
        pipeline, clock = Pipeline(rules, Options(provisional=False)), 0
        for stored in reader.batches(start):
            batch = columns(stored.events, stored.bodies)
            clock = max(clock, stored.received_ts)
            inside = int(((batch.ts >= from_ts) & (batch.ts < to_ts)).sum())
            yield _within(pipeline.push(batch, clock), from_ts, to_ts), inside
            if pipeline.watermark >= to_ts:
                return
        yield _within(pipeline.close(until=to_ts - 1), from_ts, to_ts), 0
    finally:
        reader.close()


def _within(alerts: list[Alert], from_ts: int, to_ts: int) -> list[Alert]:
    return [a for a in alerts if a.status == "final" and from_ts <= a.ts < to_ts]


def _alerts(folder: Path, rules: RuleSet, from_ts: int, to_ts: int, report: Report) -> tuple[dict[Moment, Alert], int]:
    found: dict[Moment, Alert] = {}
    events = 0
    for alerts, inside in alerts_of(folder, rules, from_ts, to_ts):
        found.update(((a.rule, a.on, a.key, a.ts), a) for a in alerts)
        events += inside
        report(f"version {rules.version}: {events:,} events, {len(found):,} alerts")
    return found, events


def _in_force(home: Home) -> RuleSet:
    engine = open_records(home.records_url)
    try:
        return read(active_rules(engine, catalogue()).text, catalogue())
    finally:
        engine.dispose()
