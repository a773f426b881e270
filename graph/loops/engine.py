"""Fund loops, exactly and as they close: one engine for the whole table and for the stream.

A fund loop is a round of transfers over distinct accounts, each later than the one before, last minus first at most
the window, of 2 to ``max_length`` steps; with the amount rule each step lies between (1 - decay) and (1 + growth)
times the one before. Parallel transfers give loops of their own; a loop is found once, at the arrival of the last of
its transfers to arrive, and begins with its earliest. Transfers to oneself are never part.

What limits cut is never silent: it is counted by reason and flagged on the accounts concerned.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from graph.loops.kernel import push_edges, unpack
from graph.loops.layout import (
    CELLS,
    CUT_SHORT,
    NEWEST_TS,
    NEXT_SEQ,
    NONE,
    REASONS,
    TAIL,
    Int64,
    Ring,
    Rule,
    Scratch,
)

Ties = Literal["strict", "order"]
Grown = TypeVar("Grown", Int64, npt.NDArray[np.uint8])

_COLUMNS = 8
_FORMAT = 1


class LoopError(ValueError):
    """A parameter, a batch or a saved state that the engine cannot work with."""


@dataclass(frozen=True)
class LoopRule:
    """What counts as a loop.

    ``window``: last minus first at most this, in the unit of the times. ``decay`` and ``growth``: the amount rule, its
    bounds included (to one part in 10^12, so that 65.61 follows 72.9 with a decay of 0.1); None for ``decay`` turns it
    off. ``ties``: whether transfers at one time may follow each other in input order.
    """

    window: int
    max_length: int = 10
    decay: float | None = None
    growth: float = 0.0
    ties: Ties = "strict"

    def __post_init__(self) -> None:
        if not 0 <= self.window < 1 << 62:
            raise LoopError(f"window must not be negative and must lie below 2^62, got {self.window}")
        if not 2 <= self.max_length <= 64:
            raise LoopError(f"max_length must lie in 2..64, got {self.max_length}")
        if self.decay is not None and not 0 <= self.decay < 1:
            raise LoopError(f"decay must lie in 0..1, 1 excluded, got {self.decay}")
        if not 0 <= self.growth < 1e6:
            raise LoopError(f"growth must not be negative, got {self.growth}")
        if self.ties not in ("strict", "order"):
            raise LoopError(f"ties must be strict or order, got {self.ties!r}")


@dataclass(frozen=True)
class LoopBounds:
    """What the engine may use.

    ``capacity``: edges remembered at most (rounded up to a power of two). ``lateness``: how much older than the newest
    an edge may come. ``budget``: edges looked at per edge. ``degree_cap``: accounts with more edges in the window are
    not passed through; 0 for none. ``loops_per_edge``: loops reported per edge at most.
    """

    capacity: int = 1 << 20
    lateness: int = 0
    budget: int = 1 << 16
    degree_cap: int = 0
    loops_per_edge: int = 4096

    def __post_init__(self) -> None:
        for name, low, high in (
            ("capacity", 1, 1 << 28),
            ("lateness", 0, 1 << 62),
            ("budget", 1, 1 << 24),
            ("degree_cap", 0, 1 << 62),
            ("loops_per_edge", 1, 1 << 20),
        ):
            if not low <= getattr(self, name) <= high:
                raise LoopError(f"{name} must lie in {low}..{high}, got {getattr(self, name)}")


@dataclass(frozen=True)
class Loops:
    """Loops found: loop i is ``rows[ptr[i]:ptr[i + 1]]``, the row numbers of its transfers from the earliest on."""

    ptr: Int64
    rows: Int64

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        rows = self.rows.tolist()
        bounds = self.ptr.tolist()
        return (tuple(rows[a:b]) for a, b in itertools.pairwise(bounds))

    @property
    def lengths(self) -> Int64:
        """Steps of each loop."""
        return np.diff(self.ptr)


class LoopEngine:
    """Finds the loops that transfers complete, as they come.

    Accounts are numbers from 0; memory grows with the greatest one seen. ``search=False`` only remembers edges.
    """

    def __init__(self, rule: LoopRule, bounds: LoopBounds | None = None, search: bool = True) -> None:
        self.rule = rule
        self.bounds = bounds or LoopBounds()
        self.search = search
        self._rule = Rule(
            rule.window,
            rule.max_length,
            rule.decay is not None,
            1.0 - (rule.decay or 0.0),
            1.0 + rule.growth,
            self.bounds.lateness,
            self.bounds.budget,
            self.bounds.degree_cap,
            self.bounds.loops_per_edge,
        )
        rows = _lines(1 << max(self.bounds.capacity - 1, 1).bit_length())
        self._ring = Ring(
            rows,
            rows.view(np.float64),
            np.full((2, 0), NONE, np.int64),
            np.zeros((2, 0), np.int64),
            np.zeros((2, len(rows)), np.int64),
            np.zeros(0, np.uint8),
            np.zeros(len(REASONS), np.int64),
            np.zeros(CELLS, np.int64),
        )
        self._scratch = _scratch(self.bounds.budget, rule.max_length, len(rows), 0)
        self._out = np.empty(2 * self.bounds.loops_per_edge * (rule.max_length + 1) + (1 << 16), np.int64)
        self._ordinal = 0

    def push(
        self,
        src: npt.ArrayLike,
        dst: npt.ArrayLike,
        ts: npt.ArrayLike,
        amount: npt.ArrayLike | None = None,
        row: npt.ArrayLike | None = None,
        order: npt.ArrayLike | None = None,
        max_loops: int | None = None,
    ) -> Loops:
        """Take transfers in order of arrival and return the loops they complete.

        ``src``, ``dst``: account numbers; ``ts``: integers; ``amount``: needed with the amount rule, NaN where not
        known (such a transfer is then in no loop). ``row``: what loops name the transfers by, default how many came
        before; ``order``: with ties="order", which of two at one time goes first, default by arrival. ``max_loops``:
        stop searching after about that many (edges from there on are remembered, and flagged as cut).
        """
        s, d = _numbers(src, "src", np.int32), _numbers(dst, "dst", np.int32)
        t = _numbers(ts, "ts", np.int64)
        n = len(s)
        if amount is None and self.rule.decay is not None:
            raise LoopError("the amount rule needs amounts")
        a = np.full(n, np.nan) if amount is None else np.ascontiguousarray(amount, np.float64)
        ordinal = np.arange(self._ordinal, self._ordinal + n, dtype=np.int64)
        r = ordinal if row is None else _numbers(row, "row", np.int64)
        strict = self.rule.ties == "strict"
        o = np.zeros(n, np.int64) if strict else ordinal if order is None else _numbers(order, "order", np.int64)
        if any(len(x) != n for x in (d, t, a, r, o)):
            raise LoopError("the columns of a batch differ in length")
        if n == 0:
            return Loops(np.zeros(1, np.int64), np.zeros(0, np.int64))
        if min(int(s.min()), int(d.min())) < 0:
            raise LoopError("account numbers must not be negative")
        if not strict and int(o.min()) < 0:
            raise LoopError("order must not be negative")
        self._make_room(max(int(s.max()), int(d.max())) + 1)
        self._ordinal += n
        parts: list[Loops] = []
        at, found, searching = 0, 0, self.search
        room = 2 * self.bounds.loops_per_edge * (self.rule.max_length + 1)
        while at < n:
            out = self._out
            if max_loops is not None and searching:
                if found >= max_loops:
                    searching = False
                    self._give_up(s[at:], d[at:])
                else:
                    out = out[: room + 3 * (max_loops - found)]  # a loop takes at least 3 cells: stop not long after
            at, filled = push_edges(self._ring, self._rule, self._scratch, s, d, t, o, a, r, at, out, searching)
            if filled:
                parts.append(Loops(*unpack(out[:filled])))
                found += len(parts[-1])
        return _joined(parts)

    @property
    def cuts(self) -> dict[str, int]:
        """How often each limit cut something: budget, degree, capacity, loops, late. All 0: the answer is exact."""
        return dict(zip(REASONS, self._ring.counts.tolist(), strict=True))

    @property
    def edges_cut_short(self) -> int:
        """Transfers for which something was not looked at."""
        return int(self._ring.state[CUT_SHORT])

    @property
    def complete(self) -> bool:
        """Whether nothing was cut so far."""
        return not self._ring.counts.any()

    def cut_accounts(self) -> dict[int, list[str]]:
        """Accounts about which something was not looked at, with the reasons."""
        flags = self._ring.flags
        return {
            int(i): [reason for bit, reason in enumerate(REASONS) if flags[i] >> bit & 1] for i in np.flatnonzero(flags)
        }

    @property
    def held(self) -> int:
        """Edges remembered now."""
        return int(self._ring.state[NEXT_SEQ] - self._ring.state[TAIL])

    @property
    def newest_ts(self) -> int:
        """The greatest time seen."""
        return int(self._ring.state[NEWEST_TS])

    def save(self) -> bytes:
        """The whole state; a restored engine answers as this one would have."""
        ring = self._ring
        at = np.arange(ring.state[TAIL], ring.state[NEXT_SEQ]) & (len(ring.rows) - 1)
        info = {
            "format": _FORMAT,
            "rule": asdict(self.rule),
            "bounds": asdict(self.bounds),
            "search": self.search,
            "ordinal": self._ordinal,
        }
        buffer = io.BytesIO()
        np.savez(
            buffer,
            info=np.frombuffer(json.dumps(info).encode(), np.uint8),
            rows=ring.rows[at],
            ends=ring.ends[:, at],
            first=ring.first,
            degree=ring.degree,
            flags=ring.flags,
            counts=ring.counts,
            state=ring.state,
        )
        return buffer.getvalue()

    @classmethod
    def restore(cls, saved: bytes) -> LoopEngine:
        """The engine of a saved state. LoopError when the bytes are not one."""
        try:
            with np.load(io.BytesIO(saved), allow_pickle=False) as held:
                info = json.loads(held["info"].tobytes())
                if info["format"] != _FORMAT:
                    raise LoopError(f"saved loop state has format {info['format']}, this is {_FORMAT}")
                engine = cls(LoopRule(**info["rule"]), LoopBounds(**info["bounds"]), info["search"])
                engine._ordinal = int(info["ordinal"])
                engine._make_room(len(held["flags"]))
                ring = engine._ring
                state = held["state"]
                at = np.arange(state[TAIL], state[NEXT_SEQ]) & (len(ring.rows) - 1)
                ring.rows[at] = held["rows"]
                # States from before there were ends: each row as its own end is true too, only slower to pass.
                ring.ends[:, at] = held["ends"] if "ends" in held else np.arange(state[TAIL], state[NEXT_SEQ])
                n = len(held["flags"])
                for name in ("first", "degree", "flags"):
                    getattr(ring, name)[..., :n] = held[name]
                ring.counts[:] = held["counts"]
                ring.state[:] = state
        except (KeyError, OSError, EOFError, ValueError, zipfile.BadZipFile) as e:
            if isinstance(e, LoopError):
                raise
            raise LoopError(f"not a saved loop state: {e}") from e
        return engine

    def _make_room(self, accounts: int) -> None:
        have = len(self._ring.flags)
        if accounts <= have:
            return
        size = max(accounts, 2 * have, 64)
        ring = self._ring

        def grown(old: Grown, fill: int) -> Grown:
            new = np.full((*old.shape[:-1], size), fill, old.dtype)
            new[..., :have] = old
            return new

        self._ring = ring._replace(
            first=grown(ring.first, NONE), degree=grown(ring.degree, 0), flags=grown(ring.flags, 0)
        )
        self._scratch = _scratch(self.bounds.budget, self.rule.max_length, len(ring.rows), size)

    def _give_up(self, src: Int64, dst: Int64) -> None:
        bit = np.uint8(1 << REASONS.index("loops"))
        self._ring.flags[src] |= bit
        self._ring.flags[dst] |= bit
        self._ring.counts[REASONS.index("loops")] += len(src)
        self._ring.state[CUT_SHORT] += len(src)


def _lines(n: int) -> Int64:
    """n zeroed rows of 64 bytes that begin on a cache line."""
    raw = np.zeros(n * _COLUMNS + _COLUMNS, np.int64)
    skip = (-raw.ctypes.data % 64) // 8
    return raw[skip : skip + n * _COLUMNS].reshape(n, _COLUMNS)


def _scratch(budget: int, max_length: int, capacity: int, accounts: int) -> Scratch:
    labels = _lines(2 * accounts).reshape(2, accounts, _COLUMNS)
    return Scratch(
        labels,
        labels.view(np.float64),
        np.empty((2, 2, budget + 2, 5), np.int64),
        np.zeros(capacity, np.int64),
        np.empty((budget + 2, 3), np.int64),
        np.zeros((2, accounts, 2), np.int64),
        np.empty((2, budget + 2), np.int64),
        np.empty((4, max_length + 2), np.int64),
    )


def _numbers(values: npt.ArrayLike, name: str, dtype: type[np.int32] | type[np.int64]) -> Int64:
    given = np.asarray(values)
    if given.dtype.kind not in "iu" and given.size:
        raise LoopError(f"{name} must be integers, got {given.dtype}")
    if given.size and (int(given.max()) > np.iinfo(dtype).max or int(given.min()) < np.iinfo(dtype).min):
        raise LoopError(f"{name} does not fit {np.dtype(dtype)}")
    return np.ascontiguousarray(given, dtype)


def _joined(parts: list[Loops]) -> Loops:
    if len(parts) == 1:
        return parts[0]
    lengths = np.concatenate([np.zeros(1, np.int64), *(p.lengths for p in parts)])
    return Loops(np.cumsum(lengths), np.concatenate([np.zeros(0, np.int64), *(p.rows for p in parts)]))
