"""The ordinary spellings of the same questions: what the lint must refuse and the tester must see to be wrong."""

from __future__ import annotations

import re

Step = tuple[str, str]


def _split(text: str) -> tuple[list[Step], str]:
    """[(pattern, condition)] and the rest from RETURN on."""
    cut = text.index("\nRETURN")
    steps = []
    for piece in re.split(r"^MATCH ", text[:cut], flags=re.MULTILINE)[1:]:
        piece = re.sub(r"\nWITH (?!DISTINCT)[^\n]*", "", "\n" + piece).strip()
        pattern, _, where = piece.partition("\nWHERE ")
        steps.append((pattern.strip(), where.strip()))
    return steps, text[cut:]


def _where(steps: list[Step]) -> str:
    where = " AND ".join(w for _, w in steps if w)
    return f" WHERE {where}" if where else ""


def plain_hops(text: str) -> bool:
    """Whether a question is hops joined by WITHs that only carry on: what the mutants can be made of."""
    before_return = text[: text.index("\nRETURN")]
    return before_return.count("MATCH ") >= 2 and " AS " not in before_return and "DISTINCT" not in before_return


def one_pattern(text: str) -> str | None:
    """All hops in one pattern; None where they do not follow each other."""
    steps, rest = _split(text)
    pattern = steps[0][0]
    for step, _ in steps[1:]:
        start = re.match(r"\((\w+)\)(.*)", step)
        if not start or not re.search(rf"\({start[1]}(:\w+)?( \{{[^}}]*\}})?\)$", pattern):
            return None
        pattern += start[2]
    return f"MATCH {pattern}{_where(steps)}{rest}"


def commas(text: str) -> str:
    """All hops in one MATCH, with commas."""
    steps, rest = _split(text)
    return f"MATCH {', '.join(p for p, _ in steps)}{_where(steps)}{rest}"


def no_with(text: str) -> str:
    """MATCH after MATCH, nothing between."""
    steps, rest = _split(text)
    return "\n".join(f"MATCH {p}" + (f" WHERE {w}" if w else "") for p, w in steps) + rest


def conditions_late(text: str) -> str:
    """MATCH after MATCH and every condition in the last."""
    steps, rest = _split(text)
    return "\n".join(f"MATCH {p}" for p, _ in steps) + _where(steps) + rest


MUTANTS = {"one pattern": one_pattern, "commas": commas, "no WITH": no_with, "conditions late": conditions_late}
