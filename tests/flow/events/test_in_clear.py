"""Accounts given by number and addresses given by street are stored as the tokens that files of them give."""

from __future__ import annotations

import json

import pytest

from flow.events import in_clear
from flow.intake import receive
from ingest.feed import Personal
from ingest.pseudonym import Pseudonymiser

NOW = 1_772_400_000_000
TS = "2026-03-01T08:15:00.250Z"
TOKENS = Pseudonymiser(b"k" * 32)
NUMBER = "6222 0217 8194 7742 858"
STREET = "南京市胜利路605号"


def test_they_become_tokens_and_ids_stay_as_they_are() -> None:
    lines = (
        {"event_id": "t", "type": "transfer", "ts": TS, "src": NUMBER, "dst": "A2", "amount": 5, "currency": "CNY"},
        {
            "event_id": "p",
            "type": "repayment",
            "ts": TS,
            "loan_id": "L1",
            "account_id": NUMBER,
            "amount": 5,
            "currency": "CNY",
        },
        {"event_id": "l", "type": "login", "ts": TS, "buyer_id": "B1", "address_id": STREET},
    )
    delivery = receive("\n".join(json.dumps(x, ensure_ascii=False) for x in lines).encode(), TOKENS, NOW, None)
    moved, paid, login = delivery.incoming.events
    card = TOKENS.token(Personal.CARD, "6222021781947742858")
    assert (moved.src, moved.dst, paid.account_id) == (card, "A2", card)  # type: ignore[attr-defined]  # every class answers
    assert login.address_id == TOKENS.token(Personal.STREET, STREET)  # type: ignore[attr-defined]  # the same
    held = b"".join(delivery.incoming.bodies)
    assert b"6222" not in held and STREET.encode() not in held


@pytest.mark.parametrize("id_", ["A1", "cd_00ab", "12345678901234", "A6222021781947742858", "acc-2024-000000000000017"])
def test_what_is_no_account_number_is_an_id(id_: str) -> None:
    assert not in_clear(Personal.CARD, id_)


@pytest.mark.parametrize("id_", ["6222021781947742858", NUMBER, "6222-0217-8194-7742", "123456789012345"])
def test_fifteen_digits_and_more_are_an_account_number(id_: str) -> None:
    assert in_clear(Personal.CARD, id_)
