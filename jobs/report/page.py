"""Gathers what the report shows and fills the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from graph.drawing.layout import Shape
from graph.drawing.svg import draw
from graph.findings.finding import Finding, Kind
from graph.snapshot import Snapshot
from graph.subgraph import of_finding

TITLES: dict[Kind, tuple[str, str, Shape]] = {
    "fake_order_ring": ("Fake-order ring", "刷单团伙", "springs"),
    "shared_device": ("Shared-device cluster", "共用设备群", "springs"),
    "fund_loop": ("Fund loop", "资金回路", "circle"),
    "guarantee_circle": ("Guarantee circle", "互保圈", "circle"),
    "loan_trace": ("Loan trace", "贷款流向", "layers"),
}


@dataclass(frozen=True)
class Card:
    """The top finding of a kind as the page shows it. ``picture`` is None where there is no finding of the kind."""

    title_en: str
    title_zh: str
    found: int
    finding: Finding | None
    picture: str | None


@dataclass(frozen=True)
class Figure:
    """A chart with its title and a line on how to read it."""

    title_en: str
    title_zh: str
    note: str
    picture: str


@dataclass(frozen=True)
class Report:
    """Everything on the page. ``scored``: what ``POST /v1/score`` answered, ``lines``: facts and commands in order."""

    as_of: int
    version: str
    size: dict[str, int]
    cards: Sequence[Card]
    figures: Sequence[Figure]
    scored: Mapping[str, Any] | None
    top: Sequence[Finding]


def cards(snapshot: Snapshot, findings: Sequence[Finding]) -> list[Card]:
    """One card a kind, with its highest finding drawn."""
    made = []
    for kind, (english, chinese, shape) in TITLES.items():
        mine = sorted((f for f in findings if f.kind == kind), key=lambda f: (-f.score, f.id))
        top = mine[0] if mine else None
        picture = draw(of_finding(snapshot, top), shape) if top else None
        made.append(Card(english, chinese, len(mine), top, picture))
    return made


def write_page(report: Report, out: Path) -> None:
    """Write the HTML file."""
    here = Path(__file__).parent
    environment = Environment(loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined)
    environment.filters["day"] = lambda ms: datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    environment.filters["thousands"] = lambda n: f"{n:,}"
    page = environment.get_template("page.html").render(r=report, titles=TITLES)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
