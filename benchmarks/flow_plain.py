"""The window engine in plain Python, for comparison: deques, dictionaries and closures, one event after the other.

It means exactly what the engine means (the benchmark compares their edges), keeps its windows up to date as the engine
does instead of recomputing them, keeps only the windows that rules read, and judges every rule of a key each time the
key is touched. Loops, facts by hour of day and the five most frequent are left out: the benchmark's rules read none.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Any

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

from flow.facts import KINDS, WINDOWS, fact
from policy.ruleset import RuleSet

HOUR = 3_600_000
_DISTINCT = {"buyers": "buyer", "devices": "device", "addresses": "address", "counterparties": "other"}
_CLASSES = {
    "orders": ("order",),
    "refunds": ("refund",),
    "transfers": ("out", "in"),
    "disbursements": ("disbursement",),
    "sum_in": ("in", "disbursement"),
}
Number = Callable[["list[_Window]"], Any]


class _Window:
    """One window of one key."""

    __slots__ = ("amounts", "by_class", "entries", "equal", "gaps", "night", "peaks", "squares", "sums", "values")

    def __init__(self) -> None:
        self.entries: deque[dict[str, Any]] = deque()
        self.by_class: dict[str, int] = {}
        self.sums: dict[str, list[int]] = {}
        self.night = self.gaps = self.squares = self.equal = 0
        self.values: dict[str, dict[str, int]] = {name: {} for name in _DISTINCT.values()}
        self.amounts: dict[int, int] = {}
        self.peaks: deque[dict[str, Any]] = deque()

    def enter(self, e: dict[str, Any]) -> None:
        if self.entries:
            gap = e["ts"] - self.entries[-1]["ts"]
            self.gaps += gap
            self.squares += gap * gap
        self.entries.append(e)
        what, amount = e["what"], e["amount"]
        self.by_class[what] = self.by_class.get(what, 0) + 1
        self.night += e["night"]
        for name, seen in self.values.items():
            value = e[name]
            if value is not None:
                seen[value] = seen.get(value, 0) + 1
        if amount >= 0:
            total = self.sums.setdefault(what, [0, 0])
            total[0] += 1
            total[1] += amount
            count = self.amounts.get(amount, 0)
            self.amounts[amount] = count + 1
            self.equal += 0 if count == 0 else 2 if count == 1 else 1
            peaks = self.peaks
            while peaks and peaks[-1]["amount"] <= amount:
                peaks.pop()
            peaks.append(e)

    def leave(self) -> None:
        e = self.entries.popleft()
        if self.entries:
            gap = self.entries[0]["ts"] - e["ts"]
            self.gaps -= gap
            self.squares -= gap * gap
        what, amount = e["what"], e["amount"]
        self.by_class[what] -= 1
        self.night -= e["night"]
        for name, seen in self.values.items():
            value = e[name]
            if value is not None:
                seen[value] -= 1
                if not seen[value]:
                    del seen[value]
        if amount >= 0:
            total = self.sums[what]
            total[0] -= 1
            total[1] -= amount
            count = self.amounts[amount] - 1
            if count:
                self.amounts[amount] = count
            else:
                del self.amounts[amount]
            self.equal -= 0 if count == 0 else 2 if count == 1 else 1
            if self.peaks and self.peaks[0] is e:
                self.peaks.popleft()


def _fact(kind: str, name: str) -> Number:
    found = fact(kind, name)
    place = list(WINDOWS.values()).index(found.window_ms)
    measure = found.measure
    of: Callable[[_Window], Any]
    if measure == "events":
        of = _events
    elif measure in ("sum", *(m for m in _CLASSES if m.startswith("sum"))):
        of = _sum(_CLASSES.get(measure))
    elif measure in _CLASSES:
        of = _count(_CLASSES[measure])
    elif measure in _DISTINCT:
        of = _values(_DISTINCT[measure])
    else:
        of = _PLAIN[measure]
    if found.daily:
        return lambda windows: None if (v := of(windows[place])) is None else v / 30.0
    return lambda windows: of(windows[place])


def _events(w: _Window) -> int:
    return len(w.entries)


def _count(classes: tuple[str, ...]) -> Callable[[_Window], int]:
    return lambda w: sum(w.by_class.get(c, 0) for c in classes)


def _values(name: str) -> Callable[[_Window], int]:
    return lambda w: len(w.values[name])


def _sum(classes: tuple[str, ...] | None) -> Callable[[_Window], int | None]:
    def found(w: _Window) -> int | None:
        totals = w.sums.values() if classes is None else [w.sums[c] for c in classes if c in w.sums]
        return sum(t[1] for t in totals) if any(t[0] for t in totals) else None

    return found


def _refund_rate(w: _Window) -> float | None:
    orders = w.by_class.get("order", 0)
    return w.by_class.get("refund", 0) / orders if orders else None


def _deviation(w: _Window) -> float | None:
    n = len(w.entries) - 1
    return math.sqrt(float(n * w.squares - w.gaps * w.gaps)) / n if n > 0 else None


_PLAIN: dict[str, Callable[[_Window], Any]] = {
    "equal_amounts": lambda w: w.equal,
    "max": lambda w: w.peaks[0]["amount"] if w.peaks else None,
    "night_share": lambda w: w.night / len(w.entries) if w.entries else None,
    "refund_rate": _refund_rate,
    "gap_mean": lambda w: w.gaps / (len(w.entries) - 1) if len(w.entries) > 1 else None,
    "gap_sd": _deviation,
}


def _number(kind: str, e: E.Expression) -> Number:
    if isinstance(e, E.Paren):
        return _number(kind, e.this)
    if isinstance(e, E.Literal):
        value = float(e.this)
        return lambda _: value
    if isinstance(e, E.Column):
        return _fact(kind, e.name)
    if isinstance(e, E.Coalesce):
        first, second = _number(kind, e.this), _number(kind, e.expressions[0])
        return lambda k: v if (v := first(k)) is not None else second(k)
    a, b = _number(kind, e.this), _number(kind, e.expression)
    if isinstance(e, E.Nullif):
        return lambda k: None if (v := a(k)) is not None and v == b(k) else v
    joined: dict[type[E.Expression], Callable[[float, float], float]] = {
        E.Add: float.__add__,
        E.Sub: float.__sub__,
        E.Mul: float.__mul__,
        E.Div: float.__truediv__,
    }
    how = joined[type(e)]
    divides = isinstance(e, E.Div)

    def found(k: list[_Window]) -> float | None:
        x, y = a(k), b(k)
        if x is None or y is None or (divides and y == 0):
            return None
        return how(float(x), float(y))

    return found


def _condition(kind: str, e: E.Expression) -> Callable[[list[_Window]], bool | None]:
    if isinstance(e, E.Paren):
        return _condition(kind, e.this)
    if isinstance(e, E.Not):
        inner = _condition(kind, e.this)
        return lambda k: None if (v := inner(k)) is None else not v
    if isinstance(e, E.And | E.Or):
        one, two, ends = _condition(kind, e.this), _condition(kind, e.expression), isinstance(e, E.Or)

        def joined(k: list[_Window]) -> bool | None:
            x = one(k)
            if x is ends:
                return ends
            y = two(k)
            return ends if y is ends else None if x is None or y is None else not ends

        return joined
    if isinstance(e, E.Between):
        x, low, high = (_number(kind, part) for part in (e.this, e.args["low"], e.args["high"]))
        return lambda k: None if None in (v := (x(k), low(k), high(k))) else v[1] <= v[0] <= v[2]
    if isinstance(e, E.In):
        x, those = _number(kind, e.this), {float(part.this) for part in e.expressions}
        return lambda k: None if (v := x(k)) is None else v in those
    a, b = _number(kind, e.this), _number(kind, e.expression)
    named: dict[type[E.Expression], str] = {
        E.GT: "__gt__",
        E.GTE: "__ge__",
        E.LT: "__lt__",
        E.LTE: "__le__",
        E.EQ: "__eq__",
        E.NEQ: "__ne__",
    }
    compare = getattr(float, named[type(e)])

    def compared(k: list[_Window]) -> bool | None:
        x, y = a(k), b(k)
        return None if x is None or y is None else compare(float(x), float(y))

    return compared


class PlainEngine:
    """``push``: sorted events as ``entries`` gives them; edges as (moment, rule, key)."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = {
            kind: [(i, _condition(kind, r.when.tree)) for i, r in enumerate(rules.rules) if r.on == kind]
            for kind in KINDS
        }
        lengths = list(WINDOWS.values())
        self.used = {
            kind: sorted(
                {lengths.index(fact(kind, n).window_ms) for r in rules.rules if r.on == kind for n in r.when.facts}
            )
            for kind in KINDS
        }
        self.lengths = {w: lengths[w] for used in self.used.values() for w in used}
        self.queues: dict[int, deque[dict[str, Any]]] = {w: deque() for w in self.lengths}
        self.windows: dict[tuple[str, str], list[Any]] = {}
        self.true: dict[tuple[str, str], set[int]] = {}
        empty = [_Window() for _ in lengths]
        self.empty = {kind: {i for i, rule in mine if rule(empty)} for kind, mine in self.rules.items()}

    def push(self, events: list[dict[str, Any]], watermark: int) -> list[tuple[int, int, str]]:
        """Take events (each with ``keys``: kind, id and what it is to that key) and judge up to the watermark."""
        found: list[tuple[int, int, str]] = []
        i, n = 0, len(events)
        while True:
            now = events[i]["ts"] if i < n else 1 << 62
            for w, queue in self.queues.items():
                if queue and queue[0]["ts"] + self.lengths[w] < now:
                    now = queue[0]["ts"] + self.lengths[w]
            if now > watermark:
                return found
            touched: dict[tuple[str, str], None] = {}
            for w, queue in self.queues.items():
                while queue and queue[0]["ts"] + self.lengths[w] <= now:
                    for key, _ in queue.popleft()["keys"]:
                        if w in self.used[key[0]]:
                            self.windows[key][w].leave()
                            touched[key] = None
            while i < n and events[i]["ts"] == now:
                self._enter(events[i], touched)
                i += 1
            for key in touched:
                windows, was = self.windows[key], self.true.get(key, self.empty[key[0]])
                true = {j for j, rule in self.rules[key[0]] if rule(windows)}
                if true != was:
                    found += [(now, j, key[1]) for j in true - was]
                    self.true[key] = true

    def _enter(self, e: dict[str, Any], touched: dict[tuple[str, str], None]) -> None:
        for queue in self.queues.values():
            queue.append(e)
        for key, entry in e["keys"]:
            windows = self.windows.get(key)
            if windows is None:
                used = self.used[key[0]]
                windows = self.windows[key] = [_Window() if w in used else None for w in range(len(WINDOWS))]
            for w in self.used[key[0]]:
                windows[w].enter(entry)
            touched[key] = None


def entries(batch: Any) -> list[dict[str, Any]]:
    """A batch (``flow.batch.EventBatch``) as the plain engine takes it."""
    columns = (batch.ts.tolist(), batch.type.tolist(), batch.amount.tolist(), batch.merchant, batch.buyer, batch.device)
    rows = zip(*columns, batch.address, batch.account, batch.counter, strict=True)
    return [_entry(*row) for row in rows]


def _entry(
    ts: int, type_: int, amount: int, merchant: Any, buyer: Any, device: Any, address: Any, account: Any, payee: Any
) -> dict[str, Any]:
    what = ("order", "refund", "out", "disbursement", "repayment", "login", "logistics", "notice")[type_]
    seen = {"ts": ts, "what": what, "amount": amount, "night": ts // HOUR % 24 < 6}
    seen |= {"buyer": buyer, "device": device, "address": address, "other": payee}
    pairs = (("merchant", merchant), ("buyer", buyer), ("device", device), ("account", account))
    keys = [(key, seen) for key in pairs if key[1] is not None]
    if payee is not None and payee != account:
        keys.append((("account", payee), {**seen, "what": "in", "other": account}))
    return {"ts": ts, "keys": keys}
