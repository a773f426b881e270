"""What a rule set would have raised on the events of the journal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from flow.journal import JournalReader
from jobs.flow_replay import alerts_of
from jobs.progress import Report, quiet
from policy.dry_run import Fired, WouldHaveFired
from policy.ruleset import RuleSet

_FILE = "journal.sqlite"


def over_the_journal(folder: Path, report: Report = quiet) -> WouldHaveFired:
    """A dry run over the journal in a folder; over nothing where no event was ever taken.

    Events are taken as the service took them, so what came too late then is late here; counted are alerts as people
    would have had them in the end, without repeats within a cooldown.
    """

    def fired(rules: RuleSet, from_ts: int, to_ts: int) -> Fired:
        times: Counter[tuple[str, str]] = Counter()
        events = 0
        if (folder / _FILE).exists():
            for alerts, inside in alerts_of(folder, rules, from_ts, to_ts):
                times.update((alert.rule, alert.key) for alert in alerts)
                events += inside
                report(f"version {rules.version}: {events:,} events")
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
