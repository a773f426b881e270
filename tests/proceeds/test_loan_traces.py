"""Loan traces as findings, on small graphs written by hand."""

from __future__ import annotations

import networkx as nx

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
    assert [e.id for e in found.edges] == ["d1", "t1", "t2", "o2", "o3", "a1"]
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


def test_a_disbursement_is_not_called_the_loan_when_there_are_several() -> None:
    rows = world([transfer("t1", "A", "B", 3, 60_000)])
    rows["DISBURSED_TO"].append(edge("d2", "Loan:L", "Account:A", ts=5 * DAY, amount=20_000, **CNY))
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    assert found.text_en == (
        "60 % of a disbursement of 1,000 CNY reached accounts of the borrower's owners, within two days over one hop; "
        "40 % is still there. Of the whole loan, 1,200 CNY in two disbursements, 50 % came home."
    )
    assert found.text_zh.startswith("一笔 1,000 CNY 放款中 60 %")
    assert "整笔贷款共 1,200 CNY，分 2 笔发放，合计回流 50 %" in found.text_zh
    totals = ("disbursements", "loan_disbursed", "loan_returned_amount")
    assert [found.numbers[n] for n in totals] == [2, 120_000, 60_000]


def test_money_that_repays_another_loan_of_the_owner_has_come_home() -> None:
    rows = world(
        [transfer("t1", "A", "S", 3, 50_000)],
        REPAID=[
            edge("r1", "Account:S", "Loan:K", ts=4 * DAY, amount=50_000, **CNY),
            edge("r2", "Account:A", "Loan:Z", ts=4 * DAY, amount=10_000, **CNY),
        ],
    )
    rows["APPLIED_FOR"].append(edge("a2", "Person:P", "Loan:K", ts=0, amount=50_000, **CNY))
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    assert (found.numbers["to_group_loans_amount"], found.numbers["repaid_amount"]) == (50_000, 10_000)
    assert found.numbers["hops"] == 2
    assert [e.id for e in found.edges] == ["d1", "t1", "r1", "a2", "o3", "a1"]
    assert "repayments of other loans of the group" in found.text_en
    assert ("Loan:K", "group_loan") in {(m.node, m.role) for m in found.members}


def test_only_orders_after_the_money_arrived_count_as_paid_with_it() -> None:
    rows = world([transfer("t1", "A", "D", 3, 50_000)])
    rows["Orders"] = [{"id": i, "ts": 0, "amount": a, **CNY} for i, a in (("X", 9_000), ("Y", 30_000), ("Z", 40_000))]
    rows["PLACED"] += [edge("p2", "Buyer:U", "Orders:Y", ts=4 * DAY), edge("p3", "Buyer:U", "Orders:Z", ts=5 * DAY)]
    rows["SOLD_BY"] += [edge("s2", "Orders:Y", "Merchant:M", ts=0), edge("s3", "Orders:Z", "Merchant:M", ts=0)]
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    assert found.numbers["reordered_amount"] == 50_000
    assert [e.id for e in found.edges] == ["d1", "t1", "p2", "s2", "p3", "s3"]
    assert "buyers then ordered for 50 % of it in the shop" in found.text_en


def test_the_edges_of_a_finding_lead_from_the_loan_and_back() -> None:
    transfers = [
        transfer("t1", "A", "S", 2, 30_000),
        transfer("t2", "S", "H", 3, 20_000),
        transfer("t3", "S", "C", 4, 10_000),
        transfer("t4", "A", "V", 5, 10_000),
    ]
    rows = world(transfers)
    rows["OWNS"] += [edge("o6", "Company:Q", "Account:H"), edge("o7", "Person:P", "Company:Q")]
    (found,) = find_loan_traces(snapshot(rows, 60 * DAY))
    loop: nx.MultiGraph[str] = nx.MultiGraph([(e.src, e.dst) for e in found.edges])
    assert nx.is_connected(loop)
    assert all(degree > 1 for _, degree in loop.degree)
    assert {e.id for e in found.edges} == {"d1", "t1", "t2", "t3", "o6", "o7", "o3", "o4", "g1", "a1"}


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
        transfer(f"t{i}", a, b, 2 + i, 17_777 + 31 * i)
        for i, (a, b) in enumerate((("A", "S"), ("S", "B"), ("A", "D"), ("A", "C"), ("S", "V"), ("A", "B")))
    ]
    for rule in (TraceRule("fifo"), TraceRule("proportional")):
        (found,) = find_loan_traces(snapshot(world(transfers), 60 * DAY), LoanTraceParams(rule))
        parts = ("to_borrower", "to_owner", "to_guarantors", "to_buyers", "to_group_loans", "rest", "repaid", "left")
        assert sum(int(found.numbers[f"{p}_amount"]) for p in parts) == found.numbers["disbursed"]
