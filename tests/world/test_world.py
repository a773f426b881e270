"""What a world is like: the same from the same seed, heavy-tailed, seasonal, with fraud that costs money."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from ingest.world.scene import FAKE, NONE, Scene
from ingest.world.spec import DAY, WorldSpec
from ingest.world.truth import LOOKALIKES, PLANTED
from ingest.world.world import make_world, tell

TINY = WorldSpec(merchants=80, seed=3)


def digest(root: Path) -> dict[str, str]:
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file()
    }


def test_the_same_spec_gives_the_same_bytes_and_another_seed_other_ones(tmp_path: Path) -> None:
    rows = make_world(TINY, tmp_path / "a")
    assert make_world(TINY, tmp_path / "b") == rows
    make_world(replace(TINY, seed=4), tmp_path / "c")
    a, b, c = (digest(tmp_path / x) for x in "abc")
    assert a == b
    same = [name for name in a if name.endswith(".csv") and a[name] == c[name]]
    assert not same


def test_rows_reported_are_rows_written(tmp_path: Path) -> None:
    rows = make_world(TINY, tmp_path)
    for name, count in rows.items():
        if name.endswith(".csv"):
            assert (tmp_path / name).read_text("utf-8").count("\n") == count + 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merchants": 3}, "merchants must be at least 40"),
        ({"seed": -1}, "seed must not be negative"),
        ({"shared_identity": 1.5}, "shared_identity must be from 0 to 1"),
        ({"camouflage": float("nan")}, "camouflage must be from"),
        ({"end": "2026-06-30T00:00:00"}, "must say its zone"),
        ({"months": 3}, "months must be at least 12"),
    ],
)
def test_a_spec_that_makes_no_world_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        WorldSpec(**change)  # type: ignore[arg-type]  # wrong values are the point


def test_a_shop_has_about_85_orders_and_asks_for_credit_about_one_point_six_times(town: Scene) -> None:
    assert 70 < len(town.orders) / len(town.shops) < 100
    assert 1.4 < len(town.applications) / len(town.shops) < 1.9
    assert set(town.applications["shop"].tolist()) == set(range(len(town.shops)))


def test_sales_and_buyers_are_heavy_tailed(town: Scene) -> None:
    for column, share in (("shop", 0.4), ("buyer", 0.25)):
        honest = town.orders[column][town.orders["manner"] != FAKE]
        counts = np.sort(np.bincount(honest))[::-1]
        assert counts[: len(counts) // 10].sum() > share * counts.sum(), column


def test_days_and_hours_have_their_seasons(town: Scene) -> None:
    local = town.orders["ts"] + 8 * 3_600_000
    hour = np.bincount(local % DAY // 3_600_000, minlength=24)
    assert hour[20:22].mean() > 6 * hour[2:5].mean()
    day = np.bincount((town.orders["ts"] - town.calendar.start) // DAY)
    singles_day = (town.calendar.end - town.calendar.start) // DAY - 231  # 11 November of the year before the end
    assert day[singles_day - 1 : singles_day + 2].max() > 3 * np.median(day)


def test_everything_of_the_list_is_planted_and_every_lookalike_is_there(town: Scene) -> None:
    assert {k for k in PLANTED if not town.truth.get(k)} == set()
    assert {k for k in LOOKALIKES if not town.truth.get(k)} == set()


def test_planted_shops_grow_with_the_fraud_share() -> None:
    def planted(share: float) -> set[int]:
        scene = tell(WorldSpec(merchants=200, seed=9, fraud_share=share))
        return {int(s) for k in PLANTED for g in scene.truth.get(k, []) for s in np.atleast_1d(g.get("Merchant", []))}  # type: ignore[call-overload]  # groups hold arrays

    none, some, many = (len(planted(share)) for share in (0.0, 0.15, 0.3))
    assert none == 0
    assert 20 <= some <= 40
    assert 45 <= many <= 75


def test_shared_identity_and_camouflage_do_what_they_say() -> None:
    def told(**change: float) -> Scene:
        return tell(WorldSpec(merchants=200, seed=2, **change))  # type: ignore[arg-type]  # floats by name

    def devices_per_member(scene: Scene) -> float:
        rings = [g for g in scene.truth["fake_order_ring"] if not g["farm"]]
        members = [np.asarray(g["Buyer"]) for g in rings]
        return float(np.mean([len(np.unique(scene.buyers["device"][m])) / len(m) for m in members]))

    assert devices_per_member(told(shared_identity=0.0)) > 0.9
    assert devices_per_member(told(shared_identity=1.0)) < 0.5

    def honest_orders_of_members(scene: Scene) -> float:
        members = np.concatenate([np.asarray(g["Buyer"]) for g in scene.truth["fake_order_ring"]])
        own = np.isin(scene.orders["buyer"], members) & (scene.orders["manner"] != FAKE)
        return float(own.sum() / len(members))

    assert honest_orders_of_members(told(camouflage=3.0)) > 2 * honest_orders_of_members(told(camouflage=0.0))


def test_money_comes_home_along_the_noted_path(town: Scene) -> None:
    booked = set(zip(town.transfers["src"].tolist(), town.transfers["dst"].tolist(), strict=True))
    for kind, closed in (("fund_loop", True), ("proceeds_home", False)):
        for group in town.truth[kind]:
            path = np.asarray(group["Account"]).tolist()
            steps = list(zip(path, path[1:] + ([path[0]] if closed else []), strict=not closed and False))
            assert all(step in booked for step in steps), kind
            assert 2 <= len(path) <= (8 if closed else 5)


def test_fake_orders_are_paid_back_with_a_commission(town: Scene) -> None:
    back = town.orders["paid_back"] > 0
    assert (town.orders["manner"][back] == FAKE).all()
    wallets = town.buyers["wallet"][town.orders["buyer"][back]]
    received = set(town.transfers["dst"].tolist())
    known = wallets[wallets != NONE]
    assert len(known) > 20
    assert np.isin(known, list(received)).mean() > 0.97


def test_guarantee_circles_close(town: Scene) -> None:
    book = town.guarantees
    pairs = set(zip(book["guarantor"].tolist(), book["debtor"].tolist(), book["guarantor_kind"].tolist(), strict=True))
    for group in town.truth["guarantee_circle"]:
        members = np.asarray(group["Merchant"]).tolist()
        assert len(members) >= 2
        assert all((a, b, 0) in pairs for a, b in zip(members, members[1:] + members[:1], strict=True))


def test_labels_are_delayed_incomplete_noisy_and_in_range(town: Scene) -> None:
    book, apps = town.labels, town.applications
    age = (book["known"] - apps["ts"][book["application"]]) / DAY
    assert age.min() >= 90
    assert 0.9 < (age <= 285).mean() < 1.0
    assert (apps["approved"][book["application"]] == 1).all()
    assert 0.06 < book["label"].mean() < 0.22
    due = np.flatnonzero((apps["approved"] > 0) & (apps["ts"] < town.calendar.end - 420 * DAY))
    assert 0.75 < np.isin(due, book["application"]).mean() < 1.0


def test_honest_shops_fail_too_and_some_fraud_is_repaid() -> None:
    scene = tell(WorldSpec(merchants=1500, seed=1))
    apps = scene.applications
    felt = scene.strain_total() > 0.5
    paid_out = apps["approved"] > 0
    assert 0.02 < apps["failed"][paid_out & ~felt].mean() < 0.12
    assert 0.35 < apps["failed"][paid_out & felt].mean() < 0.75
    assert apps["risk_ppm"].max() < 1_000_000


def test_even_the_true_risk_does_not_foretell_every_label() -> None:
    """The best any scorer could do: below .98 by far, above chance by far."""
    scene = tell(WorldSpec(merchants=1500, seed=1))
    risk = scene.applications["risk_ppm"][scene.labels["application"]]
    precision = float(average_precision_score(scene.labels["label"], risk))
    assert 0.55 < precision < 0.92
    assert 0.8 < float(roc_auc_score(scene.labels["label"], risk)) < 0.96
    shuffled = np.random.default_rng(0).permutation(risk)
    assert float(roc_auc_score(scene.labels["label"], shuffled)) < 0.6


def test_groups_of_both_sides_have_the_same_size_and_habits() -> None:
    """No give-away: members of honest groups are as old, as many and as active outside as those of rings."""
    scene = tell(WorldSpec(merchants=1000, seed=6))
    outside = scene.orders["manner"] != FAKE
    activity = np.bincount(scene.orders["buyer"][outside], minlength=len(scene.buyers))

    def of(*kinds: str) -> tuple[float, float, float]:
        groups = [np.asarray(g["Buyer"]) for k in kinds for g in scene.truth[k]]
        members = np.concatenate(groups)
        size = np.median([len(g) for g in groups])
        return float(size), float(activity[members].mean()), float(scene.buyers["since"][members].mean())

    ring = of("fake_order_ring", "brushing_platform")
    fans = of("fan_club", "group_leader", "payroll")
    assert 0.4 < ring[0] / fans[0] < 2.5
    assert abs(ring[2] - fans[2]) < 90 * DAY
    assert scene.free_buyers.size > 0, "the groups have used up the buyers"


@pytest.mark.slow
def test_a_large_world_keeps_the_proportions_of_a_small_one() -> None:
    small, large = (tell(WorldSpec(merchants=n, seed=8)) for n in (300, 3000))
    for book in ("orders", "transfers", "applications", "filings"):
        ratio = len(getattr(large, book)) / len(getattr(small, book))
        assert 8 < ratio < 12.5, book
    for kind in ("fake_order_ring", "fund_loop", "guarantee_circle", "fan_club", "dormitory"):
        assert 5 < len(large.truth[kind]) / len(small.truth[kind]) < 20, kind
