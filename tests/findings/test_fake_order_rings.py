"""Fake-order rings in a snapshot: found, scored by their signs, and told from a crowd that shows none."""

from __future__ import annotations

import random

from graph.findings.fake_order_rings import find_fake_order_rings
from graph.findings.finding import Finding
from graph.findings.shared_devices import SharedDeviceParams
from graph.identity.clusters import identity_clusters
from graph.rings.params import RingParams
from tests.findings.facts import Facts

DAY = 86_400_000
START = 1_700_000_000_000


def honest_trade(facts: Facts, rng: random.Random, buyers: int = 400, shops: int = 60, orders: int = 1_500) -> None:
    for i in range(orders):
        buyer, shop = rng.randrange(buyers), int(shops * rng.random() ** 2)
        ts = START + int(rng.random() * 60 * DAY)
        facts.order(f"h{i:05d}", f"h{buyer:04d}", f"shop{shop:03d}", ts, amount=rng.randrange(1_000, 50_000))


def ring(
    facts: Facts, rng: random.Random, money_back: bool = False, shared: bool = False, parcels: bool = False
) -> None:
    """Fourteen buyers who order six times each at three small shops."""
    n = 0
    for b in range(14):
        facts.edge("OWNS", f"Buyer:ring{b:02d}", f"Account:acc-ring{b:02d}")
        if shared:
            facts.device(f"Buyer:ring{b:02d}", f"ringdev{b // 5}")
        for _ in range(6):
            shop, amount = rng.randrange(3), rng.randrange(5_000, 20_000)
            ts = START + int(rng.random() * 60 * DAY)
            order = f"r{n:04d}"
            facts.order(order, f"ring{b:02d}", f"brushed{shop}", ts, amount=amount)
            if money_back:
                facts.edge(
                    "TRANSFER",
                    f"Account:shop{shop}",
                    f"Account:acc-ring{b:02d}",
                    f"t{n:04d}",
                    ts=ts + DAY,
                    amount=int(amount * 1.08),
                    currency="CNY",
                )
            if parcels:
                facts.edge(
                    "SHIPPED_TO",
                    f"Orders:{order}",
                    f"Address:to{b}",
                    f"parcel{n}",
                    waybill=f"W{shop}",
                    weight_g=10,
                    shipped_ts=ts + DAY,
                    signed_ts=ts + 2 * DAY,
                )
            n += 1
    for shop in range(3):
        facts.edge("OWNS", f"Person:owner{shop}", f"Merchant:brushed{shop}")
        facts.edge("OWNS", f"Person:owner{shop}", f"Account:shop{shop}")


def mined(reverse: bool = False, params: RingParams | None = None, **signs: bool) -> list[Finding]:
    facts, rng = Facts(), random.Random(7)
    honest_trade(facts, rng)
    ring(facts, rng, **signs)
    return find_fake_order_rings(facts.snapshot(reverse=reverse), params or RingParams())


def the_ring(found: list[Finding]) -> Finding:
    (one,) = [f for f in found if any(m.id.startswith("ring") for m in f.members)]
    return one


RING_BUYERS = {f"ring{b:02d}" for b in range(14)}
RING_SHOPS = {f"brushed{s}" for s in range(3)}


def test_without_a_sign_it_is_a_coordinated_group_and_no_accusation() -> None:
    found = the_ring(mined())
    assert set(found.of_kind("Buyer")) == RING_BUYERS and set(found.of_kind("Merchant")) == RING_SHOPS
    assert {m.role for m in found.members} == {"buyer", "shop"}
    assert found.score < 0.5 and found.numbers["output"] == "coordinated_group"
    assert found.text_en.startswith("Coordinated group, no sign of fake orders") and "未见刷单迹象" in found.text_zh
    assert found.numbers["orders"] == 84


def test_money_that_comes_back_from_the_owner_settles_it() -> None:
    found = the_ring(mined(money_back=True))
    assert found.score > 0.9 and found.numbers["output"] == "fake_orders"
    assert found.numbers["paid_back_orders"] == 84
    assert float(found.numbers["paid_back_amount"]) > float(found.numbers["amount"])
    assert found.edges[0].type == "TRANSFER"
    assert "paid back" in found.text_en and "返还买家" in found.text_zh


def test_shared_devices_and_odd_parcels_are_signs_of_their_own() -> None:
    shared, parcels = the_ring(mined(shared=True)), the_ring(mined(parcels=True))
    assert shared.score >= 0.5 and float(shared.numbers["shared_device_share"]) == 1.0
    assert parcels.score >= 0.5
    assert parcels.numbers["waybill_reuse_share"] == 1.0 and parcels.numbers["weightless_share"] == 1.0


def test_honest_trade_alone_gives_no_fake_orders() -> None:
    facts = Facts()
    honest_trade(facts, random.Random(7))
    assert [f for f in find_fake_order_rings(facts.snapshot()) if f.score >= 0.5] == []


def test_the_order_of_rows_makes_no_difference() -> None:
    assert mined(money_back=True) == mined(reverse=True, money_back=True)


def test_long_lists_are_cut_and_say_so() -> None:
    found = the_ring(mined(params=RingParams(max_evidence_edges=20, max_listed=10)))
    assert len(found.edges) <= 20 and len(found.members) == 10 and not found.complete
    assert found.truncated_why is not None and "of 168 edges" in found.truncated_why
    assert found.numbers["buyers"] == 14


def test_no_orders_no_rings() -> None:
    assert find_fake_order_rings(Facts().snapshot()) == []


def test_two_rings_of_the_same_hands_are_one_finding_that_counts_the_hands() -> None:
    facts, rng = Facts(), random.Random(7)
    honest_trade(facts, rng)
    n = 0
    for side in "ab":
        for b in range(14):
            facts.device(f"Buyer:ring{side}{b:02d}", f"hand{b}")
            for _ in range(6):
                ts = START + int(rng.random() * 60 * DAY)
                facts.order(f"r{n:04d}", f"ring{side}{b:02d}", f"brushed{side}", ts, amount=9_000)
                n += 1
    snapshot = facts.snapshot()
    apart = [f for f in find_fake_order_rings(snapshot) if any(m.id.startswith("ring") for m in f.members)]
    clusters = identity_clusters(snapshot, SharedDeviceParams().hub)
    together = find_fake_order_rings(snapshot, clusters=clusters)
    assert len(apart) == 2 and all("hands" not in f.numbers for f in apart)
    (one,) = [f for f in together if any(m.id.startswith("ring") for m in f.members)]
    assert set(one.of_kind("Merchant")) == {"brusheda", "brushedb"} and one.numbers["buyers"] == 28
    assert (one.numbers["hands"], one.numbers["largest_hand"]) == (14, 2)
