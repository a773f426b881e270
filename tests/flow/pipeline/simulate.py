"""Seeded simulations of the pipeline against its twin: ``python -m tests.flow.pipeline.simulate``

A run makes random rules and a random stream (ties, disorder, late events, duplicates, conflicts), gives it to the
pipeline in random cuts, with and without draining, and compares every alert: rule, key, moment, triggering event, the
side it came from, facts to the last bit, cooldown counts; and the counts of what became of the lines. Then once more
with both lanes, and once with a clock that jumps, a process that dies and a store that refuses.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from flow.alerts import Alert, line, of_line
from flow.batch import EventBatch, columns, decode
from flow.facts import catalogue
from flow.pipeline import Options, Pipeline
from policy.ruleset import RuleSet, RuleSetError, read
from tests.flow.pipeline import brute, streams
from tests.flow.pipeline.brute import Outcome, Turn


@dataclass(frozen=True)
class World:
    """What a run is made of."""

    seed: int
    rules: RuleSet
    stream: list[streams.Event]
    drain: bool


def world(seed: int, events: int = 22, rules: int = 7) -> World:
    """The rules and the stream of a seed."""
    rng = random.Random(seed)
    windows = (("_5m", "_1h", "_24h"), ())[seed % 2]
    clean = streams.events(rng, rng.randrange(1, events), rng.choice((0.0, 0.3, 0.9)))
    return World(seed, rule_set(rng, rules, windows), streams.disturbed(rng, clean), rng.random() < 0.5)


def rule_set(rng: random.Random, n: int, windows: tuple[str, ...] = ()) -> RuleSet:
    """Random rules that the language takes."""
    while True:
        try:
            return read(streams.rules(rng, n, windows), catalogue())
        except RuleSetError:
            continue


def arrived(stream: Iterable[streams.Event]) -> tuple[EventBatch, Outcome]:
    """The stream's new events, in order of arrival, and counts of the rest."""
    batch = columns(decode(streams.lines(list(stream))).events)
    seen: dict[str, bytes] = {}
    keep, done = [], Outcome([])
    for i, (id_, digest) in enumerate(zip(batch.event_id, batch.digest, strict=True)):
        if id_ not in seen:
            seen[id_] = digest
            keep.append(i)
        elif seen[id_] == digest:
            done.duplicates += 1
        else:
            done.conflicts += 1
    done.stored = len(keep)
    return batch.take(keep), done


def in_cuts(rng: random.Random, batch: EventBatch) -> Iterable[EventBatch]:
    """The batch in random parts."""
    at = 0
    while at < len(batch):
        end = min(len(batch), at + rng.choice((1, 1, 2, 3, 7, len(batch))))
        yield batch.take(np.arange(at, end))
        at = end


def differences(w: World, lateness: int = streams.LATENESS, deduplicated: bool = True) -> list[str]:
    """What the pipeline says otherwise than the twin; empty: nothing. Other than by default it must say otherwise."""
    rng = random.Random(w.seed + 1_000_003)
    batch, counts = arrived(w.stream)
    if not deduplicated:
        batch = columns(decode(streams.lines(w.stream)).events)
    pipeline = Pipeline(w.rules, Options(lateness_ms=lateness, provisional=False))
    told: list[Alert] = []
    for part in in_cuts(rng, batch):
        told += pipeline.push(part)
    told += pipeline.close(w.drain)
    want = brute.outcome(w.stream, w.rules, streams.LATENESS, w.drain)
    wrong = compare(told, want, w.rules)
    for name, mine in (("stored", counts.stored), ("duplicates", counts.duplicates), ("conflicts", counts.conflicts)):
        if mine != getattr(want, name):
            wrong.append(f"{name}: {mine}, should be {getattr(want, name)}")
    if pipeline.late != want.late:
        wrong.append(f"late: {pipeline.late}, should be {want.late}")
    return wrong


