"""Figures of linked merchants: what a brute-force walk over the rows gives, and never the merchant's own label."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.features.around import FIGURES, two_step_sum
from graph.features.compute import compute_features
from graph.features.lens import Lens
from graph.features.merchant_links import COMMON_BUYERS, HUB, LINK_KINDS
from graph.features.outcomes import settled
from graph.snapshot import NULL, Snapshot
from tests.features.worlds import AS_OF, DAY, edge, random_world, snapshot, together

SHARED = {"USED_DEVICE": "Device", "HAS_PHONE": "Phone", "SHIPS_FROM": "Address", "REGISTERED_AT": "Address"}


def _pairs(holders: dict[object, set[int]]) -> set[tuple[int, int]]:
    few = (h for h in holders.values() if len(h) <= HUB)
    return {p for h in few for p in itertools.permutations(h, 2)}


def _brute_identity(s: Snapshot) -> set[tuple[int, int]]:
    holders: dict[object, set[int]] = {}
    for type_, kind in SHARED.items():
        r = s.relation("Merchant", type_, kind)
        for m, x in zip(r.src.tolist(), r.dst.tolist(), strict=True):
            holders.setdefault((kind, x), set()).add(m)
    owns = s.relation("Merchant", "OWNS", "Account")
    for m, x in zip(owns.src.tolist(), owns.dst.tolist(), strict=True):
        holders.setdefault(("Account", x), set()).add(m)
    for kind in ("Person", "Company"):
        r = s.relation(kind, "OWNS", "Merchant")
        for owner, m in zip(r.src.tolist(), r.dst.tolist(), strict=True):
            holders.setdefault((kind, owner), set()).add(m)
    return _pairs(holders)


def _brute_guarantees(s: Snapshot) -> set[tuple[int, int]]:
    shops: dict[tuple[str, int], set[int]] = {("Merchant", m): {m} for m in range(len(s.nodes["Merchant"]))}
    for kind in ("Person", "Company"):
        r = s.relation(kind, "OWNS", "Merchant")
        owned: dict[int, set[int]] = {}
        for owner, m in zip(r.src.tolist(), r.dst.tolist(), strict=True):
            owned.setdefault(owner, set()).add(m)
        shops |= {(kind, o): ms for o, ms in owned.items() if len(ms) <= HUB}
    found = set()
    for r in s.of_type("GUARANTEES"):
        for a, b, ts, until in zip(r.src, r.dst, r.int64("ts"), r.int64("until"), strict=True):
            if ts <= s.as_of and (until == NULL or until > s.as_of):
                one, other = shops.get((r.src_kind, int(a)), set()), shops.get((r.dst_kind, int(b)), set())
                found |= {(x, y) for x, y in itertools.product(one, other) if x != y}
    return found | {(y, x) for x, y in found}


def _links(lens: Lens, kind: str) -> set[tuple[int, int]]:
    m = lens.links(kind).tocoo()  # type: ignore[arg-type]  # kinds are listed
    return set(zip(m.row.tolist(), m.col.tolist(), strict=True))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_links_of_identity_and_guarantees_are_those_found_by_hand(seed: int) -> None:
    s = snapshot(random_world(seed, merchants=14, orders=60))
    lens = Lens(s)
    assert _links(lens, "identity") == _brute_identity(s)
    assert _links(lens, "guarantees") == _brute_guarantees(s)


def test_links_over_buyers_and_transfers_are_those_found_by_hand() -> None:
    s = snapshot(random_world(3, merchants=12, orders=300))
    lens = Lens(s)
    orders, buyers = lens.orders(90), {}  # type: dict[int, set[int]]
    for m, b in zip(orders.merchant.tolist(), orders.buyer.tolist(), strict=True):
        if b >= 0:
            buyers.setdefault(m, set()).add(b)
    common = {(a, b) for a, b in itertools.permutations(buyers, 2) if len(buyers[a] & buyers[b]) >= COMMON_BUYERS}
    assert common
    assert _links(lens, "buyers") == common
    holders: dict[object, set[int]] = {}
    owns = s.relation("Merchant", "OWNS", "Account")
    for rows in ((lens.out(90).merchant, lens.out(90).other), (lens.into(90).merchant, lens.into(90).other)):
        for m, x in zip(*(r.tolist() for r in rows), strict=True):
            holders.setdefault(x, set()).add(m)
    for m, x in zip(owns.src.tolist(), owns.dst.tolist(), strict=True):
        holders.setdefault(x, set()).add(m)
    assert _links(lens, "transfers") == _pairs(holders) != set()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_statistics_are_those_of_the_list_of_linked_merchants(seed: int) -> None:
    s = snapshot(random_world(seed, merchants=14, orders=200))
    lens = Lens(s)
    decided, bad = settled(lens)
    for kind in LINK_KINDS:
        near: dict[int, list[int]] = {m: [] for m in range(lens.n)}
        for a, b in sorted(_links(lens, kind)):
            near[a].append(b)
        for m, linked in near.items():
            assert lens.value(f"{kind}_links")[m] == len(linked)
            far = [z for y in linked for z in near[y] if z != m]
            assert lens.value(f"{kind}_walks")[m] == len(far)
            assert lens.value(f"{kind}_bad")[m] == sum(bad[y] for y in linked)
            assert lens.value(f"{kind}_bad_two_steps")[m] == sum(bad[z] for z in far)
            over = sum(decided[y] for y in linked)
            _same(lens, f"{kind}_bad_share", m, sum(bad[y] for y in linked) / over if over else np.nan)
            for figure in FIGURES:
                own = lens.value(figure.name)
                seen, beyond = ([own[y] for y in who if not np.isnan(own[y])] for who in (linked, far))
                centre = statistics.fmean(seen) if seen else np.nan
                _same(lens, f"{kind}_mean_{figure.name}", m, centre)
                _same(lens, f"{kind}_max_{figure.name}", m, max(seen, default=np.nan))
                _same(lens, f"{kind}_sd_{figure.name}", m, statistics.pstdev(seen) if len(seen) > 1 else np.nan)
                _same(lens, f"{kind}_gap_{figure.name}", m, own[m] - centre)
                _same(lens, f"{kind}_two_steps_{figure.name}", m, statistics.fmean(beyond) if beyond else np.nan)


def _same(lens: Lens, name: str, merchant: int, expected: float) -> None:
    assert lens.value(name)[merchant] == pytest.approx(expected, rel=1e-7, abs=1e-7, nan_ok=True), name


def _tied_pair() -> dict[str, list[dict[str, object]]]:
    """M1 and M2 on one device; both asked for credit before, and M1's ended badly."""
    return together(
        {"Merchant": [{"id": "M1"}, {"id": "M2"}]},
        {"USED_DEVICE": [edge("d1", "Merchant:M1", "Device:D"), edge("d2", "Merchant:M2", "Device:D")]},
        {"application": [_asked("A1", "M1", 200), _asked("A2", "M2", 100)]},
        {"label": [{"id": "L1", "application_id": "A1", "merchant_id": "M1", "label": True, "ts": AS_OF - 9 * DAY}]},
    )


