"""The question that shows the evidence behind a reason: which one of the catalogue, with what parameters.

For staff: ``ringfence ask NAME --param ...`` lists it from the store. The parameters come from the snapshot that the
decision rests on. What lies in no graph (tax returns, the request itself) has no question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graph.snapshot import Int64, Relation
from jobs.published import Version

MOST_IDS = 50
LIMIT = 200


@dataclass(frozen=True)
class EvidenceQuestion:
    """A question of the catalogue. ``code``: of the reason it belongs to."""

    code: str
    name: str
    params: dict[str, object]


def questions_for(
    reasons: Sequence[tuple[str, str, str]], merchant_id: str, version: Version
) -> list[EvidenceQuestion]:
    """One question per reason whose evidence lies in the graph; none for a merchant that the snapshot does not know.

    ``reasons``: code, concept and feature of each.
    """
    number = version.snapshot.nodes["Merchant"].number(merchant_id)
    if number is None:
        return []
    found = []
    for code, concept, feature in reasons:
        asked = _question(concept, feature, merchant_id, number, version)
        if asked is not None:
            name, params = asked
            found.append(EvidenceQuestion(code, name, {**params, "limit": LIMIT}))
    return found


Asked = tuple[str, dict[str, object]] | None


def _question(concept: str, feature: str, merchant_id: str, number: int, version: Version) -> Asked:
    match concept:
        case "shared_identity":
            return _shared_thing(feature, number, version)
        case "fake_orders":
            buyers, shops = _ring(merchant_id, number, version)
            money = {"money_to_buyers_share_90d", "buyers_paid_share_90d"}
            devices = {"crowded_device_share_90d", "staff_device_share_90d", "buyers_sharing_device_share_90d"}
            by_feature = "payback" if feature in money else "devices" if feature in devices else None
            name = f"ring_evidence_{by_feature}" if by_feature else "ring_draw_orders"
            return (name, {"buyers": buyers, "merchants": shops}) if buyers else None
        case "operations" | "logistics":
            buyers = _buyers(number, version)
            name = "ring_evidence_parcels" if concept == "logistics" else "ring_draw_orders"
            return (name, {"buyers": buyers, "merchants": [merchant_id]}) if buyers else None
        case "fund_flow":
            accounts = _accounts(merchant_id, number, version)
            return ("transfer_draw", {"ids": accounts}) if accounts else None
        case "guarantees":
            return "guarantee_draw", {"ids": _guarantee_parties(merchant_id, number, version)}
        case "credit_history":
            loans = _far_ends(version, ("Merchant", "APPLIED_FOR", "Loan"), number)
            return (
                ("loan_draw_repaid", {"id": version.snapshot.nodes["Loan"].id(int(loans[-1]))}) if len(loans) else None
            )
        case _:
            return None


def _shared_thing(feature: str, number: int, version: Version) -> Asked:
    """The device, phone or address that the merchant shares with most others; what the feature is about comes first."""
    kinds = {
        "device": (("Merchant", "USED_DEVICE", "Device"), "device_draw"),
        "phone": (("Merchant", "HAS_PHONE", "Phone"), "phone_draw"),
        "address": (("Merchant", "REGISTERED_AT", "Address"), "address_draw_registered"),
    }
    for word in sorted(kinds, key=lambda w: w not in feature):
        triple, name = kinds[word]
        relation = version.snapshot.relation(*triple)
        things = _far_ends(version, triple, number)
        if len(things):
            most = int(things[np.argmax(relation.in_degree[things])])
            if relation.in_degree[most] > 1:
                return name, {"id": version.snapshot.nodes[triple[2]].id(most)}
    return None


def _ring(merchant_id: str, number: int, version: Version) -> tuple[list[str], list[str]]:
    """Buyers and shops of the merchant's highest ring, else its own buyers and itself."""
    for id_ in version.by_member.get(f"Merchant:{merchant_id}", ()):
        finding = version.by_id[id_]
        if finding.kind == "fake_order_ring":
            return sorted(finding.of_kind("Buyer"))[:MOST_IDS], sorted(finding.of_kind("Merchant"))[:MOST_IDS]
    return _buyers(number, version), [merchant_id]


def _buyers(number: int, version: Version) -> list[str]:
    """Who bought last, the latest first."""
    sold = version.snapshot.relation("Orders", "SOLD_BY", "Merchant")
    at = sold.in_edges[sold.in_ptr[number] : sold.in_ptr[number + 1]]
    orders = sold.src[at[np.argsort(-sold.int64("ts")[at], kind="stable")]][: 4 * MOST_IDS]
    placed = version.snapshot.relation("Buyer", "PLACED", "Orders")
    buyers = [int(b) for o in orders.tolist() for b in placed.src[_into(placed, o)]]
    return [version.snapshot.nodes["Buyer"].id(b) for b in dict.fromkeys(buyers)][:MOST_IDS]


def _accounts(merchant_id: str, number: int, version: Version) -> list[str]:
    """Accounts of the merchant's loops and traces, else its own and those it moved most money with."""
    for id_ in version.clusters_of(merchant_id):
        finding = version.by_id[id_]
        if finding.kind in ("fund_loop", "loan_trace"):
            return sorted(finding.of_kind("Account"))[:MOST_IDS]
    own = _far_ends(version, ("Merchant", "OWNS", "Account"), number)
    moved = version.snapshot.relation("Account", "TRANSFER", "Account")
    with_whom: dict[int, int] = {}
    for account in own.tolist():
        out = np.arange(moved.out_ptr[account], moved.out_ptr[account + 1])
        into = _into(moved, account)
        amounts = moved.int64("amount")
        for other, amount in zip(moved.dst[out].tolist(), amounts[out].tolist(), strict=True):
            with_whom[other] = with_whom.get(other, 0) + amount
        for other, amount in zip(moved.src[into].tolist(), amounts[into].tolist(), strict=True):
            with_whom[other] = with_whom.get(other, 0) + amount
    ranked = sorted(with_whom, key=lambda a: (-with_whom[a], a))
    numbers = list(dict.fromkeys([*own.tolist(), *ranked]))[:MOST_IDS]
    return [version.snapshot.nodes["Account"].id(a) for a in numbers]


def _guarantee_parties(merchant_id: str, number: int, version: Version) -> list[str]:
    """The merchant and all that stand for it or for whom it stands."""
    found = [merchant_id]
    for kind in ("Merchant", "Person", "Company"):
        given = _far_ends(version, ("Merchant", "GUARANTEES", kind), number)
        taken = version.snapshot.relation(kind, "GUARANTEES", "Merchant")
        others = [*given.tolist(), *taken.src[_into(taken, number)].tolist()]
        found += [version.snapshot.nodes[kind].id(o) for o in others]
    return list(dict.fromkeys(found))[:MOST_IDS]


def _far_ends(version: Version, triple: tuple[str, str, str], number: int) -> Int64:
    relation = version.snapshot.relation(*triple)
    return relation.dst[relation.out_ptr[number] : relation.out_ptr[number + 1]].astype(np.int64)


def _into(relation: Relation, number: int) -> Int64:
    """Positions of the edges into a node."""
    return relation.in_edges[relation.in_ptr[number] : relation.in_ptr[number + 1]]
