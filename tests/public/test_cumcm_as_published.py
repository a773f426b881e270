"""CUMCM 2020 C: sheets saved as CSV, in GBK as Chinese Excel does or in UTF-8, told apart by their headers."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from ingest.public import READERS, missing
from ingest.public.published import PublicDataError
from tests.public.conftest import Taken, Took

WITH_RECORD = (
    "企业代号,企业名称,信誉评级,是否违约\nE1,***电器销售有限公司,RATEDHIGH,否\nE2,***技术有限责任公司,RATEDLOW,是\n"
)
WITHOUT_RECORD = "企业代号,企业名称\nE124,个体经营E124\n"
BOUGHT = """企业代号,发票号码,开票日期,销方单位代号,金额,税额,价税合计,发票状态
E1,3390939,2017/7/18,A00297,-943.4,-56.6,-1000,有效发票
E1,3390940,2017/7/18,A00297,4780.24,286.81,5067.05,有效发票
E1,3390940,2017/7/18,A00297,4780.24,286.81,5067.05,有效发票
E1,3390941,2019/12/31,A00297,10,1,11,作废发票
E1,3390942,2019/12/31,A00297,10,1,11,有效发票
E1,3390942,2019/12/31,A00297,10,1,11,作废发票
"""
SOLD = """企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态
E1,3390939,2017/7/18,B00001,100,6,106,有效发票
E2,11459356,2018/1/2,B03711,9401.71,1598.29,11000,有效发票
E124,00000043,2018/1/2,D03711,1,0,1,有效发票
"""


@pytest.fixture(scope="module")
def taxes(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    home = tmp_path_factory.mktemp("set")
    one, two = home / "附件1", home / "附件2"
    one.mkdir()
    two.mkdir()
    (one / "企业信息.csv").write_text(WITH_RECORD, "gb18030")
    (one / "进项发票信息.csv").write_text(BOUGHT, "gb18030")
    (one / "销项发票信息.csv").write_text(SOLD, "utf-8-sig")
    (two / "Sheet1.csv").write_text(WITHOUT_RECORD, "utf-8")
    assert missing("cumcm", home) == []
    taken = Taken(tmp_path_factory.mktemp("home"))
    taken.take("cumcm", home)
    return taken


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_repeated_rows_are_duplicates_and_two_states_of_one_a_conflict(taxes: Taken) -> None:
    bought, sold = taxes.reports["invoices"]
    assert (bought.sent, bought.stored, bought.duplicate, bought.conflict) == (6, 4, 1, 1)
    assert (sold.sent, sold.stored) == (3, 3)
    assert taxes.report("firms").stored == 3


def test_firms_buy_from_companies_and_sell_to_them(taxes: Taken) -> None:
    ends = {(r["src_kind"], r["src"], r["dst_kind"], r["dst"]) for r in taxes.rows("INVOICED").values()}
    assert ends == {
        ("Company", "A00297", "Merchant", "E1"),
        ("Merchant", "E1", "Company", "B00001"),
        ("Merchant", "E2", "Company", "B03711"),
        ("Merchant", "E124", "Company", "D03711"),
    }


def test_corrections_stay_negative_and_voided_invoices_are_marked(taxes: Taken) -> None:
    rows = taxes.rows("INVOICED").values()
    assert sorted((r["amount"], r["tax"]) for r in rows)[0] == (-94340, -5660)
    assert [r["amount"] for r in rows if r["voided"]] == [1000]
    assert sum(r["amount"] for r in rows) == -94340 + 478024 + 1000 + 1000 + 10000 + 940171 + 100
    assert {r["currency"] for r in rows} == {"CNY"}


def test_days_are_chinese(taxes: Taken) -> None:
    assert min(r["ts"] for r in taxes.rows("INVOICED").values()) == ms("2017-07-18T00:00:00+08:00")


def test_the_default_flag_is_the_label_of_an_application_after_the_last_invoice(taxes: Taken) -> None:
    assert {i: (r["merchant_id"], r["ts"], r["amount"]) for i, r in taxes.rows("application").items()} == {
        "AP-E1": ("E1", ms("2020-01-01T00:00:00+08:00"), None),
        "AP-E2": ("E2", ms("2018-01-03T00:00:00+08:00"), None),
    }
    labels = taxes.rows("label")
    assert {i: (r["application_id"], r["label"], r["known_ts"]) for i, r in labels.items()} == {
        "LB-E1": ("AP-E1", False, ms("2020-01-02T00:00:00+08:00")),
        "LB-E2": ("AP-E2", True, ms("2018-01-04T00:00:00+08:00")),
    }


def test_the_rating_and_the_masked_names_are_nowhere_in_landing(taxes: Taken) -> None:
    stored = str([taxes.newest(t).to_pylist() for t in taxes.landing.schemas])
    for canary in ("RATEDHIGH", "RATEDLOW", "有限公司"):
        assert canary not in stored
    assert "A00297" in stored  # the check can fail


def test_a_status_nobody_announced_is_refused(tmp_path: Path, took: Took) -> None:
    (tmp_path / "in.csv").write_text(BOUGHT + "E1,9,2017/7/18,A1,1,0,1,红冲发票\n", "utf-8")
    (report,) = took("cumcm", tmp_path).reports["invoices"]
    assert (report.rejected, report.codes) == (1, {"boolean": 1, "conflict": 1})
    assert missing("cumcm", tmp_path) == ["企业信息", "销项发票信息"]


def test_a_folder_without_such_sheets_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(PublicDataError, match="企业代号"):
        READERS["cumcm"](tmp_path)
