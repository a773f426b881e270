"""Clusters behind shared devices and phones: found when they are hidden, left alone when they are a home or a crowd."""

from __future__ import annotations

from graph.findings.finding import Finding
from graph.findings.shared_devices import SharedDeviceParams, find_shared_devices, shared_devices
from tests.findings.facts import Facts

DAY = 86_400_000


def farm(facts: Facts, buyers: int = 5, device: str = "d1") -> None:
    for i in range(buyers):
        facts.device(f"Buyer:farm{i}", device, first=1_000 + i * DAY, last=40 * DAY)


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1
    return found[0]


def test_five_buyers_on_one_device_are_a_cluster_with_its_edges_and_numbers() -> None:
    facts = Facts()
    farm(facts)
    found = only(find_shared_devices(facts.snapshot()))
    assert {m.node for m in found.members} == {f"Buyer:farm{i}" for i in range(5)} | {"Device:d1"}
    assert {m.role for m in found.members} == {"buyer", "device"}
    assert len(found.edges) == 5 and all(e.dst == "Device:d1" for e in found.edges)
    assert (found.numbers["buyers"], found.numbers["devices"], found.numbers["busiest_users"]) == (5, 1, 5)
    assert found.numbers["first_shared_ts"] == 1_000 + DAY
    assert (found.first_ts, found.last_ts) == (1_000, 40 * DAY)
    assert "Five buyers" in found.text_en and "5 个买家" in found.text_zh
    assert found.complete


def test_two_buyers_on_one_device_are_no_finding_but_two_shops_are() -> None:
    facts = Facts()
    facts.device("Buyer:a", "d1")
    facts.device("Buyer:b", "d1")
    assert find_shared_devices(facts.snapshot()) == []
    facts = Facts()
    facts.device("Merchant:a", "d1")
    facts.device("Merchant:b", "d1")
    found = only(find_shared_devices(facts.snapshot()))
    assert found.numbers["merchants"] == 2 and found.numbers["parties_with_shops"] == 2


def test_an_owner_with_shops_and_accounts_of_the_same_name_is_one_hand() -> None:
    facts = Facts()
    for shop in ("a", "b"):
        facts.edge("OWNS", "Person:p", f"Merchant:{shop}")
        facts.device(f"Merchant:{shop}", "d1")
    facts.edge("OWNS", "Person:p", "Account:x")
    facts.device("Person:p", "d1")
    facts.device("Account:x", "d1")
    assert find_shared_devices(facts.snapshot()) == []


def test_devices_and_phones_chain_into_one_cluster() -> None:
    facts = Facts()
    farm(facts, 3, "d1")
    facts.edge("HAS_PHONE", "Buyer:farm2", "Phone:t")
    facts.edge("HAS_PHONE", "Merchant:m", "Phone:t")
    found = only(find_shared_devices(facts.snapshot()))
    assert "Merchant:m" in {m.node for m in found.members}
    assert (found.numbers["devices"], found.numbers["phones"], found.numbers["merchants"]) == (1, 1, 1)


def test_two_shops_at_one_quiet_address_join_but_a_crowd_address_joins_nobody() -> None:
    facts = Facts()
    farm(facts, 3)
    facts.device("Merchant:a", "d1")
    for shop in ("a", "b"):
        facts.edge("SHIPS_FROM", f"Merchant:{shop}", "Address:quiet")
    found = only(find_shared_devices(facts.snapshot()))
    assert found.numbers["merchants"] == 2 and found.numbers["addresses"] == 1
    for i in range(20):
        facts.edge("SHIPS_FROM", f"Merchant:other{i}", "Address:quiet")
    found = only(find_shared_devices(facts.snapshot()))
    assert found.numbers["merchants"] == 1 and found.numbers["addresses"] == 0


def test_a_kiosk_used_by_many_joins_nobody_and_is_counted() -> None:
    facts = Facts()
    for i in range(40):
        facts.device(f"Buyer:b{i:02d}", "kiosk")
        facts.order(f"o{i}", f"b{i:02d}", f"shop{i:02d}", ts=i * DAY)
    result = shared_devices(facts.snapshot(), SharedDeviceParams())
    assert result.findings == [] and result.crowds == {"Device": 1}


