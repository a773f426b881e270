"""Files of a source into landing: which are found, whose they are, and what the report adds up to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from ingest.files import SourceError, deliveries, feed_of
from ingest.intake import IntakeOptions
from ingest.limits import FileRefusedError, Limits
from ingest.pseudonym import KeyRefusedError
from ingest.sources import SOURCES
from jobs.sync import SyncReport, sync
from tests.ingest.making import csv_text


def _sample(source: str, feed: str, **changes: str) -> str:
    columns = next(f for f in SOURCES[source] if f.name == feed).columns
    return csv_text([{**{c.name: c.sample for c in columns}, **changes}])


def _sync(home: Path, source: str, *paths: Path, **options: object) -> SyncReport:
    return sync(
        source, paths, home / "landing", home / "key", home / "rejects", IntakeOptions(), warn=lambda _: None,
        **options,  # type: ignore[arg-type] # options come by name
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        ("orders.csv", "orders"),
        ("orders-2025-03.csv", "orders"),
        ("Orders_1.parquet", "orders"),
        ("devices.csv", "devices"),
    ],
)
def test_a_file_belongs_to_the_feed_its_name_begins_with(name: str, feed: str) -> None:
    assert feed_of("platform", name).name == feed


@pytest.mark.parametrize("name", ["order.csv", "ordersheet.csv", "my-orders.csv", "x.csv"])
def test_other_names_fit_no_feed(name: str) -> None:
    with pytest.raises(SourceError, match="no feed of source platform"):
        feed_of("platform", name)


def test_a_folder_is_taken_as_far_as_it_is_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "orders-2.csv").write_text(_sample("platform", "orders", order_id="O2"))
    (tmp_path / "orders-1.csv").write_text(_sample("platform", "orders"))
    (tmp_path / "transfers.csv").write_text(_sample("bank", "transfers"))
    (tmp_path / "notes.txt").write_text("hello")
    found = deliveries("platform", [tmp_path], None, Limits())
    assert [d.name for d in found] == ["orders-1.csv", "orders-2.csv"]
    (tmp_path / "platform").mkdir()
    (tmp_path / "platform" / "refunds.csv").write_text(_sample("platform", "refunds"))
    assert [d.name for d in deliveries("platform", [tmp_path], None, Limits())] == ["refunds.csv"]


@pytest.mark.parametrize(
    ("source", "path", "feed"),
    [("nosuch", ".", None), ("platform", "missing.csv", None), ("platform", ".", "nosuch"), ("tax", "empty", None)],
)
def test_what_cannot_be_found_is_said(tmp_path: Path, source: str, path: str, feed: str | None) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "orders.csv").write_text(_sample("platform", "orders"))
    with pytest.raises(SourceError):
        deliveries(source, [tmp_path / path], feed, Limits())


def test_the_report_adds_up_and_is_json(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(_sample("platform", "orders"))
    (tmp_path / "merchants.csv").write_text(_sample("platform", "merchants"))
    seen: list[tuple[str, int]] = []
    report = sync(
        "platform", [tmp_path], tmp_path / "landing", tmp_path / "key", tmp_path / "rejects", IntakeOptions(),
        lambda name, rows: seen.append((name, rows)), warn=lambda _: None,
    )  # fmt: skip
    assert report.exit_code == 0
    assert report.totals["sent"] == report.totals["stored"] == report.totals["stored_now"] == 2
    assert json.loads(json.dumps(report.to_json()))["totals"] == report.totals
    assert ("orders.csv", 1) in seen
    again = _sync(tmp_path, "platform", tmp_path)
    assert again.exit_code == 0
    assert again.totals["files_already_taken"] == 2
    assert again.totals["stored_now"] == 0


def test_a_refused_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "merchants.csv").write_text("merchant_id\nM1\n")
    (tmp_path / "orders.csv").write_text(_sample("platform", "orders"))
    (tmp_path / "refunds.parquet").write_bytes(b"nonsense")
    report = _sync(tmp_path, "platform", tmp_path)
    assert report.exit_code == 1
    assert [(d.file, d.refused_code) for d in report.deliveries] == [
        ("merchants.csv", "columns_missing"),
        ("orders.csv", None),
        ("refunds.parquet", "format"),
    ]


def test_a_file_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(_sample("platform", "orders"))
    report = _sync(tmp_path, "platform", path, limits=Limits(file_bytes=10))
    assert report.deliveries[0].refused_code == "file_too_large"


def test_the_feed_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(_sample("platform", "orders"))
    with pytest.raises(SourceError):
        _sync(tmp_path, "platform", path)
    assert _sync(tmp_path, "platform", path, feed="orders").totals["stored"] == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_replaced_between_its_digest_and_its_rows_is_refused(tmp_path: Path, suffix: str) -> None:
    feed = SOURCES["platform"][0]
    table = pa.table({c.name: [c.sample] for c in feed.columns})
    path = tmp_path / f"merchants{suffix}"
    write = pa_csv.write_csv if suffix == ".csv" else pq.write_table
    write(table, path)
    (given,) = deliveries("platform", [path], None, Limits())
    write(table, path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileRefusedError) as refused:
        list(given.chunks())
    assert refused.value.code == "changed"


def test_no_new_key_is_made_where_the_old_one_is_gone(tmp_path: Path) -> None:
    feed = SOURCES["platform"][0]
    path = tmp_path / "merchants.parquet"
    pq.write_table(pa.table({c.name: [c.sample] for c in feed.columns}), path)
    places = (tmp_path / "landing", tmp_path / "key", tmp_path / "rejects", IntakeOptions())
    assert sync("platform", [path], *places, warn=lambda _: None).ok
    places[1].unlink()
    with pytest.raises(KeyRefusedError, match="gone"):
        sync("platform", [path], *places)
    assert not places[1].exists()
    places[1].mkdir()
    with pytest.raises(KeyRefusedError, match="no file"):
        sync("platform", [path], *places)
