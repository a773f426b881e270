"""What a hub is, is read from its own pattern; a pattern that says nothing is called unclear."""

from __future__ import annotations

import pytest

from graph.identity.clusters import identity_clusters
from graph.identity.hubs import DAY_MS, Hub, NoHubError, hub_of
from tests.findings.facts import Facts

HOUR = 3_600_000
MONDAY = 4 * DAY_MS  # 1970-01-05, midnight UTC
HUB = 12


def look(facts: Facts, node: str) -> Hub:
    snapshot = facts.snapshot()
    return hub_of(snapshot, identity_clusters(snapshot, HUB), node)


def parcels(facts: Facts, users: int, here: int, elsewhere: int, hour: int = 20, shops: int = 15) -> None:
    """Orders over weeks; local time is UTC + 8."""
    n = 0
    for user in range(users):
        for k in range(here + elsewhere):
            day = (7 * k + user) % 60
            ts = MONDAY + (day // 5 * 7 + day % 5) * DAY_MS + (hour - 8) * HOUR
            facts.order(f"o{n}", f"b{user}", f"m{(user * 7 + k) % shops}", ts)
            place = "hub" if k < here else f"home{user}"
            facts.edge("SHIPPED_TO", f"Orders:o{n}", f"Address:{place}")
            n += 1


@pytest.mark.parametrize(
    ("here", "elsewhere", "hour", "kind"),
    [(4, 0, 20, "dormitory"), (4, 1, 11, "office"), (2, 4, 20, "parcel_locker"), (1, 0, 20, "unclear")],
)
def test_addresses_by_when_and_how_much_of_it_people_have_sent_there(
    here: int, elsewhere: int, hour: int, kind: str
) -> None:
    facts = Facts()
    parcels(facts, 30, here, elsewhere, hour)
    facts.node("Address", "hub", place_type="postcode area")
    found = look(facts, "Address:hub")
    assert (found.kind, found.pattern.users, found.source_says) == (kind, 30, "postcode area")
    assert "30 parties" in found.text_en and "30 个使用者" in found.text_zh


def test_a_warehouse_an_office_building_and_a_household() -> None:
    facts = Facts()
    for i in range(5):
        facts.edge("SHIPS_FROM", f"Merchant:s{i}", "Address:store", since=0)
        facts.edge("REGISTERED_AT", f"Merchant:r{i}", "Address:tower", since=0)
    for i in range(3):
        facts.order(f"f{i}", f"kin{i}", f"m{i}", MONDAY + i * DAY_MS)
        facts.edge("SHIPPED_TO", f"Orders:f{i}", "Address:flat")
    assert [look(facts, f"Address:{a}").kind for a in ("store", "tower", "flat")] == ["warehouse", "office", "family"]


def test_a_kiosk_spreads_its_orders_and_a_farm_does_not() -> None:
    facts = Facts()
    for user in range(20):
        facts.order(f"k{user}", f"k{user}", f"m{user}", MONDAY, device="kiosk")
        for k in range(4):
            facts.order(f"f{user}-{k}", f"f{user}", f"m{k % 2}", MONDAY + k * DAY_MS, device="farm")
    assert [look(facts, f"Device:{d}").kind for d in ("kiosk", "farm")] == ["kiosk", "farm"]


def test_a_number_given_out_again_has_one_user_after_another() -> None:
    facts = Facts()
    for name, since in (("a", 0), ("b", 200 * DAY_MS)):
        facts.edge("HAS_PHONE", f"Buyer:{name}", "Phone:old", since=since)
        facts.edge("HAS_PHONE", f"Buyer:{name}", "Phone:shared", since=0)
    assert [look(facts, f"Phone:{p}").kind for p in ("old", "shared")] == ["resold_phone", "family"]


def test_what_is_no_identifier_or_has_no_users_is_refused_by_name() -> None:
    facts = Facts()
    facts.node("Device", "lonely")
    facts.device("Buyer:a", "d")
    for node in ("Device:lonely", "Device:none", "Buyer:a", "d"):
        with pytest.raises(NoHubError, match=node):
            look(facts, node)
