"""Loan money on the stream: where it goes, and that every cent is in one place."""

from __future__ import annotations

import random

from flow.ownership import Ownership
from flow.proceeds_watch import ProceedsWatch, WatchParams
from tests.flow.lanes.batches import BASE, batch, disbursement, repayment, transfer
from tests.flow.pipeline.streams import Event

HOUR, DAY = 3_600_000, 86_400_000

OWNED = Ownership(
    "v1",
    holders={
        "loan": ("Merchant:M",),
        "own2": ("Merchant:M",),
        "owner": ("Person:O",),
        "sister": ("Company:S",),
        "guarantor": ("Person:G",),
        "buyer": ("Buyer:B",),
        "supplier": ("Company:T",),
        "stranger": ("Person:P",),
        "firm": ("Company:F",),
    },
    owners={"Merchant:M": ("Person:O",), "Company:S": ("Person:O",)},
    guarantors={"Merchant:M": ("Person:G",)},
    partners={"Merchant:M": ("Company:T",)},
    regular={"loan": ("friend",)},
    buyers={"Merchant:M": ("Buyer:B",)},
)


def told(
    *events: Event, owned: Ownership | None = OWNED, params: WatchParams | None = None
) -> list[tuple[str, str, str]]:
    """(rule, event, place)."""
    watch = ProceedsWatch(params, owned)
    return [(m.code, m.event_id, m.place) for m in watch.push(batch(*events))]


def pay(id_: str, ts: int, dst: str, amount: int, src: str = "loan") -> Event:
    return transfer(id_, ts, src, dst, amount)


LOAN = disbursement("d", 0, "loan", 1000)


def test_large_transfers_to_non_operating_accounts_are_proposed_for_a_hold() -> None:
    assert told(LOAN, pay("t", HOUR, "stranger", 200)) == [("LOAN_HOLD", "t", "person")]
    assert told(LOAN, pay("t", HOUR, "nobody knows", 200)) == [("LOAN_HOLD", "t", "unknown")]
    assert told(LOAN, pay("t", HOUR, "stranger", 199)) == []


def test_operating_counterparties_regular_ones_and_other_businesses_are_not() -> None:
    for account in ("supplier", "friend", "firm"):
        assert told(LOAN, pay("t", HOUR, account, 1000)) == []


def test_the_share_gone_elsewhere_is_told_once_and_only_within_the_key_period() -> None:
    """
    0      1 h        2 h        3 h        4 h            7 d | later
    loan   150        150        150        150 = 60 %         | not told
    """
    parts = [pay(f"t{i}", HOUR * i, f"p{i}", 150) for i in (1, 2, 3, 4, 5)]
    assert told(LOAN, *parts) == [("LOAN_DIVERTED", "t4", "unknown")]
    late = [pay(f"t{i}", 7 * DAY + HOUR * i, f"p{i}", 300) for i in (1, 2)]
    assert told(LOAN, *late) == []
    assert told(LOAN, pay("t", 7 * DAY, "p", 900)) == [("LOAN_HOLD", "t", "unknown"), ("LOAN_DIVERTED", "t", "unknown")]


def test_money_that_comes_home_is_told_for_every_part_of_the_circle() -> None:
    for account, role in (("owner", "owner"), ("sister", "owner"), ("guarantor", "guarantor"), ("buyer", "buyer")):
        found = told(LOAN, pay("s", HOUR, "supplier", 400), pay("t", 8 * DAY, account, 300, "supplier"))
        assert found == [("LOAN_HOME", "t", role)]


def test_money_back_on_the_borrowers_account_by_way_of_others_has_come_home_and_moves_between_its_own_have_not() -> (
    None
):
    assert told(LOAN, pay("s", 1, "supplier", 400), pay("t", 2, "loan", 400, "supplier")) == [
        ("LOAN_HOME", "t", "borrower")
    ]
    assert told(LOAN, pay("s", 1, "own2", 1000), pay("t", 2, "loan", 1000, "own2")) == []


def test_money_is_followed_only_so_far_and_so_long() -> None:
    way = ["supplier", *(f"x{i}" for i in range(6))]
    hops = [pay("h0", 1, way[0], 500), *(pay(f"h{i}", 1 + i, way[i], 500, way[i - 1]) for i in range(1, 6))]
    assert told(LOAN, *hops[:4], pay("home", 50, "owner", 500, "x2")) == [("LOAN_HOME", "home", "owner")]
    assert told(LOAN, *hops[:5], pay("home", 50, "owner", 500, "x3")) == []
    assert told(LOAN, hops[0], pay("home", 31 * DAY, "owner", 500, "supplier")) == []


