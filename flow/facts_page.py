"""The page docs/facts.md, made from the vocabulary itself: ``python -m flow.facts_page`` writes it anew."""

from __future__ import annotations

from pathlib import Path

from flow import facts
from flow.facts import KINDS, MEASURES, WINDOWS, Measure

PAGE = Path(__file__).parent.parent / "docs" / "facts.md"

_COLUMNS = ("measure", "on", "type", "unit", "on a key without events", "meaning (over the window)", "含义")


def page() -> str:
    """The page as Markdown."""
    introduction = (facts.__doc__ or "").strip().replace("``", "`").split("\n\n")
    daily = ", ".join(f"`{m.name}`" for m in MEASURES.values() if m.family in ("count", "sum"))
    money = ", ".join(f"`{m.name}`" for m in MEASURES.values() if m.in_currency)
    return "\n".join(
        [
            "# Facts",
            "",
            "Made from the vocabulary by `python -m flow.facts_page`; do not edit by hand. `ringfence rules facts`",
            "lists every fact with its full name; a rule is a condition over them ([rules.md](rules.md)).",
            "",
            *introduction[0].split("\n")[1:],
            *"\n\n".join(introduction[1:]).split("\n"),
            "",
            f"Windows: {', '.join(f'`{name}`' for name in WINDOWS)}.",
            f"A daily mean (`_daily_mean_30d`) there is of: {daily}.",
            f"Amounts, which take the code of another currency before the window: {money}.",
            "",
            _line(_COLUMNS),
            _line(["---"] * len(_COLUMNS)),
            *(_line(_cells(measure)) for measure in MEASURES.values()),
            "",
        ]
    ).replace("\n\n\n", "\n\n")


def _cells(measure: Measure) -> list[str]:
    kinds = ", ".join(measure.kinds) if set(measure.kinds) != set(KINDS) else "all"
    unit = measure.unit.format(currency="the currency")
    return [
        f"`{measure.name}`",
        kinds,
        measure.type,
        unit,
        "NULL" if measure.nullable else "0",
        measure.en,
        measure.zh,
    ]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
