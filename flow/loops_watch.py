"""Fund loops on the stream: every transfer is searched for the loops it closes.

A loop counts for each of its accounts at the moment its last transfer closes it: it becomes one *derived event* an
account (fact ``loops_...``), and its transfers are the evidence of alerts about that account. What counts as a loop is
what ``ringfence loops`` finds by default: 72 hours, at most ten transfers, no amount rule. With an amount rule the
currencies are searched apart, since amounts of two currencies do not compare.

In the final lane transfers come in order of time, so loops are those of the sorted stream. In the provisional lane a
transfer may come late within the bound; it is then searched in both directions of time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from flow.batch import EventBatch
from flow.events import TYPES
from flow.window.events import DerivedLoops
from graph.loops.engine import LoopBounds, LoopEngine, LoopRule, Loops
from graph.loops.probe import PROBED, cut_at, would_close

Int64 = npt.NDArray[np.int64]

HOUR = 3_600_000
TRANSFER = TYPES.index("transfer")
_SHOWN = 5  # loops shown as evidence, and kept an account: those of one push come before its alerts are told
_KEPT = 64
_FIRST_ROOM = 1 << 14


@dataclass(frozen=True)
class StreamLoops:
    """What is searched on the stream, and how much work a transfer may cost. ``lateness``: ms, of the lane."""

    window_ms: int = 72 * HOUR
    max_length: int = 10
    decay: float | None = None
    growth: float = 0.0
    budget: int = 1 << 16
    degree_cap: int = 0
    loops_per_edge: int = 1024
    capacity: int = 1 << 24
    lateness: int = 0


@dataclass(frozen=True)
class Loop:
    """A loop as evidence: its transfers from the earliest on, their payers in that order, when it closed."""

    events: tuple[str, ...]
    accounts: tuple[str, ...]
    closed_ts: int

    def to_json(self) -> dict[str, object]:
        """As it stands in the evidence of an alert."""
        return {"events": list(self.events), "accounts": list(self.accounts)}


class LoopsWatch:
    """The loop engine with names: accounts and event ids in, derived events and evidence out."""

    def __init__(self, params: StreamLoops | None = None) -> None:
        self.params = params or StreamLoops()
        self.found = 0
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._apart = self.params.decay is not None
        self._engines: dict[str | None, _Search] = {}
        self._recent: dict[str, deque[Loop]] = {}
        self._swept = 0

    def push(self, batch: EventBatch, entered: Int64 | None = None) -> DerivedLoops:
        """Search the transfers of a batch, in the order they come, for loops; in the answer they close at ``entered``,
        the times at which the lane takes the events in (in order; the batch's own by default)."""
        at = np.flatnonzero(batch.type == TRANSFER)
        times = batch.ts if entered is None else entered
        found: list[tuple[int, str, str]] = []
        if len(at):
            if self._apart:
                currencies = np.array([batch.currency[i] for i in at.tolist()], dtype=object)
                for currency in dict.fromkeys(currencies.tolist()):
                    self._take(self._search(currency), batch, at[currencies == currency], times, found)
                found.sort(key=lambda x: x[0])
            else:
                self._take(self._search(None), batch, at, times, found)
            self._sweep(int(times[at[-1]]))
        return DerivedLoops(
            [id_ for _, id_, _ in found],
            np.array([ts for ts, _, _ in found], np.int64),
            [account for _, _, account in found],
        )

    def evidence(self, account: str, ts: int) -> list[dict[str, object]]:
        """The account's last loops that closed by ``ts``, the newest first."""
        recent = self._recent.get(account, ())
        return [loop.to_json() for loop in islice((x for x in reversed(recent) if x.closed_ts <= ts), _SHOWN)]

    def probe(self, src: str, dst: str, amount: int, currency: str, ts: int) -> list[Loop]:
        """The loops that this transfer would close; nothing is remembered of it, and its own id is left out."""
        search = self._engines.get(currency if self._apart else None)
        if search is None or src not in self._numbers or dst not in self._numbers:
            return []
        found = would_close(search.engine, self._numbers[src], self._numbers[dst], ts, float(amount))
        return [self._loop(search, rows, ts, src) for rows in found]

    @property
    def cut(self) -> tuple[str, ...]:
        """The limits of the search that were reached so far; empty: every loop was found."""
        return tuple(sorted({reason for search in self._engines.values() for reason in search.reasons()}))

    def cut_at(self, account: str) -> tuple[str, ...]:
        """The limits that cut the search about an account; empty: all its loops were found."""
        number = self._numbers.get(account, -1)
        found = {reason for search in self._engines.values() for reason in search.cut_at(number)}
        return tuple(sorted(found))

    def _search(self, currency: str | None) -> _Search:
        if currency not in self._engines:
            self._engines[currency] = _Search(self.params)
        return self._engines[currency]

    def _take(
        self,
        search: _Search,
        batch: EventBatch,
        rows: npt.NDArray[np.intp],
        times: Int64,
        found: list[tuple[int, str, str]],
    ) -> None:
        places = rows.tolist()
        src = self._number([batch.account[i] or "" for i in places])
        dst = self._number([batch.counter[i] or "" for i in places])
        ids = [batch.event_id[i] for i in places]
        first = search.next
        for rows_of_loop in search.push(src, dst, batch.ts[rows], batch.amount[rows].astype(np.float64), ids):
            closing = max(rows_of_loop) - first  # the last of its transfers to arrive
            ts = int(times[rows[closing]])
            loop = self._loop(search, rows_of_loop, ts)
            self.found += 1
            for account in loop.accounts:
                found.append((ts, ids[closing], account))
                self._recent.setdefault(account, deque(maxlen=_KEPT)).append(loop)

    def _loop(self, search: _Search, rows: Sequence[int], ts: int, asked: str = "") -> Loop:
        return Loop(
            tuple(search.event_id(r) for r in rows if r != PROBED),
            tuple(asked if r == PROBED else self._names[search.payer(r)] for r in rows),
            ts,
        )

    def _number(self, accounts: list[str]) -> npt.NDArray[np.int64]:
        numbers = self._numbers
        for name in accounts:
            if name not in numbers:
                numbers[name] = len(numbers)
                self._names.append(name)
        return np.fromiter(map(numbers.__getitem__, accounts), np.int64, len(accounts))

    def _sweep(self, now: int) -> None:
        """Forget evidence that no window still holds, now and then."""
        if now - self._swept < 24 * HOUR:
            return
        self._swept = now
        oldest = now - 31 * 24 * HOUR
        self._recent = {a: loops for a, loops in self._recent.items() if loops[-1].closed_ts >= oldest}


class _Search:
    """A loop engine that grows with the transfers in its window, and what its rows are called."""

    def __init__(self, params: StreamLoops) -> None:
        self.params = params
        self.rule = LoopRule(params.window_ms, params.max_length, params.decay, params.growth)
        self.next = 0  # row number of the next transfer
        self._base = 0  # row number of the first one kept
        self._src: list[int] = []
        self._dst: list[int] = []
        self._ts: list[int] = []
        self._amount: list[float] = []
        self._ids: list[str] = []
        self._cut: set[str] = set()  # by engines before this one
        self._cut_before: dict[int, set[str]] = {}
        self._room = min(_FIRST_ROOM, params.capacity)
        self.engine = self._engine()

    def push(
        self,
        src: npt.NDArray[np.int64],
        dst: npt.NDArray[np.int64],
        ts: npt.NDArray[np.int64],
        amount: npt.NDArray[np.float64],
        ids: list[str],
    ) -> Loops:
        """Take transfers; loops name them by row numbers, which go up by one a transfer."""
        self._make_room(len(ids))
        rows = np.arange(self.next, self.next + len(ids))
        self._src += src.tolist()
        self._dst += dst.tolist()
        self._ts += ts.tolist()
        self._amount += amount.tolist()
        self._ids += ids
        self.next += len(ids)
        return self.engine.push(src, dst, ts, amount, rows)

    def event_id(self, row: int) -> str:
        """The event of a row that the engine may still name."""
        return self._ids[row - self._base]

    def payer(self, row: int) -> int:
        """The number of the account that paid."""
        return self._src[row - self._base]

    def reasons(self) -> set[str]:
        """The limits reached so far."""
        return self._cut | {reason for reason, times in self.engine.cuts.items() if times}

    def cut_at(self, account: int) -> set[str]:
        """The limits reached about an account."""
        return self._cut_before.get(account, set()) | set(cut_at(self.engine, account))

    def _make_room(self, more: int) -> None:
        """Drop names of what the engine has forgotten; a roomier engine where this one would forget too soon."""
        if len(self._ids) > 2 * self.engine.held + 8192:
            past = self.engine.newest_ts - self.params.window_ms - self.params.lateness
            gone = next((i for i, ts in enumerate(self._ts) if ts >= past), len(self._ts))
            del self._src[:gone], self._dst[:gone], self._ts[:gone], self._amount[:gone], self._ids[:gone]
            self._base += gone
        if self.engine.held + more < self._room or self._room >= self.params.capacity:
            return
        self._cut |= self.reasons()
        for account, why in self.engine.cut_accounts().items():
            self._cut_before.setdefault(account, set()).update(why)
        self._room = min(2 * (self.engine.held + more), self.params.capacity)
        roomier = self._engine()
        roomier.search = False  # what is remembered has been searched
        rows = np.arange(self._base, self._base + len(self._ids))
        roomier.push(
            np.array(self._src, np.int64),
            np.array(self._dst, np.int64),
            np.array(self._ts, np.int64),
            np.array(self._amount, np.float64),
            rows,
        )
        roomier.search = True
        self.engine = roomier

    def _engine(self) -> LoopEngine:
        p = self.params
        return LoopEngine(self.rule, LoopBounds(self._room, p.lateness, p.budget, p.degree_cap, p.loops_per_edge))
