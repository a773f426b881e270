"""Why a score is high, in sentences that an applicant may be told.

At most four reasons, each of another concept (scoring.concepts), from what moved the score up. Never given: what is not
known, or a count or sum of nothing where little is adverse (the absence of data is nobody's fault); features declared
without words (irrelevant, about others, or speaking neither way alone); values that do not lie on the adverse side of
what is usual, whatever the trees made of them. Usual is the middle (median) of the applications that the model was
trained on: every sentence gives it beside the merchant's own. A sentence holds a figure of the merchant and names
nobody; what shows the evidence to staff (jobs.evidence) is kept apart from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from graph.features.catalogue import Feature, Unit
from graph.features.compute import FEATURES
from scoring.concepts import BY_CODE, concept_of
from scoring.serve import Scored

SMALLEST = 0.05
"""Log-odds below which a contribution is no reason: it changes the odds by less than a twentieth."""

NUMBERS = 5
"""How many numbers of its concept stand behind a reason at most."""

_FEATURE = {f.name: f for f in FEATURES}


@dataclass(frozen=True)
class Number:
    """A number behind a reason: the feature, its value (NaN: not known), what is usual, what it added in log-odds."""

    feature: str
    value: float
    usual: float
    contribution: float


@dataclass(frozen=True)
class Reason:
    """One reason. ``code`` is ``concept.feature``; ``contribution`` is the feature's, in log-odds, above zero.

    ``concept_contribution``: of all features of the concept, those that spoke for the merchant taken off.
    ``numbers``: those of the concept that moved the score most, either way, for staff to read.
    """

    code: str
    concept: str
    text_en: str
    text_zh: str
    feature: str
    value: float
    contribution: float
    concept_contribution: float
    numbers: tuple[Number, ...]


def by_concept(contributions: Mapping[str, float]) -> dict[str, float]:
    """Contributions added up by concept, exactly: they sum to what the features' sum to. Greatest first."""
    total: dict[str, float] = {}
    for name, moved in contributions.items():
        total[concept_of(name)] = total.get(concept_of(name), 0.0) + moved
    return dict(sorted(total.items(), key=lambda item: -item[1]))


def reasons(scored: Scored, values: Mapping[str, float], limit: int = 4) -> list[Reason]:
    """The strongest adverse reasons, one per concept, strongest concept first; empty when nothing speaks against.

    A concept is as strong as its features that speak against the merchant; one that in sum spoke for it gives none.
    """
    limit = min(limit, 4)
    total = by_concept(scored.contributions)
    against: dict[str, list[tuple[float, Feature]]] = {}
    for name, contribution in scored.contributions.items():
        feature = _FEATURE.get(name)
        if feature is None or contribution < SMALLEST or total[concept_of(name)] < SMALLEST:
            continue
        if _speaks_against(feature, values[name], scored):
            against.setdefault(concept_of(name), []).append((contribution, feature))
    ranked = sorted(against.items(), key=lambda found: -sum(c for c, _ in found[1]))
    return [_reason(concept, *max(found, key=lambda p: p[0]), scored, values) for concept, found in ranked[:limit]]


def _speaks_against(feature: Feature, value: float, scored: Scored) -> bool:
    """On the adverse side of the median of the training rows, and by enough to be seen in the numbers shown."""
    usual = scored.typical.get(feature.name, math.nan)
    if feature.en is None or math.isnan(value) or math.isnan(usual):
        return False
    if formatted(value, feature.unit) == formatted(usual, feature.unit):
        return False
    if feature.adverse == "low":
        nothing = value == 0 and feature.unit in ("count", "months", "money")
        return value < usual and not nothing
    return feature.adverse == "high" and value > max(usual, 0.0)


def _reason(concept: str, contribution: float, feature: Feature, scored: Scored, values: Mapping[str, float]) -> Reason:
    value, usual = float(values[feature.name]), scored.typical[feature.name]
    shown, middle = formatted(value, feature.unit), formatted(usual, feature.unit)
    high = feature.adverse == "high"
    of_concept = {n: c for n, c in scored.contributions.items() if concept_of(n) == concept}
    moved = sorted(of_concept.items(), key=lambda item: -abs(item[1]))[:NUMBERS]
    return Reason(
        code=f"{concept}.{feature.name}",
        concept=concept,
        text_en=f"{feature.en}: {shown}, {'above' if high else 'below'} the middle applicant's {middle}",
        text_zh=f"{feature.zh}：{shown}，{'高于' if high else '低于'}居中申请商户的 {middle}",
        feature=feature.name,
        value=value,
        contribution=contribution,
        concept_contribution=sum(of_concept.values()),
        numbers=tuple(Number(n, float(values[n]), scored.typical.get(n, math.nan), c) for n, c in moved if c),
    )


def concept_title(code: str) -> tuple[str, str]:
    """The name of a concept in English and in Chinese."""
    return BY_CODE[code].en, BY_CODE[code].zh


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
