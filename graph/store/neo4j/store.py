"""The store on a Neo4j 5 server. Keeps the contract of graph.store; several processes may use one server at a time."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from cypher.catalogue import find, with_kinds
from cypher.parameters import check_params
from graph.model import EDGE, EDGES, KINDS
from graph.store.backup import write_backup
from graph.store.contract import Changes, ExpandLimits, Health, Neighbourhood, NodeKey, Row, StoreError
from graph.store.expand import expand
from graph.store.neo4j import writes
from graph.store.neo4j.link import Link, in_time
from graph.store.questions import questions
from graph.store.rows import bare_schema, by_pair, edge_rows, end_ids, node_rows, stored_edge_schema

ENGINE = "neo4j"
FORMAT = 1
KIND_OF = "labels({})[0]"  # every node has one label
ENDS = ("src_kind", "src", "dst_kind", "dst")


class Neo4jStore:
    """A handle on a server's graph. Threads may share it."""

    def __init__(self, url: str, password: str) -> None:
        self._link = Link(url, password)
        self.url = self._link.server
        self._open = True
        self._version = ""

    def close(self) -> None:
        if self._open:
            self._open = False
            self._link.close()

    def init_schema(self) -> None:
        self._check_open()
        self._version = self._server_version(self._link.at_once)
        if not self._version.startswith("5."):
            raise StoreError("wrong_version", f"the server is Neo4j {self._version}; 5 is needed", "init_schema")
        held = {row[0] for look in writes.HELD for row in self._link.at_once("init_schema", look)}
        missing = [statement for name, statement in writes.schema() if name not in held]
        missing += [statement for name, statement in writes.unwanted() if name in held]
        for statement in missing:
            self._link.at_once("init_schema", statement)
        if missing:
            self._link.at_once("init_schema", "CALL db.awaitIndexes(60)")
        found = self._state("format")
        if found not in (None, FORMAT):
            raise StoreError("other_format", f"the store has format {found}, not {FORMAT}: rebuild it")
        if found is None:
            self._link.write("init_schema", lambda tx: _note(tx, "format", FORMAT))

    def warm(self, timeout_s: float) -> int:
        """The first asking of a long question takes the server up to 0.7 s: with values that nothing has."""
        values: dict[str, Any] = {"STRING": "", "INT64": 0, "DOUBLE": 0.0, "BOOLEAN": False}
        planned = 0
        for question in questions().values():
            if "{id: $" in question.text and ":" not in question.name:
                try:
                    self.query(question.name, {n: values.get(t, []) for n, t in question.params}, timeout_s)
                except StoreError as e:
                    if e.code != "timeout":
                        raise
                else:
                    planned += 1
        return planned

    def query(self, question: str, params: Mapping[str, Any], timeout_s: float | None = None) -> list[Row]:
        asked = find(questions(), question)
        values = check_params(asked, params)
        rows = self._rows(question, with_kinds(asked.text, KIND_OF), values, timeout_s)
        return [dict(zip(asked.columns, row, strict=True)) for row in rows]

    def upsert_nodes(self, kind: str, rows: pa.Table) -> None:
        mine = node_rows(kind, rows)
        self._write("upsert_nodes", lambda tx: _merge_nodes(tx, kind, mine))

    def upsert_edges(self, type_: str, rows: pa.Table) -> None:
        mine = edge_rows(type_, rows)

        self._write("upsert_edges", lambda tx: _bring_edges(tx, type_, mine))

    def bulk_load(self, nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]) -> None:
        """Edges are added without looking, so no batch of them is ever tried again, and none is written once another
        load has begun: an error ends the load, and the next one begins with an empty graph."""
        self._check_open()
        load = secrets.randbits(53)
        self._write("bulk_load", partial(_note, name="position", number=None))
        for statement in writes.clear():
            self._link.at_once("bulk_load", statement)
        self._write("bulk_load", partial(_note, name="format", number=FORMAT))
        self._write("bulk_load", partial(_note, name="load", number=load))
        for kind in KINDS:
            if kind.name in nodes:
                for rows in _batches(nodes[kind.name]):
                    self._write("bulk_load", partial(_merge_nodes, kind=kind.name, rows=rows, anew=True))
        for edge in EDGES:
            if edge.name in edges:
                pairs = by_pair(edge_rows(edge.name, edges[edge.name])).values()
                for rows in (some for pair in pairs for some in _batches(pair)):
                    self._link.once("bulk_load", partial(_create_edges, load=load, type_=edge.name, rows=rows))
        self._write("bulk_load", partial(_note, name="load", number=None))

    def delete_nodes(self, kind: str, ids: Sequence[str]) -> None:
        mine = sorted(set(ids))
        self._write("delete_nodes", lambda tx: _told(tx, writes.delete_nodes(kind), ids=mine))

    def delete_edges(self, type_: str, rows: pa.Table) -> None:
        self._write("delete_edges", lambda tx: _delete_edges(tx, type_, rows))

    def apply(self, changes: Changes) -> None:
        """All or nothing up to ``writes.AT_ONCE`` rows; more go in several transactions, the position with the last.

        A transaction lives in the server's memory until it ends. Cut off between two of them the old position stands,
        and the same changes brought again give the same graph.
        """
        steps = _steps(changes)
        while steps:
            some = [steps.pop(0)]
            while steps and sum(rows for rows, _ in some) + steps[0][0] <= writes.AT_ONCE:
                some.append(steps.pop(0))
            self._write("apply", lambda tx, works=some: [work(tx) for _, work in works])

    def position(self) -> int | None:
        return self._state("position")

    def set_position(self, position: int | None) -> None:
        self._write("set_position", lambda tx: _note(tx, "position", position))

    def origin(self) -> int | None:
        return self._state("origin")

    def set_origin(self, origin: int) -> None:
        self._write("set_origin", lambda tx: _note(tx, "origin", origin))

    def nodes(self, kind: str) -> pa.Table:
        schema = bare_schema(kind)
        columns = ", ".join(f"a.{n} AS {n}" for n in schema.names)
        return _table(self._rows("nodes", f"MATCH (a:{kind}) RETURN {columns}", {}, None), schema)

    def edges(self, type_: str) -> pa.Table:
        schema = stored_edge_schema(type_)
        parts = [schema.empty_table()]
        for src_kind, dst_kind in EDGE[type_].pairs:
            told = {"src_kind": f"'{src_kind}'", "src": "a.id", "dst_kind": f"'{dst_kind}'", "dst": "b.id"}
            columns = ", ".join(f"{told.get(n, 'e.' + n)} AS {n}" for n in schema.names)
            text = f"MATCH (a:{src_kind})-[e:{type_}]->(b:{dst_kind}) RETURN {columns}"
            parts.append(_table(self._rows("edges", text, {}, None), schema))
        return pa.concat_tables(parts)

    def expand(self, ids: Sequence[NodeKey], limits: ExpandLimits) -> Neighbourhood:
        return expand(self, ids, limits)

    def checkpoint(self) -> None:
        """Nothing to do: the server checkpoints by itself, and its community edition has no call for it."""
        self._check_open()

    def backup(self, folder: Path) -> None:
        self._check_open()
        write_backup(self, folder)

    def health(self, timeout_s: float = 2.0) -> Health:
        start = time.perf_counter()
        if not self._open:
            return Health(False, ENGINE, self._version, _ms(start), why="closed")
        try:
            version, position = in_time("health", timeout_s, self._look)
        except StoreError as e:
            return Health(False, ENGINE, self._version, _ms(start), why=e.code)
        return Health(True, ENGINE, version, _ms(start), position)

    # -- inside

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError("closed", "the store was closed")

    def _server_version(self, ask: Any) -> str:
        rows = ask("version", "CALL dbms.components() YIELD name, versions RETURN name, versions[0]")
        return dict(map(tuple, rows)).get("Neo4j Kernel", "unknown")

    def _look(self) -> tuple[str, int | None]:
        version = self._server_version(self._link.at_once)
        rows = self._link.at_once("health", f"MATCH (s:{writes.STATE} {{id: 'position'}}) RETURN s.number")
        return version, rows[0][0] if rows else None

    def _rows(self, step: str, text: str, params: Mapping[str, Any], timeout_s: float | None) -> list[list[Any]]:
        self._check_open()
        return self._link.read(step, text, dict(params), timeout_s)

    def _write(self, step: str, work: Any) -> None:
        self._check_open()
        self._link.write(step, work)

    def _state(self, name: str) -> int | None:
        rows = self._rows(name, f"MATCH (s:{writes.STATE} {{id: $id}}) RETURN s.number", {"id": name}, None)
        return rows[0][0] if rows else None


