"""Rule sets: TOML that says which conditions raise which alerts.

::

    currency = "CNY"                                  # of amounts whose fact names none; optional
    utc_offset = "+08:00"                             # for nights and hours of the day; optional, +00:00
    [[rule]]
    code = "VOL_SPIKE"
    on = "merchant"                                   # the kind of key whose windows it reads
    when = "orders_24h > 3 * orders_daily_mean_30d"
    severity = "high"                                 # info | low | medium | high | critical
    mode = "active"                                   # active | shadow | off
    cooldown = "6h"
    text_en = "Orders in 24 h are {orders_24h}, over three times the daily mean {orders_daily_mean_30d}"
    text_zh = "..."
    measure = "limit new credit, call the owner"
    tests = { fires = [{ orders_24h = 40, orders_daily_mean_30d = 10.0 }], silent = [{ orders_24h = 29 }] }

Nothing is guessed: an unknown key, a wrong type, a code that stands twice are refused, each with its place.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field

from policy.language import Condition, FactType
from policy.problems import Problem, RuleSetError
from policy.rule_fields import MAX_RULES, MODES, RISKS, SEVERITIES, Reader, RuleTests, offset_minutes
from policy.toml_places import Places, place_in

__all__ = ["MAX_RULES", "MODES", "RISKS", "SEVERITIES", "Problem", "Rule", "RuleSet", "RuleSetError", "RuleTests"]

MAX_CHARACTERS = 262_144
"""Of a set: 252 rules of a thousand characters."""

FORM = 1
"""Of the canonical text. A new form gives every set a new version."""

_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_INVISIBLE = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]")
"""Characters that are not seen, or turn what is seen around: whoever approves a set must read what will be judged."""

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True)
class Rule:
    """A rule: when ``when`` becomes true for a key of kind ``on``, an alert says so.

    After one, further alerts of the key are counted, not raised, for ``cooldown_ms``. ``defaulted`` names the fields
    that the file leaves out.
    """

    code: str
    on: str
    when: Condition
    severity: str
    mode: str
    cooldown_ms: int
    text_en: str
    text_zh: str
    measure: str
    tests: RuleTests
    risk: str = "other"
    defaulted: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass(frozen=True)
class RuleSet:
    """Rules that are judged together, in order. ``version``: the first 16 hex digits of the sha256 of ``canonical``."""

    name: str
    version: str
    rules: tuple[Rule, ...]
    currency: str = "CNY"
    utc_offset_minutes: int = 0

    def judged(self) -> tuple[Rule, ...]:
        """The rules that are judged at all: active and shadow ones."""
        return tuple(rule for rule in self.rules if rule.mode != "off")


def read(text: str, facts: Mapping[str, Mapping[str, FactType]]) -> RuleSet:
    """The rule set that a TOML text says. ``facts``: kind of key -> name of a fact -> its type.

    Raises RuleSetError with every problem found, each with code, place and reason.
    """
    text = text.removeprefix("\ufeff")  # some editors begin a file with it
    raw = _toml(text)
    reader = Reader(Places(text), facts)
    reader.known_keys((), raw, {"name", "currency", "utc_offset", "rule"})
    currency = reader.text((), raw, "currency", "CNY", _CURRENCY, "a currency is three capitals, such as CNY")
    name = reader.text((), raw, "name", "rules", _NAME, "a name has 1 to 64 characters on one line")
    offset = offset_minutes(reader, raw)
    tables = raw.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        reader.add(("rule",), "wrong_type", "rules are written as [[rule]]")
        tables = []
    if not tables and not reader.problems:
        reader.add((), "empty", "there is no [[rule]]")
    rules = [rule for i, table in enumerate(tables) if (rule := _rule(reader, ("rule", i), table)) is not None]
    _together(reader, tables, rules)
    if reader.problems:
        raise RuleSetError(reader.problems)
    found = RuleSet(name, "", tuple(rules), currency, offset)
    version = hashlib.sha256(canonical(found).encode()).hexdigest()[:16]
    return RuleSet(name, version, found.rules, currency, offset)


def canonical(rules: RuleSet) -> str:
    """A set in its one written form, JSON: equal for texts that differ in comments, layout, spelling of keywords, the
    set's name, or in saying what is the default anyway."""
    body = {
        "form": FORM,
        "currency": rules.currency,
        "utc_offset_minutes": rules.utc_offset_minutes,
        "rules": [
            {
                "code": r.code,
                "on": r.on,
                "when": r.when.canonical,
                "severity": r.severity,
                "mode": r.mode,
                "cooldown_ms": r.cooldown_ms,
                "text_en": r.text_en,
                "text_zh": r.text_zh,
                "measure": r.measure,
                "risk": r.risk,
                "tests": {"fires": [dict(t) for t in r.tests.fires], "silent": [dict(t) for t in r.tests.silent]},
            }
            for r in rules.rules
        ],
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _toml(text: str) -> dict[str, object]:
    if len(text) > MAX_CHARACTERS:
        raise RuleSetError([Problem("too_large", f"{len(text)} characters; at most {MAX_CHARACTERS}", "", None, 1, 1)])
    hidden = _INVISIBLE.search(text)
    if hidden:
        place = place_in(text, hidden.start())
        reason = f"U+{ord(hidden[0]):04X} cannot be seen: what is approved must be what is read"
        raise RuleSetError([Problem("invisible", reason, "", None, place.line, place.column)])
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise RuleSetError([Problem("too_deep", "nested too deeply", "", None, 1, 1)]) from None
    except ValueError as why:  # TOMLDecodeError, and numbers too long for Python
        told = _TOML_PLACE.search(str(why))
        line, column = (int(told[1]), int(told[2])) if told and told[1] else (text.count("\n") + 1, 1)
        reason = _TOML_PLACE.sub("", str(why)) if isinstance(why, tomllib.TOMLDecodeError) else "a number is too long"
        raise RuleSetError([Problem("bad_toml", reason[:200], "", None, line, column)]) from None


def _rule(reader: Reader, at: tuple[str | int, ...], table: dict[str, object]) -> Rule | None:
    reader.known_keys(at, table, set(Rule.__dataclass_fields__) - {"cooldown_ms", "defaulted"} | {"cooldown"})
    before = len(reader.problems)
    code, on = reader.code(at, table), reader.kind(at, table)
    when = reader.condition(at, table, on) if on is not None else None
    severity = reader.choice(at, table, "severity", SEVERITIES, "medium")
    mode = reader.choice(at, table, "mode", MODES, "active")
    risk = reader.choice(at, table, "risk", RISKS, "other")
    cooldown = reader.duration(at, table, "cooldown")
    said = "" if when is None else when.canonical
    known = None if on is None else reader.facts[on]
    text_en = reader.sentence(at, table, "text_en", known, f"{code}: {said}")
    text_zh = reader.sentence(at, table, "text_zh", known, f"规则 {code}：{said}")
    measure = reader.sentence(at, table, "measure", {}, "review")
    tests = reader.tests(at, table, on)
    if code is None or on is None or when is None or len(reader.problems) > before:
        return None
    defaulted = frozenset(("severity", "text_en", "text_zh", "measure", "tests")) - set(table)
    return Rule(code, on, when, severity, mode, cooldown, text_en, text_zh, measure, tests, risk, defaulted)


def _together(reader: Reader, tables: list[dict[str, object]], rules: list[Rule]) -> None:
    """What is wrong with rules only when they stand beside each other."""
    first: dict[str, int] = {}
    for i, table in enumerate(tables):
        code = table.get("code")
        if isinstance(code, str) and first.setdefault(code.upper(), i) != i:
            reader.add(("rule", i, "code"), "duplicate", "this code stands twice, whatever its capitals", code)
    for kind in sorted({r.on for r in rules}):
        many = sum(r.on == kind and r.mode != "off" for r in rules)
        if many > MAX_RULES:
            reader.add(("rule",), "too_many_rules", f"{many} rules on {kind}; at most {MAX_RULES} are judged together")