def test_repaid_money_is_gone_and_other_money_is_not_the_loans() -> None:
    assert told(LOAN, repayment("r", 1, "loan", 900), pay("t", 2, "stranger", 500)) == []
    assert told(pay("t", 0, "stranger", 500), disbursement("d", 1, "loan", 1000)) == []
    other = transfer("t", 1, "loan", "stranger", 500, "USD")
    assert told(LOAN, other) == []


def test_of_two_loans_on_one_account_the_older_ones_money_goes_first_and_no_cent_twice() -> None:
    watch = ProceedsWatch(None, OWNED)
    second = disbursement("d2", 1, "loan", 1000, "L2")
    found = watch.push(batch(LOAN, second, pay("t", 2, "stranger", 1500)))
    assert [(m.loan, m.code, m.facts["amount"]) for m in found] == [
        ("L", "LOAN_HOLD", 1000),
        ("L", "LOAN_DIVERTED", 1000),
        ("L2", "LOAN_HOLD", 500),
        ("L2", "LOAN_DIVERTED", 500),
    ]
    assert len({m.alert(0).alert_id for m in found}) == 4


def test_at_one_millisecond_the_order_of_arrival_does_not_matter() -> None:
    events = [pay("b", 0, "supplier", 600), pay("a", 0, "stranger", 600), disbursement("0", 0, "loan", 1000)]
    rng, answers = random.Random(1), set()
    for _ in range(6):
        rng.shuffle(events)
        answers.add(tuple(told(*events)))
    assert answers == {(("LOAN_HOLD", "a", "person"), ("LOAN_DIVERTED", "a", "person"))}


def test_without_a_table_of_owners_alerts_still_come_and_say_so() -> None:
    watch = ProceedsWatch()
    found = watch.push(batch(LOAN, pay("t", 1, "stranger", 500)))
    assert [m.degraded for m in found] == [("ownership",)] * 2
    known = ProceedsWatch(None, OWNED)
    assert known.push(batch(disbursement("d", 0, "who", 10), pay("t", 1, "x", 9, "who")))[0].degraded == (
        "borrower_unknown",
    )


def test_a_probe_tells_what_would_be_told_and_books_nothing() -> None:
    watch = ProceedsWatch(None, OWNED)
    watch.push(batch(LOAN))
    for _ in range(3):
        assert [m.code for m in watch.probe("loan", "stranger", 600, "CNY", BASE + 1)] == ["LOAN_HOLD", "LOAN_DIVERTED"]
    assert watch.probe("stranger", "loan", 600, "CNY", BASE + 1) == []
    assert [m.code for m in watch.push(batch(pay("t", 1, "stranger", 600)))] == ["LOAN_HOLD", "LOAN_DIVERTED"]


def test_every_cent_of_random_payments_is_in_one_place() -> None:
    rng = random.Random(7)
    accounts = ["loan", "own2", "owner", "supplier", "stranger", "firm", "x", "y"]
    for _ in range(40):
        watch = ProceedsWatch(WatchParams(max_hops=99), OWNED)
        events = [LOAN]
        for i in range(40):
            src, dst = rng.sample(accounts, 2)
            amount = rng.choice((1, 50, 333, 2000))
            events.append(
                repayment(f"e{i}", i, src, amount) if rng.random() < 0.1 else pay(f"e{i}", i, dst, amount, src)
            )
        watch.push(batch(*events))
        (loan,) = watch._watches
        outside = sum(held for held, _ in loan.at.values())
        home = loan.disbursed - outside - loan.repaid
        assert 0 <= home <= loan.home, "what is not held or repaid has come home"
        assert (
            loan.operating + loan.business + loan.elsewhere
            >= loan.disbursed - sum(loan.at.get(a, [0])[0] for a in ("loan", "own2")) - loan.repaid - loan.home
        )


def test_watches_end() -> None:
    watch = ProceedsWatch(None, OWNED)
    watch.push(batch(LOAN, pay("t", 1, "supplier", 10)))
    watch.push(batch(disbursement("d2", 31 * DAY, "loan", 10, "L2")))
    assert len(watch) == 1
    assert set(watch._by_account) == {"loan"}
