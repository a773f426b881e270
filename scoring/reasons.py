"""Why a score is high, in sentences that an applicant may be told.

At most four reasons, each of another concept, from what moved the score up. Never given: what is not known (the
absence of data is nobody's fault), features declared without words (irrelevant, about others, or speaking neither way
alone), and values that do not lie on the adverse side of what is usual, whatever the trees made of them. Usual is the
middle (median) of the applications that the model was trained on: every sentence gives it beside the merchant's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from graph.features.catalogue import Feature, Unit
from graph.features.compute import FEATURES
from scoring.serve import Scored

SMALLEST = 0.05
"""Log-odds below which a contribution is no reason: it changes the odds by less than a twentieth."""

_FEATURE = {f.name: f for f in FEATURES}


@dataclass(frozen=True)
class Reason:
    """One reason. ``code`` is ``concept.feature``; ``contribution`` is in log-odds, above zero."""

    code: str
    text_en: str
    text_zh: str
    feature: str
    value: float
    contribution: float


def reasons(scored: Scored, values: Mapping[str, float], limit: int = 4) -> list[Reason]:
    """The strongest adverse reasons, one per concept, strongest concept first; empty when nothing speaks against."""
    limit = min(limit, 4)
    by_concept: dict[str, list[tuple[float, Feature]]] = {}
    for name, contribution in scored.contributions.items():
        feature = _FEATURE.get(name)
        if feature is not None and contribution >= SMALLEST and _speaks_against(feature, values[name], scored):
            by_concept.setdefault(feature.concept, []).append((contribution, feature))
    ranked = sorted(by_concept.values(), key=lambda found: -sum(c for c, _ in found))
    chosen = [max(found, key=lambda pair: pair[0]) for found in ranked[:limit]]
    return [_reason(f, float(values[f.name]), scored.typical[f.name], contribution) for contribution, f in chosen]


def _speaks_against(feature: Feature, value: float, scored: Scored) -> bool:
    """On the adverse side of the median of the training rows, and by enough to be seen in the numbers shown."""
    usual = scored.typical.get(feature.name, math.nan)
    if feature.en is None or math.isnan(value) or math.isnan(usual):
        return False
    if formatted(value, feature.unit) == formatted(usual, feature.unit):
        return False
    return value > max(usual, 0.0) if feature.adverse == "high" else feature.adverse == "low" and value < usual


def _reason(feature: Feature, value: float, usual: float, contribution: float) -> Reason:
    shown, middle = formatted(value, feature.unit), formatted(usual, feature.unit)
    high = feature.adverse == "high"
    return Reason(
        code=f"{feature.concept}.{feature.name}",
        text_en=f"{feature.en}: {shown}, {'above' if high else 'below'} the middle applicant's {middle}",
        text_zh=f"{feature.zh}：{shown}，{'高于' if high else '低于'}居中申请商户的 {middle}",
        feature=feature.name,
        value=value,
        contribution=contribution,
    )


def formatted(value: float, unit: Unit) -> str:
    """A value as people read it: 0.256 is 25.6% as a share, 0.26× as a ratio; 1234500 minor units are 12,345.00."""
    match unit:
        case "share":
            return f"{value:.1%}"
        case "money":
            return f"{value / 100:,.2f}"
        case "count" | "months" | "days":
            return f"{value:,.0f}"
        case "ratio":
            return f"{value:,.2f}×"
        case "score" | "stars":
            return f"{value:,.2f}"
        case "hours" | "grams":
            return f"{value:,.1f}"