def _batches(rows: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, rows.num_rows, writes.BATCH):
        yield rows.slice(start, writes.BATCH)


def _steps(changes: Changes) -> list[tuple[int, Callable[[Any], None]]]:
    """What a change does, in order: how many rows, and what writes them. Every row is checked before any is written."""
    deleted = [(t, some) for t, r in changes.deleted.items() for some in _batches(r)]
    nodes = [(k, some) for k, r in changes.nodes.items() for some in _batches(node_rows(k, r))]
    parts = (changes.edges, changes.fresh)
    edges = [(t, some) for part in parts for t, r in part.items() for some in _batches(edge_rows(t, r))]
    orphans = [(k, some) for k, ids in end_ids(changes.deleted).items() for some in _batches(pa.table({"id": ids}))]
    return [
        *((rows.num_rows, partial(_delete_edges, type_=type_, rows=rows)) for type_, rows in deleted),
        *((rows.num_rows, partial(_merge_nodes, kind=kind, rows=rows)) for kind, rows in nodes),
        *((rows.num_rows, partial(_bring_edges, type_=type_, rows=rows)) for type_, rows in edges),
        *((rows.num_rows, partial(_delete_orphans, kind=kind, rows=rows)) for kind, rows in orphans),
        (0, partial(_note, name="position", number=changes.position)),
    ]


