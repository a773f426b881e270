"""From signals to a score: a fixed formula, every part of it readable, nothing learned.

Each sign of fake orders has a strength 0..1 (how far its figure lies between "as in any honest crowd" and "plain") and
a weight: how sure one may be when it is plain. Signs add up as independent witnesses: 1 - prod(1 - weight * strength).
The result is scaled by how much of the shops' trade the group is. A group without signs is a coordinated group: it
scores at most ``STRUCTURE_ONLY``, far below ``FAKE_ORDERS``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from graph.rings.signals import Signals

FAKE_ORDERS = 0.5
"""Scores from here on are called likely fake orders."""

STRUCTURE_ONLY = 0.15

UNHAPPY = -0.20
"""Share of five-star ratings against the market's below which buyers are taken for real and let down."""


SOFT = frozenset({"shared_identity", "burst", "breadth", "network", "night", "five_stars"})
"""Signs that honest crowds of some kind may show: they count ``UNPAID`` as much where money back would be seen and is
not. One of them is then not enough, two plain ones are."""

UNPAID = 0.4
MONEY_SEEN = 0.5
"""Share of a group's orders whose money must be in sight for that."""

MONEY_ORDERS = 20


@dataclass(frozen=True)
class Sign:
    """One sign of fake orders: the figure between ``none`` (strength 0) and ``plain`` (strength 1), and its weight."""

    name: str
    weight: float
    none: float
    plain: float

    def strength(self, figure: float | None) -> float:
        if figure is None:
            return 0.0
        return min(1.0, max(0.0, (figure - self.none) / (self.plain - self.none)))


SIGNS: tuple[Sign, ...] = (
    Sign("paid_back", 0.97, 0.05, 0.35),
    Sign("waybill_reuse", 0.90, 0.05, 0.35),
    Sign("weightless", 0.85, 0.10, 0.50),
    Sign("shared_identity", 0.85, 0.08, 0.35),
    Sign("signed_early", 0.60, 0.05, 0.35),
    Sign("sent_elsewhere", 0.75, 0.05, 0.35),
    Sign("even_gaps", 0.80, 0.15, 0.50),
    Sign("burst", 0.70, 0.45, 0.75),
    Sign("breadth", 0.75, 4.5, 7.5),
    Sign("network", 0.45, math.log(8), math.log(20)),
    Sign("night", 0.40, 0.15, 0.45),
    Sign("refunds", 0.85, 0.20, 0.60),
    Sign("five_stars", 0.10, 0.15, 0.50),
)
_SIGN = {s.name: s for s in SIGNS}


@dataclass(frozen=True)
class Judgement:
    """The score, the strength of each sign that counted (by name, strongest first), and what sort of crowd it may be.

    ``crowd``: of a group that is not called fake orders, the honest crowd it looks most like: flash_sale, staff,
    group_buying, dormitory, family, fan_club.
    """

    score: float
    signs: dict[str, float]
    crowd: str

    @property
    def fake_orders(self) -> bool:
        return self.score >= FAKE_ORDERS


def judge(s: Signals) -> Judgement:
    """Score a group by its signals.

    An event (half of the orders within two hours) explains a burst; a place (half of the buyers at one address that
    more people use than the hub cap) explains when and where they buy together. Buyers who complain (far fewer five
    stars than in the market) are customers of a shop in trouble: their burst is no sign. Where money back to the buyers
    would be seen and there is none, soft signs (``SOFT``) count less. The shares of refunds, early
    signatures and so on count only above the market's.
    """
    event = s.event_share >= 0.5
    place = s.crowd_place_share >= 0.5
    unhappy = (_above(s.five_star_share, s.five_star_share_market) or 0.0) < UNHAPPY
    figures = {
        "paid_back": _above(s.paid_back_share, s.paid_back_share_market),
        "waybill_reuse": _above(s.waybill_reuse_share, s.waybill_reuse_share_market),
        "weightless": _above(s.weightless_share, s.weightless_share_market),
        "shared_identity": s.shared_identity_share,
        "signed_early": _above(s.signed_early_share, s.signed_early_share_market),
        "sent_elsewhere": _above(s.sent_elsewhere_share, s.sent_elsewhere_share_market),
        "even_gaps": None if event else s.even_gap_share,
        "burst": None if event or place or unhappy else s.burst_share,
        "breadth": None if place else s.shops_per_buyer,
        "network": None if place else math.log(max(s.shops, 1)),
        "night": None if event or place else _above(s.night_share, s.night_share_market),
        "refunds": None if event else _above(s.refund_share, s.refund_share_market),
        "five_stars": _above(s.five_star_share, s.five_star_share_market),
    }
    strengths = {name: _SIGN[name].strength(figure) for name, figure in figures.items()}
    if _unpaid(s):
        strengths = {name: x * UNPAID if name in SOFT else x for name, x in strengths.items()}
    doubt = math.prod(1.0 - _SIGN[name].weight * x for name, x in strengths.items())
    filled = min(1.0, s.share_of_shop_orders / 0.2)
    score = filled * (STRUCTURE_ONLY + (1.0 - STRUCTURE_ONLY) * (1.0 - doubt))
    seen = sorted((name for name, x in strengths.items() if x > 0), key=lambda n: -_SIGN[n].weight * strengths[n])
    return Judgement(round(score, 6), {name: round(strengths[name], 6) for name in seen}, _crowd(s))


def _crowd(s: Signals) -> str:
    if s.event_share >= 0.5:
        return "flash_sale"
    if s.one_place_share >= 0.5:
        if s.buyers <= 6:
            return "family"
        if s.shops == 1:
            return "staff"
        return "group_buying" if s.event_share >= 0.1 and s.shops <= 6 else "dormitory"
    return "fan_club"


def _unpaid(s: Signals) -> bool:
    """Money back would be seen, and hardly more of it is than anywhere."""
    seen = (s.money_seen_share or 0.0) >= MONEY_SEEN and s.orders >= MONEY_ORDERS
    return seen and (_above(s.paid_back_share, s.paid_back_share_market) or 0.0) < _SIGN["paid_back"].none


def _above(share: float | None, market: float | None) -> float | None:
    return None if share is None else share - (market or 0.0)
