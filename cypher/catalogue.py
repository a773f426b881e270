"""The catalogue: every question file, read, checked and ready to be asked.

A file is named like its question and begins with three or four comment lines::

    // One sentence that says what is asked.
    // params: name TYPE, name TYPE (a remark), ...      or: params: none
    // returns: name TYPE, ...
    // hint: join order                                  where the embedded store gains by it

A file that speaks of ``{Kind}`` or of ``{From}``, ``{TYPE}``, ``{To}`` is a template: it becomes one question for each
kind, or for each pair of kinds an edge type joins, named ``file:Kind`` and ``file:From-TYPE-To``. ``{properties}`` and
``{returns}`` stand for the properties of that kind or type.

``kind(x)`` is the kind of a node, for which the stores have words of their own: see ``with_kinds``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from cypher.errors import LintError, QuestionError
from cypher.lint import lint
from cypher.vocabulary import Vocabulary

QUESTIONS = Path(__file__).parent / "questions"
TYPES = ("STRING", "INT64", "DOUBLE", "BOOLEAN")

_COLUMN = re.compile(r"\s*([a-z][a-z0-9_]*) ([A-Z0-9]+(?:\[\])?)(?: \(([^()]*)\))?\s*")
_KIND = re.compile(r"\bkind\((\w+)\)")
Column = tuple[str, str]


@dataclass(frozen=True)
class Question:
    """A checked question.

    ``doc`` is its sentence; ``params`` and ``returns`` are (name, type) in order; ``text`` is what a store is asked;
    ``hinted`` says that the embedded store is told the join order; ``notes`` holds remarks on parameters;
    ``template`` is the file it came from.
    """

    name: str
    doc: str
    params: tuple[Column, ...]
    returns: tuple[Column, ...]
    text: str
    hinted: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    template: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(name for name, _ in self.returns)


def load_catalogue(vocabulary: Vocabulary, folder: Path = QUESTIONS) -> Mapping[str, Question]:
    """Read and check every question of a folder: name -> question.

    Raises LintError with file, line, column and reason at the first question that is not in the common spelling or
    speaks of something the vocabulary does not have.
    """
    found: dict[str, Question] = {}
    for path in sorted(folder.glob("*.cypher")):
        text = path.read_text(encoding="utf-8")
        for name, filled in _fill(path.stem, text, vocabulary):
            found[name] = read_question(name, filled, vocabulary, template=path.stem)
    return MappingProxyType(found)


def read_question(name: str, text: str, vocabulary: Vocabulary, template: str = "") -> Question:
    """One question from its text with header, checked. Raises LintError."""
    header: dict[str, tuple[int, str]] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith("//"):
            break
        words = line[2:].strip()
        key, colon, rest = words.partition(":")
        if number == 1:
            header["doc"] = (number, words)
        elif colon and key in ("params", "returns", "hint") and key not in header:
            header[key] = (number, rest.strip())
        else:
            raise LintError("header", name, "a header line is `params:`, `returns:` or `hint:`, each once", number, 1)
    for key in ("doc", "params", "returns"):
        if key not in header:
            raise LintError("header", name, f"the header lacks {'its sentence' if key == 'doc' else key}", 1, 1)
    doc = header["doc"][1]
    if not doc.endswith("."):
        raise LintError("header", name, "the first line is the question in one sentence", 1, 1)
    hint = header.get("hint", (0, ""))
    if hint[1] not in ("", "join order"):
        raise LintError("header", name, "the only hint is `join order`", hint[0], 1)
    params, notes = _columns(name, *header["params"])
    returns, _ = _columns(name, *header["returns"])
    if not returns:
        raise LintError("header", name, "a question returns something", header["returns"][0], 1)
    lint(name, text, params, returns, vocabulary)
    body = "\n".join(line for line in lines if not line.startswith("//")) + "\n"
    return Question(name, doc, params, returns, body, bool(hint[1]), notes, template or name)


def _columns(question: str, line: int, text: str) -> tuple[tuple[Column, ...], dict[str, str]]:
    if text == "none":
        return (), {}
    columns: list[Column] = []
    notes: dict[str, str] = {}
    for piece in re.split(r",(?![^()]*\))", text):
        found = _COLUMN.fullmatch(piece)
        if found is None or found[2].removesuffix("[]") not in TYPES:
            raise LintError("header", question, f"{piece.strip()!r} is not `name TYPE`", line, 1)
        if found[1] == "null" or found[1] in dict(columns):
            raise LintError("header", question, f"{found[1]!r} cannot be a name here", line, 1)
        columns.append((found[1], found[2]))
        if found[3]:
            notes[found[1]] = found[3]
    return tuple(columns), notes


def _fill(stem: str, text: str, words: Vocabulary) -> Iterator[tuple[str, str]]:
    holes = set(re.findall(r"\{([A-Za-z]+)\}", text))
    if not holes:
        yield stem, text
    elif holes <= {"Kind", "properties", "returns"}:
        for kind, properties in words.kinds.items():
            yield f"{stem}:{kind}", _put(text, {"Kind": kind}, "n", properties)
    elif holes <= {"From", "TYPE", "To", "properties", "returns"}:
        for type_, edge in words.edges.items():
            ends = [(a if "From" in holes else None, b if "To" in holes else None) for a, b in edge.pairs]
            for a, b in dict.fromkeys(ends):
                values = {"From": a or "", "TYPE": type_, "To": b or ""}
                name = "-".join(v for v in values.values() if v)
                yield f"{stem}:{name}", _put(text, values, "e", edge.properties)
    else:
        raise LintError("template", stem, f"unknown holes: {', '.join(sorted(holes))}", 1, 1)


def _put(text: str, values: Mapping[str, str], var: str, properties: Mapping[str, str]) -> str:
    mine = {p: t for p, t in properties.items() if p not in ("id", "known_ts")}
    values = {
        **values,
        "properties": "".join(f", {var}.{p} AS {p}" for p in mine),
        "returns": "".join(f", {p} {t}" for p, t in mine.items()),
    }
    for hole, value in values.items():
        text = text.replace(f"{{{hole}}}", value)
    return text


def with_kinds(text: str, word: str) -> str:
    """A question's text with a store's own word for the kind of a node, such as ``labels({})[0]``."""
    return _KIND.sub(lambda found: word.format(found[1]), text)


def find(catalogue: Mapping[str, Question], name: str) -> Question:
    """A question by name. Raises QuestionError ``unknown_question``."""
    try:
        return catalogue[name]
    except KeyError:
        raise QuestionError("unknown_question", name, "there is no such question in the catalogue") from None
