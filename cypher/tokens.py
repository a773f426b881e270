"""Question text to tokens: knows strings, escaped names, comments, parameters; everything else is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cypher.errors import LintError

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<escaped>`[^`]*`)
  | (?P<param>\$[A-Za-z_][A-Za-z0-9_]*)
  | (?P<float>\d+\.\d+)
  | (?P<int>\d+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<op><>|<=|>=|<-|->|[-+*/%=<>()\[\]{},.:|])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A piece of a question. ``kind``: name, param, string, int, float, op or end; line and column count from 1."""

    kind: str
    text: str
    line: int
    column: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, in any case."""
        return self.kind == "name" and self.text.upper() in words

    def is_op(self, *ops: str) -> bool:
        """Whether it is one of these signs."""
        return self.kind == "op" and self.text in ops


def tokenize(question: str, text: str) -> list[Token]:
    """The tokens of a question's text without spaces and comments, closed by one of kind ``end``.

    Raises LintError ``unreadable`` at a character that belongs to no token, ``escaped_name`` at a name in backticks.
    """
    tokens: list[Token] = []
    at, line, start = 0, 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise LintError("unreadable", question, f"cannot read {text[at]!r}", line, at - start + 1)
        kind, piece = str(found.lastgroup), found.group()
        if kind == "escaped":
            message = "names in backticks are not used: no word of the graph needs them"
            raise LintError("escaped_name", question, message, line, at - start + 1)
        if kind not in ("space", "comment"):
            tokens.append(Token(kind, piece, line, at - start + 1))
        if "\n" in piece:
            line += piece.count("\n")
            start = at + piece.rindex("\n") + 1
        at = found.end()
    tokens.append(Token("end", "", line, at - start + 1))
    return tokens
