"""Alerts: what a person is told when a rule turns true, and an id that makes telling it twice impossible.

An alert names the rule and its version, the key it is about, the moment, the triggering event, the values that the rule
read and what it asked of them, the evidence, and what to do. Texts are made by putting values where the rule's author
wrote ``{name}``; nothing else in braces is ever looked at, so a text cannot reach into the program.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Literal

import msgspec

from policy.ruleset import Rule, RuleSet

Value = int | float | None
Status = Literal["final", "provisional", "confirmed", "withdrawn", "late", "repeat"]

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TIERS = {"info": "observe", "low": "observe", "medium": "review", "high": "restrict", "critical": "freeze"}
"""Severity -> disposal tier: watch only, look within the day, no new credit until looked at, stop money now."""

_RISKS = (  # where a rule does not say: the first word found in its condition names the risk (policy.rule_fields)
    ("loops", "loop"),
    ("refund", "refunds"),
    ("returned", "refunds"),
    ("notices", "platform"),
    ("disbursements", "proceeds"),
    ("repayments", "proceeds"),
    ("devices", "identity"),
    ("addresses", "identity"),
    ("top5_share", "pattern"),
    ("counterparties", "pattern"),
    ("equal_amounts", "pattern"),
    ("gap_", "pattern"),
    ("night_share", "pattern"),
    ("peak_hour_share", "pattern"),
    ("orders", "volume"),
    ("sum", "volume"),
)


@dataclass(slots=True)  # not frozen: that makes one three times as dear, and there may be thousands a second
class Alert:
    """One alert, or one step in the life of one (``status``).

    ``final``: as the sorted stream has it. ``provisional``: at once, before the lateness bound has passed; later either
    ``confirmed`` or ``withdrawn`` under the same id. ``late``: by an event that came after the bound. ``repeat``: the
    rule turned true again within its cooldown; ``alert_id`` is then that of the alert it belongs to and ``count`` how
    often it has turned true since, the first time included. ``ts``: epoch ms, the moment.
    ``customer``: ``Kind:id``. ``evidence``: lists of ids.
    ``degraded``: what was missing or cut when this was judged.
    """

    alert_id: str
    rule: str
    version: str
    on: str
    key: str
    ts: int
    event_id: str
    leaves: bool
    facts: Mapping[str, Value]
    text_en: str
    text_zh: str
    severity: str
    measure: str
    mode: str
    risk_type: str
    tier: str
    when: str
    status: Status = "final"
    customer: str | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    late: bool = False
    degraded: tuple[str, ...] = ()
    count: int = 1
    rank: int = 0

    def as_(self, status: Status) -> Alert:
        """The same alert at another step of its life."""
        step = Alert(*_ALL(self))
        step.status = status
        return step

    def repeat_of(self, alert_id: str, count: int) -> Alert:
        """This alert as a repeat of an earlier one."""
        step = self.as_("repeat")
        step.alert_id, step.count = alert_id, count
        return step

    def order(self) -> tuple[int, int, str, str]:
        """Alerts are told in this order: moment, place of the rule in the set, key, id."""
        return self.ts, self.rank, self.key, self.alert_id


_ALL = attrgetter(*(f.name for f in fields(Alert)))  # a fifth of the time of dataclasses.replace


def alert_id(rule: str, version: str, on: str, key: str, event_id: str, ts: int) -> str:
    """Hash of what makes an alert this one and no other (32 hex digits). Lengths keep parts from running together."""
    named = f"{len(rule)}:{rule}{len(version)}:{version}{len(on)}:{on}{len(key)}:{key}{len(event_id)}:{event_id}{ts}"
    return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of every alert of one rule, worked out once."""

    rule: Rule
    rank: int
    version: str
    risk_type: str
    reads_loops: bool
    text_en: Template
    text_zh: Template

    def alert(
        self,
        key: str,
        ts: int,
        event_id: str,
        leaves: bool,
        facts: Mapping[str, Value],
        status: Status = "final",
        degraded: tuple[str, ...] = (),
        customer: str | None = None,
        evidence: Mapping[str, object] | None = None,
    ) -> Alert:
        """The alert of this rule turning true for a key."""
        rule = self.rule
        return Alert(
            alert_id=alert_id(rule.code, self.version, rule.on, key, event_id, ts),
            rule=rule.code,
            version=self.version,
            on=rule.on,
            key=key,
            ts=ts,
            event_id=event_id,
            leaves=leaves,
            facts=facts,
            text_en=self.text_en.fill(facts, "n/a"),
            text_zh=self.text_zh.fill(facts, "无"),
            severity=rule.severity,
            measure=rule.measure,
            mode=rule.mode,
            risk_type=self.risk_type,
            tier=TIERS.get(rule.severity, "review"),
            when=rule.when.text,
            status=status,
            customer=customer if customer is not None or rule.on != "merchant" else f"Merchant:{key}",
            evidence={"events": [event_id]} if evidence is None else evidence,
            late=status == "late",
            degraded=degraded,
            rank=self.rank,
        )


