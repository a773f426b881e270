"""Opening the records: SQLite in a file by default, any SQLAlchemy URL (PostgreSQL) otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from records.errors import RecordsError

_ADVISORY_LOCK = 7_201_955  # any fixed number: who migrates first, others wait


def open_records(url: str) -> Engine:
    """Open the records and bring their tables up to date; safe when several processes start at once.

    A SQLite file is made on first use, readable by its owner only, in WAL mode: readers do not wait for the writer,
    and what was committed survives a kill and a power cut. Transactions begun with ``engine.begin()`` or
    ``engine.connect()`` take the write lock at once (waiting up to ten seconds), so they never fail half way for it;
    use ``reading`` where nothing is written. Raises RecordsError when the URL is wrong, the file is no database, or it
    was made by a newer version.
    """
    try:
        parsed = make_url(url)
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _server(parsed)
    except ArgumentError:
        raise RecordsError("the records URL is not one; use sqlite:///PATH or postgresql+psycopg://...") from None
    except ModuleNotFoundError as missing:
        raise RecordsError(f"the records URL needs the Python package {missing.name}, which is not installed") from None
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
            _migrate(connection)
    except SQLAlchemyError as why:
        engine.dispose()
        where = parsed.database if engine.dialect.name == "sqlite" else parsed.host
        raise RecordsError(f"cannot open the records at {where}: {type(why).__name__}") from None
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads: one consistent view, no lock taken, nothing to commit."""
    with engine.connect() as connection:
        yield connection.execution_options(ringfence_reads=True)


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise RecordsError("records live in a file: use sqlite:///PATH")
    path = Path(url.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(url, connect_args={"timeout": 10}, json_serializer=to_json)

    inode = path.stat().st_ino  # a file deleted or replaced under us would swallow what is written

    @event.listens_for(engine, "checkout")
    def _still_there(_connection: object, _record: object, _proxy: object) -> None:
        try:
            same = path.stat().st_ino == inode
        except FileNotFoundError:
            same = False
        if not same:
            raise RecordsError(f"the records at {path} are gone or were replaced: restart what uses them")

    @event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late for a consistent read
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("ringfence_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _server(url: URL) -> Engine:
    return create_engine(url, pool_pre_ping=True, json_serializer=to_json)


def to_json(value: object) -> str:
    """JSON as written into the records: no NaN or infinities, keys sorted, so equal values are equal text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _migrate(connection: Connection) -> None:
    from alembic import command  # takes a fifth of a second to import: only where records are opened
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as why:
        raise RecordsError(f"the records were made by another version of ringfence: {why}") from None
