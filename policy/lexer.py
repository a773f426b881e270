"""The words of a condition: what may stand in its text at all, each with its place, before any parser sees it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MAX_LENGTH = 500
"""Characters of a condition."""

MAX_NESTING = 20
"""Brackets, CASEs and signs that may stand one within the other."""

KEYWORDS = frozenset(
    ("AND", "OR", "NOT", "IN", "IS", "NULL", "TRUE", "FALSE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "END")
)
FUNCTIONS = frozenset(("COALESCE", "NULLIF", "ABS", "GREATEST", "LEAST"))
LARGEST, SMALLEST = 1e15, 1e-15
"""Literals: 0, or of a magnitude between these."""

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<comment>--|/\*)|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><=|>=|<>|!=|==|[<>=+\-*/(),])|(?P<other>.)",
    re.DOTALL | re.ASCII,
)
_WHOLE = re.compile(r"[A-Za-z0-9_.]*", re.ASCII)
_RUN = re.compile(r"[<>=!+\-*/]+")
_PLAIN_RUN = re.compile(r"(<=|>=|<>|!=|==|[<>=+\-*/])[+\-]?")

_REFUSED_SIGNS = {
    "'": ("text", "text has no place in a condition over numbers"),
    '"': ("quoted_name", "write the name of a fact without quotes"),
    "`": ("quoted_name", "write the name of a fact without quotes"),
    ";": ("several_statements", "a rule is one condition"),
    ".": ("qualified_name", "facts have plain names, without a table"),
    ":": ("cast", "casts and parameters are not part of the language"),
    "?": ("parameter", "parameters are not part of the language"),
    "$": ("parameter", "parameters are not part of the language"),
    "@": ("parameter", "parameters are not part of the language"),
    "~": ("regex", "patterns are not part of the language"),
    "#": ("comment", "comments belong beside a rule, not into its condition"),
}
_REFUSED_WORDS = {
    **dict.fromkeys(
        ("SELECT", "FROM", "WITH", "EXISTS", "UNION", "VALUES", "WHERE", "TABLE", "ANY", "ALL", "SOME"),
        ("subquery", "a condition reads facts only, no tables and no queries"),
    ),
    **dict.fromkeys(("LIKE", "ILIKE", "GLOB", "ESCAPE"), ("like", "facts are numbers: there is nothing to compare so")),
    **dict.fromkeys(("SIMILAR", "REGEXP", "RLIKE"), ("regex", "patterns are not part of the language")),
    **dict.fromkeys(("CAST", "TRY_CAST", "CONVERT"), ("cast", "facts have their types: casts are not needed")),
    **dict.fromkeys(
        (
            *("AS", "LIMIT", "ORDER", "GROUP", "HAVING", "OVER", "FILTER", "DISTINCT", "COLLATE", "SYMMETRIC", "XOR"),
            *("DIV", "MOD", "UNKNOWN", "ISNULL", "NOTNULL", "INTERVAL", "DATE", "TIMESTAMP", "LAMBDA"),
            *("INF", "INFINITY", "NAN"),
        ),
        ("not_allowed", "this word is not part of the language"),
    ),
}


class ConditionError(ValueError):
    """A condition is refused.

    ``code`` is stable, ``reason`` a sentence, ``offset`` counts characters from 0, ``line`` and ``column`` from 1;
    ``nearest`` are names that may have been meant.
    """

    def __init__(self, code: str, reason: str, text: str, offset: int, nearest: Sequence[str] = ()) -> None:
        self.code = code
        self.reason = reason
        self.offset = offset
        self.line = text.count("\n", 0, offset) + 1
        self.column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        self.nearest = tuple(nearest)
        super().__init__(f"line {self.line}, column {self.column}: {reason}")


@dataclass(frozen=True)
class Token:
    """A word of a condition: ``kind`` is name (of a fact), keyword, function, number or sign."""

    kind: str
    text: str
    start: int


def tokens_of(text: str) -> list[Token]:
    """The words of a condition. Raises ConditionError at the first that may not stand there."""
    if len(text) > MAX_LENGTH:
        raise ConditionError("too_long", f"{len(text)} characters; at most {MAX_LENGTH}", text, MAX_LENGTH)
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        group, word, at = str(match.lastgroup), match[0], match.start()
        if group == "space":
            continue
        if group == "comment":
            raise ConditionError("comment", "comments belong beside a rule, not into its condition", text, at)
        if group == "other":
            raise _sign(text, at, word)
        if group == "number":
            _number(text, at, word)
        if group == "sign":
            _run(text, at)
        found.append(Token(_kind(text, match) if group == "word" else group, word, at))
    if not found:
        raise ConditionError("empty", "there is no condition", text, 0)
    _nesting(text, found)
    return found


def canonical_text(text: str) -> str:
    """A text that ``tokens_of`` takes, in its one spelling."""
    same = {"<>": "!=", "==": "="}
    return " ".join(
        t.text.upper() if t.kind in ("keyword", "function") else same.get(t.text, t.text) for t in tokens_of(text)
    )


def name_token(name: str) -> str:
    """A name as errors show it: short, in quotes."""
    return f"'{name[:60]}{'...' if len(name) > 60 else ''}'"


def _sign(text: str, at: int, sign: str) -> ConditionError:
    if ord(sign) > 126:
        named = f"U+{ord(sign):04X} {unicodedata.name(sign, '')}".strip()
        return ConditionError("not_ascii", f"only plain ASCII is read here, and this is {named}", text, at)
    if sign == ":" and text[at : at + 2] != "::":
        return ConditionError("parameter", "parameters are not part of the language", text, at)
    code, why = _REFUSED_SIGNS.get(sign, ("not_allowed", f"{sign!r} is not part of the language"))
    return ConditionError(code, why, text, at)


def _run(text: str, at: int) -> None:
    """Refuse signs that another parser could read together, such as // and ->."""
    run = _RUN.match(text, at)
    if run and (at == 0 or text[at - 1] not in "<>=!+-*/") and not _PLAIN_RUN.fullmatch(run[0]):
        raise ConditionError("not_allowed", f"{run[0]!r} is not part of the language", text, at)


