"""Fake-order rings: buyers and shops bound together more than chance explains, scored by the signs of fake orders.

Structure is mined by graph.rings.groups, signs read by graph.rings.signals, the score is the formula of
graph.rings.score, calibrated by verdicts where there are any (graph.rings.calibration): 0.5 and above is called likely
fake orders, below it stands a coordinated group. Numbers:

* the fields of ``graph.rings.signals.Signals`` that are known, shares 0..1
* ``output``: ``fake_orders`` or ``coordinated_group``; ``crowd``: the honest crowd it looks most like
* ``hands``: how many identity clusters (people with none in common are one each) its buyers are; ``largest_hand``:
  buyers in the largest of them
* ``formula_score``: where verdicts on other groups moved the score, what the formula alone gives
* ``amount``, ``currency``: inside orders in the currency most of them have
* ``paid_back_orders``, ``paid_back_amount``: inside orders whose money came back, and how much did (that currency)
* ``edges_all``: evidence edges there are, of which at most a capped number is listed

Members: shops (role ``shop``) and buyers (role ``buyer``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graph.findings.figures import money
from graph.findings.finding import EdgeRef, Finding, Member, fresh_id
from graph.findings.ring_orders import BookedOrders, booked_orders
from graph.findings.ring_sentences import ring_sentences
from graph.identity.clusters import Clusters
from graph.rings.calibration import NONE, Calibration
from graph.rings.distinct import distinct
from graph.rings.group import Group
from graph.rings.groups import mine_groups
from graph.rings.hands import hands_of, joined_by_hands
from graph.rings.params import RingParams
from graph.rings.score import Judgement, judge
from graph.rings.signals import SignalReader, Signals
from graph.snapshot import NULL, Int64, Snapshot


def find_fake_order_rings(
    snapshot: Snapshot,
    params: RingParams = RingParams(),  # noqa: B008 - it is frozen
    calibration: Calibration = NONE,
    clusters: Clusters | None = None,
) -> list[Finding]:
    """All groups of the snapshot as findings, highest score first; overlapping ones once.

    ``calibration``: what verdicts on earlier groups taught about the formula's scores. ``clusters``: identity clusters
    of the snapshot; rings of the same hands are then one.

    Work is bounded (see RingParams); what a limit left out makes every finding ``complete=False`` with the reason.
    """
    booked = booked_orders(snapshot, params)
    if len(booked.book) == 0:
        return []
    mined = mine_groups(booked.book, params)
    reader = SignalReader(mined, params)
    signals = [reader.read(g) for g in mined.groups]
    kept = distinct(mined.groups, [judge(s).score for s in signals], booked.book.n_buyers)
    groups = [mined.groups[i] for i in kept]
    hands = None
    if clusters is not None:
        base = clusters.links.subject_base["Buyer"]
        hands = clusters.of_party[clusters.party[base : base + booked.book.n_buyers]]
        groups = joined_by_hands(groups, hands)
    cut = list(mined.cut)
    if booked.paid.cut:
        cut.append(f"{booked.paid.cut} orders with too many transfers to their buyer to look through")
    findings = []
    for group in groups:
        read = reader.read(group)
        formula = judge(read)
        judged = calibration.judged(formula)
        inside, _ = reader.rows(group)
        back = inside[reader.paid_back(inside)]
        more: dict[str, float | int] = {} if judged == formula else {"formula_score": formula.score}
        if hands is not None:
            more["hands"], more["largest_hand"] = hands_of(group, hands)
        findings.append(_finding(snapshot, booked, group, read, judged, more, inside, back, cut, params))
    return sorted(findings, key=lambda f: (-f.score, f.id))


def _finding(
    snapshot: Snapshot,
    booked: BookedOrders,
    group: Group,
    signals: Signals,
    judged: Judgement,
    more: Mapping[str, float | int],
    inside: Int64,
    back: Int64,
    cut: list[str],
    params: RingParams,
) -> Finding:
    shops, buyers = snapshot.nodes["Merchant"], snapshot.nodes["Buyer"]
    members = [Member("Merchant", shops.id(s), "shop") for s in group.shops]
    members += [Member("Buyer", buyers.id(b), "buyer") for b in group.buyers]
    id_ = fresh_id("fake_order_ring", [m.node for m in members])
    amounts, currency = _amounts(booked, inside)
    total = int(amounts.sum())
    why = list(cut)
    edges, edges_all = _edges(snapshot, booked, inside, back, params.max_evidence_edges)
    if edges_all > len(edges):
        why.append(f"{len(edges)} of {edges_all} edges listed")
    if len(members) > params.max_listed:
        why.append(f"{params.max_listed} of {len(members)} members listed")
        members = members[: params.max_listed]
    transfer = snapshot.relation("Account", "TRANSFER", "Account")
    paid = back[booked.currency[back] == _main_currency(booked, inside)]
    sent = np.unique(booked.paid.transfer[paid])
    came_back = transfer.int64("amount")[booked.transfers[sent]]
    en, zh = ring_sentences(signals, judged, money(total, currency) if currency else "")
    ts = booked.book.ts[inside]
    return Finding(
        kind="fake_order_ring",
        id=id_,
        score=judged.score,
        members=tuple(members),
        edges=edges,
        numbers={
            **signals.numbers(),
            "output": "fake_orders" if judged.fake_orders else "coordinated_group",
            "crowd": judged.crowd,
            **more,
            "amount": total,
            "currency": currency,
            "paid_back_orders": len(back),
            "paid_back_amount": int(came_back.sum()),
            "edges_all": edges_all,
        },
        first_ts=int(ts.min()),
        last_ts=int(ts.max()),
        text_en=en,
        text_zh=zh,
        complete=not why,
        truncated_why="; ".join(why) or None,
        evidence={"signs": judged.signs},
    )


def _main_currency(booked: BookedOrders, inside: Int64) -> int:
    codes = booked.currency[inside]
    codes = codes[codes >= 0]
    return int(np.bincount(codes).argmax()) if len(codes) else -1


def _amounts(booked: BookedOrders, inside: Int64) -> tuple[Int64, str]:
    """Known amounts of the inside orders in the currency that most of them have, and that currency."""
    main = _main_currency(booked, inside)
    if main < 0 or booked.book.amount is None:
        return np.zeros(0, np.int64), ""
    amount = booked.book.amount[inside[booked.currency[inside] == main]]
    return amount[amount != NULL], booked.currencies[main]


def _edges(
    snapshot: Snapshot, booked: BookedOrders, inside: Int64, back: Int64, most: int
) -> tuple[tuple[EdgeRef, ...], int]:
    """Evidence: money back first, then both edges of each order, paid-back orders first; and how many there are."""
    placed, sold = snapshot.relation("Buyer", "PLACED", "Orders"), snapshot.relation("Orders", "SOLD_BY", "Merchant")
    transfer = snapshot.relation("Account", "TRANSFER", "Account")
    names = {k: snapshot.nodes[k] for k in ("Buyer", "Orders", "Merchant", "Account")}
    book = booked.book
    edges = []
    sent = booked.transfers[np.unique(booked.paid.transfer[back])]
    for at in sent[:most].tolist():
        a, b = (f"Account:{names['Account'].id(int(end[at]))}" for end in (transfer.src, transfer.dst))
        edges.append(
            EdgeRef(
                "TRANSFER",
                transfer.edge_id(at),
                a,
                b,
                int(transfer.int64("ts")[at]),
                int(transfer.int64("amount")[at]),
            )
        )
    for row in np.concatenate([back, np.setdiff1d(inside, back)]):
        if len(edges) >= most - 1:
            break
        at = int(booked.sold[row])
        order = f"Orders:{names['Orders'].id(int(sold.src[at]))}"
        amount = None if book.amount is None or book.amount[row] == NULL else int(book.amount[row])
        buyer, shop = names["Buyer"].id(int(book.buyer[row])), names["Merchant"].id(int(book.shop[row]))
        ts = int(book.ts[row])
        edges.append(EdgeRef("PLACED", placed.edge_id(int(booked.placed[row])), f"Buyer:{buyer}", order, ts, amount))
        edges.append(EdgeRef("SOLD_BY", sold.edge_id(at), order, f"Merchant:{shop}", ts, amount))
    return tuple(edges), len(sent) + 2 * len(inside)
