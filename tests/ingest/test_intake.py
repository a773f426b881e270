"""Taking a delivery: versions, repeats, conflicts, what we knew when, and refusal of a whole file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.feed import EdgeRows, End, Personal
from ingest.intake import Delivery
from ingest.pseudonym import KeyRefusedError, Pseudonymiser
from landing.tables import LandingError
from tests.ingest.making import GOOD, KEY, NOW, REFUNDS, SALES, Desk, csv_text, row

PLACED = 1740831300000  # 2025-03-01T20:15:00+08:00


def test_a_row_becomes_nodes_and_edges(desk: Desk) -> None:
    report = desk.take(csv_text([row()]))
    assert report.ok
    assert report.tables == {"HAS_PHONE": 1, "Orders": 1, "SOLD_BY": 1}
    assert desk.rows("Orders") == [
        {
            "id": "O1", "ts": PLACED, "amount": 12900, "currency": "CNY", "status": "placed", "rating": 5,
            "updated_ts": PLACED, "known_ts": NOW,
        }
    ]  # fmt: skip
    assert desk.rows("SOLD_BY") == [
        {
            "id": "SOLD_BY:Orders:O1>Merchant:M1", "src_kind": "Orders", "src": "O1", "dst_kind": "Merchant",
            "dst": "M1", "ts": PLACED, "updated_ts": PLACED, "known_ts": NOW,
        }
    ]  # fmt: skip
    token = Pseudonymiser(KEY).token(Personal.PHONE, "+8613800000000")
    assert [(e["src"], e["dst"], e["since"]) for e in desk.rows("HAS_PHONE")] == [("M1", token, None)]


def test_an_edge_with_an_empty_end_is_not_made(desk: Desk) -> None:
    desk.take(csv_text([row(phone="")]))
    assert desk.rows("HAS_PHONE") == []
    assert len(desk.rows("Orders")) == 1


def test_the_same_content_is_taken_once(desk: Desk) -> None:
    text = csv_text([row(), row(order_id="O2", rating="9"), row()])
    first = desk.take(text)
    assert first.counts() == {"sent": 3, "stored": 1, "duplicate": 1, "rejected": 1, "conflict": 0}
    again = desk.take(text)
    assert again.already_taken
    assert again == replace(first, already_taken=True)
    assert len(desk.landing.batches()) == 1
    assert len(desk.rows("Orders")) == 1


def test_another_reading_of_the_same_content_is_another_batch(desk: Desk) -> None:
    text = csv_text([row(placed_at="1740831300000", updated_at="1740831300000")])
    assert desk.take(text).refused_code is None
    assert desk.take(text, time_unit="ms").stored == 1


def test_duplicates_versions_and_conflicts(desk: Desk) -> None:
    assert desk.take(csv_text([row()])).stored == 1
    report = desk.take(
        csv_text(
            [
                row(amount="129", phone="+86 13800000000"),  # the same, written differently
                row(updated_at="2025-03-05", status="delivered"),  # a later version
                row(amount="130"),  # other content, same version
                row(updated_at="2025-03-05", status="delivered"),  # repeated in this file
                row(updated_at="2025-03-05", status="lost"),  # in conflict with a row of this file
            ]
        )
    )
    assert report.counts() == {"sent": 5, "stored": 1, "duplicate": 2, "rejected": 0, "conflict": 2}
    assert desk.codes(report) == [(4, "order_id", "conflict"), (6, "order_id", "conflict")]
    assert not report.ok
    assert [(o["updated_ts"], o["status"]) for o in desk.rows("Orders")] == [
        (PLACED, "placed"),
        (1741104000000, "delivered"),
    ]
    newest = desk.landing.view().newest("Orders").to_pylist()
    assert [o["status"] for o in newest] == ["delivered"]


def test_when_we_learnt_a_row_is_no_part_of_its_content(desk: Desk) -> None:
    desk.take(csv_text([row(known_at="2025-03-02")]))
    report = desk.take(csv_text([row(known_at="2025-04-02")]))
    assert report.duplicate == 1


def test_a_record_of_a_feed_without_a_key_is_its_content(desk: Desk) -> None:
    text = "refund_id,amount,at\nR1,5,2025-03-01\nR1,5.0,2025-03-01\nR1,6,2025-03-01\n"
    report = desk.take(text, REFUNDS)
    assert report.counts() == {"sent": 3, "stored": 2, "duplicate": 1, "rejected": 0, "conflict": 0}
    assert sorted(str(r["amount"]) for r in desk.rows("refund")) == ["5", "6"]  # yen have no decimals


def test_keys_joined_from_parts_do_not_run_together(desk: Desk) -> None:
    feed = replace(SALES, key=("merchant_id", "order_id"))
    report = desk.take(csv_text([row(merchant_id="A", order_id="BC"), row(merchant_id="AB", order_id="C")]), feed)
    assert report.stored == 2


@pytest.mark.parametrize(
    ("known", "known_at", "expected"),
    [
        ("column", "2025-04-01T00:00:00Z", 1743465600000),
        ("column", "", NOW),
        ("now", "2025-04-01T00:00:00Z", NOW),
        ("event", "2025-04-01T00:00:00Z", 1743465600000),
        ("event", "", 1741104000000),
    ],
)
def test_when_a_row_was_learnt(desk: Desk, known: str, known_at: str, expected: int) -> None:
    desk.take(csv_text([row(known_at=known_at, updated_at="2025-03-05")]), known=known)
    assert [o["known_ts"] for o in desk.rows("Orders")] == [expected]


def test_a_row_cannot_be_known_long_before_it_came_to_be(desk: Desk) -> None:
    rows = [row(known_at="2025-03-01T00:00:00+08:00"), row(order_id="O2", known_at="2025-02-28T00:00:00+08:00")]
    report = desk.take(csv_text(rows))
    assert desk.codes(report) == [(3, "placed_at", "known_before")]
    assert report.stored == 1


@pytest.mark.parametrize(("bad", "refused"), [(5, False), (6, True)])
def test_too_many_bad_rows_refuse_the_file(desk: Desk, bad: int, refused: bool) -> None:
    rows = [row(order_id=f"O{i}", rating="9" if i < bad else "5") for i in range(100)]
    report = desk.take(csv_text(rows), max_bad_share=0.05)
    assert report.refused is refused
    assert len(desk.rows("Orders")) == (0 if refused else 95)
    if refused:
        assert report.counts() == {"sent": 100, "stored": 0, "duplicate": 0, "rejected": 100, "conflict": 0}
        assert report.codes == {"bad_share": 1, "file_refused": 94, "range": 6}
        assert desk.landing.batches() == []
        assert len(desk.rejected(report)) == 7
        assert desk.take(csv_text(rows), max_bad_share=0.1).stored == 94  # asked for with more patience, it is taken


def test_a_key_of_another_installation_is_refused(desk: Desk) -> None:
    desk.take(csv_text([row()]))
    with pytest.raises(KeyRefusedError, match="another key"):
        desk.take(csv_text([row(order_id="O2")]), key=bytes(32))


def test_one_writer_at_a_time(desk: Desk) -> None:
    with desk.landing.begin("other", "s", "f"), pytest.raises(LandingError, match="another process"):
        desk.take(csv_text([row()]))
    assert desk.take(csv_text([row()])).stored == 1


def test_an_error_in_the_middle_leaves_nothing(desk: Desk) -> None:
    good = pa.table({k: [v] for k, v in row().items()})

    def chunks() -> object:
        yield good
        raise OSError("the disk went away")

    delivery = Delivery(SALES, "sales.csv", "ab" * 32, chunks)  # type: ignore[arg-type] # a generator function
    with pytest.raises(OSError, match="disk"):
        desk.take(delivery)
    assert desk.landing.batches() == []
    assert list((desk.root / "landing" / "parts").iterdir()) == []
    assert list(desk.rejects.iterdir()) == []
    assert desk.take(replace(delivery, chunks=lambda: [good])).stored == 1


def test_parquet_gives_what_csv_gives(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    other.root.mkdir()
    rows = [row(), row(order_id="O2", rating="9"), row(order_id="007", phone="")]
    desk.take(csv_text(rows))
    path = other.root / "sales.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    report = other.take(path)
    assert other.codes(report) == [(2, "rating", "range")]  # Parquet has no header: rows count from 1
    for table in ("Orders", "SOLD_BY", "HAS_PHONE"):
        assert other.rows(table) == desk.rows(table)


@pytest.mark.parametrize(
    ("kind", "plain", "identity", "code"),
    [
        ("Merchant", "M1", "", None),
        ("Company", "", "91330100", None),
        ("", "M1", "", "required"),
        ("Company", "M1", "", "kind"),
        ("Merchant", "", "91330100", "kind"),
        ("Merchant", "", "", "incomplete"),
    ],
)
def test_an_id_stands_in_the_column_of_its_kind(
    desk: Desk, kind: str, plain: str, identity: str, code: str | None
) -> None:
    from ingest.sources.bank import LOANS

    cells = {c.name: c.sample for c in LOANS.columns}
    cells |= {"borrower_kind": kind, "borrower_id": plain, "borrower_identity": identity}
    report = desk.take(csv_text([cells]), LOANS)
    found = {c for _, _, c in desk.codes(report)}
    assert found == ({code} if code else set())


def test_a_row_that_names_nothing_or_two_things_for_one_is_rejected(desk: Desk) -> None:
    feed = replace(
        SALES,
        columns=tuple(replace(c, required=c.name not in ("merchant_id", "status")) for c in SALES.columns),
        rows=(
            EdgeRows("SOLD_BY", End("Orders", "order_id"), End("Merchant", "merchant_id"), id_column="order_id"),
            EdgeRows("SOLD_BY", End("Orders", "order_id"), End("Merchant", "status"), id_column="order_id"),
        ),
    )
    full = {**GOOD, "updated_at": "2025-03-05", "known_at": "2025-03-06"}
    rows = [
        {**full, "order_id": "1", "merchant_id": "", "status": ""},
        {**full, "order_id": "2"},
        {**full, "order_id": "3", "status": ""},
    ]
    report = desk.take(csv_text(rows), feed)
    assert [(line, code) for line, _, code in desk.codes(report)] == [(2, "incomplete"), (3, "ambiguous")]


def test_ids_of_edges_made_of_their_ends_do_not_collide(desk: Desk) -> None:
    rows = [row(order_id="a>Merchant:b", merchant_id="c"), row(order_id="a", merchant_id="b>Merchant:c")]
    desk.take(csv_text(rows))
    assert len({e["id"] for e in desk.rows("SOLD_BY")}) == 2


def test_progress_is_told(desk: Desk) -> None:
    from ingest.files import delivery
    from ingest.intake import IntakeOptions, take
    from ingest.limits import Limits

    path = desk.file(csv_text([row(order_id=f"O{i}") for i in range(100)]))
    seen: list[int] = []
    take(
        delivery(SALES, path, Limits(chunk_bytes=4096)), desk.landing, Pseudonymiser(KEY), desk.rejects,
        IntakeOptions(now_ms=NOW), seen.append,
    )  # fmt: skip
    assert seen[-1] == 100
    assert len(seen) > 2
    assert seen == sorted(seen)


def test_a_second_run_at_the_same_time_spoils_nothing_of_the_first(desk: Desk) -> None:
    cells = {k: [v] for k, v in row(rating="9").items()}

    def chunks() -> object:
        with pytest.raises(LandingError):  # the same delivery again, while the first is at it
            desk.take(Delivery(SALES, "sales.csv", "cd" * 32, lambda: []))
        yield pa.table(cells)

    report = desk.take(Delivery(SALES, "sales.csv", "cd" * 32, chunks))  # type: ignore[arg-type] # a generator function
    assert desk.codes(report) == [(2, "rating", "range")]
