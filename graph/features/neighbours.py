"""Neighbours: the figures of other shops with the same buyers or the same counterparties on invoices.

They count in the score, but are never given as a reason: nobody is told that others' conduct is held against him.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.segments import pairs, ratio
from graph.features.ties import CROWD
from graph.snapshot import Float64


def _mean_of(links: csr_array, values: Float64) -> Float64:
    """Mean over linked shops whose value is known, weighted by the strength of the link."""
    known = ~np.isnan(values)
    return ratio(links @ np.where(known, values, 0.0), links @ known.astype(np.float64))


@feature(
    "neighbour_refund_rate",
    "share",
    "global",
    concept="refunds",
)
def neighbour_refund_rate(lens: Lens) -> Float64:
    """Mean refund rate of shops with buyers in common, by how many (last 90 days)."""
    return _mean_of(lens.overlap, lens.value("refund_rate_90d"))


@feature(
    "neighbour_weightless_share",
    "share",
    "global",
    concept="logistics",
)
def neighbour_weightless_share(lens: Lens) -> Float64:
    """Mean share of weightless parcels of shops with buyers in common, by how many (last 90 days)."""
    return _mean_of(lens.overlap, lens.value("weightless_share_90d"))


@feature(
    "neighbour_too_fast_share",
    "share",
    "global",
    concept="logistics",
)
def neighbour_too_fast_share(lens: Lens) -> Float64:
    """Mean share of parcels signed too fast of shops with buyers in common, by how many (last 90 days)."""
    return _mean_of(lens.overlap, lens.value("signed_too_fast_share_90d"))


@feature(
    "neighbour_to_buyers_share",
    "share",
    "global",
    concept="flows",
)
def neighbour_to_buyers_share(lens: Lens) -> Float64:
    """Mean share of money out sent to own buyers of shops with buyers in common, by how many (last 90 days)."""
    return _mean_of(lens.overlap, lens.value("money_to_buyers_share_90d"))


@feature(
    "neighbour_crowded_device_share",
    "share",
    "global",
    concept="identity",
)
def neighbour_crowded_device_share(lens: Lens) -> Float64:
    """Mean share of orders from crowded devices of shops with buyers in common, by how many (last 90 days)."""
    return _mean_of(lens.overlap, lens.value("crowded_device_share_90d"))


@feature(
    "neighbour_voided_share",
    "share",
    "global",
    concept="tax",
)
def neighbour_voided_share(lens: Lens) -> Float64:
    """Mean share of issued invoices voided, of merchants with customers or suppliers in common, by how many."""
    return _mean_of(_shared_counterparties(lens), lens.value("voided_issued_share"))


def _shared_counterparties(lens: Lens) -> csr_array:
    rows = (lens.issued.valid, lens.received.valid)
    who, other, _ = pairs(np.concatenate([r.merchant for r in rows]), np.concatenate([r.other for r in rows]))
    width = int(other.max(initial=0)) + 1
    kept = np.bincount(other, minlength=width)[other] <= CROWD
    deals = csr_array((np.ones(kept.sum(), np.int32), (who[kept], other[kept])), shape=(lens.n, width))
    links = csr_array(deals @ deals.T)
    links.setdiag(0)
    links.eliminate_zeros()
    return links
