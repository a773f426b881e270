"""The twin of the whole pipeline: every window recomputed from the list of events at every moment of every key.

It works on events as they stand in the file (dicts), knows none of the program's columns or kernels, and asks nothing
of the program but whether a condition holds for a row of facts (policy.interpret, itself held equal to DuckDB).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from policy.interpret import truth
from policy.ruleset import Rule, RuleSet

WINDOW = {
    "5m": 300_000,
    "1h": 3_600_000,
    "24h": 86_400_000,
    "48h": 172_800_000,
    "72h": 259_200_000,
    "7d": 604_800_000,
    "30d": 2_592_000_000,
}
DRAINED = WINDOW["30d"]
KINDS = ("merchant", "buyer", "account", "device")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """An event as one key sees it."""

    ts: int
    what: str
    event_id: str
    amount: int | None = None
    currency: str | None = None
    buyer: str | None = None
    device: str | None = None
    address: str | None = None
    merchant: str | None = None
    other: str | None = None


@dataclass(frozen=True)
class Turn:
    """A rule that turned true."""

    ts: int
    rank: int
    rule: str
    on: str
    key: str
    event_id: str
    leaves: bool
    facts: tuple[tuple[str, int | float | None], ...]


def ms(text: str) -> int:
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


def seen_by(event: Mapping[str, object]) -> list[tuple[str, str, Seen]]:
    """(kind, key, the event as that key sees it) for every key the event belongs to."""
    e = {k: v for k, v in event.items() if v is not None}
    what = {"logistics": e.get("status"), "transfer": "transfer_out"}.get(str(e["type"]), e["type"])
    ts, id_ = ms(str(e["ts"])), str(e["event_id"])

    def seen(what: object, other: object = None) -> Seen:
        return Seen(
            ts, str(what), id_, e.get("amount"), e.get("currency"), e.get("buyer_id"), e.get("device_id"),
            e.get("address_id"), e.get("merchant_id"), other,
        )  # fmt: skip

    if e["type"] == "transfer":
        out = [("account", e["src"], seen("transfer_out", e["dst"]))]
        if e["src"] != e["dst"]:
            out.append(("account", e["dst"], seen("transfer_in", e["src"])))
        return out
    named = (("merchant", "merchant_id"), ("buyer", "buyer_id"), ("account", "account_id"), ("device", "device_id"))
    return [(kind, str(e[field]), seen(what)) for kind, field in named if field in e]


def fact(kind: str, name: str, events: Sequence[Seen], t: int, currency: str, offset_ms: int) -> int | float | None:
    """The value of one fact of a key at t, from all its events."""
    if name.endswith("_daily_mean_30d"):
        whole = fact(kind, name.removesuffix("_daily_mean_30d") + "_30d", events, t, currency, offset_ms)
        return None if whole is None else whole / 30.0
    measure, _, window = name.rpartition("_")
    width = WINDOW[window]
    if measure.startswith(("sum_", "max_", "order_sum_", "refund_sum_")) and measure not in ("sum_in", "sum_out"):
        measure, _, code = measure.rpartition("_")
        currency = code.upper()
    held = [e for e in events if t - width < e.ts <= t]
    if measure == "loops":
        return sum(e.what == "loop" for e in held)
    held = [e for e in held if e.what != "loop"]

    def count(*what: str) -> int:
        return sum(e.what in what for e in held)

    def amounts(*what: str) -> list[int]:
        return [
            e.amount for e in held if e.amount is not None and e.currency == currency and (e.what in what or not what)
        ]

    def share(some: int, whole: int) -> float | None:
        return some / whole if whole else None

    if measure == "events":
        return len(held)
    counted = {
        "orders": ("order",),
        "refunds": ("refund",),
        "logins": ("login",),
        "notices": ("notice",),
        "shipped": ("shipped",),
        "signed": ("signed",),
        "returned": ("returned",),
        "transfers": ("transfer_in", "transfer_out"),
        "transfers_out": ("transfer_out",),
        "transfers_in": ("transfer_in",),
        "disbursements": ("disbursement",),
        "repayments": ("repayment",),
    }
    if measure in counted:
        return count(*counted[measure])
    summed: dict[str, tuple[str, ...]] = {
        "sum": (),
        "order_sum": ("order",),
        "refund_sum": ("refund",),
        "sum_out": ("transfer_out", "repayment"),
        "sum_in": ("transfer_in", "disbursement"),
    }
    if measure in summed:
        found = amounts(*summed[measure])
        return sum(found) if found else None
    if measure == "max":
        return max(amounts(), default=None)
    attributes = {"buyers": "buyer", "devices": "device", "addresses": "address", "merchants": "merchant"}
    if measure in attributes:
        return len({getattr(e, attributes[measure]) for e in held} - {None})
    if measure == "counterparties":
        return len({e.other for e in held} - {None})
    if measure == "refund_rate":
        return share(count("refund"), count("order"))
    hours = [(e.ts + offset_ms) // 3_600_000 % 24 for e in held]
    if measure == "night_share":
        return share(sum(h < 6 for h in hours), len(hours))
    if measure == "peak_hour_share":
        return share(max(Counter(hours).values(), default=0), len(hours))
    if measure == "top5_share":
        if kind == "account":
            ends = [e.other for e in held if e.what.startswith("transfer")]
        else:
            ends = [e.merchant if kind == "buyer" else e.buyer for e in held if e.what == "order"]
        times = Counter(x for x in ends if x is not None)
        return share(sum(n for _, n in times.most_common(5)), sum(times.values()))
    if measure in ("gap_mean", "gap_sd"):
        at = sorted(e.ts for e in held)
        gaps = [b - a for a, b in itertools.pairwise(at)]
        if not gaps:
            return None
        if measure == "gap_mean":
            return sum(gaps) / len(gaps)
        n = len(gaps)
        return math.sqrt(float(n * sum(g * g for g in gaps) - sum(gaps) ** 2)) / n
    if measure == "equal_amounts":
        paid = Counter((e.amount, e.currency) for e in held if e.amount is not None)
        return sum(n for n in paid.values() if n > 1)
    raise KeyError(name)


def turns(rules: RuleSet, keys: Mapping[tuple[str, str], list[Seen]], after: int, upto: int) -> list[Turn]:
    """Every rising edge at a moment in (after, upto], in the order told: moment, place of the rule, key."""
    found: list[Turn] = []
    for (kind, key), events in keys.items():
        for rank, rule in enumerate(rules.rules):
            if rule.on == kind and rule.mode != "off":
                found += _turns_of(rules, rule, rank, key, events, after, upto)
    return sorted(found, key=lambda x: (x.ts, x.rank, x.key))


def _turns_of(
    rules: RuleSet, rule: Rule, rank: int, key: str, events: list[Seen], after: int, upto: int
) -> Iterable[Turn]:
    widths = {WINDOW[name.rpartition("_")[2]] for name in rule.when.facts}
    offset = rules.utc_offset_minutes * 60_000
    if not any(name.startswith("loops_") for name in rule.when.facts):
        events = [e for e in events if e.what != "loop"]  # to other rules a loop is no event

    def row(t: int, held: Sequence[Seen]) -> dict[str, int | float | None]:
        return {name: fact(rule.on, name, held, t, rules.currency, offset) for name in rule.when.facts}

    before = truth(rule.when.tree, row(0, [])) is True
    for t in sorted({e.ts + w for e in events for w in (0, *widths)}):
        if t > upto:
            return
        facts = row(t, events)
        now = truth(rule.when.tree, facts) is True
        if now and not before and t > after:
            entering = sorted(e.event_id for e in events if e.ts == t)
            leaving = sorted(e.event_id for e in events if t - e.ts in widths)
            yield Turn(
                t, rank, rule.code, rule.on, key, (entering or leaving)[0], not entering, tuple(sorted(facts.items()))
            )
        before = now


def loops_of(
    transfers: Sequence[Mapping[str, object]], window: int = 72 * 3_600_000, longest: int = 10
) -> list[list[Mapping[str, object]]]:
    """Every fund loop of a list of transfers, by depth first search from each transfer as the earliest."""
    rows = sorted(transfers, key=lambda e: ms(str(e["ts"])))
    found: list[list[Mapping[str, object]]] = []

    def walk(path: list[Mapping[str, object]]) -> None:
        start, last = ms(str(path[0]["ts"])), path[-1]
        for e in rows:
            t = ms(str(e["ts"]))
            if e["src"] != last["dst"] or t <= ms(str(last["ts"])) or t - start > window or len(path) >= longest:
                continue
            if e["dst"] == path[0]["src"]:
                found.append([*path, e])
            elif e["dst"] not in {x["src"] for x in path} | {last["dst"]}:
                walk([*path, e])

    for e in rows:
        if e["src"] != e["dst"]:
            walk([e])
    return found


def keys_of(
    events: Iterable[Mapping[str, object]], entered: Mapping[str, int] | None = None
) -> dict[tuple[str, str], list[Seen]]:
    """All keys with all they see, loops among it. ``entered``: event id -> time at which it is taken in, in the order
    in which they come, where that is not its own; a loop is then complete with the last of its transfers to come."""
    events = list(events)
    at = entered or {str(e["event_id"]): ms(str(e["ts"])) for e in events}
    came = {id_: i for i, id_ in enumerate(entered or {})}
    keys: dict[tuple[str, str], list[Seen]] = {}
    for event in events:
        for kind, key, seen in seen_by(event):
            keys.setdefault((kind, key), []).append(replace(seen, ts=at[seen.event_id]))
    for loop in loops_of([e for e in events if e["type"] == "transfer"]):
        ids = [str(e["event_id"]) for e in loop]
        closing = max(ids, key=came.__getitem__) if came else ids[-1]
        for step in loop:
            keys.setdefault(("account", str(step["src"])), []).append(Seen(at[closing], "loop", closing))
    return keys


@dataclass
class Outcome:
    """What a stream comes to: alerts (with their cooldown repeats), and what became of each line."""

    alerts: list[tuple[Turn, int]]
    stored: int = 0
    duplicates: int = 0
    conflicts: int = 0
    late: int = 0


def outcome(lines: Sequence[Mapping[str, object]], rules: RuleSet, lateness: int, drain: bool) -> Outcome:
    """What ``ringfence flow`` must answer for good lines in the order of the file.

    A line whose id came before is a duplicate or a conflict; one older than the newest by more than the bound is late.
    """
    done, stored, late = sorted_out(lines, lateness)
    taken = [e for e in stored if e["event_id"] not in late]
    if taken:
        end = max(ms(str(e["ts"])) for e in taken) + (DRAINED if drain else 0)
        done.alerts = cooled(turns(rules, keys_of(taken), -1, end), rules)
    return done


def quick_alerts(
    lines: Sequence[Mapping[str, object]], rules: RuleSet, lateness: int, drain: bool, late_alert: int
) -> tuple[list[Turn], set[str]]:
    """The turns of the provisional lane: every event taken in at the newest time seen; and the late events' ids."""
    _, stored, late = sorted_out(lines, lateness)
    newest, entered, taken = -1, {}, []
    for e in stored:
        newest = max(newest, ms(str(e["ts"])))
        if e["event_id"] not in late or ms(str(e["ts"])) > newest - late_alert:
            entered[str(e["event_id"])] = newest
            taken.append(e)
    found = turns(rules, keys_of(taken, entered), -1, newest + (DRAINED if drain else 0)) if taken else []
    return [t for t, _ in cooled(found, rules)], late


