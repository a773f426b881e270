"""A checked condition as text for DuckDB, where it means what it means here: doubles, x / 0 is NULL."""

from __future__ import annotations

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

_TWO_SIDED: dict[type[E.Expression], str] = {
    E.GT: ">",
    E.GTE: ">=",
    E.LT: "<",
    E.LTE: "<=",
    E.EQ: "=",
    E.NEQ: "<>",
    E.Add: "+",
    E.Sub: "-",
    E.Mul: "*",
    E.And: "AND",
    E.Or: "OR",
}


def duckdb_text(tree: E.Expression) -> str:
    """The text of an expression over columns named like the facts; put it into SELECT or WHERE.

    Every column and literal is made a DOUBLE, a divisor of 0 a NULL (DuckDB's own x / 0 is an infinity), and brackets
    stand around everything, so no rule of precedence is asked for.
    """
    if isinstance(tree, E.Paren):
        return duckdb_text(tree.this)
    if type(tree) in _TWO_SIDED:
        return f"({duckdb_text(tree.this)} {_TWO_SIDED[type(tree)]} {duckdb_text(tree.expression)})"
    if isinstance(tree, E.Div):
        return f"({duckdb_text(tree.this)} / NULLIF({duckdb_text(tree.expression)}, 0e0))"
    if isinstance(tree, E.Literal):
        written = repr(float(tree.this))
        return written if "e" in written else f"{written}e0"  # an exponent makes it a DOUBLE, not a DECIMAL
    if isinstance(tree, E.Column):
        return f'CAST("{tree.name}" AS DOUBLE)'
    if isinstance(tree, E.Null):
        return "CAST(NULL AS DOUBLE)"
    if isinstance(tree, E.Boolean):
        return "TRUE" if tree.this else "FALSE"
    if isinstance(tree, E.Not):
        return f"(NOT {duckdb_text(tree.this)})"
    if isinstance(tree, E.Neg):
        return f"(- {duckdb_text(tree.this)})"
    if isinstance(tree, E.Abs):
        return f"ABS({duckdb_text(tree.this)})"
    if isinstance(tree, E.Coalesce):
        return f"COALESCE({_list([tree.this, *tree.expressions])})"
    if isinstance(tree, E.Nullif):
        return f"NULLIF({_list([tree.this, tree.expression])})"
    if isinstance(tree, E.Is):
        word = "NULL" if isinstance(tree.expression, E.Null) else duckdb_text(tree.expression)
        return f"({duckdb_text(tree.this)} IS {word})"
    if isinstance(tree, E.In):
        return f"({duckdb_text(tree.this)} IN ({_list(tree.expressions)}))"
    if isinstance(tree, E.Between):
        low, high = duckdb_text(tree.args["low"]), duckdb_text(tree.args["high"])
        return f"({duckdb_text(tree.this)} BETWEEN {low} AND {high})"
    if isinstance(tree, E.Case):
        return _case(tree)
    raise TypeError(f"{type(tree).__name__} is no node of a checked tree")


def _list(parts: list[E.Expression]) -> str:
    return ", ".join(duckdb_text(part) for part in parts)


def _case(tree: E.Case) -> str:
    branches = " ".join(f"WHEN {duckdb_text(b.this)} THEN {duckdb_text(b.args['true'])}" for b in tree.args["ifs"])
    default = tree.args.get("default")
    return f"(CASE {branches}{'' if default is None else f' ELSE {duckdb_text(default)}'} END)"
