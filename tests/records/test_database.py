"""Opening, migrating and locking the records."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from records.database import open_records, reading, to_json
from records.errors import RecordsError
from records.tables import audit, metadata


def _open_and_close(url: str) -> int:
    engine = open_records(url)
    engine.dispose()
    return os.getpid()


def test_the_migrations_lead_to_exactly_the_tables_declared(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_comparison_of_tables_can_fail(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit ADD COLUMN extra TEXT"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata)


def test_every_table_can_be_made_on_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # untyped in the library


def test_what_was_committed_is_there_after_opening_again(url: str) -> None:
    for n in range(3):
        engine = open_records(url)
        with engine.begin() as connection:
            connection.execute(audit.insert().values(ts=n, actor="a", action="export", object="o", details={}))
        engine.dispose()
    engine = open_records(url)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM audit")).scalar() == 3


def test_the_file_is_readable_by_its_owner_only(url: str, engine: Engine) -> None:
    path = Path(engine.url.database or "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.slow
def test_processes_that_start_at_once_all_find_the_tables_made(url: str) -> None:
    with ProcessPoolExecutor(4) as pool:
        assert len(list(pool.map(_open_and_close, [url] * 8))) == 8
    engine = open_records(url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_a_reader_sees_one_state_while_a_writer_commits(engine: Engine) -> None:
    with reading(engine) as reader:
        before = reader.execute(text("SELECT count(*) FROM audit")).scalar()
        with engine.begin() as writer:
            writer.execute(audit.insert().values(ts=1, actor="a", action="export", object="o", details={}))
        assert reader.execute(text("SELECT count(*) FROM audit")).scalar() == before == 0


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite"
    path.write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(RecordsError, match=r"records\.sqlite"):
        open_records(f"sqlite:///{path}")


def test_records_of_a_newer_version_are_refused(url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordsError, match="another version"):
        open_records(url)


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "sqlite:///:memory:", "nodriver://x/y"])
def test_a_wrong_url_is_refused(url: str) -> None:
    with pytest.raises(RecordsError):
        open_records(url)


def test_json_on_record_is_finite_and_ordered() -> None:
    assert to_json({"b": 1, "a": "中"}) == '{"a":"中","b":1}'
    with pytest.raises(ValueError, match="JSON"):
        to_json(float("nan"))


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_into_a_file_that_was_taken_away(url: str, engine: Engine, replaced: bool) -> None:
    path = Path(str(engine.url.database))
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
    path.rename(path.with_name("moved"))
    if replaced:
        path.write_bytes(b"")
    with pytest.raises(RecordsError, match="gone or were replaced"), engine.begin() as connection:
        connection.execute(text("SELECT 1"))
