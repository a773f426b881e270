"""Around: the figures of linked merchants, one step and two steps away, and how their earlier credit ended.

One group of features per kind of link (graph.features.merchant_links): how many are linked; of some telling figures
the mean, spread and greatest among them, and how far the merchant's own lies above their mean; the mean two steps on.
Two steps never lead back to where they began, so no figure of a merchant, its label least of all, comes home to it.
They count in the score and are never given as a reason: nobody is told that others' conduct is held against him.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from graph.features.catalogue import Adverse, Unit, Values, feature
from graph.features.lens import Lens
from graph.features.merchant_links import LINK_KINDS, LinkKind
from graph.features.outcomes import settled
from graph.features.segments import count, mean, most_of, ratio
from graph.snapshot import Float64

_OVER: dict[LinkKind, str] = {
    "identity": "merchants of shared identity",
    "buyers": "shops with two or more buyers in common",
    "transfers": "merchants with money between them or a counterparty in common",
    "guarantees": "merchants tied by guarantees",
}


@dataclass(frozen=True)
class _Figure:
    """A figure of linked merchants that is gathered. ``words``: what it is, within a sentence."""

    name: str
    unit: Unit
    words: str
    adverse: Adverse


FIGURES = (
    _Figure("refund_rate_90d", "share", "refund rate", "high"),
    _Figure("weightless_share_90d", "share", "share of weightless parcels", "high"),
    _Figure("signed_too_fast_share_90d", "share", "share of parcels signed too fast", "high"),
    _Figure("gone_24h_share_90d", "share", "share of money gone within a day", "high"),
    _Figure("shop_age_days", "days", "days since the shop opened", "low"),
)


def step_mean(links: csr_array, values: Float64) -> Float64:
    """Mean of the known values of linked merchants; NaN where none is known."""
    known = ~np.isnan(values)
    return ratio(links @ np.where(known, values, 0.0), links @ known.astype(np.float64))


def two_step_sum(links: csr_array, values: Float64) -> Float64:
    """Sum of ``values`` over all walks of two links that do not end where they began. ``values``: no NaN.

    Exact for whole numbers; walks back are as many as a merchant has links, and each brings its own value.
    """
    return np.asarray(links @ (links @ values)) - np.diff(links.indptr) * values


def _spread(links: csr_array, values: Float64) -> Float64:
    """Standard deviation of the known values of linked merchants; NaN below two."""
    rows, seen = _along(links, values)
    n = links.shape[0]
    centre = mean(rows, seen, n)
    square = mean(rows, (seen - centre[rows]) ** 2, n)
    enough = count(rows[~np.isnan(seen)], n) >= 2
    return np.where(enough, np.sqrt(np.maximum(square, 0.0)), np.nan)


def _greatest(links: csr_array, values: Float64) -> Float64:
    rows, seen = _along(links, values)
    known = ~np.isnan(seen)
    return most_of(rows[known], seen[known], links.shape[0])


def _along(links: csr_array, values: Float64) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], Float64]:
    rows = np.repeat(np.arange(links.shape[0]), np.diff(links.indptr))
    return rows, values[links.indices]


def _two_step_mean(links: csr_array, values: Float64) -> Float64:
    """Mean over the walks of two links that do not come back; sums of shares are rounded where they cancel."""
    known = ~np.isnan(values)
    over = two_step_sum(links, known.astype(np.float64))
    found = ratio(two_step_sum(links, np.where(known, values, 0.0)), over)
    inside = np.clip(found, np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf))
    return np.where(over > 0, inside, np.nan)


_STATISTICS: tuple[tuple[str, str, Callable[[csr_array, Float64], Float64]], ...] = (
    ("mean", "Mean {words} of {over}.", step_mean),
    ("sd", "Standard deviation of the {words} of {over}.", _spread),
    ("max", "Greatest {words} of {over}.", _greatest),
    ("gap", "Own {words} less the mean of {over}.", lambda links, own: own - step_mean(links, own)),
    ("two_steps", "Mean {words} two steps away over {over}.", _two_step_mean),
)


def _declare(name: str, unit: Unit, meaning: str, adverse: Adverse, values: Values) -> None:
    """Enter a function as a feature under a name and meaning that were put together."""

    def made(lens: Lens) -> Float64:
        return values(lens)

    made.__name__, made.__doc__ = name, meaning
    feature(name, unit, "global", concept="around", adverse=adverse)(made)


def _of_figure(kind: LinkKind, figure: _Figure, statistic: Callable[[csr_array, Float64], Float64]) -> Values:
    return lambda lens: statistic(lens.links(kind), lens.value(figure.name))


def _linked(kind: LinkKind) -> Values:
    return lambda lens: np.diff(lens.links(kind).indptr).astype(np.float64)


def _walks(kind: LinkKind) -> Values:
    return lambda lens: two_step_sum(lens.links(kind), np.ones(lens.n))


def _bad(kind: LinkKind) -> Values:
    return lambda lens: lens.known_if(lens.links(kind) @ settled(lens)[1], np.ones(lens.n, np.bool_), "label")


def _bad_share(kind: LinkKind) -> Values:
    def share(lens: Lens) -> Float64:
        decided, bad = settled(lens)
        return ratio(lens.links(kind) @ bad, lens.links(kind) @ decided)

    return share


def _bad_two_steps(kind: LinkKind) -> Values:
    return lambda lens: lens.known_if(
        two_step_sum(lens.links(kind), settled(lens)[1]), np.ones(lens.n, np.bool_), "label"
    )


for _kind in LINK_KINDS:
    _over = _OVER[_kind]
    _declare(f"{_kind}_links", "count", f"How many {_over} there are.", "either", _linked(_kind))
    _declare(f"{_kind}_walks", "count", f"Ways of two steps over {_over}, none back.", "either", _walks(_kind))
    for _figure in FIGURES:
        for _stat, _says, _function in _STATISTICS:
            _side: Adverse = "either" if _stat == "sd" else _figure.adverse
            _declare(
                f"{_kind}_{_stat}_{_figure.name}",
                _figure.unit,
                _says.format(words=_figure.words, over=_over),
                _side,
                _of_figure(_kind, _figure, _function),
            )
    _declare(f"{_kind}_bad", "count", f"Earlier credit known to have ended badly of {_over}.", "high", _bad(_kind))
    _declare(
        f"{_kind}_bad_share",
        "share",
        f"Share that ended badly of the earlier credit with known end of {_over}.",
        "high",
        _bad_share(_kind),
    )
    _declare(
        f"{_kind}_bad_two_steps",
        "count",
        f"Earlier credit known to have ended badly two steps away over {_over}.",
        "high",
        _bad_two_steps(_kind),
    )
