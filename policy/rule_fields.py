"""Reading the fields of a rule strictly: each problem with its code, place and reason, all of them at once."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from policy.language import Condition, ConditionError, FactType, parse
from policy.lexer import name_token
from policy.problems import MAX_PROBLEMS, Problem, RuleSetError, problem_at
from policy.toml_places import Path, Places

MAX_RULES = 63
"""Rules judged on one kind of key: a bit each."""

MAX_TESTS = 50
MAX_SENTENCE = 500
MAX_COOLDOWN_MS = 366 * 86_400_000

SEVERITIES = ("info", "low", "medium", "high", "critical")
MODES = ("active", "shadow", "off")
RISKS = ("volume", "refunds", "pattern", "identity", "proceeds", "loop", "platform", "other")
"""What kind of risk a rule speaks of: trading volume, refunds, staged trading patterns, a change of hands, the use of
loan money, fund loops, what a platform says."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}", re.ASCII)
_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class RuleTests:
    """Rows of facts on which a rule must hold (``fires``) and must not (``silent``)."""

    fires: tuple[Mapping[str, int | float], ...] = ()
    silent: tuple[Mapping[str, int | float], ...] = ()


def placeholders(sentence: str) -> list[str]:
    """The names in braces of a sentence."""
    return _PLACEHOLDER.findall(sentence)