def _number(text: str, at: int, word: str) -> None:
    tail = _WHOLE.match(text, at + len(word))
    if tail and tail[0]:
        raise ConditionError("bad_number", f"{name_token(word + tail[0])} is no number", text, at)
    if at and text[at - 1] in "._)" and word[0] == ".":
        raise ConditionError("qualified_name", "facts have plain names, without a table", text, at)
    size = abs(float(word))
    digits = word.lower().split("e")[0]
    zero = not digits.strip("0.")
    if not zero and not SMALLEST <= size <= LARGEST:
        raise ConditionError("large_number", f"numbers lie between {SMALLEST:g} and {LARGEST:g}", text, at)


def _kind(text: str, match: re.Match[str]) -> str:
    word, at = match[0].upper(), match.start()
    if word in KEYWORDS:
        return "keyword"
    if word in _REFUSED_WORDS:
        code, why = _REFUSED_WORDS[word]
        raise ConditionError(code, f"{name_token(match[0])}: {why}", text, at)
    following = text[match.end() :].lstrip(" \t\r\n")
    if following.startswith("."):
        raise ConditionError("qualified_name", "facts have plain names, without a table", text, at)
    if not following.startswith("("):
        return "name"
    if word not in FUNCTIONS:
        why = f"there is no function {name_token(match[0])}; there are {', '.join(sorted(FUNCTIONS))}"
        raise ConditionError("function", why, text, at)
    return "function"


def _nesting(text: str, tokens: Sequence[Token]) -> None:
    """Refuse brackets that do not close, and what nests so deeply that walking it could run out of stack."""
    opened: list[Token] = []
    signs = 0
    for token in tokens:
        word = token.text.upper()
        signs = signs + 1 if word in ("NOT", "-", "+") else 0
        if word in ("(", "CASE"):
            opened.append(token)
        elif word in (")", "END") and (not opened or (opened.pop().text == "(") != (word == ")")):
            raise ConditionError("unbalanced", f"{token.text!r} closes nothing", text, token.start)
        if len(opened) + signs > MAX_NESTING:
            raise ConditionError("too_deep", f"nested more than {MAX_NESTING} deep", text, token.start)
    if opened:
        raise ConditionError("unbalanced", f"{opened[-1].text!r} is not closed", text, opened[-1].start)
