"""What a world's folder holds: the contracts of the feeds, whole references, plausible values, no future."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ingest.feed import As, Feed
from ingest.sources import SOURCES
from ingest.world.files import Files
from ingest.world.truth import LOOKALIKES, PLANTED
from tests.world.conftest import SMALL

Read = Callable[[str], pd.DataFrame]
FEEDS = [f for feeds in SOURCES.values() for f in feeds]


def written(feeds: list[Feed], folder: Path) -> list[Feed]:
    return [f for f in feeds if (folder / f.source / f"{f.name}.csv").exists()]


def newest(rows: pd.DataFrame, key: str, version: str = "updated_at") -> pd.DataFrame:
    return rows.sort_values(version).drop_duplicates(key, keep="last")


def test_twenty_files_lie_in_their_sources_folders(folder: Path) -> None:
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*.csv")}
    assert files == {
        *(f"platform/{n}.csv" for n in ("merchants", "buyers", "orders", "refunds", "devices")),
        *(f"logistics/{n}.csv" for n in ("parcels", "addresses")),
        *(f"bank/{n}.csv" for n in ("companies", "persons", "ownership", "accounts", "transfers")),
        *(f"bank/{n}.csv" for n in ("applications", "loans", "repayments", "guarantees")),
        *(f"tax/{n}.csv" for n in ("filings", "invoices")),
        "customs/declarations.csv",
        "labels/labels.csv",
    }


def test_headers_are_the_columns_of_the_contracts(folder: Path) -> None:
    for feed in written(FEEDS, folder):
        with (folder / feed.source / f"{feed.name}.csv").open(encoding="utf-8", newline="") as f:
            header = next(csv.reader(f))
        assert header == [c.name for c in feed.columns], feed.full_name


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    files = Files(tmp_path, SMALL.end_ts)
    feed = SOURCES["labels"][0]
    with pytest.raises(ValueError, match="not those of the feed"):
        files.write(feed, np.array([0]), {"label_id": pa.array(["x"]), "colour": pa.array(["red"])})


def test_values_parse_as_their_contract_says(read: Read, folder: Path) -> None:
    for feed in written(FEEDS, folder):
        rows = read(f"{feed.source}/{feed.name}")
        assert len(rows) > 0, feed.full_name
        for column in feed.columns:
            filled = rows[column.name][rows[column.name] != ""]
            where = f"{feed.full_name}.{column.name}"
            if column.required:
                assert len(filled) == len(rows), where
            if column.choices:
                assert set(filled) <= set(column.choices), where
            if column.parse is As.TIME:
                assert filled.str.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00").all(), where
            if column.parse is As.MONEY:
                assert filled.str.fullmatch(r"-?\d+\.\d\d").all(), where
            if column.parse is As.INTEGER:
                assert filled.str.fullmatch(r"-?\d+").all(), where
            if column.low is not None and len(filled):
                assert filled.astype(float).min() >= column.low, where


def test_optional_columns_are_sometimes_blank(read: Read) -> None:
    for name, column in (
        ("platform/buyers", "phone"),
        ("platform/orders", "rating"),
        ("platform/orders", "device_id"),
        ("logistics/parcels", "weight_g"),
        ("bank/transfers", "purpose"),
    ):
        share = (read(name)[column] == "").mean()
        assert 0.01 < share < 0.75, (name, column, share)


def test_every_reference_leads_to_a_row(read: Read) -> None:
    shops, buyers = set(read("platform/merchants").merchant_id), set(read("platform/buyers").buyer_id)
    orders, accounts = read("platform/orders"), set(read("bank/accounts").account_no)
    persons, companies = set(read("bank/persons").person_id), set(read("bank/companies").company_id)
    streets = set(read("logistics/addresses").address)
    assert set(orders.merchant_id) <= shops
    assert set(orders.buyer_id) <= buyers
    for name in ("platform/refunds", "logistics/parcels"):
        assert set(read(name).order_id) <= set(orders.order_id)
    for name in ("bank/applications", "tax/filings", "customs/declarations", "labels/labels"):
        assert set(read(name).merchant_id) <= shops
    transfers, loans = read("bank/transfers"), read("bank/loans")
    assert set(transfers.from_account) | set(transfers.to_account) <= accounts
    assert set(loans.account_no) | set(read("bank/repayments").account_no) <= accounts
    assert set(read("platform/buyers").account_no) - {""} <= accounts
    assert set(read("bank/repayments").loan_id) <= set(loans.loan_id)
    applications = read("bank/applications")
    assert set(applications.loan_id) - {""} >= set(loans.loan_id)
    assert set(read("labels/labels").application_id) <= set(applications.application_id)
    merchants = read("platform/merchants")
    assert set(merchants.owner_id) - {""} <= persons
    assert set(merchants.company_id) - {""} <= companies
    assert set(merchants.registered_address) | set(merchants.ship_from_address) <= streets | {""}
    assert set(read("logistics/parcels").address) <= streets
    for name, columns in (
        ("bank/guarantees", ("guarantor", "debtor")),
        ("tax/invoices", ("seller", "buyer")),
        ("bank/accounts", ("holder",)),
    ):
        rows = read(name)
        for end in columns:
            assert set(rows[f"{end}_identity"]) <= persons | companies | {""}
            assert set(rows[f"{end}_id"]) <= shops | buyers | {""}
            assert ((rows[f"{end}_id"] == "") | (rows[f"{end}_identity"] == "")).all()


def test_nothing_is_known_before_it_happened_or_after_the_end(read: Read, folder: Path) -> None:
    later_on_purpose = {"until", "due_at", "period_end", "known_at"}
    for feed in written(FEEDS, folder):
        rows = read(f"{feed.source}/{feed.name}")
        known = rows["known_at"]  # all at one zone and of one width: text compares as time does
        assert (known <= SMALL.end).all(), feed.full_name
        for column in feed.columns:
            if column.parse in (As.TIME, As.DATE) and column.name not in later_on_purpose:
                assert (rows[column.name] <= known).all(), f"{feed.full_name}.{column.name}"


def test_rows_come_in_the_order_in_which_they_became_known(read: Read) -> None:
    for name in ("platform/orders", "bank/transfers", "labels/labels"):
        assert read(name).known_at.is_monotonic_increasing


def test_two_versions_of_a_record_never_share_their_time(read: Read) -> None:
    for name, key in (
        ("platform/orders", "order_id"),
        ("logistics/parcels", "parcel_id"),
        ("bank/applications", "application_id"),
        ("bank/loans", "loan_id"),
        ("bank/accounts", "account_no"),
        ("platform/merchants", "merchant_id"),
        ("platform/buyers", "buyer_id"),
        ("tax/invoices", "invoice_no"),
    ):
        rows = read(name)
        assert not rows.duplicated([key, "updated_at"]).any(), name
        assert rows.duplicated(key).any(), f"{name} has no second versions"
        assert (~rows.duplicated(key, keep=False)).any() or name == "bank/applications", name


def test_a_decision_comes_after_the_application_and_the_money_after_the_decision(read: Read) -> None:
    applications = newest(read("bank/applications"), "application_id")
    loans = read("bank/loans").drop_duplicates("loan_id").merge(applications, on="loan_id", suffixes=("", "_app"))
    assert (loans.status_app == "approved").all()
    assert (loans.applied_at < loans.disbursed_at).all()
    assert (loans.merchant_id == loans.borrower_id).all()
    assert (loans.amount.astype(float) <= loans.amount_app.astype(float)).all()


def test_numbers_of_persons_companies_and_accounts_pass_their_checks_and_are_unique(read: Read) -> None:
    persons, companies = read("bank/persons").person_id, read("bank/companies").company_id
    accounts = read("bank/accounts").account_no.drop_duplicates()
    assert persons.is_unique
    assert companies.is_unique
    assert all(identity_is_valid(p) for p in persons)
    assert all(licence_is_valid(c) for c in companies)
    assert all(luhn_is_valid(a) for a in accounts)
    assert not identity_is_valid(persons[0][:-2] + ("0" if persons[0][-2] != "0" else "1") + persons[0][-1])


def identity_is_valid(text: str) -> bool:
    total = sum(int(c) * pow(2, 17 - i, 11) for i, c in enumerate(text[:17]))
    return len(text) == 18 and "10X98765432"[total % 11] == text[17]


def licence_is_valid(text: str) -> bool:
    letters = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(letters.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17]))
    return len(text) == 18 and letters[(31 - total % 31) % 31] == text[17]


def luhn_is_valid(text: str) -> bool:
    digits = [int(c) for c in reversed(text)]
    return sum(d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(digits)) % 10 == 0


def test_truth_has_a_folder_of_its_own_and_names_ids_of_the_files(read: Read, folder: Path) -> None:
    files = {p.relative_to(folder / "truth").as_posix() for p in (folder / "truth").rglob("*") if p.is_file()}
    expected = {f"planted/{k}.json" for k in PLANTED} | {f"lookalikes/{k}.json" for k in LOOKALIKES}
    assert files == expected | {"applications.json"}
    known = {
        "Merchant": set(read("platform/merchants").merchant_id),
        "Buyer": set(read("platform/buyers").buyer_id),
        "Account": set(read("bank/accounts").account_no),
        "Loan": set(read("bank/loans").loan_id),
        "Address": set(read("logistics/addresses").address),
        "Company": set(read("bank/companies").company_id),
    }
    for name in sorted(expected):
        for group in json.loads((folder / "truth" / name).read_text("utf-8")):
            for kind, ids in known.items():
                assert set(group.get(kind, [])) - {None} <= ids, (name, kind)


def test_the_order_of_rows_does_not_tell_who_was_planted(read: Read, folder: Path) -> None:
    rings = json.loads((folder / "truth/planted/fake_order_ring.json").read_text("utf-8"))
    for name, column, kind in (
        ("platform/merchants", "merchant_id", "Merchant"),
        ("platform/buyers", "buyer_id", "Buyer"),
    ):
        planted = {m for ring in rings for m in ring[kind]}
        for ids in (read(name)[column].drop_duplicates(), read(name)[column].drop_duplicates().sort_values()):
            place = np.flatnonzero(ids.isin(planted)) / len(ids)
            assert 0.3 < place.mean() < 0.7, (name, column)


def test_no_source_file_says_who_was_planted(folder: Path) -> None:
    words = {*PLANTED, *LOOKALIKES} - {"dormitory", "office", "parcel_locker"}
    for path in folder.rglob("*.csv"):
        text = path.read_text("utf-8")
        assert not [w for w in words if w in text], path.name