@dataclass
class Reader:
    """Takes fields out of tables and keeps the problems met."""

    places: Places
    facts: Mapping[str, Mapping[str, FactType]]
    problems: list[Problem] = field(default_factory=list)

    def add(self, path: Path, code: str, reason: str, rule: str | None = None, inside: int | None = None) -> None:
        """Note a problem of the key at ``path``; ``inside``: at this character of its value."""
        self.problems.append(problem_at(self.places, path, code, reason, rule, inside))
        if len(self.problems) >= MAX_PROBLEMS:
            raise RuleSetError(self.problems)

    def known_keys(self, at: Path, table: Mapping[str, object], known: set[str]) -> None:
        """Note every key of a table that is not among the known ones."""
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key, sorted(known), 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
                self.add((*at, key), "unknown_key", f"there is no key {name_token(key)}{hint}", _named(table))

    def text(
        self, at: Path, table: Mapping[str, object], key: str, default: str, form: re.Pattern[str], why: str
    ) -> str:
        """Text of a form."""
        value = table.get(key, default)
        if isinstance(value, str) and form.fullmatch(value):
            return value
        self.add((*at, key), "wrong_type" if not isinstance(value, str) else f"bad_{key}", why)
        return default

    def code(self, at: Path, table: Mapping[str, object]) -> str | None:
        """The code of a rule; None where it is missing or wrong."""
        value = table.get("code")
        if value is None:
            self.add(at, "missing", "a rule needs a code")
        elif not isinstance(value, str) or not _CODE.fullmatch(value):
            self.add(
                (*at, "code"), "bad_code", "a code has letters, digits, _ and -, up to 64, and begins with a letter"
            )
        else:
            return value
        return None

    def kind(self, at: Path, table: Mapping[str, object]) -> str | None:
        """The kind of key a rule is on; None where it is missing or unknown."""
        value = table.get("on")
        if isinstance(value, str) and value in self.facts:
            return value
        if value is None:
            self.add(at, "missing", f"a rule needs on: {', '.join(self.facts)}", _named(table))
        else:
            self.add((*at, "on"), "unknown_kind", f"on is one of {', '.join(self.facts)}", _named(table))
        return None

    def condition(self, at: Path, table: Mapping[str, object], kind: str) -> Condition | None:
        """The condition of a rule, checked; None where it is missing or refused."""
        value = table.get("when")
        if value is None:
            self.add(at, "missing", "a rule needs a condition: when", _named(table))
        elif not isinstance(value, str):
            self.add((*at, "when"), "wrong_type", "a condition is text", _named(table))
        else:
            try:
                return parse(value, self.facts[kind])
            except ConditionError as why:
                reason = (
                    f"{why.reason}{self._elsewhere(value, why, kind)} (character {why.offset + 1} of the condition)"
                )
                self.add((*at, "when"), why.code, reason, _named(table), why.offset)
        return None

    def _elsewhere(self, text: str, why: ConditionError, kind: str) -> str:
        if why.code != "unknown_fact":
            return ""
        name = re.match(r"\w+", text[why.offset :])
        kinds = [k for k, held in self.facts.items() if k != kind and name and held.get(name[0]) is not None]
        return f"; it is one of {', '.join(kinds)}, not of {kind}" if kinds else ""

    def choice(self, at: Path, table: Mapping[str, object], key: str, words: Sequence[str], default: str) -> str:
        """One of a list of words."""
        value = table.get(key, default)
        if isinstance(value, str) and value in words:
            return value
        self.add((*at, key), f"bad_{key}", f"{key} is one of {', '.join(words)}", _named(table))
        return default

    def duration(self, at: Path, table: Mapping[str, object], key: str) -> int:
        """A duration in ms; 0 where none is given."""
        value = table.get(key, "0s")
        form = _DURATION.fullmatch(value) if isinstance(value, str) else None
        ms = int(form[1]) * _UNIT_MS[form[2]] if form else -1
        if not 0 <= ms <= MAX_COOLDOWN_MS:
            why = "a duration is a whole number with ms, s, m, h or d, such as 30m, 6h or 1d, up to a year"
            self.add((*at, key), "bad_duration", why, _named(table))
            return 0
        return ms

    def sentence(
        self, at: Path, table: Mapping[str, object], key: str, known: Mapping[str, FactType] | None, default: str
    ) -> str:
        """Text for people. Names in braces are ``known`` facts; None where the kind of key is not known itself."""
        if key not in table:
            return default
        value = table[key]
        if not isinstance(value, str):
            self.add((*at, key), "wrong_type", "this is text", _named(table))
            return default
        if not value.strip() or len(value) > MAX_SENTENCE or _CONTROL.search(value):
            why = f"a sentence has 1 to {MAX_SENTENCE} characters on one line, none of them invisible"
            self.add((*at, key), "bad_text", why, _named(table))
        elif re.search(r"[{}]", _PLACEHOLDER.sub("", value)):
            self.add((*at, key), "bad_placeholder", "braces hold the name of a fact, as in {orders_24h}", _named(table))
        elif known is not None:
            self._placeholders((*at, key), value, known, _named(table))
        return value

    def _placeholders(self, path: Path, value: str, known: Mapping[str, FactType], rule: str | None) -> None:
        for match in _PLACEHOLDER.finditer(value):
            if known.get(match[1]) is None:
                near = difflib.get_close_matches(match[1], list(known), 3)
                hint = f"; nearest: {', '.join(near)}" if near else ""
                self.add(
                    path, "unknown_fact", f"there is no fact {name_token(match[1])} here{hint}", rule, match.start()
                )

    def tests(self, at: Path, table: Mapping[str, object], kind: str | None) -> RuleTests:
        """The tests of a rule."""
        value = table.get("tests", {})
        path = (*at, "tests")
        if not isinstance(value, dict):
            self.add(path, "wrong_type", "tests = { fires = [...], silent = [...] }", _named(table))
            return RuleTests()
        self.known_keys(path, value, {"fires", "silent"})
        rows = {key: self._rows((*path, key), value.get(key, []), kind, _named(table)) for key in ("fires", "silent")}
        return RuleTests(rows["fires"], rows["silent"])

    def _rows(
        self, path: Path, value: object, kind: str | None, rule: str | None
    ) -> tuple[dict[str, int | float], ...]:
        if not isinstance(value, list) or len(value) > MAX_TESTS or not all(isinstance(row, dict) for row in value):
            self.add(path, "wrong_type", f"this is a list of up to {MAX_TESTS} tables of facts", rule)
            return ()
        return tuple(self._row((*path, i), row, kind, rule) for i, row in enumerate(value))

    def _row(self, path: Path, row: Mapping[str, object], kind: str | None, rule: str | None) -> dict[str, int | float]:
        known = self.facts[kind] if kind is not None else {}
        found: dict[str, int | float] = {}
        for name, value in row.items():
            fact = known.get(name)
            if fact is None:
                if kind is not None:
                    near = difflib.get_close_matches(name, list(known), 3)
                    hint = f"; nearest: {', '.join(near)}" if near else ""
                    self.add((*path, name), "unknown_fact", f"there is no fact {name_token(name)}{hint}", rule)
            elif isinstance(value, bool) or not isinstance(value, int | float) or not _sane(value):
                self.add((*path, name), "wrong_type", f"{name} is a number up to 1e19", rule)
            elif fact.type == "integer" and not isinstance(value, int):
                self.add((*path, name), "wrong_type", f"{name} is a whole number", rule)
            else:
                found[name] = value if fact.type == "integer" else float(value)
        return found


def offset_minutes(reader: Reader, table: Mapping[str, object]) -> int:
    """The top-level ``utc_offset`` in minutes; 0 where it is not given."""
    value = table.get("utc_offset", "+00:00")
    form = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    if form and int(form[3]) < 60 and int(form[2]) * 60 + int(form[3]) <= 14 * 60:
        return (int(form[2]) * 60 + int(form[3])) * (-1 if form[1] == "-" else 1)
    reader.add(("utc_offset",), "bad_utc_offset", 'an offset is written as "+08:00", up to 14 hours')
    return 0


def _sane(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= 1e19


def _named(table: Mapping[str, object]) -> str | None:
    code = table.get("code")
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
