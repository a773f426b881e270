"""FinBench's incremental streams: every row taken, loans and accounts with their holders, closed accounts marked."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.public.conftest import Took, published


def test_a_stream_becomes_what_it_says(tmp_path: Path, took: Took) -> None:
    folder = tmp_path / "incremental"
    folder.mkdir()
    for name, text in {
        "AddPersonOwnAccountWrite4": "createTime|accountId|personId|accountBlocked|accountType"
        "\n1669691121000|1|7|false|debit card\n",
        "AddCompanyApplyLoanWrite7": "createTime|companyId|loanId|loanAmount|balance\n1669691121000|7|5|2.005|2.005\n",
        "AddAccountRepayLoanWrite14": "createTime|account|loanId|amount\n1669691122000|1|5|1.5\n",
        "AddAccountTransferAccountReadWrite1": "createTime|fromId|toId|amount|startTime\n1669691123000|1|2|9.99|1\n",
        "DeleteAccountWrite17": "deleteTime|dependentDate|accountId\n1669691124000|1|1\n",
        "UpdatePersonWrite19": "createTime|dependencyTime|personId\n1669691125000|1|7\n",
    }.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    taken = took("finbench_incremental", tmp_path)
    before = {r["id"]: r for r in taken.view.newest("Account", 1669691123999).to_pylist()}
    assert before["1"]["blocked"] is False and before["1"]["opened_ts"] == 1669691121000
    assert taken.rows("Account")["1"]["blocked"] is True
    assert taken.rows("Person")["7"]["blocked"] is True
    assert taken.rows("Loan")["5"]["amount"] == 200
    [asked] = taken.rows("APPLIED_FOR").values()
    assert (asked["src_kind"], asked["src"], asked["dst"]) == ("Company", "7", "5")
    assert [r["amount"] for r in taken.rows("REPAID").values()] == [150]
    assert [(r["ts"], r["amount"]) for r in taken.rows("TRANSFER").values()] == [(1669691123000, 999)]


@pytest.mark.public
def test_every_row_of_the_published_streams_is_stored(tmp_path: Path, took: Took) -> None:
    folder = published("finbench/incremental")
    taken = took("finbench_incremental", folder)
    rows = sum(pq.read_metadata(f).num_rows for f in folder.glob("*.parquet"))
    reports = [r for found in taken.reports.values() for r in found]
    assert (len(reports), sum(r.sent for r in reports), sum(r.stored for r in reports)) == (22, rows, rows)
    lent = pq.read_table(folder / "AddLoanDepositAccountWrite15.parquet")["amount"]
    cents = sum(round(a * 100) for a in lent.to_pylist())
    assert pc.sum(taken.newest("DISBURSED_TO")["amount"]).as_py() == cents
