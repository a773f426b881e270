"""What a Neo4j server is told to write. Labels and types come from the model, values only from parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from graph.model import EDGES, KINDS

STATE = "StoreState"
BATCH = 5_000
"""Rows a statement takes at once; between 1,000 and 10,000 the server is about equally quick."""
AT_ONCE = 50_000
"""Rows that one transaction of a refresh holds at most."""

_COUNT = "RETURN count(*)"
_EACH = "UNWIND range(0, $rows - 1) AS i"
_NEWER = (
    "{v}.updated_ts IS NULL OR {v}.updated_ts < $c_updated_ts[i] "
    "OR ({v}.updated_ts = $c_updated_ts[i] AND {v}.known_ts <= $c_known_ts[i])"
)


HELD = ("SHOW CONSTRAINTS YIELD name RETURN name", "SHOW INDEXES YIELD name RETURN name")
"""What gives the names of the constraints and indexes that are there."""


def schema() -> Iterator[tuple[str, str]]:
    """Constraints and indexes: the name and what makes it; each is safe to repeat."""
    for kind in (*(k.name for k in KINDS), STATE):
        name = f"{kind.lower()}_id"
        yield name, f"CREATE CONSTRAINT {name} IF NOT EXISTS FOR (n:{kind}) REQUIRE n.id IS UNIQUE"
    for edge in EDGES:
        if any(p.name == "ts" for p in edge.properties):
            name = f"{edge.name.lower()}_ts"
            yield name, f"CREATE INDEX {name} IF NOT EXISTS FOR ()-[e:{edge.name}]-() ON (e.ts)"


def unwanted() -> Iterator[tuple[str, str]]:
    """Indexes that must not be there: the name and what removes it.

    No question looks an edge up by its id alone. With an index on it the planner, while it knows of no such edges, lets
    MERGE look there: the edges of the batch itself are then searched one by one, a minute for 5,000 rows.
    """
    for edge in EDGES:
        name = f"{edge.name.lower()}_id"
        yield name, f"DROP INDEX {name} IF EXISTS"


def merge_nodes(kind: str, names: Sequence[str], anew: bool = False) -> str:
    """Bring versions of nodes, one per id: ``$c_id`` and the columns ``names`` as lists, ``$rows`` values in each.

    Columns are a third of the work of a map for each row, whose keys are written and read once a row. ``anew``: nothing
    is there that could be newer, and nobody else writes.
    """
    return f"{_EACH} MERGE (a:{kind} {{id: $c_id[i]}}) {_replace('a', names, anew)} {_COUNT}"


def add_bare_nodes(kind: str) -> str:
    """Make nodes of ids that are not there yet."""
    return f"{_EACH} MERGE (a:{kind} {{id: $c_id[i]}}) {_COUNT}"


def merge_edges(src_kind: str, type_: str, dst_kind: str, names: Sequence[str]) -> str:
    """Bring versions of edges between nodes that are there; columns as for nodes, and ``$c_src``, ``$c_dst``."""
    ends = _ends(src_kind, dst_kind)
    return f"{ends} MERGE (a)-[e:{type_} {{id: $c_id[i]}}]->(b) {_replace('e', names, False)} {_COUNT}"


def create_edges(src_kind: str, type_: str, dst_kind: str, names: Sequence[str]) -> str:
    """Add edges without looking, where none are and each comes once.

    MERGE looks through all edges between its two ends, so a pair with thousands of them takes it the square of that.
    """
    ends = _ends(src_kind, dst_kind)
    return f"{ends} CREATE (a)-[e:{type_} {{id: $c_id[i]}}]->(b) {_replace('e', names, True)} {_COUNT}"


def hold_load() -> str:
    """Take the mark of the load that is under way, if it is still ours; until the transaction ends nobody else can."""
    return f"MATCH (s:{STATE} {{id: 'load'}}) WHERE s.number = $number SET s.number = $number {_COUNT}"


def columns(rows: pa.Table) -> dict[str, Any]:
    """The parameters of these statements: how many rows, and each column as ``c_`` and its name."""
    return {"rows": rows.num_rows, **{f"c_{n}": rows[n].to_pylist() for n in rows.column_names}}


def delete_edges(src_kind: str, type_: str, dst_kind: str) -> str:
    """Remove edges by their ends and id."""
    return (
        f"UNWIND $rows AS r MATCH (a:{src_kind} {{id: r.src}})-[e:{type_} {{id: r.id}}]->(b:{dst_kind} {{id: r.dst}}) "
        "DELETE e"
    )


def delete_nodes(kind: str) -> str:
    """Remove nodes by id, with their edges."""
    return f"UNWIND $ids AS i MATCH (a:{kind} {{id: i}}) DETACH DELETE a"


def delete_orphans(kind: str) -> str:
    """Of some nodes remove those that nobody described and no edge names."""
    return f"UNWIND $ids AS i MATCH (a:{kind} {{id: i}}) WHERE a.updated_ts IS NULL AND NOT (a)--() DELETE a"


def clear() -> Iterator[str]:
    """Remove everything that is ours, in transactions of its own: few statements, because each one costs a plan."""
    types, kinds = "|".join(e.name for e in EDGES), "|".join([*(k.name for k in KINDS), STATE])
    yield f"MATCH ()-[e:{types}]->() CALL (e) {{ DELETE e }} IN TRANSACTIONS OF 10000 ROWS"
    yield f"MATCH (n:{kinds}) CALL (n) {{ DETACH DELETE n }} IN TRANSACTIONS OF 10000 ROWS"


def _ends(src_kind: str, dst_kind: str) -> str:
    return f"{_EACH} MATCH (a:{src_kind} {{id: $c_src[i]}}) MATCH (b:{dst_kind} {{id: $c_dst[i]}})"


def _replace(var: str, names: Sequence[str], anew: bool) -> str:
    """Replace what is stored if the row is newer. The first SET changes nothing but takes the lock: without it two
    writers of one id may both judge what was stored before either, and the older of them may write last."""
    values = ", ".join(f"{var}.{n} = $c_{n}[i]" for n in names)
    if anew:
        return f"SET {values}"
    newer = _NEWER.format(v=var)
    lock = f"SET {var}.id = $c_id[i] WITH {var}, i"
    return f"{lock} FOREACH (_ IN CASE WHEN {newer} THEN [1] ELSE [] END | SET {values})"
