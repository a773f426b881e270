"""The language of rules: a SQL condition over named facts, read by sqlglot and allowed node by node.

``orders_24h > 3 * orders_daily_mean_30d AND refund_rate_7d > 0.2``

A condition is at most 500 characters of comparisons (``< <= = <> > >=``, BETWEEN, IN, IS NULL, IS TRUE, IS FALSE) over
numbers (facts, literals, ``+ - * /``, COALESCE, NULLIF, ABS, GREATEST, LEAST, CASE WHEN), joined by AND, OR, NOT. It
means what it means in SQL, three-valued; arithmetic is that of IEEE doubles and x / 0 is NULL. Everything else is
refused with its place, a code and a reason.

GREATEST, LEAST and IS NULL of a condition are rewritten into CASE, IS NULL and comparisons, so whoever walks a checked
tree meets the nodes of ``policy.nodes.ALLOWED`` and no others.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import sqlglot
from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree
from sqlglot.errors import SqlglotError

from policy.lexer import MAX_LENGTH, ConditionError, Token, canonical_text, name_token, tokens_of
from policy.nodes import check_nodes
from policy.rewrite import rewritten

__all__ = ["MAX_LENGTH", "Condition", "ConditionError", "FactType", "parse"]


class FactType(Protocol):
    """What the language needs to know of a fact. ``flow.facts.Fact`` is one.

    ``type``: whole or real number; ``nullable``: NULL on a key without events, else 0 there.
    """

    @property
    def type(self) -> Literal["integer", "number"]: ...

    @property
    def nullable(self) -> bool: ...


@dataclass(frozen=True)
class Condition:
    """A checked condition. ``text`` as it was written; ``tree`` holds the nodes of ``policy.nodes.ALLOWED`` only;
    ``facts`` are the names it reads, in the order of their first appearance."""

    text: str
    tree: E.Expression
    facts: tuple[str, ...]

    @property
    def canonical(self) -> str:
        """The text in its one spelling: single spaces, keywords in capitals. Equal for equal conditions however they
        are laid out."""
        return canonical_text(self.text)


def parse(text: str, facts: Mapping[str, FactType]) -> Condition:
    """Read a condition over ``facts`` (name -> type). Raises ConditionError with place, code and reason."""
    tokens = tokens_of(text)
    for token in tokens:
        if token.kind == "name":
            _known(text, token, facts)
    tree = _tree(text, tokens)
    check_nodes(text, tree)
    tree = rewritten(text, tree)
    used = tuple(dict.fromkeys(t.text for t in tokens if t.kind == "name"))
    if not used:
        raise ConditionError("no_fact", "no fact is read, so it could never change", text, 0)
    return Condition(text, tree, used)


def _known(text: str, token: Token, facts: Mapping[str, FactType]) -> None:
    if facts.get(token.text) is not None:
        return
    near = difflib.get_close_matches(token.text.lower(), list(facts), 3, 0.6)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise ConditionError("unknown_fact", f"there is no fact {name_token(token.text)}{hint}", text, token.start, near)


def _tree(text: str, tokens: list[Token]) -> E.Expression:
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as why:
        raise ConditionError("unreadable", "this is no condition in SQL", text, _place(why, text, tokens)) from None
    except RecursionError:
        raise ConditionError("too_deep", "nested too deeply", text, 0) from None
    if len(trees) != 1 or not isinstance(trees[0], E.Expression):
        raise ConditionError("several_statements", "a rule is one condition", text, 0)
    return trees[0]


def _place(why: SqlglotError, text: str, tokens: list[Token]) -> int:
    """sqlglot tells line and column of the last character of the word at fault: give the offset of its start."""
    told = getattr(why, "errors", None) or [{}]
    line, column = told[0].get("line"), told[0].get("col")
    if not line or column is None:
        return tokens[-1].start
    lines = text.split("\n")
    offset = sum(len(part) + 1 for part in lines[: line - 1]) + max(column - 1, 0)
    return max((t.start for t in tokens if t.start <= offset), default=0)
