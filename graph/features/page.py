"""The page of the docs that lists every feature: ``python -m graph.features.page > docs/features.md``."""

from __future__ import annotations

import sys

from graph.features import catalogue
from graph.features.catalogue import CONCEPTS, Feature
from graph.features.compute import FEATURE_SET_VERSION, FEATURES

_COLUMNS = ("feature", "meaning", "unit", "radius", "own facts only", "adverse")


def features_page() -> str:
    """The whole page as Markdown."""
    lines = [
        "# Features",
        "",
        f"Made from the catalogue by `python -m graph.features.page`; feature set version `{FEATURE_SET_VERSION}`, "
        f"{len(FEATURES)} features.",
        "",
        *(catalogue.__doc__ or "").strip().replace("``", "`").split("\n")[2:],
        "",
        "**Known or zero.** A count is zero only where the source that would tell has sent something: a shop with",
        "orders and no refund has refund rate 0 once any refund is known at all, before that it is not known. A shop",
        "of which no order is known has no orders figure, a merchant without a known account no flows.",
        "",
        "**Own facts only** features need nothing but the merchant's own records; the baseline has only those.",
        "**Adverse**: on which side of the training median a value must lie to be given as a reason; - is never given.",
        "",
    ]
    for concept in CONCEPTS:
        lines += [f"## {concept.capitalize()}", "", _line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
        lines += [_line(_cells(f)) for f in FEATURES if f.concept == concept]
        lines.append("")
    return "\n".join(lines)


def _cells(f: Feature) -> list[str]:
    adverse = f.adverse if f.en is not None else "-"
    return [f"`{f.name}`", f.meaning, f.unit, str(f.radius), "yes" if f.tabular else "", adverse]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(features_page())
