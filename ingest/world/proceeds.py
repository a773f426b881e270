"""Where loan money goes that should have bought goods: home over a few hops, or to a shop's brushing buyers."""

from __future__ import annotations

import numpy as np

from ingest.world.bookings import BANK, GOODS, LOAN_USE, PRIVATE, between_people, pay
from ingest.world.brushing import ring_buyers
from ingest.world.chance import Int
from ingest.world.circulation import Fronts
from ingest.world.plan import HOME, Plan
from ingest.world.scene import NONE, Scene
from ingest.world.shops import personal_accounts
from ingest.world.spec import DAY, HOUR


def divert(scene: Scene, plan: Plan, fronts: Fronts) -> None:
    """Sends loans of the planned shops home; sets ``scene.diverted``, the share of each loan that was."""
    rng, loans = scene.chance.of("proceeds"), scene.loans
    scene.diverted = np.zeros(len(loans))
    wanted = scene.applications["loan"]
    buyers_of = ring_buyers(scene)
    turn = 0
    for scheme in plan.of(HOME):
        shop = int(scheme.shops[0])
        loan = int(wanted[plan.target[shop]])
        if loan == NONE:
            continue
        share = float(np.clip(0.3 + 0.65 * scheme.intensity + rng.normal(0, 0.05), 0.25, 0.97))
        scene.diverted[loan] = share
        wallets = buyers_of.get(shop, np.zeros(0, np.int64))
        turn += len(wallets) >= 3
        if len(wallets) >= 3 and turn % 2 == 1:
            _to_buyers(scene, rng, loan, share, wallets)
        else:
            _home(scene, rng, fronts, loan, share)


def _home(scene: Scene, rng: np.random.Generator, fronts: Fronts, loan: int, share: float) -> None:
    """Over one to four hops to an account of the owner's, in one to three parts, within days."""
    loans, shops = scene.loans, scene.shops
    shop = int(loans["shop"][loan])
    home = int(shops["purse"][shop])
    if rng.random() < 0.4:
        home = int(
            personal_accounts(scene, rng, shops["owner"][[shop]], np.array([scene.calendar.start - 50 * DAY]))[0]
        )
    hops = int(rng.choice([1, 2, 3, 4], p=[0.2, 0.35, 0.3, 0.15]))
    path = np.concatenate([[loans["account"][loan]], fronts.of(shop, hops - 1), [home]]).astype(np.int64)
    parts = rng.dirichlet(np.full(int(rng.integers(1, 4)), 4.0)) * share * loans["amount"][loan]
    for part in parts:
        ts = loans["ts"][loan] + np.cumsum(np.exp(rng.uniform(np.log(0.5), np.log(80), hops)) * HOUR).astype(np.int64)
        amount = (part * np.cumprod(1 - rng.uniform(0, 0.02, hops))).astype(np.int64)
        pay(scene, path[:-1], path[1:], ts // 1000 * 1000, amount, GOODS if rng.random() < 0.5 else LOAN_USE, BANK)
    scene.note(HOME, Merchant=shop, Loan=loan, Account=path, hops=hops, share=round(share, 4))


def _to_buyers(scene: Scene, rng: np.random.Generator, loan: int, share: float, wallets: Int) -> None:
    """Through the owner's purse to wallets of the buyers who place the shop's fake orders."""
    loans, shops = scene.loans, scene.shops
    shop = int(loans["shop"][loan])
    some = rng.permutation(wallets)[: int(rng.integers(3, 16))]
    purse = shops["purse"][shop]
    total = share * loans["amount"][loan]
    first = loans["ts"][loan] + int(rng.uniform(1, 40) * HOUR)
    pay(scene, loans["account"][[loan]], np.array([purse]), np.array([first]), np.array([int(total)]), LOAN_USE, BANK)
    parts = (rng.dirichlet(np.full(len(some), 5.0)) * total * 0.99).astype(np.int64)
    ts = first + (rng.uniform(0.2, 6, len(some)) * DAY).astype(np.int64) // 1000 * 1000
    pay(scene, np.full(len(some), purse), some, ts, parts, PRIVATE, between_people(rng, len(some)))
    scene.note("proceeds_to_buyers", Merchant=shop, Loan=loan, Account=some, share=round(share, 4))
