"""The declared feeds hold together: with the model, with their own samples, with the page in the docs."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from graph.model import ARROW, EDGE, FACT, KIND, RELATIONS, Property
from ingest.checks import TYPED
from ingest.contract_page import PAGE, page
from ingest.faults import CODES
from ingest.feed import As, EdgeRows, End, FactRows, Feed, NodeRows
from ingest.parse import CURRENCY
from ingest.sources import SOURCES
from tests.ingest.making import Desk, csv_text

FEEDS = [f for feeds in SOURCES.values() for f in feeds]
BY_NAME = pytest.mark.parametrize("feed", FEEDS, ids=lambda f: f.full_name)


@BY_NAME
def test_the_sample_row_is_taken(desk: Desk, feed: Feed) -> None:
    report = desk.take(csv_text([{c.name: c.sample for c in feed.columns}]), feed)
    assert report.codes == {}
    assert report.stored == 1
    assert report.tables


@BY_NAME
def test_the_smallest_row_is_taken(desk: Desk, feed: Feed) -> None:
    """Required columns alone (and one of each group) are enough."""
    needed = {c.name for c in feed.columns if c.required} | {n for group in feed.one_of for n in group}
    report = desk.take(csv_text([{c.name: c.sample for c in feed.columns if c.name in needed}]), feed)
    assert report.codes == {}


@BY_NAME
def test_columns_that_are_named_are_there(feed: Feed) -> None:
    names = [c.name for c in feed.columns]
    assert len(names) == len(set(names))
    used = {*feed.key, feed.event_time, *(n for group in feed.one_of for n in group)}
    used |= {feed.version} if feed.version else set()
    assert used <= set(names)
    assert feed.column(feed.event_time).parse is As.TIME
    assert feed.column(feed.event_time).required
    ZoneInfo(feed.zone)
    if any(c.parse is As.MONEY for c in feed.columns):
        assert feed.currency is not None or (CURRENCY in names and feed.column(CURRENCY).required)
    assert all(c.parse in (As.ID, As.TEXT) for c in feed.columns if c.personal)


@BY_NAME
def test_rows_fit_the_model(feed: Feed) -> None:
    for rows in feed.rows:
        match rows:
            case NodeRows():
                for kind in _kinds(feed, rows.node):
                    _fit(feed, rows.properties, KIND[kind].properties)
            case EdgeRows():
                for a in _kinds(feed, rows.src):
                    for b in _kinds(feed, rows.dst):
                        assert _allowed(rows, a, b), f"{a} {rows.type} {b}"
                _fit(feed, rows.properties, EDGE[rows.type].properties)
            case FactRows():
                _fit(feed, rows.properties, FACT[rows.fact].properties)


def _kinds(feed: Feed, end: End) -> tuple[str, ...]:
    feed.column(end.column)
    if not end.kind.startswith("$"):
        return (end.kind,)
    choices = feed.column(end.kind[1:]).choices
    assert choices
    return tuple(k for k in choices if not end.kinds or k in end.kinds)


def _allowed(rows: EdgeRows, a: str, b: str) -> bool:
    return (a, rows.type, b) in RELATIONS


def _fit(feed: Feed, used: object, properties: tuple[Property, ...]) -> None:
    types = {p.name: ARROW[p.type] for p in properties}
    for name, column in dict(used).items():  # type: ignore[call-overload] # a mapping of names
        assert types[name] == TYPED[feed.column(column).parse], f"{feed.full_name}.{column} -> {name}"


def test_feeds_of_a_source_are_told_apart_by_file_name() -> None:
    for source, feeds in SOURCES.items():
        assert all(f.source == source for f in feeds)
        assert len({f.name for f in feeds}) == len(feeds)
    assert len({f.full_name for f in FEEDS}) == len(FEEDS)


def test_the_page_in_the_docs_is_current() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m ingest.contract_page"


def test_the_page_tells_every_column_and_code() -> None:
    text = page()
    for feed in FEEDS:
        assert f"### {feed.full_name}\n" in text
        section = text.split(f"### {feed.full_name}\n")[1].split("\n### ")[0]
        assert all(f"| `{c.name}` |" in section for c in feed.columns)
    assert all(f"| `{code}` |" in text for code in CODES)