def with_a_clock(
    lines: Sequence[Mapping[str, object]], received: Sequence[int], rules: RuleSet, lateness: int, last: int
) -> Outcome:
    """What must be told in the end where a clock closes moments as well: ``received``: the greatest time it had shown
    when each line came; ``last``: when the stream ended."""
    done, stored, late = sorted_out(lines, lateness, received)
    taken = [e for e in stored if e["event_id"] not in late]
    if taken:
        end = max(last - lateness - 1, *(ms(str(e["ts"])) for e in taken))
        done.alerts = cooled(turns(rules, keys_of(taken), -1, end), rules)
    return done


def sorted_out(
    lines: Sequence[Mapping[str, object]], lateness: int, received: Sequence[int] | None = None
) -> tuple[Outcome, list[Mapping[str, object]], set[str]]:
    """Counts, the stored events in order of arrival, and the ids of those that came late."""
    first: dict[str, Mapping[str, object]] = {}
    done = Outcome([])
    late: set[str] = set()
    newest: int | None = None
    for i, event in enumerate(lines):
        id_ = str(event["event_id"])
        if received is not None:
            newest = max(newest or 0, received[i])
        if id_ in first:
            same = _said(first[id_]) == _said(event)
            done.duplicates += same
            done.conflicts += not same
            continue
        first[id_] = event
        ts = ms(str(event["ts"]))
        if newest is not None and newest - ts > lateness:
            late.add(id_)
        newest = ts if newest is None else max(newest, ts)
    done.stored, done.late = len(first), len(late)
    return done, list(first.values()), late


def cooled(found: Sequence[Turn], rules: RuleSet) -> list[tuple[Turn, int]]:
    """Alerts with how often each stands for its rule having turned true."""
    out: list[tuple[Turn, int]] = []
    last: dict[tuple[str, str], int] = {}
    for turn in found:
        cooldown = next(r.cooldown_ms for r in rules.rules if r.code == turn.rule)
        at = last.get((turn.rule, turn.key))
        if at is not None and turn.ts < out[at][0].ts + cooldown:
            out[at] = (out[at][0], out[at][1] + 1)
            continue
        last[turn.rule, turn.key] = len(out)
        out.append((turn, 1))
    return out


def _said(event: Mapping[str, object]) -> dict[str, object]:
    """What an event says, however it is written."""
    return {k: ms(str(v)) if k == "ts" else v for k, v in event.items() if v is not None and k != "v"}


def same_number(a: float | None, b: float | None) -> bool:
    """NULL is NULL; numbers are equal to the last bit."""
    return a is None and b is None if a is None or b is None else Fraction(a) == Fraction(b)
