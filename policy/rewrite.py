"""Putting the rarer words of a condition into the plainer ones, so that who walks a tree has fewer nodes to know.

GREATEST and LEAST pass over NULLs, as DuckDB's do: NULL only where all are. ``GREATEST(a, b)`` becomes
``CASE WHEN a IS NOT NULL AND (b IS NULL OR a >= b) THEN a ELSE b END``; ``(a > 1) IS NULL`` becomes
``(NOT (a > 1) IS TRUE AND NOT (a > 1) IS FALSE)``.
"""

from __future__ import annotations

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

from policy.lexer import ConditionError
from policy.nodes import is_condition, place

MAX_NODES = 800
"""Of a rewritten tree: nested GREATESTs grow with a power of their number."""


def rewritten(text: str, tree: E.Expression) -> E.Expression:
    """A checked tree without GREATEST, LEAST and IS NULL of conditions. Raises ConditionError when it grows too
    large."""
    found = _node(text, tree)
    if sum(1 for _ in found.walk()) > MAX_NODES:
        raise ConditionError("too_large", "too much for one rule: make it two", text, 0)
    return found


def _node(text: str, node: E.Expression) -> E.Expression:
    for key, value in list(node.args.items()):
        if isinstance(value, E.Expression):
            node.set(key, _node(text, value))
        elif isinstance(value, list):
            node.set(key, [_node(text, v) if isinstance(v, E.Expression) else v for v in value])
    if isinstance(node, E.Greatest | E.Least):
        _small_enough(text, node)
        return _extreme([node.this, *node.expressions], E.GTE if isinstance(node, E.Greatest) else E.LTE)
    if isinstance(node, E.Is) and isinstance(node.expression, E.Null) and is_condition(node.this):
        _small_enough(text, node)
        return E.Paren(this=E.And(this=_is_not(node.this, True), expression=_is_not(node.this, False)))
    return node


def _small_enough(text: str, node: E.Expression) -> None:
    if sum(1 for _ in node.walk()) > MAX_NODES:
        raise ConditionError("too_large", "too much for one rule: make it two", text, place(node))


def _extreme(values: list[E.Expression], at_least: type[E.Binary]) -> E.Expression:
    """The first value that is not NULL and no other beats, in the order of the list; else the last."""
    branches = []
    for i, value in enumerate(values[:-1]):
        wins: E.Expression = E.Not(this=_is_null(value))
        for other in values[i + 1 :]:
            beats = at_least(this=value.copy(), expression=other.copy())
            wins = E.And(this=wins, expression=E.Paren(this=E.Or(this=_is_null(other), expression=beats)))
        branches.append(E.If(this=wins, true=value.copy()))
    if not branches:
        return values[0]
    return E.Case(ifs=branches, default=values[-1].copy())


def _is_null(value: E.Expression) -> E.Expression:
    return E.Is(this=value.copy(), expression=E.Null())


def _is_not(condition: E.Expression, truth: bool) -> E.Expression:
    return E.Not(this=E.Is(this=E.Paren(this=condition.copy()), expression=E.Boolean(this=truth)))