def judged(rules: RuleSet) -> list[Judged]:
    """What alerts need of each rule of a set, in the order of the set."""
    return [
        Judged(
            rule,
            rank,
            rules.version,
            rule.risk if rule.risk != "other" else risk_of(rule.when.text),
            any(name.startswith("loops_") for name in rule.when.facts),
            Template(rule.text_en),
            Template(rule.text_zh),
        )
        for rank, rule in enumerate(rules.rules)
    ]


def risk_of(condition: str) -> str:
    """The type of risk that a condition is about, by the facts it names."""
    return next((risk for word, risk in _RISKS if word in condition), "other")


class Template:
    """A text with ``{name}`` places for facts."""

    __slots__ = ("_names", "_parts")

    def __init__(self, text: str) -> None:
        cut = _PLACE.split(text)
        self._parts, self._names = cut[::2], cut[1::2]

    def fill(self, facts: Mapping[str, Value | str], nothing: str) -> str:
        """The text with values in place; ``nothing`` stands where a value is NULL or not among the facts."""
        if not self._names:
            return self._parts[0]
        out = [self._parts[0]]
        for name, after in zip(self._names, self._parts[1:], strict=True):
            value = facts.get(name)
            out += (nothing if value is None else value if isinstance(value, str) else figure(value), after)
        return "".join(out)


def figure(value: int | float) -> str:
    """A number as people read it: ``12,900``, ``0.25``, ``3.5``; very small ones keep three digits."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 0.1 else f"{value:.3g}"


@lru_cache(maxsize=4096)
def moment_text(ts: int) -> str:
    """Epoch ms as ``2026-03-01T08:15:00.250Z``."""
    return (_EPOCH + timedelta(milliseconds=ts)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def line(alert: Alert) -> bytes:
    """The alert as one line of JSON, without the newline."""
    return msgspec.json.encode(
        {
            "alert_id": alert.alert_id,
            "rule": alert.rule,
            "version": alert.version,
            "on": alert.on,
            "key": alert.key,
            "ts": moment_text(alert.ts),
            "event_id": alert.event_id,
            "enter_or_leave": "leave" if alert.leaves else "enter",
            "facts": alert.facts,
            "text_en": alert.text_en,
            "text_zh": alert.text_zh,
            "severity": alert.severity,
            "measure": alert.measure,
            "mode": alert.mode,
            "risk_type": alert.risk_type,
            "tier": alert.tier,
            "when": alert.when,
            "status": alert.status,
            "customer": alert.customer,
            "evidence": alert.evidence,
            "late": alert.late,
            "degraded": alert.degraded,
            "count": alert.count,
        }
    )


def of_line(text: bytes) -> Alert:
    """The alert that a line says. Its place among the rules is not in it. ValueError when it is no such line."""
    said = msgspec.json.decode(text)
    try:
        leaves = {"enter": False, "leave": True}[said.pop("enter_or_leave")]
        ts = (datetime.fromisoformat(said.pop("ts")) - _EPOCH) // timedelta(milliseconds=1)
        return Alert(ts=ts, leaves=leaves, **{**said, "degraded": tuple(said["degraded"])})
    except (KeyError, TypeError, AttributeError) as e:
        raise ValueError("not the line of an alert") from e
