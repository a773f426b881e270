"""Loan traces as findings, on small graphs written by hand."""

from __future__ import annotations

from graph.findings.loan_traces import LoanTraceParams, find_loan_traces
from graph.proceeds.tracer import TraceRule
from tests.graph.small_world import edge, snapshot

DAY = 86_400_000
CNY = {"currency": "CNY"}


def transfer(id_: str, src: str, dst: str, day: float, amount: int, currency: str = "CNY") -> dict[str, object]:
    return edge(id_, f"Account:{src}", f"Account:{dst}", ts=int(day * DAY), amount=amount, currency=currency)


def world(transfers: list[dict[str, object]], **more: list[dict[str, object]]) -> dict[str, list[dict[str, object]]]:
    """Merchant M holds A, its owner P holds B, a guarantor G holds C, a buyer U of M's shop holds D; L pays 1000.00."""
    return {
        "OWNS": [
            edge("o1", "Merchant:M", "Account:A"),
            edge("o2", "Person:P", "Account:B"),
            edge("o3", "Person:P", "Merchant:M"),
            edge("o4", "Person:G", "Account:C"),
            edge("o5", "Buyer:U", "Account:D"),
        ],
        "APPLIED_FOR": [edge("a1", "Merchant:M", "Loan:L", ts=0, amount=100_000, **CNY)],
        "DISBURSED_TO": [edge("d1", "Loan:L", "Account:A", ts=DAY, amount=100_000, **CNY)],
        "GUARANTEES": [edge("g1", "Person:G", "Merchant:M", ts=0, amount=100_000, **CNY)],
        "PLACED": [edge("p1", "Buyer:U", "Orders:X", ts=0)],
        "SOLD_BY": [edge("s1", "Orders:X", "Merchant:M", ts=0)],
        "TRANSFER": transfers,
        **more,
    }


def test_money_that_reaches_the_owner_over_two_hops_is_a_finding_with_a_sentence() -> None:
    rows = world(
        [
            transfer("t1", "A", "S", 3, 63_000),
            transfer("t2", "S", "B", 9.5, 63_000),
            transfer("t3", "A", "V", 4, 20_000),
        ]
    )
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    assert found.numbers["returned_amount"] == 63_000
    assert (found.numbers["to_owner_share"], found.numbers["left_share"], found.numbers["rest_share"]) == (
        0.63,
        0.2,
        0.17,
    )
    assert (found.numbers["hops"], found.numbers["days"]) == (2, 9)
    assert found.text_en == (
        "63 % of the loan of 1,000 CNY reached accounts of the borrower's owners, within nine days over two hops; "
        "20 % left to others; 17 % is still there."
    )
    assert "63 %" in found.text_zh
    assert [e.id for e in found.edges] == ["d1", "t1", "t2"]
    roles = {m.node: m.role for m in found.members}
    assert roles == {
        "Loan:L": "loan",
        "Merchant:M": "borrower",
        "Account:A": "paid_to",
        "Account:S": "passed_through",
        "Account:B": "owner_account",
        "Person:P": "owner",
    }
    assert found.complete


def test_money_sent_to_buyers_guarantors_and_back_to_the_borrower_is_told_apart() -> None:
    rows = world(
        [
            transfer("t1", "A", "D", 2, 30_000),
            transfer("t2", "A", "C", 3, 20_000),
            transfer("t3", "A", "S", 4, 10_000),
            transfer("t4", "S", "A", 5, 10_000),
        ]
    )
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    shares = {k: found.numbers[f"{k}_share"] for k in ("to_buyers", "to_guarantors", "to_borrower", "to_owner", "rest")}
    assert shares == {"to_buyers": 0.3, "to_guarantors": 0.2, "to_borrower": 0.1, "to_owner": 0.0, "rest": 0.4}


def test_a_loan_spent_on_suppliers_is_no_finding() -> None:
    rows = world([transfer("t1", "A", "S", 2, 90_000), transfer("t2", "A", "B", 3, 10_000)])
    assert find_loan_traces(snapshot(rows, 60 * DAY)) == []


def test_moves_between_the_borrowers_own_accounts_are_no_return() -> None:
    rows = world([transfer("t1", "A", "A2", 2, 90_000), transfer("t2", "A2", "A", 3, 90_000)])
    rows["OWNS"].append(edge("o6", "Merchant:M", "Account:A2"))
    assert find_loan_traces(snapshot(rows, 60 * DAY)) == []


def test_money_in_another_currency_before_the_loan_or_after_the_horizon_is_not_the_loans() -> None:
    late, early = transfer("t1", "A", "B", 40, 90_000), transfer("t2", "A", "B", 0.5, 90_000)
    rows = world([late, early, transfer("t3", "A", "B", 2, 90_000, "USD")])
    assert find_loan_traces(snapshot(rows, 60 * DAY)) == []


def test_what_is_repaid_goes_into_the_loan_and_stays_there() -> None:
    rows = world(
        [transfer("t1", "A", "B", 3, 50_000)],
        REPAID=[edge("r1", "Account:A", "Loan:L", ts=2 * DAY, amount=40_000, **CNY)],
    )
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    assert (found.numbers["repaid_share"], found.numbers["to_owner_share"], found.numbers["rest_share"]) == (
        0.4,
        0.5,
        0.1,
    )


def test_missing_amounts_times_and_empty_relations_are_lived_with() -> None:
    rows = world([{**transfer("t1", "A", "B", 3, 50_000), "amount": None}, transfer("t2", "A", "A", 3, 50_000)])
    rows["DISBURSED_TO"].append(edge("d2", "Loan:K", "Account:A", ts=None, amount=5, **CNY))
    assert find_loan_traces(snapshot(rows, 60 * DAY)) == []
    assert find_loan_traces(snapshot({})) == []


def test_the_amounts_of_a_finding_add_up_to_the_cent_under_both_rules() -> None:
    transfers = [
        transfer(f"t{i}", a, b, 2 + i, 17_777 + 31 * i) for i, (a, b) in enumerate(("AS", "SB", "AD", "AC", "SV", "AB"))
    ]
    for rule in (TraceRule("fifo"), TraceRule("proportional")):
        (found,) = find_loan_traces(snapshot(world(transfers), 60 * DAY), LoanTraceParams(rule))
        parts = ("to_borrower", "to_owner", "to_guarantors", "to_buyers", "rest", "repaid", "left")
        assert sum(int(found.numbers[f"{p}_amount"]) for p in parts) == found.numbers["disbursed"]
