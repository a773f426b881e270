"""The plain twin of the window engine: every window recomputed at every moment from the list of events.

It shares no code with ``flow.facts``, ``flow.conditions`` or ``flow.window``: it reads fact names by itself and judges
rules with ``policy.interpret``. Events are dicts with the fields of the JSON lines, but ``ts`` in epoch ms:
``{"event_id": "e1", "type": "order", "ts": 0, "merchant_id": "M1", ..., "amount": 100, "currency": "CNY"}``. A derived
loop is ``{"event_id": "e2", "type": "loop", "ts": 0, "account_id": "A1"}``, one for each account of the loop.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

from policy.interpret import truth
from policy.ruleset import RuleSet

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LENGTHS = {
    "5m": 5 * MINUTE,
    "1h": HOUR,
    "24h": DAY,
    "48h": 2 * DAY,
    "72h": 3 * DAY,
    "7d": 7 * DAY,
    "30d": 30 * DAY,
}
Event = dict[str, Any]
Value = int | float | None


class TwinEdge(NamedTuple):
    """A rule turned TRUE, as ``flow.window.engine.Edge``."""

    ts: int
    rule: int
    kind: str
    key: str
    event_id: str
    leaves: bool
    facts: dict[str, Value]


def edges(events: Iterable[Event], rules: RuleSet, until: int) -> list[TwinEdge]:
    """Every edge at a moment <= ``until``, sorted."""
    found = []
    listed = list(events)
    for index, rule in enumerate(rules.rules):
        if rule.mode == "off":
            continue
        for key in sorted({k for e in listed for k in keys_of(e, rule.on)}):
            found += _edges_of(listed, rules, index, key, until)
    return sorted(found, key=lambda e: e[:4])


def _edges_of(listed: list[Event], rules: RuleSet, index: int, key: str, until: int) -> list[TwinEdge]:
    rule = rules.rules[index]
    mine = [e for e in listed if key in keys_of(e, rule.on)]
    moments = sorted({e["ts"] + w for e in mine for w in (0, *LENGTHS.values())})
    read = {_split(name)[2] for name in rule.when.facts}
    was = truth(rule.when.tree, facts_at([], 0, rule.when.facts, rule.on, key, rules)) is True
    found = []
    for t in moments:
        if t > until:
            break
        facts = facts_at(mine, t, rule.when.facts, rule.on, key, rules)
        now = truth(rule.when.tree, facts) is True
        if now and not was:
            counts_loops = any(_split(name)[0] == "loops" for name in rule.when.facts)
            events = [e for e in mine if counts_loops or e["type"] != "loop"]  # to other rules a loop is no event
            entering = [e["event_id"] for e in events if e["ts"] == t]
            leaving = [e["event_id"] for e in events if any(e["ts"] + LENGTHS[w] == t for w in read)]
            found.append(TwinEdge(t, index, rule.on, key, min(entering or leaving), not entering, facts))
        was = now
    return found


def keys_of(e: Event, kind: str) -> set[str]:
    """The keys of a kind that an event belongs to."""
    if kind == "account":
        ends = (e["src"], e["dst"]) if e["type"] == "transfer" else (e.get("account_id"),)
    else:
        ends = (e.get(f"{kind}_id"),)
    return {end for end in ends if end is not None}


def facts_at(mine: list[Event], t: int, names: Iterable[str], kind: str, key: str, rules: RuleSet) -> dict[str, Value]:
    """Facts of one key at a moment, from all its events."""
    return {name: _fact(mine, t, name, kind, key, rules) for name in names}


def _split(name: str) -> tuple[str, str | None, str, bool]:
    """Measure, currency, window, daily mean."""
    found = re.fullmatch(r"(.+)_(5m|1h|24h|48h|72h|7d|30d)", name)
    assert found
    measure, window = found.groups()
    daily = measure.endswith("_daily_mean")
    measure = measure.removesuffix("_daily_mean")
    code = re.fullmatch(r"(sum|max|order_sum|refund_sum|sum_out|sum_in)_(...)", measure)
    if code and measure != "sum_out":
        return code[1], code[2].upper(), window, daily
    return measure, None, window, daily


def _fact(mine: list[Event], t: int, name: str, kind: str, key: str, rules: RuleSet) -> Value:
    measure, code, window, daily = _split(name)
    inside = [e for e in mine if t - LENGTHS[window] < e["ts"] <= t]
    found = _measure(measure, inside, kind, key, code or rules.currency, rules.utc_offset_minutes)
    return found / 30.0 if daily and found is not None else found


def _is(e: Event, key: str, what: str) -> bool:
    """What an event is to a key."""
    out = e["type"] == "transfer" and e["src"] == key
    if what == "transfer_out":
        return out
    if what == "transfer_in":
        return e["type"] == "transfer" and e["dst"] == key and not out
    if what in ("shipped", "signed", "returned"):
        return bool(e["type"] == "logistics" and e["status"] == what)
    return bool(e["type"] == what)


_COUNTS = {
    "orders": ["order"],
    "refunds": ["refund"],
    "logins": ["login"],
    "notices": ["notice"],
    "shipped": ["shipped"],
    "signed": ["signed"],
    "returned": ["returned"],
    "transfers": ["transfer"],
    "transfers_out": ["transfer_out"],
    "transfers_in": ["transfer_in"],
    "disbursements": ["disbursement"],
    "repayments": ["repayment"],
}
_SUMS = {
    "order_sum": ["order"],
    "refund_sum": ["refund"],
    "sum_out": ["transfer_out", "repayment"],
    "sum_in": ["transfer_in", "disbursement"],
}
_DISTINCT = {"buyers": "buyer_id", "devices": "device_id", "addresses": "address_id", "merchants": "merchant_id"}


def _measure(measure: str, inside: list[Event], kind: str, key: str, currency: str, offset: int) -> Value:
    if measure == "loops":
        return sum(e["type"] == "loop" for e in inside)
    inside = [e for e in inside if e["type"] != "loop"]
    n = len(inside)
    if measure == "events":
        return n
    if measure in _COUNTS:
        return sum(any(_is(e, key, what) for what in _COUNTS[measure]) for e in inside)
    money = [e for e in inside if e.get("amount") is not None]
    if measure in ("sum", "max", *_SUMS):
        wanted = [e for e in money if e["currency"] == currency]
        if measure in _SUMS:
            wanted = [e for e in wanted if any(_is(e, key, what) for what in _SUMS[measure])]
        amounts = [e["amount"] for e in wanted]
        return None if not amounts else max(amounts) if measure == "max" else sum(amounts)
    if measure in _DISTINCT:
        return len({e.get(_DISTINCT[measure]) for e in inside} - {None})
    if measure == "counterparties":
        return len({_other_end(e, key) for e in inside if e["type"] == "transfer"})
    if measure == "refund_rate":
        orders = sum(e["type"] == "order" for e in inside)
        return sum(e["type"] == "refund" for e in inside) / orders if orders else None
    if measure == "equal_amounts":
        return sum(sum((o["amount"], o["currency"]) == (e["amount"], e["currency"]) for o in money) > 1 for e in money)
    hours = [(e["ts"] + offset * MINUTE) // HOUR % 24 for e in inside]
    if measure == "night_share":
        return sum(h < 6 for h in hours) / n if n else None
    if measure == "peak_hour_share":
        return max(Counter(hours).values()) / n if n else None
    if measure == "top5_share":
        named = [v for v in (_frequent(e, kind, key) for e in inside) if v is not None]
        return sum(sorted(Counter(named).values())[-5:]) / len(named) if named else None
    times = sorted(e["ts"] for e in inside)
    gaps = [b - a for a, b in pairwise(times)]
    if not gaps:
        return None
    if measure == "gap_mean":
        return sum(gaps) / len(gaps)
    assert measure == "gap_sd", measure
    return math.sqrt(float(len(gaps) * sum(g * g for g in gaps) - sum(gaps) ** 2)) / len(gaps)


def _other_end(e: Event, key: str) -> str:
    return str(e["dst"] if e["src"] == key else e["src"])


def _frequent(e: Event, kind: str, key: str) -> str | None:
    """Whom the five most frequent are counted by."""
    if kind == "account":
        return _other_end(e, key) if e["type"] == "transfer" else None
    if e["type"] != "order":
        return None
    named: str | None = e.get("merchant_id" if kind == "buyer" else "buyer_id")
    return named
