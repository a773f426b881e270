"""What the finders see in FinBench equals what DuckDB and networkx count on its files."""

from __future__ import annotations

import pytest

from benchmarks.public import figures
from graph.findings.loan_money import places, trace_loans
from graph.findings.loan_traces import find_loan_traces
from graph.findings.shared_devices import find_shared_devices
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot
from tests.public.conftest import Taken, published

pytestmark = [pytest.mark.public, pytest.mark.slow]


@pytest.fixture(scope="module")
def snapshot(finbench: Taken) -> Snapshot:
    view = finbench.view
    return build_snapshot(lambda table: view.newest(table, figures.END), figures.END)


def test_mediums_loops_and_circles_are_those_of_the_files(snapshot: Snapshot) -> None:
    counted = list(figures.finbench(snapshot, published("finbench/snapshot"), [3, 30]))
    assert [name for name, ours, apart in counted if ours != apart] == []
    by_name = {name: ours for name, ours, _ in counted}
    assert by_name["mediums by number of accounts"] == [(1, 507), (2, 329)]
    assert by_name["loops of 2 and 3 within 30 days, any amounts"] == (68, 5)


def test_the_comparison_can_fail(finbench: Taken) -> None:
    view = finbench.view

    def half_the_transfers(table: str):  # type: ignore[no-untyped-def]  # a pyarrow table
        rows = view.newest(table, figures.END)
        return rows.slice(0, rows.num_rows // 2) if table == "TRANSFER" else rows

    half = build_snapshot(half_the_transfers, figures.END)
    counted = list(figures.finbench(half, published("finbench/snapshot"), [30]))
    assert any(ours != apart for _, ours, apart in counted)


def test_no_medium_is_shared_by_three_so_there_is_no_farm(snapshot: Snapshot) -> None:
    assert int(snapshot.relation("Account", "USED_DEVICE", "Device").in_degree.max()) == 2
    assert find_shared_devices(snapshot) == []


def test_no_loan_comes_home_once_its_disbursements_are_followed_together(snapshot: Snapshot) -> None:
    # Read by hand in the files: the payment of 477,232.43 of this loan is followed by the same sum leaving the account,
    # but 75 million of an earlier part of the same loan still lie there, and the first in is the first out.
    loan = snapshot.nodes["Loan"].number("4833769775052096916")
    assert loan is not None
    amounts = {t.amount: places(t.trace) for t in trace_loans(snapshot, loan=loan)}
    assert len(amounts) == 4
    assert all(sum(p.values()) == amount for amount, p in amounts.items())
    assert amounts[47_723_243]["rest"] == 47_723_243
    assert find_loan_traces(snapshot) == []
