"""The embedded store: a file, no server. Keeps the contract of graph.store; see ladybug.file for who owns it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import ladybug
import pyarrow as pa

from cypher.catalogue import find, with_kinds
from cypher.parameters import check_params
from graph.model import EDGE, EDGES, KINDS
from graph.store.backup import write_backup
from graph.store.contract import Changes, ExpandLimits, Health, Neighbourhood, NodeKey, Row, StoreError
from graph.store.expand import expand
from graph.store.ladybug import writes
from graph.store.ladybug.ddl import FORMAT, STATE, create_tables, expected_columns
from graph.store.ladybug.file import BUFFER_POOL_MB, acquire, forget_plans, reason
from graph.store.ladybug.hints import with_join_order
from graph.store.questions import questions
from graph.store.rows import bare_schema, by_pair, edge_rows, end_ids, node_rows, stored_edge_schema

ENGINE = "ladybug"
KIND_OF = "label({})"
"""The engine's word for the kind of a node."""

PLANS = 200
"""So many plans of questions a connection keeps."""


class LadybugStore:
    """A handle on an embedded store. Threads may share it: each gets its own connection, writers take turns."""

    def __init__(self, path: Path, buffer_pool_mb: int = BUFFER_POOL_MB, threads: int = 2, hints: bool = True) -> None:
        self.url = f"{ENGINE}:{path}"
        self._hints = hints
        self._open = True
        self._file = acquire(path, buffer_pool_mb, threads)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._file.release()

    def init_schema(self) -> None:
        with self._write("init_schema") as run:
            for statement in create_tables():
                run(statement)
            found = run(f"MATCH (s:{STATE} {{id: 'format'}}) RETURN s.number")
            if not found:
                run(f"CREATE (s:{STATE} {{id: 'format', number: {FORMAT}}})")
            elif found[0][0] != FORMAT:
                raise StoreError("other_format", f"the store has format {found[0][0]}, not {FORMAT}: rebuild it")
            for table, expected in expected_columns().items():
                columns = [(r[1], r[2]) for r in run(f"CALL table_info('{table}') RETURN *")]
                if columns != expected:
                    raise StoreError("other_schema", f"table {table} is not as the model says: rebuild the store")

    def query(self, question: str, params: Mapping[str, Any], timeout_s: float | None = None) -> list[Row]:
        asked = find(questions(), question)
        values = check_params(asked, params)
        text = with_kinds(asked.text, KIND_OF)
        text = with_join_order(text) if asked.hinted and self._hints else text
        rows = self._rows(question, text, values, timeout_s)
        return [dict(zip(asked.columns, map(_plain, row), strict=True)) for row in rows]

    def warm(self, timeout_s: float) -> int:  # noqa: ARG002  # planning here takes no time to speak of
        self._check_open()
        return 0

    def upsert_nodes(self, kind: str, rows: pa.Table) -> None:
        mine = node_rows(kind, rows)
        with self._transaction("upsert_nodes") as run:
            self._merge_nodes(run, kind, mine)

    def upsert_edges(self, type_: str, rows: pa.Table) -> None:
        mine = edge_rows(type_, rows)
        with self._transaction("upsert_edges") as run:
            self._add_ends(run, {type_: mine})
            self._merge_edges(run, type_, mine)

    def bulk_load(self, nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]) -> None:
        self._check_open()
        with self._file.alone():
            if self._holds_anything():
                self._file.replace_by_empty()
            self.init_schema()
            copies = list(_copies(nodes, edges))
            small = sum(rows.num_rows for _, rows in copies) <= self._file.rows_at_once // 2
            with self._transaction("bulk_load") if small else self._write("bulk_load") as run:
                for statement, rows in copies:
                    for start in range(0, rows.num_rows, self._file.rows_at_once):
                        _take(run, statement, rows.slice(start, self._file.rows_at_once))

    def delete_nodes(self, kind: str, ids: Sequence[str]) -> None:
        mine = _ids(sorted(set(ids)))
        with self._transaction("delete_nodes") as run:
            if mine.num_rows:
                run(writes.delete_nodes(kind), mine)

    def delete_edges(self, type_: str, rows: pa.Table) -> None:
        with self._transaction("delete_edges") as run:
            self._delete_edges(run, type_, rows)

    def apply(self, changes: Changes) -> None:
        with self._transaction("apply") as run:
            for type_, rows in changes.deleted.items():
                self._delete_edges(run, type_, rows)
            for kind, rows in changes.nodes.items():
                self._merge_nodes(run, kind, node_rows(kind, rows))
            self._add_ends(run, changes.edges)
            self._add_ends(run, changes.fresh)
            for type_, rows in changes.edges.items():
                self._merge_edges(run, type_, edge_rows(type_, rows))
            for type_, rows in changes.fresh.items():
                for pair, mine in by_pair(edge_rows(type_, rows)).items():
                    _take(run, writes.copy_edges(type_, pair), writes.for_copy(mine))
            for kind, ids in end_ids(changes.deleted).items():
                self._drop_orphans(run, kind, ids)
            self._note(run, "position", changes.position)

    def position(self) -> int | None:
        return self._noted("position")

    def set_position(self, position: int | None) -> None:
        with self._transaction("set_position") as run:
            self._note(run, "position", position)

    def origin(self) -> int | None:
        return self._noted("origin")

    def set_origin(self, origin: int) -> None:
        with self._transaction("set_origin") as run:
            self._note(run, "origin", origin)

    def nodes(self, kind: str) -> pa.Table:
        return self._table("nodes", writes.read_nodes(kind)).cast(bare_schema(kind))

    def edges(self, type_: str) -> pa.Table:
        schema = stored_edge_schema(type_)
        parts = [schema.empty_table()]
        for src_kind, dst_kind in EDGE[type_].pairs:
            rows = self._table("edges", writes.read_edges(type_, (src_kind, dst_kind)))
            for name, kind in (("src_kind", src_kind), ("dst_kind", dst_kind)):
                rows = rows.append_column(name, pa.array([kind] * rows.num_rows, pa.string()))
            parts.append(rows.select(schema.names).cast(schema))
        return pa.concat_tables(parts)

    def expand(self, ids: Sequence[NodeKey], limits: ExpandLimits) -> Neighbourhood:
        return expand(self, ids, limits)

    def checkpoint(self) -> None:
        self._check_open()
        with self._file.alone(), self._write("checkpoint") as run:
            run("CHECKPOINT")

    def backup(self, folder: Path) -> None:
        self._check_open()
        with self._file.writing:  # nothing changes while it is read
            write_backup(self, folder)

    def health(self, timeout_s: float = 2.0) -> Health:
        start = time.perf_counter()
        try:
            found = self._rows("health", f"MATCH (s:{STATE}) RETURN s.id, s.number", {}, timeout_s)
        except StoreError as e:
            return Health(False, ENGINE, ladybug.__version__, _ms(start), why=e.code)
        return Health(True, ENGINE, ladybug.__version__, _ms(start), dict(map(tuple, found)).get("position"))

    # -- inside

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError("closed", "the store was closed")

    def _rows(self, step: str, text: str, params: Mapping[str, Any], timeout_s: float | None) -> list[list[Any]]:
        with self._result(step, text, params, timeout_s) as result:
            return result.get_all()

    def _table(self, step: str, text: str) -> pa.Table:
        with self._result(step, text, {}, None) as result:
            return result.get_as_arrow()

    @contextmanager
    def _result(self, step: str, text: str, params: Mapping[str, Any], timeout_s: float | None) -> Iterator[Any]:
        self._check_open()
        with self._file.connection(timeout_s) as connection:
            connection.set_query_timeout(int(timeout_s * 1000) if timeout_s else 0)
            result = _run(connection, step, text, dict(params))
            try:
                yield result
            finally:
                result.close()
                forget_plans(connection, keep=PLANS)

    def _holds_anything(self) -> bool:
        with self._write("count") as run:
            tables = run("CALL show_tables() RETURN *")
            return bool(tables) and bool(run("MATCH (n) RETURN n.id LIMIT 1"))

    @contextmanager
    def _write(self, step: str) -> Iterator[Run]:
        self._check_open()
        with self._file.writing, self._file.connection() as connection:
            connection.set_query_timeout(0)
            yield lambda text, rows=None: _told(connection, step, text, {} if rows is None else {"rows": rows})

    @contextmanager
    def _transaction(self, step: str) -> Iterator[Run]:
        """All or nothing. The engine ends a transaction at the first error without a word, so nothing follows one."""
        with self._write(step) as run:
            run("BEGIN TRANSACTION")
            try:
                yield run
                run("COMMIT")
            except BaseException:
                with suppress(StoreError):  # the error may have ended it already
                    run("ROLLBACK")
                raise

    def _merge_nodes(self, run: Run, kind: str, rows: pa.Table) -> None:
        if rows.num_rows:
            _take(run, writes.merge_nodes(kind), writes.incoming(rows))

    def _add_ends(self, run: Run, edges: Mapping[str, pa.Table]) -> None:
        for kind, ids in end_ids(edges).items():
            _take(run, writes.add_bare_nodes(kind), _ids(ids))

    def _merge_edges(self, run: Run, type_: str, rows: pa.Table) -> None:
        for pair, mine in by_pair(rows).items():
            _take(run, writes.merge_edges(type_, pair), writes.incoming(mine))

    def _delete_edges(self, run: Run, type_: str, rows: pa.Table) -> None:
        for pair, mine in by_pair(rows).items():
            run(writes.delete_edges(type_, pair), writes.incoming(mine.select(["src", "dst", "id"])))

    def _drop_orphans(self, run: Run, kind: str, ids: pa.Array) -> None:
        left = [r[0] for r in run(writes.bare_among(kind), _ids(ids))]
        for statement in writes.joined_among(kind):
            if not left:
                return
            joined = {r[0] for r in run(statement, _ids(left))}
            left = [i for i in left if i not in joined]
        if left:
            run(writes.delete_nodes(kind), _ids(left))

    def _noted(self, name: str) -> int | None:
        found = self._rows(name, f"MATCH (s:{STATE} {{id: '{name}'}}) RETURN s.number", {}, None)
        return found[0][0] if found else None

    def _note(self, run: Run, name: str, number: int | None) -> None:
        run(f"MATCH (s:{STATE} {{id: '{name}'}}) DELETE s")
        if number is not None:
            rows = pa.table({"r_id": [name], "r_number": pa.array([number], pa.int64())})
            run(f"LOAD FROM $rows CREATE (s:{STATE} {{id: r_id, number: r_number}})", rows)


