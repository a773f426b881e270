"""What a proposed rule set would have raised lately, beside the set in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from policy.ruleset import RuleSet


@dataclass(frozen=True)
class Fired:
    """What one set does with the recorded events of a stretch of time: how many those were, and how often each of its
    rules would have fired on each key, ``(code of the rule, key) -> times``, active and shadow rules alike."""

    events: int
    times: Mapping[tuple[str, str], int]


WouldHaveFired = Callable[[RuleSet, int, int], Fired]
"""Given a set and a stretch, from (inclusive) and to (exclusive) in epoch ms."""


@dataclass(frozen=True)
class RuleFired:
    """How often a rule would have fired, and on how many keys."""

    code: str
    on: str
    mode: str
    times: int
    keys: int


@dataclass(frozen=True)
class SetFired:
    """How often the active rules of a set would have fired, on how many keys of each kind, and each rule by itself."""

    version: str
    times: int
    keys: Mapping[str, int]
    rules: tuple[RuleFired, ...]


@dataclass(frozen=True)
class DryRun:
    """Two sets over the same events."""

    from_ts: int
    to_ts: int
    events: int
    proposed: SetFired
    current: SetFired

    @property
    def sentence_en(self) -> str:
        over = f"{self.events:,} event{'' if self.events == 1 else 's'}"
        return f"over {over}, would have fired {_english(self.proposed)}; the current set {_english(self.current)}"

    @property
    def sentence_zh(self) -> str:
        return f"共{self.events}个事件:拟议规则集将触发{_chinese(self.proposed)};现行规则集{_chinese(self.current)}"

    def to_json(self) -> dict[str, Any]:
        """As it is kept and told."""
        return {**asdict(self), "sentence_en": self.sentence_en, "sentence_zh": self.sentence_zh}


def dry_run(proposed: RuleSet, current: RuleSet, would_have_fired: WouldHaveFired, from_ts: int, to_ts: int) -> DryRun:
    """Run both sets over the events of a stretch of time."""
    new, now = (would_have_fired(rules, from_ts, to_ts) for rules in (proposed, current))
    return DryRun(from_ts, to_ts, new.events, _of_set(proposed, new), _of_set(current, now))


def _of_set(rules: RuleSet, fired: Fired) -> SetFired:
    times: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    touched: dict[str, set[str]] = {}
    by_code = {rule.code: rule for rule in rules.rules}
    for (code, key), count in fired.times.items():
        times[code] += count
        keys[code] += 1
        if by_code[code].mode == "active":
            touched.setdefault(by_code[code].on, set()).add(key)
    each = tuple(RuleFired(r.code, r.on, r.mode, times[r.code], keys[r.code]) for r in rules.judged())
    total = sum(r.times for r in each if r.mode == "active")
    return SetFired(rules.version, total, {kind: len(found) for kind, found in sorted(touched.items())}, each)


def _english(fired: SetFired) -> str:
    on = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in fired.keys.items())
    return f"{fired.times} time{'' if fired.times == 1 else 's'}{f' on {on}' if on else ''}"


_ZH = {"merchant": "个商户", "buyer": "个买家", "account": "个账户", "device": "台设备"}


def _chinese(fired: SetFired) -> str:
    on = "、".join(f"{n}{_ZH.get(kind, kind)}" for kind, n in fired.keys.items())
    return f"{fired.times}次{f'（{on}）' if on else ''}"
