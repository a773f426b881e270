"""What a checked condition says of a row of facts: SQL's three-valued logic over IEEE doubles, one node after another.

The plain way, kept beside the compiled one as its twin, and used where rows are few.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import cast

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

Row = Mapping[str, int | float | None]
"""Values of facts by name; None is NULL."""

_COMPARED: dict[type[E.Expression], Callable[[float, float], bool]] = {
    E.GT: operator.gt,
    E.GTE: operator.ge,
    E.LT: operator.lt,
    E.LTE: operator.le,
    E.EQ: operator.eq,
    E.NEQ: operator.ne,
}
_ARITHMETIC: dict[type[E.Expression], Callable[[float, float], float]] = {
    E.Add: operator.add,
    E.Sub: operator.sub,
    E.Mul: operator.mul,
}


def truth(tree: E.Expression, row: Row) -> bool | None:
    """Whether a condition holds for a row: True, False, or None where SQL says NULL. Raises KeyError for a fact that
    the row does not name."""
    if isinstance(tree, E.Paren):
        return truth(tree.this, row)
    if isinstance(tree, E.And):
        return _and(truth(tree.this, row), truth(tree.expression, row))
    if isinstance(tree, E.Or):
        return _or(truth(tree.this, row), truth(tree.expression, row))
    if isinstance(tree, E.Not):
        return _not(truth(tree.this, row))
    if isinstance(tree, E.Boolean):
        return bool(tree.this)
    if isinstance(tree, E.Between):
        x = value(tree.this, row)
        low, high = value(tree.args["low"], row), value(tree.args["high"], row)
        return _and(_compare(operator.ge, x, low), _compare(operator.le, x, high))
    if isinstance(tree, E.In):
        x = value(tree.this, row)
        found: bool | None = False
        for one in tree.expressions:
            found = _or(found, _compare(operator.eq, x, value(one, row)))
        return found
    if isinstance(tree, E.Is):
        if isinstance(tree.expression, E.Null):
            return value(tree.this, row) is None
        return truth(tree.this, row) is bool(tree.expression.this)
    if type(tree) in _COMPARED:
        return _compare(_COMPARED[type(tree)], value(tree.this, row), value(tree.expression, row))
    raise TypeError(f"{type(tree).__name__} is no condition of a checked tree")


def value(tree: E.Expression, row: Row) -> float | None:
    """A number of a checked tree for a row, as an IEEE double; None is NULL, and x / 0 is NULL."""
    if isinstance(tree, E.Paren):
        return value(tree.this, row)
    if isinstance(tree, E.Literal):
        return float(tree.this)
    if isinstance(tree, E.Column):
        held = row[tree.name]
        return None if held is None else float(held)
    if isinstance(tree, E.Null):
        return None
    if isinstance(tree, E.Neg | E.Abs):
        inner = value(tree.this, row)
        return inner if inner is None else -inner if isinstance(tree, E.Neg) else abs(inner)
    if isinstance(tree, E.Div):
        a, b = value(tree.this, row), value(tree.expression, row)
        return None if a is None or b is None or b == 0.0 else a / b
    if type(tree) in _ARITHMETIC:
        a, b = value(tree.this, row), value(tree.expression, row)
        return None if a is None or b is None else _ARITHMETIC[type(tree)](a, b)
    if isinstance(tree, E.Coalesce):
        values = (value(part, row) for part in (tree.this, *tree.expressions))
        return next((v for v in values if v is not None), None)
    if isinstance(tree, E.Nullif):
        a, b = value(tree.this, row), value(tree.expression, row)
        return None if a is not None and a == b else a
    if isinstance(tree, E.Case):
        return _case(tree, row)
    raise TypeError(f"{type(tree).__name__} is no number of a checked tree")


def _case(tree: E.Case, row: Row) -> float | None:
    for branch in tree.args["ifs"]:
        if truth(branch.this, row) is True:
            return value(branch.args["true"], row)
    default = cast("E.Expression | None", tree.args.get("default"))
    return None if default is None else value(default, row)


def _and(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _or(a: bool | None, b: bool | None) -> bool | None:
    if a is True or b is True:
        return True
    return None if a is None or b is None else False


def _not(a: bool | None) -> bool | None:
    return None if a is None else not a


def _compare(how: Callable[[float, float], bool], a: float | None, b: float | None) -> bool | None:
    return None if a is None or b is None else how(a, b)
