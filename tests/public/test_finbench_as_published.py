"""FinBench's snapshot as its generator writes it: CSV with bars, ids of 64 bits, doubles, no ids on transfers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.public import READERS, missing
from ingest.public.published import PublicDataError
from tests.public.conftest import Took

TRANSFERS = """fromId|toId|amount|createTime
9007199254740993|4613937818241074769|544595.785|2020-06-29 02:33:46.538
9007199254740993|4613937818241074769|544595.785|2020-06-29 02:33:46.538
9007199254740993|4613937818241074769|0.125|2020-06-29 02:33:46.53
9007199254740993|4613937818241074769|0.135|1593398026530
"""


def folder(tmp_path: Path, **files: str) -> Path:
    home = tmp_path / "snapshot"
    home.mkdir(exist_ok=True)
    for name, text in files.items():
        (home / f"{name}.csv").write_text(text, "utf-8")
    return home


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def test_accounts_are_taken_with_the_misspelt_header_and_every_digit_of_the_id(tmp_path: Path, took: Took) -> None:
    header = "accountId|createTime|isBlocked|accoutType"
    rows = ["9007199254740993|2020-01-09 18:08:45.162|false|debit card", "007|2020-01-10|true|escrow account"]
    taken = took("finbench", folder(tmp_path, Account="\n".join([header, *rows])))
    accounts = taken.rows("Account")
    assert set(accounts) == {"9007199254740993", "007"}
    assert accounts["9007199254740993"]["opened_ts"] == ms("2020-01-09 18:08:45.162")
    assert (accounts["007"]["account_type"], accounts["007"]["blocked"]) == ("escrow account", True)


def test_fuller_editions_with_the_right_spelling_and_more_columns_are_taken_too(tmp_path: Path, took: Took) -> None:
    text = "accountId|createTime|isBlocked|accountType|nickname|phonenum\n1|1578593325162|False|debit card|kim|555\n"
    account = took("finbench", folder(tmp_path, Account=text)).rows("Account")["1"]
    assert (account["opened_ts"], account["account_type"]) == (ms("2020-01-09 18:08:45.162"), "debit card")


def test_equal_transfers_are_kept_apart_and_amounts_rounded_half_to_even(tmp_path: Path, took: Took) -> None:
    taken = took("finbench", folder(tmp_path, AccountTransferAccount=TRANSFERS))
    assert taken.report("transfers").stored == 4
    rows = taken.rows("TRANSFER").values()
    assert sorted(r["amount"] for r in rows) == [12, 14, 54459578, 54459578]
    assert {r["currency"] for r in rows} == {"CNY"}
    assert {r["ts"] for r in rows if r["amount"] < 100} == {ms("2020-06-29 02:33:46.530")}


def test_the_same_transfers_again_are_duplicates_and_keep_their_ids(tmp_path: Path, took: Took) -> None:
    home = folder(tmp_path, AccountTransferAccount=TRANSFERS)
    taken = took("finbench", home)
    ids = set(taken.rows("TRANSFER"))
    (again,) = taken.take("finbench", home)
    assert again.already_taken
    folder(tmp_path, AccountTransferAccount=TRANSFERS + "1|2|5.00|2020-07-01 00:00:00\n")
    (more,) = taken.take("finbench", home)
    assert (more.stored, more.duplicate) == (1, 4)
    assert ids < set(taken.rows("TRANSFER"))


def test_a_withdrawal_is_a_transfer_by_its_own_channel_with_an_id_of_its_own(tmp_path: Path, took: Took) -> None:
    taken = took("finbench", folder(tmp_path, AccountTransferAccount=TRANSFERS, AccountWithdrawAccount=TRANSFERS))
    channels = [r["channel"] for r in taken.rows("TRANSFER").values()]
    assert sorted(channels) == ["bank"] * 4 + ["withdrawal"] * 4


def test_bad_rows_are_refused_by_line_and_the_others_taken(tmp_path: Path, took: Took) -> None:
    bad = "1|2|lots|2020-06-29 02:33:46\n1|2|1.00|yesterday\n1||1.00|2020-06-29 02:33:46\n1|2|3|4|5|6\n"
    taken = took("finbench", folder(tmp_path, AccountTransferAccount=TRANSFERS + bad))
    report = taken.report("transfers")
    assert (report.sent, report.stored, report.rejected) == (8, 4, 4)
    assert report.codes == {"number": 1, "time": 1, "required": 1, "incomplete": 1, "fields": 1}
    lines = {int(cell) for cell in (r.split(",")[1] for r in taken.rejected().splitlines()) if cell.isdigit()}
    assert lines == {6, 7, 8, 9}


def test_sign_ins_of_a_pair_become_one_edge_that_counts_them_as_of_any_time(tmp_path: Path, took: Took) -> None:
    rows = "7|1|2021-01-03 00:00:00\n7|1|2021-01-01 00:00:00\n7|1|2021-01-02 00:00:00\n7|2|2021-01-02 00:00:00\n"
    taken = took("finbench", folder(tmp_path, MediumSignInAccount="mediumId|accountId|createTime\n" + rows))
    assert taken.report("sign_ins").stored == 4
    edge = taken.rows("USED_DEVICE")["USED_DEVICE:Account:1>Device:7"]
    assert (edge["first_ts"], edge["last_ts"], edge["times"]) == (ms("2021-01-01"), ms("2021-01-03"), 3)
    early = taken.rows("USED_DEVICE", as_of=ms("2021-01-02"))["USED_DEVICE:Account:1>Device:7"]
    assert (early["last_ts"], early["times"]) == (ms("2021-01-02"), 2)


def test_a_medium_is_a_device_whatever_its_type(tmp_path: Path, took: Took) -> None:
    text = "mediumId|mediumType|isBlocked|createTime\n7|PHONE|true|2020-01-01\n8|POS|false|2020-01-01\n"
    taken = took("finbench", folder(tmp_path, Medium=text))
    assert {i: (r["device_type"], r["blocked"]) for i, r in taken.rows("Device").items()} == {
        "7": ("PHONE", True),
        "8": ("POS", False),
    }
    assert taken.rows("Phone") == {}


def test_one_id_may_name_a_person_and_a_company(tmp_path: Path, took: Took) -> None:
    taken = took(
        "finbench",
        folder(
            tmp_path,
            Person="personId|personName|isBlocked|createTime\n5|Ley|false|2020-01-01\n",
            Company="companyId|companyName|isBlocked|createTime\n5|Hill LLC|false|2020-01-01\n",
            PersonOwnAccount="personId|accountId|createTime\n5|1|2020-01-01\n",
            CompanyOwnAccount="companyId|accountId|createTime\n5|2|2020-01-01\n",
        ),
    )
    assert {(r["src_kind"], r["dst"]) for r in taken.rows("OWNS").values()} == {("Person", "1"), ("Company", "2")}
    assert "Hill" not in str(taken.rows("Company"))


def test_loans_are_applied_for_paid_out_and_repaid(tmp_path: Path, took: Took) -> None:
    taken = took(
        "finbench",
        folder(
            tmp_path,
            Loan="loanId|loanAmount|balance|createTime\n9|1000.005|1000.005|2020-01-01\n",
            PersonApplyLoan="personId|loanId|createTime\n5|9|2020-01-01\n",
            LoanDepositAccount="loanId|accountId|amount|createTime\n9|1|400|2020-01-02\n9|1|600|2020-01-03\n",
            AccountRepayLoan="accountId|loanId|amount|createTime\n1|9|10.10|2020-02-02\n",
        ),
    )
    (applied,) = taken.rows("APPLIED_FOR").values()
    assert (applied["src_kind"], applied["dst"], applied["amount"]) == ("Person", "9", 100000)
    assert sorted(r["amount"] for r in taken.rows("DISBURSED_TO").values()) == [40000, 60000]
    (repaid,) = taken.rows("REPAID").values()
    assert (repaid["src"], repaid["dst"], repaid["amount"]) == ("1", "9", 1010)


def test_an_application_without_the_loans_file_has_no_amount(tmp_path: Path, took: Took) -> None:
    home = folder(tmp_path, CompanyApplyLoan="companyId|loanId|createTime\n5|9|2020-01-01\n")
    (applied,) = took("finbench", home).rows("APPLIED_FOR").values()
    assert applied["amount"] is None
    assert "Loan" in missing("finbench", home)
    assert "CompanyApplyLoan" not in missing("finbench", home)


def test_a_table_in_parts_is_one_delivery(tmp_path: Path, took: Took) -> None:
    parts = tmp_path / "snapshot" / "AccountTransferAccount"
    parts.mkdir(parents=True)
    (parts / "part-0000.csv").write_text(TRANSFERS, "utf-8")
    (parts / "part-0001.csv").write_text(TRANSFERS, "utf-8")
    taken = took("finbench", tmp_path / "snapshot")
    assert taken.report("transfers").stored == 8
    assert len(taken.rows("TRANSFER")) == 8


def test_a_column_that_is_not_there_refuses_the_file_and_names_it(tmp_path: Path, took: Took) -> None:
    report = took("finbench", folder(tmp_path, Medium="mediumId|createTime\n1|2020-01-01\n")).report("mediums")
    assert report.refused
    assert report.refused_code == "columns_missing"
    assert "Medium.csv: no column mediumType" in str(report.refused_why)


def test_a_folder_with_nothing_known_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(PublicDataError, match=r"none of the set's files is here; expected Person\.csv, Company\.csv"):
        READERS["finbench"](tmp_path)
    with pytest.raises(PublicDataError, match="no such file or folder"):
        READERS["finbench"](tmp_path / "nowhere")


def test_the_published_folder_may_be_given_instead_of_its_snapshot(tmp_path: Path, took: Took) -> None:
    folder(tmp_path, AccountTransferAccount=TRANSFERS)
    (tmp_path / "incremental").mkdir()
    assert took("finbench", tmp_path).report("transfers").stored == 4
