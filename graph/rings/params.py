"""What the mining of rings depends on. Nearly all of it are p-values, so nothing has to be tuned to a data set."""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True)
class RingParams:
    """Limits and significance levels; the defaults were fixed on development seeds (docs/detection.md).

    Tails are -log10 p. ``zone_h``: hours to add to UTC to read a clock (night hours); ``payback_*``: see
    graph.rings.payback.
    """

    max_shops_per_buyer: int = 100  # buyers with more shops are left out of shop pairs
    min_common: int = 3
    min_lift: float = 3.0
    pair_tail: float = 6.0
    cluster_resolution: float = 0.05  # share of the smaller shop's buyers that two shops of one group have in common
    repeat_orders: int = 3  # a shop is a seed with this many buyers who ordered
    repeat_buyers: int = 3  # ... this often
    identity_buyers: int = 4  # ... or with this many buyers who share an identifier with another of its buyers
    identity_lift: float = 5.0  # ... and that many times the share in all shops
    odd_buyers: int = 3  # ... or with this many buyers with orders paid back or on a shared waybill
    odd_tail: float = 6.0
    hub: int = 12  # an identifier with more users than this is a place, not a person
    windows_s: tuple[int, ...] = (DAY_S // 2, DAY_S, 2 * DAY_S, 4 * DAY_S)
    burst_tail: float = 6.0
    alpha: float = 0.035
    rounds: int = 4
    min_buyers: int = 4
    min_share: float = 0.10  # of a shop's orders that must come from the members
    max_group_orders: int = 2_000_000  # seeds above it are not refined, and counted
    max_evidence_edges: int = 400
    max_listed: int = 2_000  # members listed in a finding
    zone_h: int = 8
    payback_days: int = 14
    payback_low: float = 0.98  # share of the price that comes back, at least
    payback_high: float = 1.30  # ... at most: price plus commission
    payback_extra: int = 2_000  # minor units an order on top of that
    payback_hub: int = 2_000  # an account that pays more buyers than this is the platform's
