"""Lines that are refused: a code, the line, the field. Never a value, and no field name but those of the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from flow.events import CLASSES

CODES: dict[str, str] = {
    "line_too_long": "the line has more bytes than are taken",
    "encoding": "the line is not UTF-8",
    "json": "the line is no JSON object, or is nested, or has a number that is none (NaN, Infinity)",
    "duplicate_key": "a field is named twice",
    "unknown_type": "`type` is none of the types of events",
    "unknown_field": "a field that this type does not have",
    "missing": "a required field is missing; of a login: who signed in",
    "wrong_type": "text where a number belongs, a fraction where a whole number belongs, null in a required field ...",
    "range": "a number, or a time, outside the range that is taken",
    "length": "text that is empty or too long",
    "choice": "not one of the values that the field may have",
    "currency": "no currency code of ISO 4217",
    "time": "no time in ISO 8601 with a zone (Z or +08:00)",
    "time_precision": "a time finer than a millisecond",
    "characters": "control, bidirectional, zero-width or other invisible characters",
    "personal_empty": "nothing is left of a personal value once it is brought to its one form",
    "future": "more than five minutes ahead of the clock: set aside as a dead letter",
}
"""What can be wrong with a line."""

FIELDS = frozenset({"type", *(name for cls in CLASSES for name in cls.__struct_fields__)})


@dataclass(frozen=True)
class Refusal:
    """A line that was not taken. ``line`` counts from the first line's number; ``field`` where one is at fault."""

    line: int
    code: str
    field: str | None = None


_AT = re.compile(r" - at `\$\.(\w+)`$", re.ASCII)
_NAMED = re.compile(r"(?:missing required|contains unknown) field `(.*)`", re.DOTALL)


def of_error(line: int, error: Exception) -> Refusal:
    """The refusal for what the decoder said; the decoder's own words may hold values and stay here."""
    if isinstance(error, UnicodeDecodeError):
        return Refusal(line, "encoding")
    if not isinstance(error, msgspec.ValidationError):
        return Refusal(line, "json")
    said = str(error)
    if named := _NAMED.search(said):
        code = "missing" if "missing required" in said else "unknown_field"
        return Refusal(line, code, named[1] if named[1] in FIELDS else None)
    at = _AT.search(said)
    field = at[1] if at is not None and at[1] in FIELDS else None
    if field is None:
        return Refusal(line, "json")
    return Refusal(line, _code(said, field), field)


def _code(said: str, field: str) -> str:
    if field == "type":
        return "unknown_type"
    if said.startswith("Invalid RFC3339") or "timezone component" in said or (field == "ts" and "`datetime`" in said):
        return "time"
    if said.startswith("Invalid enum value"):
        return "choice"
    if "of length" in said:
        return "currency" if field == "currency" else "length"
    if "out of range" in said or re.search(r"[<>]=? -?[0-9]", said):
        return "range"
    return "wrong_type"
