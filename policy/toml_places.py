"""Where the keys of a TOML text stand: tomllib tells what a file says, not where it says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""A key as it is reached: ``("rule", 2, "when")``, counted from 0."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_REST_OF_LINE = re.compile(r"[^\n]*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')(?:[ \t]*\.[ \t]*)?""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'", re.DOTALL
)
_PLAIN = re.compile(r"[^\"'\[\]{}#\n]+")


@dataclass(frozen=True)
class Place:
    """Where something stands: line and column from 1, offset in characters from 0."""

    line: int
    column: int
    offset: int


def place_in(text: str, offset: int) -> Place:
    """Where a character of a text stands."""
    start = text.rfind("\n", 0, offset) + 1
    return Place(text.count("\n", 0, offset) + 1, offset - start + 1, offset)


class Places:
    """The places of keys in a text that tomllib has read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: dict[Path, int] = {}
        self._contents: dict[Path, int] = {}  # where a string's characters begin, if each stands for itself
        self._scan()

    def key(self, path: Path) -> Place:
        """Where a key stands; the nearest one above it where the text has it inside a value."""
        while path and path not in self._keys:
            path = path[:-1]
        return self.at(self._keys.get(path, 0))

    def inside(self, path: Path, offset: int) -> Place:
        """Where a character of a string value stands; its key where escapes make that hard to say."""
        start = self._contents.get(path)
        return self.key(path) if start is None else self.at(start + offset)

    def at(self, offset: int) -> Place:
        """The place of an offset."""
        return place_in(self._text, offset)

    def _scan(self) -> None:
        at, counts = 0, dict[Path, int]()
        head: Path = ()
        while True:
            at = self._skip(_SPACE, at)
            if at >= len(self._text):
                return
            start = at
            if self._text[at] == "[":
                many = self._text.startswith("[[", at)
                path, at = self._path(at + 1 + many)
                if len(path) > 1 and path[:1] in counts:  # a table of the newest [[rule]]
                    path = (path[0], counts[path[:1]], *path[1:])
                head = path
                if many:
                    counts[path] = counts.get(path, -1) + 1
                    head = (*path, counts[path])
                    self._keys.setdefault(path, start)
                self._keys.setdefault(head, start)
                at = self._skip(_REST_OF_LINE, at)
            else:
                path, at = self._path(at)
                self._keys.setdefault((*head, *path), start)
                at = self._text.find("=", at) + 1
                at = self._value((*head, *path), self._skip(_BLANK, at))
            if at <= start:
                return  # no TOML that tomllib reads comes here

    def _skip(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        return found.end() if found else at

    def _path(self, at: int) -> tuple[Path, int]:
        parts: list[str | int] = []
        at = self._skip(_BLANK, at)
        while found := _KEY.match(self._text, at):
            parts.append(found[0].rstrip(". \t").strip("\"'"))
            at = found.end()
            if not found[0].rstrip(" \t").endswith("."):
                break
        return tuple(parts), at

    def _value(self, path: Path, at: int) -> int:
        """The end of a value: the first line end outside strings and brackets."""
        depth, first = 0, True
        while at < len(self._text):
            sign = self._text[at]
            if sign == "\n" and depth == 0:
                return at
            if sign in "\"'":
                found = _STRING.match(self._text, at)
                end = found.end() if found else at + 1
                if first:
                    self._content(path, at, end)
                at = end
            elif sign == "#":
                at = self._skip(_REST_OF_LINE, at)
            else:
                depth += (sign in "[{") - (sign in "]}")
                at = max(self._skip(_PLAIN, at), at + 1) if sign not in "[{]}\n" else at + 1
            first = False
        return at

    def _content(self, path: Path, start: int, end: int) -> None:
        raw = self._text[start:end]
        size = 3 if raw.startswith(('"""', "'''")) else 1
        if (raw[0] == '"' and "\\" in raw) or "\r" in raw:
            return
        self._contents[path] = start + size + (size == 3 and raw[3:4] == "\n")
