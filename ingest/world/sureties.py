"""Guarantees: owners for shops, firms for customers, joint liability among friends, circles that secure nothing."""

from __future__ import annotations

import numpy as np

from ingest.world.chance import Float, Int
from ingest.world.plan import CIRCLE, Plan
from ingest.world.scene import COMPANY, MERCHANT, NONE, PERSON, Scene
from ingest.world.spec import DAY


def stand_surety(scene: Scene, plan: Plan) -> None:
    """All guarantees; each signed in the weeks before the application that it is for."""
    rng = scene.chance.of("guarantees")
    _owners_and_firms(scene, rng)
    _chains(scene, rng)
    _joint_liability(scene, rng)
    _circles(scene, plan, rng)


def _sign(scene: Scene, rng: np.random.Generator, kind: int, guarantor: Int, application: Int, share: Float) -> None:
    """A guarantee of ``share`` of what was asked, for each application."""
    apps = scene.applications
    ts = scene.calendar.office(
        rng, apps["ts"][application] - (rng.uniform(8, 60, len(application)) * DAY).astype(np.int64)
    )
    ts = np.minimum(ts, apps["ts"][application] - DAY // 2)
    amount = np.maximum((apps["amount"][application] * share / 1e5).astype(np.int64) * 100_000, 100_000)
    until = np.where(rng.random(len(ts)) < 0.9, ts + rng.choice([180, 365, 730], len(ts)) * DAY, NONE)
    scene.guarantees.add(
        guarantor_kind=kind,
        guarantor=guarantor,
        debtor_kind=MERCHANT,
        debtor=apps["shop"][application],
        ts=ts,
        amount=amount,
        until=until,
    )


def _owners_and_firms(scene: Scene, rng: np.random.Generator) -> None:
    shop = scene.applications["shop"]
    row = np.flatnonzero(rng.random(len(shop)) < 0.35)
    _sign(scene, rng, PERSON, scene.shops["owner"][shop[row]], row, np.ones(len(row)))
    row = np.flatnonzero(rng.random(len(shop)) < 0.1)
    firm = np.where(rng.random(len(row)) < 0.5, scene.shops["company"][shop[row]], scene.shops["supplier"][shop[row]])
    row, firm = row[firm != NONE], firm[firm != NONE]
    _sign(scene, rng, COMPANY, firm, row, rng.uniform(0.4, 1.0, len(row)))


def _chains(scene: Scene, rng: np.random.Generator) -> None:
    """Shops that vouch for another one, in any direction that gratitude takes; short chains, hardly a circle."""
    apps, n = scene.applications, len(scene.shops)
    row = np.flatnonzero(rng.random(len(apps)) < 0.07)
    friend = rng.integers(0, n, len(row))
    ok = friend != apps["shop"][row]
    _sign(scene, rng, MERCHANT, friend[ok], row[ok], rng.uniform(0.3, 1.0, int(ok.sum())))


def _joint_liability(scene: Scene, rng: np.random.Generator) -> None:
    """Three to five shops of one region and trade, each liable for each other's loan: a product, not a trick."""
    apps, shops = scene.applications, scene.shops
    for _ in range(max(1, round(len(shops) / 110))):
        anchor = int(rng.integers(0, len(apps)))
        near = np.flatnonzero(
            (shops["region"][apps["shop"]] == shops["region"][apps["shop"][anchor]])
            & (np.abs(apps["ts"] - apps["ts"][anchor]) < 60 * DAY)
        )
        _, one_each = np.unique(apps["shop"][near], return_index=True)
        group = rng.permutation(near[one_each])[: int(rng.integers(2, 6))]
        if len(group) < 2:
            continue
        debtor = np.repeat(group, len(group))
        guarantor = np.tile(apps["shop"][group], len(group))
        other = guarantor != apps["shop"][debtor]
        _sign(scene, rng, MERCHANT, guarantor[other], debtor[other], np.full(int(other.sum()), 1.0))
        scene.note("joint_liability", Merchant=apps["shop"][group])


def _circles(scene: Scene, plan: Plan, rng: np.random.Generator) -> None:
    """Each member stands for the next one; in the larger circles a few chords too."""
    for scheme in plan.of(CIRCLE):
        members = scheme.shops
        if len(members) < 2:
            continue
        debtor = np.roll(members, -1)
        _sign(scene, rng, MERCHANT, members, plan.target[debtor], rng.uniform(0.7, 1.2, len(members)))
        if len(members) >= 4:
            chords = rng.random(len(members)) < 0.25
            _sign(
                scene,
                rng,
                MERCHANT,
                members[chords],
                plan.target[np.roll(members, -2)][chords],
                rng.uniform(0.3, 0.8, int(chords.sum())),
            )
        scene.note(CIRCLE, Merchant=members, intensity=round(scheme.intensity, 4))
