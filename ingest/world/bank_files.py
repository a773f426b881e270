"""What the bank has: parties, accounts, transfers, applications, loans, repayments, guarantees."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingest.sources import bank as feeds
from ingest.world import bookings
from ingest.world import shops as kinds
from ingest.world.files import CNY, Files, hours_later
from ingest.world.geography import REGIONS
from ingest.world.letters import coded, money, picked, times, words
from ingest.world.scene import NONE, PARTIES, Scene
from ingest.world.spec import DAY, HOUR
from ingest.world.texts import Texts, sometimes_blank

INDUSTRIES = ("retail", "wholesale", "services")


def write_bank(scene: Scene, texts: Texts, files: Files) -> None:
    """All nine files of the bank."""
    rng = scene.chance.of("bank files")
    _parties(scene, texts, files, rng)
    _accounts(scene, texts, files, rng)
    _credit(scene, texts, files, rng)
    _guarantees(scene, texts, files, rng)


def _parties(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    companies, persons, own = scene.companies, scene.persons, scene.ownership
    morning = scene.calendar.next_morning
    files.write(
        feeds.COMPANIES,
        morning(rng, companies["founded"]),
        {
            "company_id": texts.company,
            "name": texts.company_name,
            "industry": sometimes_blank(rng, words(INDUSTRIES, companies["trade"]), 0.05),
            "region": words([r.name for r in REGIONS], companies["region"]),
            "founded_at": times(scene.calendar.midnight(companies["founded"])),
            "registered_address": sometimes_blank(rng, picked(texts.street, companies["address"]), 0.03),
            "updated_at": times(companies["founded"]),
        },
    )
    files.write(
        feeds.PERSONS,
        morning(rng, persons["since"]),
        {
            "person_id": texts.person,
            "name": texts.person_name,
            "phone": picked(texts.phone, persons["phone"]),
            "updated_at": times(persons["since"]),
        },
    )
    files.write(
        feeds.OWNERSHIP,
        morning(rng, own["since"]),
        {
            "owner_kind": words(PARTIES, own["owner_kind"]),
            "owner_id": texts.identity(own["owner_kind"], own["owner"]),
            "company_id": picked(texts.company, own["company"]),
            "share": sometimes_blank(rng, money(own["share"]), 0.05),
            "since": times(own["since"]),
        },
    )


def _accounts(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    """Accounts, one in thirty first without its holder; transfers, known the next morning."""
    accounts, transfers, n = scene.accounts, scene.transfers, len(scene.accounts)
    held = accounts["holder_kind"] != NONE
    unnamed = np.flatnonzero(held & (rng.random(n) < 0.03))
    row = np.concatenate([np.arange(n), unnamed])
    first = np.arange(len(row)) < n
    hidden = first & np.isin(row, unnamed)
    updated = accounts["opened"][row] + np.where(first, 0, rng.integers(5, 90, len(row)) * DAY)
    kind = np.where(hidden, NONE, accounts["holder_kind"][row])
    files.write(
        feeds.ACCOUNTS,
        scene.calendar.next_morning(rng, updated),
        {
            "account_no": picked(texts.account, row),
            "holder_kind": words(PARTIES, kind),
            "holder_id": texts.id(kind, accounts["holder"][row]),
            "holder_identity": texts.identity(kind, accounts["holder"][row]),
            "bank": words(kinds.BANKS, accounts["bank"][row]),
            "account_type": sometimes_blank(rng, words(kinds.ACCOUNT_TYPES, accounts["kind"][row]), 0.02),
            "opened_at": times(accounts["opened"][row]),
            "updated_at": times(updated),
        },
    )
    transfers.keep(np.argsort(transfers["ts"], kind="stable"))
    files.write(
        feeds.TRANSFERS,
        scene.calendar.next_morning(rng, transfers["ts"]),
        {
            "transfer_id": coded("T", np.arange(1, len(transfers) + 1), 8),
            "from_account": picked(texts.account, transfers["src"]),
            "to_account": picked(texts.account, transfers["dst"]),
            "booked_at": times(transfers["ts"]),
            "amount": money(transfers["amount"]),
            "currency": CNY,
            "channel": words(bookings.CHANNELS, transfers["channel"]),
            "purpose": sometimes_blank(rng, words(bookings.PURPOSES, transfers["purpose"]), 0.15),
        },
    )


def _credit(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    """Applications come pending and again with the decision; loans as paid out and again with what became of them."""
    apps, loans, n = scene.applications, scene.loans, len(scene.applications)
    end = scene.calendar.end
    decided = np.flatnonzero(apps["decided"] < end - DAY)
    row = np.concatenate([np.arange(n), decided])
    later = np.arange(len(row)) >= n
    updated = np.where(later, apps["decided"][row], apps["ts"][row])
    files.write(
        feeds.APPLICATIONS,
        np.where(later, updated + 2 * HOUR, updated),
        {
            "application_id": picked(texts.application, row),
            "merchant_id": picked(texts.shop, apps["shop"][row]),
            "applied_at": times(apps["ts"][row]),
            "amount": money(apps["amount"][row]),
            "currency": CNY,
            "loan_id": picked(texts.loan, np.where(later, apps["loan"][row], NONE)),
            "status": words(("pending", "declined", "approved"), np.where(later, 1 + apps["approved"][row], 0)),
            "updated_at": times(updated),
        },
    )
    closed = np.flatnonzero(loans["closed"] < end - 2 * DAY)
    row = np.concatenate([np.arange(len(loans)), closed])
    later = np.arange(len(row)) >= len(loans)
    updated = np.where(later, loans["closed"][row], loans["ts"][row])
    files.write(
        feeds.LOANS,
        scene.calendar.next_morning(rng, updated),
        {
            "loan_id": picked(texts.loan, row),
            "borrower_kind": pa.scalar("Merchant"),
            "borrower_id": picked(texts.shop, loans["shop"][row]),
            "borrower_identity": pa.scalar(None, pa.string()),
            "account_no": picked(texts.account, loans["account"][row]),
            "disbursed_at": times(loans["ts"][row]),
            "amount": money(loans["amount"][row]),
            "currency": CNY,
            "due_at": times(loans["due"][row]),
            "status": words(("active", "repaid", "overdue"), np.where(later, 1 + loans["failed"][row], 0)),
            "updated_at": times(updated),
        },
    )
    paid = scene.repayments
    files.write(
        feeds.REPAYMENTS,
        scene.calendar.next_morning(rng, paid["ts"]),
        {
            "repayment_id": coded("RP", np.arange(1, len(paid) + 1), 6),
            "loan_id": picked(texts.loan, paid["loan"]),
            "account_no": picked(texts.account, paid["account"]),
            "paid_at": times(paid["ts"]),
            "amount": money(paid["amount"]),
            "currency": CNY,
        },
    )


def _guarantees(scene: Scene, texts: Texts, files: Files, rng: np.random.Generator) -> None:
    book = scene.guarantees
    book.keep(np.argsort(book["ts"], kind="stable"))
    files.write(
        feeds.GUARANTEES,
        hours_later(rng, book["ts"]),
        {
            "guarantee_id": coded("G", np.arange(1, len(book) + 1), 6),
            "guarantor_kind": words(PARTIES, book["guarantor_kind"]),
            "guarantor_id": texts.id(book["guarantor_kind"], book["guarantor"]),
            "guarantor_identity": texts.identity(book["guarantor_kind"], book["guarantor"]),
            "debtor_kind": words(PARTIES, book["debtor_kind"]),
            "debtor_id": texts.id(book["debtor_kind"], book["debtor"]),
            "debtor_identity": texts.identity(book["debtor_kind"], book["debtor"]),
            "signed_at": times(book["ts"]),
            "amount": money(book["amount"]),
            "currency": CNY,
            "until": times(np.maximum(book["until"], 0), book["until"] != NONE),
        },
    )