def crash_differences(w: World, forgetful: bool = False) -> list[str]:
    """The same with a clock that jumps, a process that dies and a store that refuses now and then.

    What stands at the end on record must be what the twin says of the journal. ``forgetful``: what the store refuses is
    not offered again (a negative control).
    """
    rng = random.Random(w.seed + 3_000_003)
    journal: list[tuple[EventBatch, int]] = []
    lines: list[streams.Event] = []
    received: list[int] = []
    seen: set[object] = set()
    record: dict[tuple[str, str], Alert] = {}
    counts: dict[str, int] = {}
    owed: list[Alert] = []
    pipeline = Pipeline(w.rules)
    clock, shown = 0, 0

    def keep(alerts: list[Alert]) -> None:
        owed.extend(alerts)
        if rng.random() < 0.25:  # the store refuses: what is owed is offered with the next
            if forgetful:
                owed.clear()
            return
        for a in owed:
            if a.status == "repeat":
                counts[a.alert_id] = max(counts.get(a.alert_id, 1), a.count)
            else:
                record.setdefault((a.alert_id, a.status), a)
        owed.clear()

    at = 0
    while at < len(w.stream):
        end = at + rng.choice((1, 2, 5))
        part = [e for e in w.stream[at:end] if not (e["event_id"] in seen or seen.add(e["event_id"]))]
        last = max(brute.ms(str(e["ts"])) for e in w.stream[at:end])
        clock = max(clock, last) + rng.choice((0, 0, 5, 60_000, 700_000)) if rng.random() < 0.9 else clock
        shown = max(shown, clock + rng.choice((0, 0, 0, -3_600_000, 3_600_000)) * (rng.random() < 0.2))
        lines += w.stream[at:end]
        received += [shown] * len(w.stream[at:end])
        batch = columns(decode(streams.lines(part)).events)
        journal.append((batch, shown))
        keep(pipeline.push(batch, shown))
        if rng.random() < 0.3:
            shown += rng.choice((1, 1_000, 300_000))
            keep(pipeline.advance(shown))
        if rng.random() < 0.15:  # it dies: what was owed is lost with it, the journal is not
            owed.clear()
            done = {id_ for id_, status in record if status != "provisional"}
            open_ = [a for (id_, status), a in record.items() if status == "provisional" and id_ not in done]
            pipeline = Pipeline(w.rules, unsettled=[of_line(line(a)) for a in open_])
            for before, then in journal:
                keep(pipeline.push(before, then))
            keep(pipeline.advance(shown))
        at = end
    keep(pipeline.close())
    while owed and not forgetful:
        keep([])
    want = brute.with_a_clock(lines, received, w.rules, streams.LATENESS, shown)
    finals = sorted((a for a in record.values() if a.status in ("final", "confirmed")), key=Alert.order)
    wrong = compare(finals, want, w.rules, counts)
    steps: dict[str, set[str]] = {}
    for (id_, status), alert in record.items():
        if alert.ts <= pipeline.watermark:
            steps.setdefault(id_, set()).add(status)
    for id_, those in steps.items():
        if "provisional" in those and len(those & {"confirmed", "withdrawn", "final"}) != 1 and not forgetful:
            wrong.append(f"{id_} was told at once and then {those}")
    return wrong


def lane_differences(w: World) -> list[str]:
    """What both lanes say otherwise than two twins: the provisional lane's alerts, and what becomes of each."""
    rng = random.Random(w.seed + 2_000_003)
    batch, _ = arrived(w.stream)
    options = Options(eager=False)
    pipeline = Pipeline(w.rules, options)
    told: list[Alert] = []
    for part in in_cuts(rng, batch):
        told += pipeline.push(part)
    told += pipeline.close(w.drain)
    finals = brute.outcome(w.stream, w.rules, streams.LATENESS, w.drain)
    quick, late = brute.quick_alerts(w.stream, w.rules, streams.LATENESS, w.drain, options.late_alert_ms)
    final = {_name(t) for t, _ in finals.alerts}
    said = {_name(t): "late" if t.event_id in late and not t.leaves else "provisional" for t in quick}
    at_once = {name for name, status in said.items() if status == "provisional"}
    want = {
        "provisional": at_once,
        "late": set(said) - at_once,
        "confirmed": at_once & final,
        "withdrawn": at_once - final,
        "final": final - at_once,
    }
    wrong = []
    for status, names in want.items():
        mine = [(a.ts, a.rule, a.on, a.key, a.event_id, a.leaves) for a in told if a.status == status]
        if set(mine) != names or len(mine) != len(names):
            wrong.append(f"{status}: {sorted(set(mine) - names)[:3]} told, {sorted(names - set(mine))[:3]} not")
    if pipeline.unsettled:
        wrong.append(f"{pipeline.unsettled} provisional alerts are not settled")
    return wrong


def _name(t: Turn) -> tuple[int, str, str, str, str, bool]:
    return t.ts, t.rule, t.on, t.key, t.event_id, t.leaves


def compare(told: list[Alert], want: Outcome, rules: RuleSet, repeats: dict[str, int] | None = None) -> list[str]:
    """Alerts told (repeats among them, or counted apart) against those that should be, in order."""
    counts = {a.alert_id: a.count for a in told if a.status == "repeat"} if repeats is None else repeats
    mine = [
        (a.ts, a.rule, a.on, a.key, a.event_id, a.leaves, tuple(sorted(a.facts.items())), counts.get(a.alert_id, 1))
        for a in told
        if a.status != "repeat"
    ]
    twins = [(t.ts, t.rule, t.on, t.key, t.event_id, t.leaves, t.facts, count) for t, count in want.alerts]
    if mine == twins:
        return []
    return [f"not told: {x}" for x in twins if x not in mine][:5] + [f"told: {x}" for x in mine if x not in twins][
        :5
    ] or ["the order differs"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    different = alerts = 0
    for seed in range(args.first, args.first + args.runs):
        w = world(seed)
        alerts += len(brute.outcome(w.stream, w.rules, streams.LATENESS, w.drain).alerts)
        for text in (wrong := differences(w) + lane_differences(w) + crash_differences(w)):
            print(f"seed {seed}: {text}")
        different += bool(wrong)
    print(f"{args.runs} runs, {alerts} alerts, {different} runs with differences")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