Run = Callable[..., list[list[Any]]]
"""Runs a statement, with an Arrow table of rows if it takes one, and gives what it returns."""


def _run(connection: Any, step: str, text: str, params: dict[str, Any]) -> Any:
    try:
        return connection.execute(text, params)
    except RuntimeError as e:
        said, kind = str(e), reason(e)
    # raised out here so that the engine's error, which may hold values, does not travel along as its context
    if "Interrupted" in said:
        raise StoreError("timeout", "the time given was not enough", step)
    if "buffer pool is full" in said:
        raise StoreError("out_of_memory", "the engine's memory is full: give it a larger buffer pool", step)
    raise StoreError("question_failed", f"the engine refused it ({kind})", step)


def _ids(ids: pa.Array | Sequence[str]) -> pa.Table:
    return writes.incoming(pa.table({"id": pa.array(ids, pa.string())}))


def _told(connection: Any, step: str, text: str, params: dict[str, Any]) -> list[list[Any]]:
    """What a statement returns; its result is closed at once, since it holds on to the engine's memory."""
    result = _run(connection, step, text, params)
    try:
        return result.get_all()
    finally:
        result.close()
        forget_plans(connection, keep=0)


def _copies(nodes: Mapping[str, pa.Table], edges: Mapping[str, pa.Table]) -> Iterator[tuple[str, pa.Table]]:
    """Statements and their rows, nodes first."""
    for kind in KINDS:
        rows = nodes.get(kind.name)
        if rows is not None:
            yield writes.copy_nodes(kind.name), rows.select(bare_schema(kind.name).names)
    for edge in EDGES:
        rows = edges.get(edge.name)
        for pair, mine in by_pair(rows).items() if rows is not None else ():
            yield writes.copy_edges(edge.name, pair), writes.for_copy(mine)


def _take(run: Run, text: str, rows: pa.Table) -> None:
    """Write rows and see that every one was taken."""
    taken = writes.rows_taken(run(text, writes.without_empty_chunks(rows)))
    if taken != rows.num_rows:
        raise StoreError("rows_lost", f"the engine took {taken} of {rows.num_rows} rows", text.split(" $rows")[0])


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):  # what sums come as
        return int(value)
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _ms(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 3)
