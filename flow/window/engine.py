"""The window engine: sorted events in, edges of rules out, exact to the millisecond.

::

    engine = WindowEngine(rules)                       # a policy.ruleset.RuleSet; rules with mode "off" are left out
    edges = engine.push(batch, watermark, derived)     # EventBatch, flow.window.events.DerivedLoops
    engine = engine.swap(other_rules)                  # as if they had run from the start; use the engine it returns

A moment is a millisecond at which an event of a key enters or leaves one of its windows (t - w, t]. All that leaves and
enters at it is applied, then each rule is judged once; an edge is a rule that is TRUE now and was not before, beginning
with its truth on a key without events. ``push`` judges every moment up to the watermark, so edges come in the order of
their moments; at one moment in the order in which keys were touched.

An event with the very ts of the last watermark may still come (a lane that does not wait gives them so): that moment is
then judged once more, with it. Earlier ones are refused.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from flow.conditions.formulas import WINDOW_MS
from flow.facts import KINDS
from flow.window.events import Currencies, DerivedLoops, EventIds, Events, Rows, merged, rows_of, rows_of_loops
from flow.window.held import Held, rows_from
from flow.window.judging import Judging, layout_of
from flow.window.kernel import E_HANDLE, E_KIND, E_LEAVES, E_ROWS, E_RULE, E_TS, Answer, advance, judge_all, release
from flow.window.layout import EQUAL, LINE, LOG, SLOT_KIND, TOP5, Int64
from flow.window.memory import (
    COUNTS_USED,
    JUDGED,
    SEQ,
    TOUCHED,
    VALUES_USED,
    Keys,
    Tables,
    blocks,
    empty_log,
    grown_log,
    plan,
    state,
)
from flow.window.names import Names
from flow.window.tables import grown_counts, grown_values
from policy.ruleset import RuleSet

STEP = 8192
"""Events that the kernel takes at a time, more only where they share one ms."""
_FULL = 0.6


class Edge(NamedTuple):
    """A rule turned TRUE.

    ``rule``: its place in ``rules.rules``; ``kind`` and ``key``: of whom; ``ts``: the moment, epoch ms. ``event_id``:
    of the events of the key that entered at that ms the one with the smallest id; where none entered (``leaves``), of
    those that left a window that the rule reads. ``facts``: what the rule names, at that moment.
    """

    rule: int
    kind: str
    key: str
    ts: int
    event_id: str
    leaves: bool
    facts: dict[str, int | float | None]


class WindowEngine:
    """Windows of every key and the rules judged on them; see the module. Memory grows with the events of the last 30
    days and the keys that they mention, and is given to others when those are gone.

    ``capacity``: events for which there is room at first. Raises ValueError where a kind has more than 63 rules.
    """

    def __init__(self, rules: RuleSet, *, capacity: int = 1 << 12) -> None:
        self.rules = rules
        self._layout = layout_of(rules)
        self._judging = Judging(rules, self._layout)
        self._plan = plan(self._layout)
        self._state = state(self._layout, WINDOW_MS[-1])
        self._log = empty_log(self._layout, capacity)
        self._names = Names(self._layout.lines)
        self._keys = blocks(1 << 10)
        self._tables = Tables(np.zeros(1 << 10, np.int64), np.zeros(1 << 10, np.int64), np.zeros(1 << 10, np.int32))
        self._currencies = Currencies(self._layout.currencies)
        self._ids = EventIds()
        self._values_each, self._counts_each = self._entries_of_an_event()
        self.now = -(1 << 62)

    @property
    def held(self) -> int:
        """Events (and derived loops) of the last 30 days that the log holds."""
        return int(self._state.run[SEQ] - self._state.cursors[LOG])

    def figures(self) -> dict[str, int]:
        """For metrics: events held, ids known by sort, keys touched and judged since the start, bytes."""
        run = self._state.run
        arrays = (*self._log, self._keys.cells, *self._tables)
        size = sum(a.nbytes for a in arrays) - self._log.halves.nbytes
        counts = {f"{sort}_ids": count for sort, count in self._names.counts().items()}
        return {"held": self.held, **counts, "touched": int(run[TOUCHED]), "judged": int(run[JUDGED]), "bytes": size}

    def push(self, batch: Events, watermark: int, derived: DerivedLoops | None = None) -> list[Edge]:
        """Take events and judge every moment <= ``watermark`` (epoch ms).

        ``batch`` and ``derived`` are sorted by ts; every event with ts <= watermark has been given, with this call or
        before, and none above it is. An empty batch lets time pass. Raises ValueError where that does not hold.
        """
        self._check(batch.ts, watermark)
        rows = rows_of(batch, self._names, self._currencies)
        ids = batch.event_id
        if derived is not None and len(derived.event_id):
            self._check(derived.ts, watermark)
            rows, ids = merged(rows, rows_of_loops(derived, self._names, self._currencies), ids, derived.event_id)
        edges = self._advance(rows, ids, watermark)
        self.now = max(self.now, watermark)
        return edges

    def facts_of(self, kind: str, key: str) -> dict[str, int | float | None]:
        """Every fact that the rules on a kind read, of one key, now (at the last watermark)."""
        number = KINDS.index(kind)
        handle = self._names.known(number, key)
        block = self._keys.cells[handle * LINE : (handle + int(self._layout.lines[number])) * LINE] * bool(handle)
        found: dict[str, int | float | None] = {}
        for told in self._judging.told[number]:
            cells = [int(block[self._layout.columns[number][c]]) for made in told.formulas for c in made.cells]
            found |= told.facts(cells)
        return found

    def swap(self, rules: RuleSet) -> WindowEngine:
        """Another rule set, as if it had run from the start. Use the engine that is returned and this one no more.

        Quick where the windows that the new rules read are kept already, else all that is held is replayed;
        ``flow.window.warming.Warming`` does the same beside the running engine.
        """
        if self.covers(rules):
            return self.with_rules(rules)
        fresh = WindowEngine(rules, capacity=2 * self.held)
        fresh.replay(self.held_events())
        fresh.settle()
        return fresh

    def covers(self, rules: RuleSet) -> bool:
        """Whether all that these rules read is kept already."""
        return self._layout.covers(layout_of(rules))

    def with_rules(self, rules: RuleSet) -> WindowEngine:
        """The same windows under rules that they cover. Use the engine that is returned and this one no more."""
        other = copy.copy(self)
        other.rules = rules
        other._judging = Judging(rules, self._layout)
        other.settle()
        return other

    @property
    def taken(self) -> int:
        """Events and derived loops taken since the engine was made."""
        return int(self._state.run[SEQ])

    def held_events(self, since: int = 0) -> Held:
        """What is in the log, or what was taken since ``taken`` was that number."""
        oldest = max(int(self._state.cursors[LOG]), since)
        rows = rows_from(self._log.words, self._log.halves, oldest, self.taken)
        return Held(rows, dict(self._names.text), list(self._currencies), self._ids.since(oldest), self.now)

    def replay(self, held: Held) -> None:
        """Take events that another engine held, without judging; ``settle`` is to follow."""
        rows = held.carried(self._names, self._currencies)
        self._advance(rows, held.ids.to_pylist(), held.now, quiet=True)
        self.now = held.now

    def settle(self) -> None:
        """Set which rules are TRUE now for every key, without edges."""
        for kind in range(len(KINDS)):
            judge_all(self._judging.plan, self._keys, self._names.all(kind), kind)

    def save(self, path: Path) -> None:
        """Write the events of the last 30 days to a file; ``restore`` reads it."""
        self.held_events().save(path)

    @classmethod
    def restore(cls, path: Path, rules: RuleSet) -> WindowEngine:
        """The engine that saved, under the same or another rule set. Raises ValueError for a file of another version.
        Rules TRUE at the time of saving give no edge again; ``now`` is the watermark from which to go on."""
        held = Held.load(path)
        engine = cls(rules, capacity=2 * len(held.rows.ts))
        engine.replay(held)
        engine.settle()
        return engine

    def _check(self, ts: Int64, watermark: int) -> None:
        if watermark < self.now:
            raise ValueError(f"the watermark went back from {self.now} to {watermark}")
        if len(ts) and (ts[0] < self.now or ts[-1] > watermark or bool((ts[1:] < ts[:-1]).any())):
            raise ValueError(
                f"events must be sorted, from the last watermark {self.now} to this one {watermark}; "
                f"these begin at {ts[0]} and end at {ts[-1]}"
            )

    def _advance(self, rows: Rows, ids: Sequence[str], watermark: int, quiet: bool = False) -> list[Edge]:
        self._keys = self._room_for_keys()
        self._ids.add(ids)
        edges: list[Edge] = []
        freed: list[Int64] = []
        start, n = 0, len(rows.ts)
        while True:
            end = self._cut(rows.ts, start)
            until = watermark if end == n else int(rows.ts[end]) - 1
            self._make_room(end - start)
            answer: Answer = advance(
                self._plan, self._judging.plan, self._log, self._keys, self._tables, self._state,
                *rows.part(start, end), until, quiet,
            )  # fmt: skip
            edges += self._edges(answer)
            freed.append(answer[3])
            start = end
            if start >= n:
                break
        self._release(np.concatenate(freed))
        return edges

    def _cut(self, ts: Int64, start: int) -> int:
        """The end of the next step: never within a millisecond."""
        if len(ts) - start <= STEP:
            return len(ts)
        end = int(np.searchsorted(ts, ts[start + STEP], "left"))
        return end if end > start else int(np.searchsorted(ts, ts[start], "right"))

    def _edges(self, answer: Answer) -> list[Edge]:
        edges, rows, told, _ = answer
        if not len(edges):
            return []
        behind, cells = rows.tolist(), told.tolist()
        row = cell = 0
        found = []
        for edge in edges.tolist():
            rule = self._judging.told[edge[E_KIND]][edge[E_RULE]]
            those = behind[row : row + edge[E_ROWS]]
            event_id = self._ids[those[0]] if len(those) == 1 else min(map(self._ids.__getitem__, those))
            facts = rule.facts(cells[cell : cell + rule.width])
            key = self._names.text[edge[E_HANDLE]]
            found.append(Edge(rule.index, KINDS[edge[E_KIND]], key, edge[E_TS], event_id, bool(edge[E_LEAVES]), facts))
            row += edge[E_ROWS]
            cell += rule.width
        return found

    def _release(self, freed: Int64) -> None:
        """Give up the keys that no event in the log mentions any more."""
        self._ids.drop(int(self._state.cursors[LOG]))
        if len(freed):
            release(self._keys, np.array(self._names.lines, np.int64), freed)
            handles, sorts = freed[freed[:, 1] > 0, 1:].T.tolist()
            self._names.forget(handles, sorts)

    def _room_for_keys(self) -> Keys:
        lines = len(self._keys.cells) // LINE
        used = self._names.used
        return self._keys if used <= lines else blocks(max(used, 2 * lines), self._keys)

    def _make_room(self, events: int) -> None:
        """Let log and tables grow until so many events surely fit."""
        run = self._state.run
        while self.held + events > len(self._log.words):
            self._log = grown_log(self._log, int(self._state.cursors[LOG]), int(run[SEQ]))
        tables = self._tables
        while run[VALUES_USED] + self._values_each * events > _FULL * len(tables.values):
            tables = tables._replace(values=grown_values(tables.values))
        while run[COUNTS_USED] + self._counts_each * events > _FULL * len(tables.names):
            names, counts = grown_counts(tables.names, tables.counts)
            tables = tables._replace(names=names, counts=counts)
        self._tables = tables

    def _entries_of_an_event(self) -> tuple[int, int]:
        """At most so many new entries in the tables of values and of counts come with an event."""
        keeps, top5 = self._plan.keeps, self._plan.other[:, :, TOP5] > 0
        values = sum(int(keeps[kind, : EQUAL + 1].sum()) for kind in SLOT_KIND)
        return values, sum(2 * int(top5[kind].sum()) + 1 for kind in SLOT_KIND)
