"""What can be wrong with a rule set: each problem with its code, its reason and its place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from policy.toml_places import Path, Places

MAX_PROBLEMS = 100
"""Told of one set: a text made of nothing but faults costs no more than that."""


@dataclass(frozen=True)
class Problem:
    """Something wrong in a set: a stable code, a sentence, the key as ``rule[2].when``, the rule's code where it has
    one, line and column in the file from 1."""

    code: str
    reason: str
    where: str
    rule: str | None
    line: int
    column: int

    def __str__(self) -> str:
        named = " ".join(part for part in (self.rule and f"{self.rule}:", self.where) if part)
        return f"line {self.line}, column {self.column}: {named}{': ' if named else ''}{self.reason} [{self.code}]"


class RuleSetError(Exception):
    """A rule set is refused; ``problems`` says why, all of it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        shown = [str(p) for p in self.problems[:20]]
        more = len(self.problems) - len(shown)
        least = "at least " if len(self.problems) >= MAX_PROBLEMS else ""
        super().__init__("\n".join([*shown, *([f"and {least}{more} more"] if more else [])]))


def problem_at(
    places: Places, path: Path, code: str, reason: str, rule: str | None = None, inside: int | None = None
) -> Problem:
    """A problem of the key at ``path``; ``inside``: at this character of its value."""
    place = places.key(path) if inside is None else places.inside(path, inside)
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    return Problem(code, reason, where[:120], rule, place.line, place.column)
