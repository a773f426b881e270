"""What a figure is about, in the words of credit: the groups in which contributions are added up and reasons given."""

from __future__ import annotations

from dataclasses import dataclass

from graph.features.compute import FEATURES
from scoring.blocks import SAGE_LOGIT


@dataclass(frozen=True)
class Concept:
    """A group of features. ``code`` is stable; ``en`` and ``zh`` name it to people."""

    code: str
    en: str
    zh: str


CONCEPTS = (
    Concept("shared_identity", "Shared identity", "身份共用"),
    Concept("fake_orders", "Pattern of orders and buyers", "订单与买家形态"),
    Concept("fund_flow", "Flow of funds", "资金流向"),
    Concept("guarantees", "Guarantees", "担保"),
    Concept("operations", "Operations", "经营"),
    Concept("logistics", "Logistics", "物流"),
    Concept("tax", "Tax and invoices", "税务与发票"),
    Concept("credit_history", "Credit so far", "既往授信"),
    Concept("request", "What is asked for", "申请内容"),
    Concept("network", "Position in the network", "网络位置"),
)
"""The network's own log-odds are about no single thing and are never a reason."""

BY_CODE = {c.code: c for c in CONCEPTS}

_OF_CATALOGUE = {
    "commerce": "operations",
    "refunds": "operations",
    "logistics": "logistics",
    "identity": "shared_identity",
    "flows": "fund_flow",
    "guarantees": "guarantees",
    "tax": "tax",
    "application": "request",
}
_FINDING = {
    "circle_exposure": "guarantees",
    "guarantee_circle_score": "guarantees",
    "device_cluster_score": "shared_identity",
    "device_cluster_shops": "shared_identity",
    "fund_loop_rounds": "fund_flow",
    "fund_loop_score": "fund_flow",
    "trace_returned_share": "fund_flow",
    "ring_order_share_180d": "fake_orders",
    "ring_score": "fake_orders",
}
_AROUND = {
    "identity": "shared_identity",
    "buyers": "fake_orders",
    "transfers": "fund_flow",
    "guarantees": "guarantees",
}
_MOVED = {
    **dict.fromkeys(
        (
            "buyers_on_staff_device",
            "buyers_paid_share_90d",
            "buyers_sharing_address_share_90d",
            "buyers_sharing_device_share_90d",
            "buyers_sharing_phone_share_90d",
            "crowded_device_share_90d",
            "money_to_buyers_share_90d",
            "neighbour_crowded_device_share",
            "neighbour_to_buyers_share",
            "overlapping_shops_90d",
            "staff_device_share_90d",
            "top_overlap_share_90d",
        ),
        "fake_orders",
    ),
    **dict.fromkeys(("bad_outcomes", "loans_taken", "overdue_loans", "repaid_share"), "credit_history"),
    SAGE_LOGIT: "network",
}
"""Figures that are about something else than the part of the catalogue they stand in."""


def _of(name: str, catalogued: str) -> str:
    if name in _MOVED:
        return _MOVED[name]
    if catalogued == "findings":
        return _FINDING[name]
    if catalogued == "around":
        return _AROUND[name.split("_", 1)[0]]
    return _OF_CATALOGUE[catalogued]


_CONCEPT = {f.name: _of(f.name, f.concept) for f in FEATURES} | {SAGE_LOGIT: "network"}


def concept_of(feature: str) -> str:
    """The code of the concept that a feature belongs to. KeyError for a name that no feature set has."""
    return _CONCEPT[feature]


def is_known(feature: str) -> bool:
    """Whether the feature set of this program has a feature of this name."""
    return feature in _CONCEPT
