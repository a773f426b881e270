"""The report of a training: self-contained, everything from data escaped, every part there."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pyarrow as pa
import pytest

from scoring.report.charts import bars, columns, lines
from scoring.report.page import report_page
from scoring.train import train_and_measure
from tests.scoring.tables import training_table
from tests.scoring.test_train import QUICK

HOSTILE = "<script>alert(1)</script>&\"'"


@pytest.fixture(scope="module")
def page() -> str:
    table = training_table(0, rows=500)
    frame = table.frame.set_column(
        table.frame.column_names.index("application_id"), "application_id", pa.array([HOSTILE] * 500)
    )
    frame = frame.append_column("region", pa.array([HOSTILE, "zhejiang"] * 250))
    params = replace(QUICK, challengers=("random_forest", "logistic_regression"), draws=20)
    return report_page(train_and_measure(replace(table, frame=frame), params, 0), 1_750_000_000_000)


def test_every_part_is_on_the_page(page: str) -> None:
    for part in (
        "ROC",
        "Precision and recall",
        "Calibration",
        "Lift by decile",
        "By feature",
        "By concept",
        "Sample cases",
    ):
        assert part in page
    for words in ("random forest", "logistic regression", "aggregates of linked merchants", "By region", "Five folds"):
        assert words in page
    assert page.count("<svg") == 6 + 4


def test_nothing_from_data_becomes_markup(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_needs_no_network(page: str) -> None:
    assert not re.search(r"(src|href)\s*=|url\(|@import", page.replace("http://www.w3.org/2000/svg", ""))


def test_the_page_is_well_formed(page: str) -> None:
    open_tags: list[str] = []

    class Watch(HTMLParser):
        def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
            if tag not in {"meta", "br", "line", "circle", "rect", "polyline", "path"}:
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in {"meta", "br", "line", "circle", "rect", "polyline", "path"}:
                assert open_tags.pop() == tag

    Watch().feed(page)
    assert open_tags == []


def test_charts_escape_names_and_bear_empty_input() -> None:
    for svg in (
        lines({HOSTILE: [(0, 0), (1, 1)], "b": []}, HOSTILE, HOSTILE),
        columns([(HOSTILE, 1.0)], HOSTILE),
        bars([(HOSTILE, -1.0)], signed=True),
    ):
        assert "<script" not in svg
    assert columns([], "y").startswith("<svg")
    assert bars([]).endswith("</svg>")
