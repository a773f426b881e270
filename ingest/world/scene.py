"""The scene: every book of a world while it is being told, and the numbers that its chapters pass on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ingest.world.book import Book
from ingest.world.calendar import Calendar
from ingest.world.chance import Chance, Float, Int
from ingest.world.spec import WorldSpec

NONE = -1
"""A column without a value."""

MERCHANT, PERSON, COMPANY, BUYER = range(4)
PARTIES = ("Merchant", "Person", "Company", "Buyer")

HONEST, FAKE = range(2)
"""Manner of an order: of a customer, or with nothing sold."""


@dataclass
class Scene:
    """Books by number (a shop is a row of ``shops``, and so on); texts and ids come only when files are written."""

    spec: WorldSpec
    chance: Chance
    calendar: Calendar
    persons: Book = field(default_factory=lambda: Book(region=0, phone=NONE, since=0))
    companies: Book = field(default_factory=lambda: Book(region=0, address=NONE, founded=0, trade=0))
    shops: Book = field(
        default_factory=lambda: Book(
            platform=0,
            category=0,
            region=0,
            opened=0,
            owner=NONE,
            company=NONE,
            phone=NONE,
            address=NONE,
            ships_from=NONE,
            account=NONE,
            purse=NONE,
            supplier=NONE,
        )
    )
    buyers: Book = field(
        default_factory=lambda: Book(platform=0, region=0, since=0, phone=NONE, address=NONE, device=NONE, wallet=NONE)
    )
    phones: Book = field(default_factory=lambda: Book(of=0))
    places: Book = field(default_factory=lambda: Book(region=0, kind=0))
    devices: Book = field(default_factory=lambda: Book(kind=0))
    staff_devices: Book = field(default_factory=lambda: Book(shop=0, device=0, since=0))
    ownership: Book = field(default_factory=lambda: Book(owner_kind=PERSON, owner=0, company=0, share=100, since=0))
    accounts: Book = field(default_factory=lambda: Book(holder_kind=NONE, holder=NONE, kind=0, bank=0, opened=0))
    transfers: Book = field(default_factory=lambda: Book(src=0, dst=0, ts=0, amount=0, channel=0, purpose=0))
    orders: Book = field(
        default_factory=lambda: Book(
            buyer=0,
            shop=0,
            ts=0,
            amount=0,
            manner=HONEST,
            ring=NONE,
            address=NONE,
            device=NONE,
            paid_back=0,
        )
    )
    refunds: Book = field(default_factory=lambda: Book(order=0, ts=0, amount=0, reason=0, direct=0))
    parcels: Book = field(default_factory=lambda: Book(order=0, waybill=0, address=0, shipped=0, signed=0, weight_g=0))
    applications: Book = field(
        default_factory=lambda: Book(shop=0, ts=0, amount=0, approved=0, decided=0, loan=NONE, failed=0, risk_ppm=0)
    )
    loans: Book = field(
        default_factory=lambda: Book(application=0, shop=0, account=0, ts=0, amount=0, due=0, failed=0, closed=0)
    )
    repayments: Book = field(default_factory=lambda: Book(loan=0, account=0, ts=0, amount=0))
    guarantees: Book = field(
        default_factory=lambda: Book(
            guarantor_kind=MERCHANT, guarantor=0, debtor_kind=MERCHANT, debtor=0, ts=0, amount=0, until=NONE
        )
    )
    filings: Book = field(default_factory=lambda: Book(shop=0, start=0, end=0, ts=0, revenue=0, tax=0))
    invoices: Book = field(
        default_factory=lambda: Book(
            seller_kind=COMPANY, seller=0, buyer_kind=MERCHANT, buyer=0, ts=0, amount=0, tax=0, voided=NONE
        )
    )
    declarations: Book = field(default_factory=lambda: Book(shop=0, ts=0, amount=0, weight_g=0, country=0, parcels=0))
    labels: Book = field(default_factory=lambda: Book(application=0, number=0, label=0, source=0, decided=0, known=0))
    truth: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    free_buyers: Int = field(default_factory=lambda: np.zeros(0, np.int64))
    shop_size: Float = field(default_factory=lambda: np.zeros(0))
    shop_health: Float = field(default_factory=lambda: np.zeros(0))
    strain: dict[str, Float] = field(default_factory=dict)
    diverted: Float = field(default_factory=lambda: np.zeros(0))

    def note(self, kind: str, **members: object) -> None:
        """Write down what was planted: one entry per group."""
        self.truth.setdefault(kind, []).append(members)

    def take_buyers(self, n: int) -> Int:
        """Some buyers of low activity whom no other group has; fewer when they run out."""
        taken, self.free_buyers = self.free_buyers[:n], self.free_buyers[n:]
        return taken

    def strain_total(self) -> Float:
        """What all frauds together add to the log-odds of each application."""
        total = np.zeros(len(self.applications))
        for part in self.strain.values():
            total = total + part
        return total
