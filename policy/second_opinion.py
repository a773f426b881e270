"""A second opinion on a set before it is published: DuckDB judges each rule too, on rows that are out to do harm.

Rows hold NULL, 0, the smallest and largest values facts can have, and values at and beside the rule's own limits. A
rule on which DuckDB and our own reading disagree is told. By construction this finds nothing; it is asked all the same,
since a set in force judges people, and libraries below it change.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import expressions as E  # noqa: N812 - the letter stands before every node of a tree

from policy.duckdb_text import duckdb_text
from policy.interpret import Row, truth
from policy.language import FactType
from policy.ruleset import Rule

if TYPE_CHECKING:
    import duckdb

ROWS = 64
_SEED = 20_260_301
_EXTREMES = (0, 1, 2, 1e-15, 1 / 3, 2**53 + 1, 10**15, 10**25)


def hostile_rows(rule: Rule, facts: Mapping[str, FactType]) -> list[Row]:
    """Rows of the facts that a rule reads, the same each time: all at the extremes together, then mixed."""
    limits = [float(n.this) for n in rule.when.tree.find_all(E.Literal)]
    beside = {v for limit in limits for v in (limit, limit + 1, limit - 1, limit * (1 + 2**-52)) if v >= 0}
    values: list[int | float | None] = [None, *_EXTREMES, *sorted(beside)]
    allowed = {name: [_as(facts[name], v) for v in values if v is not None or facts[name].nullable] for name in facts}
    names = rule.when.facts
    rows: list[Row] = [{name: allowed[name][i % len(allowed[name])] for name in names} for i in range(len(values))]
    draw = random.Random(_SEED)  # noqa: S311 - rows to try, no secrets
    return rows + [{name: draw.choice(allowed[name]) for name in names} for _ in range(ROWS)]


def disagreements(rules: Sequence[Rule], facts: Mapping[str, Mapping[str, FactType]]) -> dict[str, Row]:
    """Code of a rule -> a row on which DuckDB says something else; empty where all agree."""
    import duckdb  # a fifth of a second: only where sets are published

    found: dict[str, Row] = {}
    with duckdb.connect() as connection:
        for rule in rules:
            rows = hostile_rows(rule, {name: facts[rule.on][name] for name in rule.when.facts})
            theirs = _asked(connection, rule, rows)
            for row, said in zip(rows, theirs, strict=True):
                if truth(rule.when.tree, row) is not said:
                    found.setdefault(rule.code, row)
    return found


def _asked(connection: duckdb.DuckDBPyConnection, rule: Rule, rows: Sequence[Row]) -> list[bool | None]:
    names = rule.when.facts
    one = f"({', '.join('CAST(? AS DOUBLE)' for _ in names)})"
    held = f"(VALUES {', '.join([one] * len(rows))}) AS rows({', '.join(names)})"
    # the text is written anew from the checked tree; names of facts are names of the vocabulary
    query = f"SELECT {duckdb_text(rule.when.tree)} FROM {held}"  # noqa: S608
    values = [None if v is None else float(v) for row in rows for v in (row[name] for name in names)]
    return [said for (said,) in connection.execute(query, values).fetchall()]


def _as(fact: FactType, value: int | float | None) -> int | float | None:
    return int(value) if value is not None and fact.type == "integer" else value
