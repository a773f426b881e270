"""The rejects file tells where and why, and gives nothing away: to a reader or to a spreadsheet."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.feed import Personal
from ingest.pseudonym import Pseudonymiser
from ingest.rejects import harmless, masked
from ingest.sources import SOURCES
from tests.ingest.making import KEY, Desk, csv_text, row

CANARY = {
    Personal.NAME: "欧阳锋Canary",
    Personal.PHONE: "19912345678",
    Personal.IDENTITY: "44010219870605432X",
    Personal.CARD: "6217991234567890123",
    Personal.STREET: "白驼山 77 号 Canary",
    Personal.WAYBILL: "ZZ9988776655",
}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("330102199001011234", "3…4 (18 characters)"),
        ("abc", "… (3 characters)"),
        ("", ""),
        (None, ""),
        ("=HYPERLINK(1)", "=…) (13 characters)"),
        ("\u202eabcd\n", "U+202E…U+000A (6 characters)"),
    ],
)
def test_values_are_masked(value: str | None, shown: str) -> None:
    assert masked(value) == shown


@given(st.text(max_size=30))
def test_a_masked_value_shows_two_characters_at_most(value: str) -> None:
    shown = masked(value)
    if len(value) < 4:
        assert shown in ("", f"… ({len(value)} characters)")
    else:
        assert value[1:-1] not in shown or len(value) < 6
        assert shown.isprintable()


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_neutralised(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("plain") == "plain"


def test_the_file_name_and_the_values_cannot_run_in_a_spreadsheet(desk: Desk) -> None:
    path = desk.file(csv_text([row(amount="=HYPERLINK(0)"), row(amount="-5"), row(amount="@x(y)")]), "=cmd.csv")
    report = desk.take(path)
    for rejected in desk.rejected(report):
        assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for cell in rejected.values())
    assert report.rejected == 3


def test_no_rejects_no_file(desk: Desk) -> None:
    report = desk.take(csv_text([row()]))
    assert report.rejects_file is None
    assert list(desk.rejects.iterdir()) == []


def test_the_rejects_file_is_for_its_owner_alone(desk: Desk) -> None:
    report = desk.take(csv_text([row(rating="9")]))
    assert Path(report.rejects_file or "").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "damage",
    [
        "invisible",
        *(pytest.param(d, marks=pytest.mark.slow) for d in ("none", "range", "long", "width", "quote", "bytes")),
    ],
)
def test_personal_data_is_found_nowhere(
    desk: Desk, damage: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every personal column of every feed, in good rows and in bad ones: no trace in landing, rejects or reports."""
    caplog.set_level(logging.DEBUG)
    said = []
    for feed in (f for feeds in SOURCES.values() for f in feeds if any(c.personal for c in f.columns)):
        cells = {c.name: CANARY[c.personal] if c.personal else c.sample for c in feed.columns}
        tail = {"invisible": "\u200b", "long": "x" * 600}.get(damage, "")
        cells = {n: v + tail if feed.column(n).personal else v for n, v in cells.items()}
        if damage == "range":
            cells[feed.event_time] = "2150-01-01"
        text = csv_text([cells]).encode()
        if damage == "width":
            text = text.rstrip() + b",surplus\n"
        if damage == "quote":
            text = text.replace(b"\n", b'\n"', 1)
        if damage == "bytes":
            text = text.replace("锋".encode(), b"\xff\xfe")
        try:
            said.append(str(desk.take(text, feed, max_bad_share=0.5).to_json()))
        except Exception:  # noqa: BLE001 # whatever is raised must not show the values either
            said.append(traceback.format_exc())
    captured = capsys.readouterr()
    said += [caplog.text, captured.out, captured.err]
    written = [p.read_bytes() for p in desk.root.rglob("*") if p.is_file() and p.parent != desk.root]
    assert written
    for value in CANARY.values():
        for form in (value, value.replace(" ", ""), value.casefold(), value[1:-1]):
            assert not any(form in text for text in said)
            assert not any(form.encode() in content for content in written)


def test_the_search_for_canaries_can_fail(desk: Desk) -> None:
    """The token of a canary is there, so the files that were searched are those that hold the rows."""
    desk.take(csv_text([row(phone=CANARY[Personal.PHONE])]))
    token = Pseudonymiser(KEY).token(Personal.PHONE, CANARY[Personal.PHONE])
    assert [e["dst"] for e in desk.rows("HAS_PHONE")] == [token]
    assert any(token.encode() in p.read_bytes() for p in desk.root.rglob("HAS_PHONE*.parquet"))


def test_lines_are_those_of_an_editor_even_below_cells_with_line_ends(desk: Desk) -> None:
    text = csv_text([row(status="a\nb\nc"), row(order_id="O2"), row(order_id="O3", rating="0")])
    report = desk.take(text)
    assert desk.codes(report) == [(2, "status", "characters"), (6, "rating", "range")]
    with desk.file(text).open(encoding="utf-8", newline="") as f:
        assert f.read().split("\n")[5].startswith("O3")
