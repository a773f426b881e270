"""Which nodes a condition may hold, and of which type each is: a number or a condition."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

from policy.lexer import LARGEST, SMALLEST, ConditionError
from policy.magnitude import FACT, FINITE, ONE, Size

MAX_TREE_DEPTH = 60
"""Steps from the root to the furthest leaf: what walks a tree by recursion stays far from Python's limit."""

Nodes = dict[type[E.Expression], frozenset[str]]

_TWO = frozenset(("this", "expression"))
_COMPARED: Nodes = dict.fromkeys((E.GT, E.GTE, E.LT, E.LTE, E.EQ, E.NEQ), _TWO)
_ARITHMETIC: Nodes = dict.fromkeys((E.Add, E.Sub, E.Mul, E.Div), _TWO)
_JOINED: Nodes = dict.fromkeys((E.And, E.Or), _TWO)

ALLOWED: Nodes = {
    **_COMPARED,
    **_ARITHMETIC,
    **_JOINED,
    E.Not: frozenset(("this",)),
    E.Paren: frozenset(("this",)),
    E.Neg: frozenset(("this",)),
    E.Abs: frozenset(("this",)),
    E.Between: frozenset(("this", "low", "high")),
    E.In: frozenset(("this", "expressions")),
    E.Is: _TWO,
    E.Boolean: frozenset(("this",)),
    E.Null: frozenset(),
    E.Literal: frozenset(("this", "is_string")),
    E.Column: frozenset(("this",)),
    E.Identifier: frozenset(("this", "quoted")),
    E.Coalesce: frozenset(("this", "expressions")),
    E.Nullif: _TWO,
    E.Case: frozenset(("ifs", "default")),
    E.If: frozenset(("this", "true")),
}
"""Nodes of a checked tree, each with the parts it may have."""

REWRITTEN: Nodes = {
    E.Greatest: frozenset(("this", "expressions", "ignore_nulls")),
    E.Least: frozenset(("this", "expressions", "ignore_nulls")),
}
"""Nodes that a text may hold and a checked tree does not: policy.rewrite puts them into other words."""

_IGNORED: dict[type[E.Expression], set[str]] = {E.Div: {"typed", "safe"}}
"""Parts that say nothing of a text: sqlglot notes there which dialect's division it is."""


def check_nodes(text: str, tree: E.Expression) -> None:
    """Refuse a tree that holds a node outside the list, a wrong type, or numbers that could leave the doubles.

    Raises ConditionError with code, place and reason.
    """
    _shape(text, tree)
    _condition(text, tree)


def place(node: E.Expression) -> int:
    """Offset of the first character of the leaves below a node; 0 where none tells."""
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    return min(starts, default=0)


def parts(node: E.Expression) -> Iterator[E.Expression]:
    """The nodes right below a node, from left to right."""
    for value in node.args.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, E.Expression):
                yield part


def _shape(text: str, tree: E.Expression) -> None:
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_TREE_DEPTH:
            raise ConditionError(
                "too_deep", "too many steps in one chain; use brackets or two rules", text, place(node)
            )
        allowed = ALLOWED.get(type(node)) or REWRITTEN.get(type(node))
        if allowed is None and type(node) is not E.Null:
            raise _refused(text, node)
        said = {k for k, v in node.args.items() if v not in (None, False, [])}
        if said - (allowed or frozenset()) - _IGNORED.get(type(node), set()) or node.comments:
            raise _refused(text, node)
        waiting += [(part, depth + 1) for part in parts(node)]


def _refused(text: str, node: E.Expression) -> ConditionError:
    if isinstance(node, E.Alias):
        at = place(node.args["alias"])
        return ConditionError("not_allowed", "an operator is missing before this word", text, at)
    if isinstance(node, E.Subquery | E.Query):
        return ConditionError("subquery", "a condition reads facts only, no queries", text, place(node))
    if isinstance(node, E.Case):
        return ConditionError("not_allowed", "write CASE WHEN condition THEN number ... END", text, place(node))
    return ConditionError("not_allowed", f"{type(node).__name__} is not part of the language", text, place(node))


