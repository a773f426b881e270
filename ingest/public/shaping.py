"""From published tables to deliveries: one SELECT a feed brings a table's columns into the feed's.

The SELECTs are constants of the readers; file contents reach DuckDB only as tables. Three macros hold the rules that
all sets share: ``iso(t)`` for times, ``content_id(prefix, parts)`` for rows that carry no id, ``cents(x)`` for sums.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from ingest.feed import Feed
from ingest.intake import FAULT, LINE, Delivery
from ingest.limits import FileRefusedError
from ingest.public.clocks import first_of_two
from ingest.public.published import Found, PublicDataError, Table, empty, find
from ingest.public.rounding import to_cents

CHUNK_ROWS = 100_000

_MACROS = r"""
CREATE MACRO iso(t) AS CASE
    WHEN regexp_full_match(t, '\d{11,13}') THEN strftime(epoch_ms(t::BIGINT), '%Y-%m-%dT%H:%M:%S.%g')
    WHEN regexp_full_match(t, '\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d\d(:\d\d(\.\d{1,9})?)?)?')
        THEN coalesce(strftime(try_cast(replace(t, '/', '-') AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%g'), t)
    ELSE t END;
CREATE MACRO content_id(prefix, parts) AS prefix || left(sha256(array_to_string(parts, '|')), 24);
CREATE MACRO cents(x) AS try_cast(x AS DECIMAL(18, 2));
"""


@dataclass(frozen=True)
class Step:
    """How one feed is filled: from ``table``, row by row and in its order, with ``beside`` to join.

    ``select`` reads the table as ``published``, and each table under its short name; it gives the feed's columns and
    ``row_no``. ``views`` are CREATE VIEW statements it builds on; ``values`` fill its ``$1``, ``$2`` ... Before it
    runs, ``money`` (amounts, in any of the tables) is rounded, and ``times`` (local times of ``zone``) that happened
    twice are settled. A table beside that is not there counts as empty, unless ``needs`` has it: then the step is left
    out. Every row of the table is given once, unless ``chosen_rows`` says that some are left out on purpose.
    """

    feed: Feed
    table: Table
    select: str
    views: tuple[str, ...] = ()
    beside: tuple[Table, ...] = ()
    money: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    needs: tuple[Table, ...] = ()
    zone: str | None = None
    times: tuple[str, ...] = ()
    chosen_rows: bool = False


def deliveries(steps: Iterable[Step], path: Path) -> list[Delivery]:
    """One delivery a step whose file is there. PublicDataError when none is."""
    steps = tuple(steps)
    found = {t.name: find(path, t) for s in steps for t in (s.table, *s.beside)}
    ready = [s for s in steps if all(found[t.name] is not None for t in s.needs)]
    out = [deliver(s, file, found) for s in ready if (file := found[s.table.name]) is not None]
    if not out:
        wanted = ", ".join(dict.fromkeys(f"{s.table.name}.csv" for s in steps))
        raise PublicDataError(f"{path}: none of the set's files is here; expected {wanted} (or .parquet)")
    return out


def missing(steps: Iterable[Step], path: Path) -> list[str]:
    """Published names of the set's files that are not there, in the order in which they are read."""
    tables = {t.name: t for s in steps for t in (s.table, *s.beside)}
    return [name for name, table in tables.items() if find(path, table) is None]


def deliver(step: Step, file: Found, found: Mapping[str, Found | None]) -> Delivery:
    """The delivery of one step.

    Its digest covers every file it is made of and the rule that makes it: a changed companion is a new delivery.
    """
    beside = [f for t in step.beside if (f := found[t.name]) is not None]
    made_of = [file.sha256, *(f.sha256 for f in beside), *step.views, step.select, *step.values]
    digest = hashlib.sha256("\n".join(made_of).encode()).hexdigest()
    return Delivery(step.feed, file.label, digest, partial(shape, step, file, beside))


def shape(step: Step, file: Found, beside: Sequence[Found]) -> Iterator[pa.Table]:
    """The feed's rows as text columns, each with its line, at most CHUNK_ROWS at a time."""
    there = {f.table.name: f for f in beside}
    rows = _settled(file.read(), step)
    con = duckdb.connect(config={"threads": 2})
    try:
        con.execute(_MACROS)
        con.register("published", rows)
        con.register(step.table.short, rows)
        for table in step.beside:
            companion = there[table.name].read() if table.name in there else empty(table)
            con.register(table.short, _settled(companion, step))
        for view in step.views:
            con.execute(view)
        shaped = con.sql(step.select, params=list(step.values)).to_arrow_table().sort_by("row_no")
    finally:
        con.close()
    if not step.chosen_rows and shaped.num_rows != rows.num_rows:
        raise FileRefusedError(
            "companion",
            f"{file.label}: {rows.num_rows} rows became {shaped.num_rows}: a file read beside it "
            f"({', '.join(t.name for t in step.beside)}) repeats an id that must be unique in it",
        )
    names = [c.name for c in step.feed.columns if c.name in shaped.column_names]
    text = shaped.select(names).cast(pa.schema([(n, pa.string()) for n in names]))
    for mark in (LINE, FAULT):
        text = text.append_column(mark, rows[mark].take(shaped["row_no"]))
    for start in range(0, max(1, text.num_rows), CHUNK_ROWS):
        yield text.slice(start, CHUNK_ROWS).combine_chunks()


def _settled(rows: pa.Table, step: Step) -> pa.Table:
    for name in rows.column_names:
        if name in step.money:
            rows = rows.set_column(rows.column_names.index(name), name, to_cents(rows[name]))
        elif name in step.times and step.zone is not None:
            rows = rows.set_column(rows.column_names.index(name), name, first_of_two(rows[name], step.zone))
    return rows