def _bring_edges(tx: Any, type_: str, rows: pa.Table) -> None:
    _add_ends(tx, {type_: rows})
    _merge_edges(tx, type_, rows)


def _delete_orphans(tx: Any, kind: str, rows: pa.Table) -> None:
    _told(tx, writes.delete_orphans(kind), ids=rows["id"].to_pylist())


def _merge_nodes(tx: Any, kind: str, rows: pa.Table, anew: bool = False) -> None:
    text = writes.merge_nodes(kind, [n for n in rows.column_names if n != "id"], anew)
    for some in _batches(rows):
        _take(tx, text, some)


def _add_ends(tx: Any, edges: Mapping[str, pa.Table]) -> None:
    for kind, ids in end_ids(edges).items():
        for some in _batches(pa.table({"id": ids})):
            _take(tx, writes.add_bare_nodes(kind), some)


def _merge_edges(tx: Any, type_: str, rows: pa.Table) -> None:
    _put_edges(tx, type_, rows, writes.merge_edges)


def _create_edges(tx: Any, load: int, type_: str, rows: pa.Table) -> None:
    if _told(tx, writes.hold_load(), number=load) != [[1]]:
        raise StoreError("store_busy", "somebody else began to load this store: let one of you go first")
    _put_edges(tx, type_, rows, writes.create_edges)


def _put_edges(tx: Any, type_: str, rows: pa.Table, text_of: Callable[[str, str, str, Sequence[str]], str]) -> None:
    names = [n for n in rows.column_names if n not in ("id", *ENDS)]
    for (src_kind, dst_kind), mine in by_pair(rows).items():
        text = text_of(src_kind, type_, dst_kind, names)
        for some in _batches(mine.drop_columns(["src_kind", "dst_kind"])):
            _take(tx, text, some)


def _delete_edges(tx: Any, type_: str, rows: pa.Table) -> None:
    for (src_kind, dst_kind), mine in by_pair(rows).items():
        for some in _batches(mine.select(["id", "src", "dst"])):
            _told(tx, writes.delete_edges(src_kind, type_, dst_kind), rows=some.to_pylist())


def _note(tx: Any, name: str, number: int | None) -> None:
    if number is None:
        _told(tx, f"MATCH (s:{writes.STATE} {{id: $id}}) DELETE s", id=name)
    else:
        _told(tx, f"MERGE (s:{writes.STATE} {{id: $id}}) SET s.number = $number", id=name, number=number)


def _take(tx: Any, text: str, rows: pa.Table) -> None:
    """Write rows and see that every one was taken."""
    [[taken]] = _told(tx, text, **writes.columns(rows))
    if taken != rows.num_rows:
        raise StoreError("rows_lost", f"the server took {taken} of {rows.num_rows} rows")


def _told(tx: Any, text: str, **params: Any) -> list[list[Any]]:
    return [list(record.values()) for record in tx.run(text, params)]


def _table(rows: list[list[Any]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _ms(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 3)
