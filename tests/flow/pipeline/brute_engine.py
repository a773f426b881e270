"""An engine with the program's own interface that recomputes everything: lanes are tested on it."""

from __future__ import annotations

from dataclasses import dataclass

from flow.batch import EventBatch
from flow.events import TYPES
from flow.window.events import DerivedLoops
from policy.ruleset import RuleSet
from tests.flow.pipeline.brute import Seen, turns


@dataclass
class BruteEdge:
    """As flow.window.engine.Edge."""

    rule: int
    kind: str
    key: str
    ts: int
    event_id: str
    leaves: bool
    facts: dict[str, int | float | None]


class BruteEngine:
    """Rising edges by recomputing all windows of all keys, from a list of events in order of time."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.keys: dict[tuple[str, str], list[Seen]] = {}
        self.watermark = -1
        self.newest = -1

    def push(self, batch: EventBatch, watermark: int, derived: DerivedLoops | None = None) -> list[BruteEdge]:
        for i in range(len(batch)):
            ts = int(batch.ts[i])
            assert self.newest <= ts and self.watermark < ts <= watermark, "the contract of push"
            self.newest = ts
            for kind, key, seen in seen_in(batch, i):
                self.keys.setdefault((kind, key), []).append(seen)
        for id_, ts, account in (
            zip(derived.event_id, derived.ts.tolist(), derived.account, strict=True) if derived else ()
        ):
            self.keys.setdefault(("account", account), []).append(Seen(ts, "loop", id_))
        found = turns(self.rules, self.keys, self.watermark, watermark)
        self.watermark = max(self.watermark, watermark)
        return [BruteEdge(t.rank, t.on, t.key, t.ts, t.event_id, t.leaves, dict(t.facts)) for t in found]

    def swap(self, rules: RuleSet) -> BruteEngine:
        other = BruteEngine(rules)
        other.keys, other.watermark, other.newest = self.keys, self.watermark, self.newest
        return other


def seen_in(batch: EventBatch, i: int) -> list[tuple[str, str, Seen]]:
    """(kind, key, the event as that key sees it) of one event of a batch."""
    type_ = TYPES[batch.type[i]]
    what = {"logistics": batch.status[i], "transfer": "transfer_out"}.get(type_, type_)
    amount = int(batch.amount[i]) if batch.amount[i] >= 0 else None

    def seen(what: str | None, other: str | None = None) -> Seen:
        return Seen(
            int(batch.ts[i]), what or "", batch.event_id[i], amount, batch.currency[i], batch.buyer[i],
            batch.device[i], batch.address[i], batch.merchant[i], other,
        )  # fmt: skip

    if type_ == "transfer":
        src, dst = batch.account[i] or "", batch.counter[i] or ""
        out = [("account", src, seen("transfer_out", dst))]
        return out if src == dst else [*out, ("account", dst, seen("transfer_in", src))]
    named = (("merchant", batch.merchant), ("buyer", batch.buyer), ("account", batch.account), ("device", batch.device))
    return [(kind, str(column[i]), seen(what)) for kind, column in named if column[i] is not None]