def test_a_device_of_many_buyers_who_buy_at_the_same_shops_is_a_farm() -> None:
    facts = Facts()
    for i in range(40):
        facts.device(f"Buyer:b{i:02d}", "farm")
        for k in range(3):
            facts.order(f"o{i}-{k}", f"b{i:02d}", f"shop{k}", ts=(i + k) * DAY)
    found = only(find_shared_devices(facts.snapshot()))
    assert found.numbers["buyers"] == 40 and found.numbers["farm"] == 1
    assert found.score > 0.7


def family(facts: Facts, n: int) -> None:
    for i in range(n):
        facts.device(f"Buyer:f{i}", "tablet")
        facts.edge("REGISTERED_AT", f"Buyer:f{i}", "Address:home")
        facts.order(f"fo{i}", f"f{i}", f"shop{i}", ts=i * DAY)


def test_a_family_is_left_out_and_counted_and_a_large_one_scores_low_and_says_why() -> None:
    facts = Facts()
    family(facts, 4)
    result = shared_devices(facts.snapshot(), SharedDeviceParams())
    assert result.findings == [] and result.families == 1
    facts = Facts()
    family(facts, 6)
    found = only(find_shared_devices(facts.snapshot()))
    assert found.score < 0.15 and "as a family does" in found.text_en and "一家人" in found.text_zh


def test_four_at_one_address_who_feed_one_shop_are_no_family() -> None:
    facts = Facts()
    family(facts, 4)
    for i in range(4):
        for k in range(5):
            facts.order(f"x{i}-{k}", f"f{i}", "brushed", ts=(10 + i + k) * DAY)
    found = only(find_shared_devices(facts.snapshot()))
    assert found.numbers["place"] == "none" and float(found.numbers["same_shop_share"]) > 0.5


def test_room_mates_in_a_dormitory_score_low() -> None:
    facts = Facts()
    facts.node("Address", "hall", place_type="dormitory")
    for i in range(5):
        facts.device(f"Buyer:s{i}", "tablet")
        facts.edge("REGISTERED_AT", f"Buyer:s{i}", "Address:hall")
    found = only(find_shared_devices(facts.snapshot()))
    assert found.numbers["place"] == "crowd" and found.numbers["addresses"] == 0
    assert "dormitory" in found.text_en


def test_a_resold_phone_joins_nobody() -> None:
    facts = Facts()
    for i in range(3):
        facts.device(f"Buyer:b{i}", "d1", first=i * 200 * DAY, last=(i * 200 + 50) * DAY)
    assert find_shared_devices(facts.snapshot()) == []
    again = Facts()
    for i in range(3):
        again.device(f"Buyer:b{i}", "d1", first=i * 200 * DAY, last=700 * DAY)
    assert len(find_shared_devices(again.snapshot())) == 1


def test_the_order_of_rows_makes_no_difference() -> None:
    facts = Facts()
    farm(facts, 7)
    facts.edge("HAS_PHONE", "Buyer:farm2", "Phone:t")
    facts.edge("HAS_PHONE", "Merchant:m", "Phone:t")
    family(facts, 6)
    assert find_shared_devices(facts.snapshot()) == find_shared_devices(facts.snapshot(reverse=True))


def test_long_lists_are_cut_and_say_so() -> None:
    facts = Facts()
    for shop in range(3):
        facts.device(f"Merchant:m{shop}", "d1")
    for i in range(60):
        facts.device(f"Buyer:b{i:02d}", "d1")
    found = only(find_shared_devices(facts.snapshot(), SharedDeviceParams(max_members=10, max_edges=7)))
    assert len(found.members) == 10 and len(found.edges) == 7 and not found.complete
    assert found.truncated_why == "10 of 64 members listed; 7 of 63 edges listed"
    assert found.numbers["buyers"] == 60


def test_nothing_known_is_nothing_found() -> None:
    assert find_shared_devices(Facts().snapshot()) == []