def _condition(text: str, node: E.Expression) -> None:
    """Check that a node is a condition, and everything below it."""
    if isinstance(node, E.Paren | E.Not):
        _condition(text, node.this)
    elif isinstance(node, E.And | E.Or):
        _condition(text, node.this)
        _condition(text, node.expression)
    elif type(node) in _COMPARED:
        _number(text, node.this)
        _number(text, node.expression)
    elif isinstance(node, E.Between):
        for part in (node.this, node.args["low"], node.args["high"]):
            _number(text, part)
    elif isinstance(node, E.In):
        if not node.expressions:
            raise ConditionError("not_allowed", "IN takes a list of numbers in brackets", text, place(node))
        for part in (node.this, *node.expressions):
            _number(text, part)
    elif isinstance(node, E.Is):
        _is(text, node)
    elif not isinstance(node, E.Boolean):
        raise _wrong(text, node, "a condition", "compare it with something")


def _is(text: str, node: E.Is) -> None:
    if isinstance(node.expression, E.Boolean):
        _condition(text, node.this)
    elif not isinstance(node.expression, E.Null):
        raise ConditionError("not_allowed", "IS goes with NULL, TRUE or FALSE", text, place(node.expression))
    elif is_condition(node.this):
        _condition(text, node.this)
    else:
        _number(text, node.this)


def is_condition(node: E.Expression) -> bool:
    """Whether a node of an allowed tree is a condition, not a number."""
    while isinstance(node, E.Paren):
        node = node.this
    joined = (E.And, E.Or, E.Not, E.Between, E.In, E.Is, E.Boolean)
    return type(node) in _COMPARED or isinstance(node, joined)


def _wrong(text: str, node: E.Expression, wanted: str, next_step: str) -> ConditionError:
    what = "a condition" if is_condition(node) else "a number"
    return ConditionError("wrong_type", f"{what} stands where {wanted} belongs; {next_step}", text, place(node))


def _number(text: str, node: E.Expression) -> Size:
    """Check that a node is a number, and everything below it; how small and how large it can be."""
    size = _size(text, node)
    if size.largest > FINITE or size.smallest < -FINITE:
        raise ConditionError("large_number", "its values could leave the range of numbers", text, place(node))
    return size


def _size(text: str, node: E.Expression) -> Size:
    if isinstance(node, E.Paren | E.Neg | E.Abs):
        return _number(text, node.this)
    if isinstance(node, E.Literal):
        return _literal(text, node)
    if isinstance(node, E.Column):
        return FACT
    if isinstance(node, E.Null):
        return ONE
    if isinstance(node, E.Add | E.Sub):
        return _number(text, node.this).plus(_number(text, node.expression))
    if isinstance(node, E.Mul):
        return _number(text, node.this).times(_number(text, node.expression))
    if isinstance(node, E.Div):
        return _number(text, node.this).over(_number(text, node.expression))
    if isinstance(node, E.Coalesce | E.Greatest | E.Least):
        return Size.widest([_number(text, part) for part in (node.this, *node.expressions)])
    if isinstance(node, E.Nullif):
        _number(text, node.expression)
        return _number(text, node.this)
    if isinstance(node, E.Case):
        return _case(text, node)
    raise _wrong(text, node, "a number", "compare numbers, and join conditions with AND, OR, NOT")


def _literal(text: str, node: E.Literal) -> Size:
    if node.is_string:
        raise ConditionError("text", "text has no place in a condition over numbers", text, place(node))
    size = abs(float(node.this))
    if size and not SMALLEST <= size <= LARGEST:
        raise ConditionError("large_number", "this number is out of range", text, place(node))
    return Size.between(math.log10(size), math.log10(size)) if size else ONE


def _case(text: str, node: E.Case) -> Size:
    sizes = []
    for branch in node.args["ifs"]:
        _condition(text, branch.this)
        sizes.append(_number(text, branch.args["true"]))
    default = node.args.get("default")
    if default is not None:
        sizes.append(_number(text, default))
    return Size.widest(sizes)
