"""What a rule set would have raised on the events of the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from flow.alerts import Alert
from flow.batch import EventBatch, columns
from flow.journal import JournalReader
from flow.pipeline import LATENESS_MS, LONGEST_WINDOW_MS, Options, Pipeline
from jobs.progress import Report, quiet
from policy.dry_run import Fired, WouldHaveFired
from policy.ruleset import RuleSet

_FILE = "journal.sqlite"


def over_the_journal(folder: Path, report: Report = quiet) -> WouldHaveFired:
    """A dry run over the journal in a folder; over nothing where no event was ever taken.

    The events are taken as the service took them, at the times it received them, so what came too late then is late
    here. Windows are filled from events up to their length before the stretch; counted are alerts as people would have
    had them in the end: without withdrawn ones, and without repeats within a cooldown.
    """

    def fired(rules: RuleSet, from_ts: int, to_ts: int) -> Fired:
        times: Counter[tuple[str, str]] = Counter()
        codes = {rule.code for rule in rules.rules}

        def count(alerts: list[Alert]) -> None:
            for alert in alerts:
                if alert.status == "final" and alert.rule in codes and from_ts <= alert.ts < to_ts:
                    times[(alert.rule, alert.key)] += 1

        pipeline, events = Pipeline(rules, Options(provisional=False)), 0
        for batch, received in _batches(folder, from_ts - LONGEST_WINDOW_MS):
            taken = batch.take(np.flatnonzero(batch.ts < to_ts))
            events += int((taken.ts >= from_ts).sum())
            count(pipeline.push(taken, received))
            report(f"version {rules.version}: {events:,} events")
        count(pipeline.advance(to_ts + LATENESS_MS))  # what becomes true because events leave their windows
        return Fired(events, times)

    return fired


def newest(folder: Path) -> int | None:
    """The newest time of an event in the journal, epoch ms; None where there is none."""
    if not (folder / _FILE).exists():
        return None
    reader = JournalReader(folder)
    try:
        return reader.newest_ts(reader.last())
    finally:
        reader.close()


def _batches(folder: Path, since: int) -> Iterator[tuple[EventBatch, int]]:
    if not (folder / _FILE).exists():
        return
    reader = JournalReader(folder)
    try:
        for stored in reader.batches(reader.start(since)):
            yield columns(stored.events), stored.received_ts
    finally:
        reader.close()
