"""CSV: exact cells, the right line for each row, and damage that stays in its row."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.csv_files import read_csv
from ingest.csv_scan import scan
from ingest.intake import FAULT, LINE
from ingest.limits import FileRefusedError, Limits
from tests.ingest.making import Desk, csv_text, row

Rows = list[tuple[int, str | None, list[str]]]


def _read(path: Path, content: str | bytes, **limits: int) -> Rows:
    """(line, fault, cells) of each row."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found: Rows = []
    for chunk in read_csv(path, scan(path), Limits(**{"chunk_bytes": 1 << 16, **limits})):
        names = [n for n in chunk.column_names if n not in (LINE, FAULT)]
        for r in chunk.to_pylist():
            found.append((r[LINE], r[FAULT], [r[n] for n in names]))
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


_CELL = st.text(st.sampled_from("ab,\"\n'=中 "), max_size=6)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.lists(_CELL, min_size=1, max_size=5), max_size=25),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from([96, 1 << 16]),
)
def test_rows_and_lines_are_those_of_the_csv_module(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], end: str, quote_all: bool, block: int
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL)
    writer.writerow(["x", "y", "z"])
    writer.writerows(rows)
    text = out.getvalue()
    expected, last = [], 0
    reader = csv.reader(io.StringIO(text, newline=""))
    for cells in reader:
        if last and (any(cells) or len(cells) not in (0, 3)):  # blank lines and empty rows are passed over
            good = len(cells) == 3
            expected.append((last + 1, None if good else "fields", cells if good else None))
        last = reader.line_num
    path = tmp_path_factory.getbasetemp() / "property.csv"
    got = [(line, fault, None if fault else cells) for line, fault, cells in _read(path, text, chunk_bytes=block)]
    assert got == expected


def test_a_row_of_the_wrong_width_is_told_and_the_rest_is_read(path: Path) -> None:
    text = 'a,b,c\n1,2,3\n4,"x\ny",6\n7,8\n\n9,10,11,12\n"q""q",2,z\n,,\n5,6,7'
    assert _read(path, text) == [
        (2, None, ["1", "2", "3"]),
        (3, None, ["4", "x\ny", "6"]),
        (5, "fields", [None] * 3),
        (7, "fields", [None] * 3),
        (8, None, ['q"q', "2", "z"]),
        (10, None, ["5", "6", "7"]),
    ]


def test_lines_are_right_across_blocks(path: Path) -> None:
    text = "a,b\n" + "".join("1\n" if i % 7 == 0 else f'{i},"x\n"\n' for i in range(1000))
    got = _read(path, text, chunk_bytes=128)
    at, expected = 2, []
    for i in range(1000):
        expected.append(at)
        at += 1 if i % 7 == 0 else 2
    assert [line for line, _, _ in got] == expected
    assert [fault for _, fault, _ in got].count("fields") == 143


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_change_nothing(path: Path, mark: bytes, end: str) -> None:
    text = f"a,b{end}{end}王,2{end}3,4{end}{end}"
    assert _read(path, mark + text.encode()) == [(3, None, ["王", "2"]), (4, None, ["3", "4"])]


def test_gbk_is_read(path: Path) -> None:
    text = "店名,b\n" + "".join(f"杭州晨光贸易有限公司{i},街道\n" for i in range(300)) + "plain,1\n"
    got = _read(path, text.encode("gbk"))
    assert got[0] == (2, None, ["杭州晨光贸易有限公司0", "街道"])
    assert got[-1] == (302, None, ["plain", "1"])
    assert _read(path, text.encode("gb18030")) == _read(path, text.encode())


def test_a_line_of_another_encoding_is_marked_and_the_rest_is_read(path: Path) -> None:
    gbk, utf8 = "王小明,杭州\n".encode("gbk"), "王小明,杭州\n".encode()
    got = _read(path, b"a,b\n" + utf8 * 3 + gbk + utf8)
    assert [cells for _, _, cells in got if "\ufffd" not in "".join(cells)] == [["王小明", "杭州"]] * 4
    assert "\ufffd" in got[3][2][0]
    got = _read(path, b"a,b\n" + gbk * 3 + utf8 + gbk)
    assert [cells for _, _, cells in got if "\ufffd" not in "".join(cells)] == [["王小明", "杭州"]] * 4
    assert "\ufffd" in got[3][2][0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"\n\n \n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        ("a,b\n1,2\n".encode("utf-16"), "encoding"),
        (b"a,b\n" + b"\xff\xfe\x80\x80\n" * 20, "encoding"),
        (b"a\0,b\n1,2\n", "characters"),
        (b"a,b\n1," + b"x" * 2000 + b"\n", "line_too_long"),
        (b",".join(b"c%d" % i for i in range(600)) + b"\n", "columns_too_many"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "quote"),
        (b'a,b\n1,"2\n' + b"3,4\n" * 5000 + b'5,"6\n', "quote"),
        (b"a,b\n" + b"1,2\n" * 50, "too_many_rows"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read_are_refused_with_a_code(path: Path, content: bytes, code: str) -> None:
    limits = {"line_bytes": 1000} if code == "line_too_long" else {"rows": 10} if code == "too_many_rows" else {}
    with pytest.raises(FileRefusedError) as error:
        _read(path, content, **limits)
    assert error.value.code == code


def test_a_header_alone_is_a_file_without_rows(path: Path, desk: Desk) -> None:
    assert _read(path, "a,b\n") == _read(path, "a,b") == _read(path, "a,b\n\n\n") == []
    report = desk.take(csv_text([]))
    assert report.ok
    assert report.sent == 0


def test_nul_bytes_refuse_their_row(desk: Desk) -> None:
    report = desk.take(csv_text([row(), row(order_id="O\x002"), row(order_id="O3")]))
    assert desk.codes(report) == [(3, "order_id", "characters")]
    assert report.stored == 2


def test_headers(desk: Desk) -> None:
    report = desk.take(csv_text([row()], [*row(), "status"]))
    assert (report.refused_code, report.sent) == ("header_duplicate", 0)
    report = desk.take(csv_text([row(phone="19912345678")]).split("\n")[1])  # no header: nothing of the row is shown
    assert report.refused_code == "columns_missing"
    assert "19912345678" not in str(report)
    assert "separated by commas" in (desk.take(csv_text([row()]).replace(",", ";")).refused_why or "")
    report = desk.take("order_id,amount,extra\n1,2,3\n")
    assert report.refused_code == "columns_missing"
    assert "merchant_id, currency, placed_at" in (report.refused_why or "")
    report = desk.take(csv_text([row()], [*row(), "", ""]))
    assert (report.refused_code, (report.refused_why or "")[-9:]) == ("header_duplicate", "(no name)")
    report = desk.take(csv_text([row()], [*row(), "#line"]))
    assert (report.refused_code, report.sent) == ("header", 0)
    names = ["extra", *reversed(row()), " other "]
    report = desk.take(csv_text([row()], names))
    assert report.ok
    assert report.ignored_columns == ("extra", "other")
