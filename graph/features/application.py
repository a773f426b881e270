"""Features of a request for credit: the amount asked for against what the merchant turns over.

They rest on a merchant's row of features and on the request. The same function serves training and scoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.features.catalogue import Feature, register
from graph.features.segments import Bool, ratio
from graph.snapshot import Float64


@dataclass(frozen=True)
class _Against:
    name: str
    base: str  # the feature it is measured against
    months: float  # how many months that one spans
    meaning: str
    en: str
    zh: str


_RATIOS = (
    _Against(
        "asked_to_turnover",
        "turnover_90d",
        3,
        "Amount asked for over a month's platform turnover (last 90 days).",
        "Amount asked for against a month's turnover",
        "申请金额与月成交额之比",
    ),
    _Against(
        "asked_to_inflow",
        "inflow_90d",
        3,
        "Amount asked for over a month's money in (last 90 days).",
        "Amount asked for against a month's money in",
        "申请金额与月流入之比",
    ),
    _Against(
        "asked_to_declared",
        "declared_monthly",
        1,
        "Amount asked for over a month's turnover as declared for tax.",
        "Amount asked for against a month's declared turnover",
        "申请金额与月申报收入之比",
    ),
    _Against(
        "asked_to_invoiced",
        "invoiced_365d",
        12,
        "Amount asked for over a month's invoiced sales (last 365 days).",
        "Amount asked for against a month's invoiced sales",
        "申请金额与月销项之比",
    ),
    _Against(
        "asked_to_cover",
        "guarantee_cover",
        1,
        "Amount asked for over the guarantees that stand for the merchant.",
        "Amount asked for against guarantees received",
        "申请金额与被担保金额之比",
    ),
)

register(Feature("asked", "money", 1, "application", True, "Amount asked for.", "Amount asked for", "申请金额"))
for _r in _RATIOS:
    register(Feature(_r.name, "ratio", 1, "application", True, _r.meaning, _r.en, _r.zh))

NAMES: tuple[str, ...] = ("asked", *(r.name for r in _RATIOS))
BASES: tuple[str, ...] = tuple(r.base for r in _RATIOS)
"""The features of the merchant that they are measured against."""


def application_features(columns: Mapping[str, Float64], asked: Float64, same_currency: Bool) -> dict[str, Float64]:
    """The features of requests, one entry per request in each array.

    ``columns``: the merchant's features by name, as of the request. ``asked``: minor units, NaN where no amount was
    named. ``same_currency``: the request is in the currency of the merchant's figures; otherwise nothing can be
    compared and all of these are not known.
    """
    amount = np.where(same_currency, asked, np.nan)
    return {"asked": amount, **{r.name: ratio(amount, columns[r.base] / r.months) for r in _RATIOS}}
