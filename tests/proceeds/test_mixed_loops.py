"""Mixed loops on random graphs: places equal to following every cent, closings a walk from the loan and back to it."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.findings.loan_money import HOME_PLACES, places, trace_loans
from graph.findings.loan_traces import LoanTraceParams, find_loan_traces
from graph.proceeds.tracer import TraceRule
from tests.graph.small_world import edge, snapshot
from tests.proceeds.brute_mixed import brute_places

ACCOUNTS = [f"Account:A{i}" for i in range(6)]
LOANS = ["Loan:K", "Loan:L"]
PARTIES = ["Person:P", "Person:Q", "Company:C", "Merchant:M", "Merchant:N"]
HOLDERS = [*PARTIES, "Buyer:U", "Buyer:V"]
OWNING = [p for p in PARTIES if not p.startswith("Merchant")]
OWNED = [p for p in PARTIES if not p.startswith("Person")]
DAY = 86_400_000
USUAL: dict[str, list[tuple[str, str, dict[str, object]]]] = {
    "OWNS": [
        ("Merchant:M", "Account:A0", {}),
        ("Person:P", "Account:A1", {}),
        ("Person:Q", "Account:A2", {}),
        ("Buyer:U", "Account:A3", {}),
        ("Person:P", "Merchant:M", {}),
    ],
    "APPLIED_FOR": [("Merchant:M", "Loan:L", {}), ("Person:P", "Loan:K", {})],
    "DISBURSED_TO": [("Loan:L", "Account:A0", {"ts": 0, "amount": 60, "currency": "CNY"})],
    "TRANSFER": [("Account:A0", "Account:A4", {"ts": DAY, "amount": 50, "currency": "CNY"})],
    "GUARANTEES": [("Person:Q", "Merchant:M", {"ts": 0})],
    "PLACED": [("Buyer:U", "Orders:O0", {"ts": 0})],
    "SOLD_BY": [("Orders:O0", "Merchant:M", {"ts": 0})],
}
Made = dict[str, list[dict[str, object]]]


@st.composite
def graphs(draw: st.DrawFn) -> Made:
    """The usual parties around a loan, and all kinds of edges among a few more; coarse times, small amounts."""

    def some(sources: list[str], targets: list[str], most: int, name: str, least: int = 0) -> list[dict[str, object]]:
        pair = st.tuples(st.sampled_from(sources), st.sampled_from(targets)).filter(lambda p: p[0] != p[1])
        chosen = draw(st.lists(pair, min_size=least, max_size=most))
        return [edge(f"{name}{i:02}", a, b) for i, (a, b) in enumerate(chosen)]

    def timed(rows: list[dict[str, object]], most: int) -> list[dict[str, object]]:
        for row in rows:
            row |= {"ts": draw(st.integers(0, 9)) * DAY, "amount": draw(st.integers(1, most)), "currency": "CNY"}
        return rows

    orders = [f"Orders:O{i}" for i in range(3)]
    guarantees = some(PARTIES, PARTIES, 2, "g")
    for row in guarantees:
        row |= {"ts": 0, "until": draw(st.sampled_from([None, 2 * DAY, 20 * DAY]))}
    made: Made = {
        "OWNS": some(HOLDERS, ACCOUNTS, 3, "h") + some(OWNING, OWNED, 2, "o"),
        "APPLIED_FOR": some(PARTIES, LOANS, 2, "a"),
        "DISBURSED_TO": timed(some(LOANS, ACCOUNTS, 2, "d"), 40),
        "TRANSFER": timed(some(ACCOUNTS, ACCOUNTS, 14, "t", 4), 40),
        "REPAID": timed(some(ACCOUNTS, LOANS, 2, "r"), 40),
        "GUARANTEES": guarantees,
        "PLACED": [{**row, "ts": 0} for row in some(["Buyer:U", "Buyer:V"], orders, 3, "p")],
        "SOLD_BY": [{**row, "ts": 0} for row in some(orders, ["Merchant:M", "Merchant:N"], 3, "s")],
    }
    for kind, usual in USUAL.items():
        made[kind] += [edge(f"u{i}", a, b, **more) for i, (a, b, more) in enumerate(usual) if draw(st.integers(0, 4))]
    return made


RULES = st.builds(
    TraceRule,
    attribution=st.sampled_from(["fifo", "proportional"]),
    max_hops=st.integers(1, 4),
    horizon_ms=st.sampled_from([3 * DAY, 30 * DAY]),
    small_share=st.just(0.0),
)


def check(rows: Made, rule: TraceRule) -> int:
    """Compare; returns how many disbursements came home at least in part."""
    held = snapshot(rows, 60 * DAY)
    found: dict[str, dict[str, int]] = {}
    for t in trace_loans(held, rule):
        id_ = held.relation("Loan", "DISBURSED_TO", "Account").edge_id(t.edge)
        found[id_] = {place: amount for place, amount in places(t.trace).items() if amount}
    want: dict[str, Mapping[str, int]] = {}
    for loan in ("K", "L"):
        want |= brute_places(rows, loan, rule)
    assert found == {i: dict(c) for i, c in want.items()}
    findings = {f.edges[0].id: f for f in find_loan_traces(held, LoanTraceParams(rule, min_share=0.0))}
    home = {i: sum(c[p] for p in HOME_PLACES if p in c) for i, c in want.items()}
    assert set(findings) == {i for i, amount in home.items() if amount}
    for id_, f in findings.items():
        assert f.numbers["returned_amount"] == home[id_]
        assert f.edges[0].type == "DISBURSED_TO"
        assert nx.is_connected(nx.Graph([(e.src, e.dst) for e in f.edges]))
    return len(findings)


@pytest.mark.parametrize("examples", [80, pytest.param(600, marks=pytest.mark.slow)])
def test_every_cent_of_a_loan_is_where_following_it_by_hand_finds_it(examples: int) -> None:
    home: list[int] = []

    @given(graphs(), RULES)
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    def compared(rows: Made, rule: TraceRule) -> None:
        home.append(check(rows, rule))

    compared()
    assert sum(home) > examples / 4


def test_the_comparison_can_fail() -> None:
    rows: Made = {name: [] for name in ("OWNS", "APPLIED_FOR", "REPAID", "GUARANTEES", "PLACED", "SOLD_BY")}
    rows["APPLIED_FOR"] = [edge("a", "Merchant:M", "Loan:L")]
    rows["OWNS"] = [edge("o", "Person:P", "Merchant:M"), edge("h", "Person:P", "Account:A1")]
    rows["DISBURSED_TO"] = [edge("d", "Loan:L", "Account:A0", ts=0, amount=10, currency="CNY")]
    rows["TRANSFER"] = [edge("t", "Account:A0", "Account:A1", ts=DAY, amount=7, currency="CNY")]
    assert check(rows, TraceRule()) == 1
    assert brute_places(rows, "L", TraceRule()) == {"d": {"owner": 7, "rest": 3}}
    rows["OWNS"].pop(0)
    assert brute_places(rows, "L", TraceRule()) == {"d": {"left": 7, "rest": 3}}
