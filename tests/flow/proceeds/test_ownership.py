"""The table of who owns what says what the snapshot says."""

from __future__ import annotations

import random

import pytest

from flow.ownership import Ownership, ownership_of
from graph.findings.holders import Holders
from graph.findings.loan_parties import LoanParties
from graph.proceeds.layout import BORROWER, BUYER, GUARANTOR, OWNER
from graph.snapshot import Snapshot
from tests.graph.small_world import edge, snapshot

ROLE = {BORROWER: "borrower", OWNER: "owner", GUARANTOR: "guarantor", BUYER: "buyer"}
PARTIES = [f"{kind}:{i}" for kind in ("Merchant", "Company", "Person") for i in range(3)]
BUYERS = ["Buyer:0", "Buyer:1"]
CNY = {"currency": "CNY"}


def random_snapshot(rng: random.Random) -> Snapshot:
    """Parties that own each other and accounts, guarantee for each other, ask for loans; shops with buyers."""
    owners = [p for p in PARTIES if not p.startswith("Merchant")]
    owned = [p for p in PARTIES if not p.startswith("Person")]
    rows: dict[str, list[dict[str, object]]] = {
        "OWNS": [
            *(edge(f"o{i}", rng.choice([*PARTIES, *BUYERS]), f"Account:{i % 9}") for i in range(11)),
            *(edge(f"p{i}", a, b) for i in range(6) if (a := rng.choice(owners)) != (b := rng.choice(owned))),
        ],
        "APPLIED_FOR": [edge(f"a{i}", rng.choice(PARTIES), f"Loan:{i}", ts=0, amount=1, **CNY) for i in range(3)],
        "DISBURSED_TO": [edge(f"d{i}", f"Loan:{i}", f"Account:{i}", ts=1, amount=1, **CNY) for i in range(3)],
        "GUARANTEES": [
            edge(f"g{i}", a, b, ts=0, amount=1, until=rng.choice((None, 5, 5000)), **CNY)
            for i in range(3)
            if (a := rng.choice(PARTIES)) != (b := rng.choice(PARTIES))
        ],
        "PLACED": [edge(f"q{i}", rng.choice(BUYERS), f"Orders:{i}", ts=0) for i in range(3)],
        "SOLD_BY": [edge(f"s{i}", f"Orders:{i}", f"Merchant:{rng.randrange(3)}", ts=0) for i in range(3)],
    }
    return snapshot(rows)


@pytest.mark.parametrize("seed", range(30))
def test_the_circle_of_a_loan_is_the_one_that_loan_traces_use(seed: int) -> None:
    world = random_snapshot(random.Random(seed))
    owned = ownership_of(world, "v1")
    parties = LoanParties(world, Holders(world))
    names = world.nodes["Account"]
    for loan in range(3):
        number, account = world.nodes["Loan"].number(str(loan)), names.number(str(loan))
        assert number is not None
        assert account is not None
        want = parties.circle(number, [account], world.as_of)
        circle = owned.circle(str(loan), str(loan))
        assert circle.roles == {names.id(a): ROLE[kind] for a, kind in want.accounts.items()}


def test_without_an_application_the_holder_of_the_account_is_the_borrower() -> None:
    owned = Ownership("v", {"a": ("Person:P",), "b": ("Person:P",)})
    assert owned.circle("a", "new").roles == {"a": "borrower", "b": "borrower"}
    assert owned.circle("a", "new", "M").parties == {"Merchant:M"}
    assert not owned.circle("x").known


def test_a_loan_paid_straight_to_a_supplier_does_not_make_it_the_borrower() -> None:
    owned = Ownership("v", {"s1": ("Company:S",), "s2": ("Company:S",)}, borrowers={"L": ("Merchant:M",)})
    assert owned.circle("s1", "L").roles == {"s1": "borrower"}


def test_places_of_accounts_outside_the_circle() -> None:
    cny = {"ts": 0, "amount": 1, **CNY}
    rows = {
        "OWNS": [
            edge("o1", "Merchant:M", "Account:m"),
            edge("o2", "Company:T", "Account:t"),
            edge("o3", "Company:F", "Account:f"),
            edge("o4", "Person:P", "Account:p"),
        ],
        "INVOICED": [edge("i", "Company:T", "Merchant:M", ts=0, amount=1, **CNY)],
        "TRANSFER": [
            *(edge(f"t{i}", "Account:m", "Account:often", **cny) for i in range(3)),
            *(edge(f"u{i}", "Account:m", "Account:twice", **cny) for i in range(2)),
        ],
    }
    owned = ownership_of(snapshot(rows), "v")
    circle = owned.circle("m")
    places = {account: owned.place(circle, "m", account) for account in ("t", "f", "p", "often", "twice")}
    assert places == {"t": "operating", "f": "business", "p": "person", "often": "operating", "twice": "unknown"}
    assert owned.customer("m") == "Merchant:M"
    assert owned.customer("nobody") is None