def _asked(id_: str, merchant: str, days: int) -> dict[str, object]:
    return {"id": id_, "merchant_id": merchant, "ts": AS_OF - days * DAY, "amount": 5, "currency": "CNY"}


def test_a_label_is_seen_by_others_and_never_comes_home() -> None:
    row = {r["merchant_id"]: r for r in compute_features(snapshot(_tied_pair()), None).to_pylist()}
    assert (row["M2"]["identity_bad"], row["M2"]["identity_bad_share"]) == (1.0, 1.0)
    assert (row["M1"]["identity_bad"], row["M1"]["identity_bad_two_steps"]) == (0.0, 0.0)
    assert row["M1"]["bad_outcomes"] == 1.0  # its own earlier credit, as a figure of its own


def test_a_label_dated_before_its_own_application_says_nothing() -> None:
    """The planted leak: a source that back-dates outcomes. The application itself is not known as of then."""
    world = _tied_pair()
    later = {"id": "A3", "merchant_id": "M2", "ts": AS_OF + 5 * DAY, "amount": 5, "currency": "CNY"}
    leak = {"id": "L3", "application_id": "A3", "merchant_id": "M2", "label": True, "ts": AS_OF - DAY}
    unknown = {"id": "L4", "application_id": "A4", "merchant_id": "M2", "label": True, "ts": AS_OF - DAY}
    planted = snapshot(
        {**world, "application": [*world["application"], later], "label": [*world["label"], leak, unknown]}
    )
    found, clean = (compute_features(x, None) for x in (planted, snapshot(world)))
    told = [n for n in clean.column_names if "_bad" in n or n == "bad_outcomes"]
    assert len(told) > 12
    assert [n for n in told if not np.array_equal(found[n], clean[n], equal_nan=True)] == []


def test_two_steps_leave_out_every_way_back() -> None:
    star = Lens(snapshot(_tied_pair())).links("identity")
    assert two_step_sum(star, np.array([7.0, 9.0])).tolist() == [0.0, 0.0]


def test_without_edges_nothing_is_linked_and_no_figure_is_known() -> None:
    row = compute_features(snapshot({"Merchant": [{"id": "M1"}]}), None).to_pylist()[0]
    assert row["identity_links"] == row["transfers_walks"] == 0.0
    assert np.isnan(row["buyers_mean_refund_rate_90d"])
