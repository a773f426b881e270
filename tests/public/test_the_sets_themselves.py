"""The public sets, whole, against counts and sums made from their files apart from the product."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest

from tests.public.conftest import Taken, published, source

pytestmark = pytest.mark.public

FINBENCH = {  # file -> (feed, landing table)
    "Person": ("persons", "Person"),
    "Company": ("companies", "Company"),
    "Account": ("accounts", "Account"),
    "Medium": ("mediums", "Device"),
    "Loan": ("loans", "Loan"),
    "PersonOwnAccount": ("person_accounts", "OWNS"),
    "CompanyOwnAccount": ("company_accounts", "OWNS"),
    "MediumSignInAccount": ("sign_ins", "USED_DEVICE"),
    "PersonApplyLoan": ("person_loans", "APPLIED_FOR"),
    "CompanyApplyLoan": ("company_loans", "APPLIED_FOR"),
    "AccountTransferAccount": ("transfers", "TRANSFER"),
    "AccountWithdrawAccount": ("withdrawals", "TRANSFER"),
    "LoanDepositAccount": ("deposits", "DISBURSED_TO"),
    "AccountRepayLoan": ("repayments", "REPAID"),
    "PersonGuaranteePerson": ("person_guarantees", "GUARANTEES"),
    "CompanyGuaranteeCompany": ("company_guarantees", "GUARANTEES"),
    "PersonInvestCompany": ("person_investments", "INVESTS_IN"),
    "CompanyInvestCompany": ("company_investments", "INVESTS_IN"),
}


def snapshot(name: str) -> pa.Table:
    return source(f"finbench/snapshot/{name}.parquet")


def cents(amounts: pa.ChunkedArray) -> int:
    """Sum in cents, each amount rounded by itself."""
    cent = Decimal("0.01")
    return int(sum(Decimal(repr(a)).quantize(cent, rounding=ROUND_HALF_EVEN) for a in amounts.to_pylist()) * 100)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def total(rows: pa.Table, column: str = "amount") -> int:
    return int(pc.sum(rows[column]).as_py())


@pytest.mark.parametrize("file", FINBENCH)
def test_finbench_every_row_of_every_file_is_stored(finbench: Taken, file: str) -> None:
    feed, table = FINBENCH[file]
    report, rows = finbench.report(feed), snapshot(file).num_rows
    assert (report.sent, report.stored, report.duplicate, report.rejected, report.conflict) == (rows, rows, 0, 0, 0)
    assert report.tables == {table: rows}


@pytest.mark.parametrize(
    ("file", "column", "kind"),
    [
        ("Person", "personId", "Person"),
        ("Company", "companyId", "Company"),
        ("Account", "accountId", "Account"),
        ("Medium", "mediumId", "Device"),
        ("Loan", "loanId", "Loan"),
    ],
)
def test_finbench_ids_survive_digit_by_digit(finbench: Taken, file: str, column: str, kind: str) -> None:
    published_ids = {str(i) for i in snapshot(file)[column].to_pylist()}
    assert set(finbench.newest(kind)["id"].to_pylist()) == published_ids


def test_finbench_ids_are_beyond_what_a_double_holds_and_overlap_between_kinds(finbench: Taken) -> None:
    accounts = [int(i) for i in finbench.newest("Account")["id"].to_pylist()]
    assert sum(int(float(i)) != i for i in accounts) > 1000
    persons, companies = (set(finbench.newest(k)["id"].to_pylist()) for k in ("Person", "Company"))
    assert len(persons & companies) == 37


@pytest.mark.parametrize(
    "files",
    [
        ("AccountTransferAccount", "AccountWithdrawAccount"),
        ("LoanDepositAccount",),
        ("AccountRepayLoan",),
    ],
)
def test_finbench_money_is_what_the_doubles_say_to_the_half_cent(finbench: Taken, files: tuple[str, ...]) -> None:
    stored = finbench.newest(FINBENCH[files[0]][1])
    assert pc.unique(stored["currency"]).to_pylist() == ["CNY"]
    assert total(stored) == sum(cents(snapshot(f)["amount"]) for f in files)
    exact = sum(Decimal(a) for f in files for a in snapshot(f)["amount"].to_pylist()) * 100
    assert abs(total(stored) - exact) <= Decimal(stored.num_rows) / 2


def test_finbench_every_accounts_money_is_its_own(finbench: Taken) -> None:
    out: dict[str, int] = defaultdict(int)
    for f in ("AccountTransferAccount", "AccountWithdrawAccount"):
        t = snapshot(f)
        for account, amount in zip(t["fromId"].to_pylist(), t["amount"].to_pylist(), strict=True):
            out[str(account)] += int(Decimal(repr(amount)).quantize(Decimal("0.01"), ROUND_HALF_EVEN) * 100)
    stored = finbench.newest("TRANSFER").group_by("src").aggregate([("amount", "sum")])
    assert dict(zip(stored["src"].to_pylist(), stored["amount_sum"].to_pylist(), strict=True)) == out


def test_finbench_times_are_utc_to_the_millisecond(finbench: Taken) -> None:
    t = snapshot("AccountTransferAccount")
    wanted = Counter(
        (str(a), str(b), ms(at))
        for a, b, at in zip(t["fromId"].to_pylist(), t["toId"].to_pylist(), t["createTime"].to_pylist(), strict=True)
    )
    rows = finbench.newest("TRANSFER").filter(pc.equal(finbench.newest("TRANSFER")["channel"], "bank"))
    assert Counter(zip(*(rows[c].to_pylist() for c in ("src", "dst", "ts")), strict=True)) == wanted
    assert ("28710447624489049", "48413695994234887", 1593398026538) in wanted


def test_finbench_sign_ins_add_up_per_pair(finbench: Taken) -> None:
    t = snapshot("MediumSignInAccount")
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for medium, account, at in zip(*(t[c].to_pylist() for c in t.column_names), strict=True):
        seen[(str(account), str(medium))].append(ms(at))
    stored = finbench.newest("USED_DEVICE").to_pylist()
    assert {(r["src"], r["dst"]): (r["first_ts"], r["last_ts"], r["times"]) for r in stored} == {
        pair: (min(times), max(times), len(times)) for pair, times in seen.items()
    }


def test_finbench_shares_of_a_company_add_up_to_at_most_one(finbench: Taken) -> None:
    held = finbench.newest("INVESTS_IN").group_by("dst").aggregate([("share", "sum")])
    assert held.num_rows == 960
    assert pc.max(held["share_sum"]).as_py() <= 1 + 1e-12
    stored = Counter(finbench.newest("INVESTS_IN")["share"].to_pylist())
    assert stored == Counter(
        r for f in ("PersonInvestCompany", "CompanyInvestCompany") for r in snapshot(f)["ratio"].to_pylist()
    )


def test_finbench_as_csv_gives_the_ids_of_the_parquet_copies(finbench: Taken, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]  # pytest's factory
    home = tmp_path_factory.mktemp("csv")
    table = snapshot("AccountWithdrawAccount").slice(0, 2000)
    with (home / "AccountWithdrawAccount.csv").open("wb") as file:
        pacsv.write_csv(table, file, pacsv.WriteOptions(delimiter="|", quoting_style="none"))
    other = Taken(tmp_path_factory.mktemp("home"))
    (report,) = other.take("finbench", home)
    assert report.stored == 2000
    assert set(other.rows("TRANSFER")) <= set(finbench.newest("TRANSFER")["id"].to_pylist())


OLIST = {
    "geolocation": "geolocation",
    "sellers": "sellers",
    "customers": "customers",
    "orders": "orders",
    "order_states": "orders",
    "order_items": "order_items",
    "order_payments": "order_payments",
    "order_reviews": "order_reviews",
}


@pytest.mark.parametrize("feed", OLIST)
def test_olist_every_row_of_every_file_is_accounted_for(olist: Taken, feed: str) -> None:
    table = source(f"olist_sample/{OLIST[feed]}.parquet")
    report = olist.report(feed)
    repeated = table.num_rows - len(set(zip(*(c.to_pylist() for c in table.columns), strict=True)))
    assert (report.sent, report.duplicate, report.rejected, report.conflict) == (table.num_rows, repeated, 0, 0)
    assert report.stored == table.num_rows - repeated


def test_olist_payments_and_orders_hold_what_was_paid(olist: Taken) -> None:
    paid = sum(Decimal(repr(v)) for v in source("olist_sample/order_payments.parquet")["payment_value"].to_pylist())
    assert total(olist.newest("payment")) == int(paid * 100) == 142860281
    assert total(olist.newest("Orders")) == int(paid * 100)
    assert pc.unique(olist.newest("Orders")["currency"]).to_pylist() == ["BRL"]


def test_olist_times_are_those_of_sao_paulo(olist: Taken) -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    t = source("olist_sample/orders.parquet")
    wanted = {
        i: round(datetime.fromisoformat(at).replace(tzinfo=zone, fold=0).timestamp() * 1000)
        for i, at in zip(t["order_id"].to_pylist(), t["order_purchase_timestamp"].to_pylist(), strict=True)
    }
    assert {i: r["ts"] for i, r in olist.rows("Orders").items()} == wanted


def test_olist_states_and_stars_are_those_of_the_files(olist: Taken) -> None:
    t = source("olist_sample/orders.parquet")
    orders = olist.rows("Orders")
    assert Counter(r["status"] for r in orders.values()) == Counter(t["order_status"].to_pylist())
    reviews = source("olist_sample/order_reviews.parquet")
    stars: dict[str, set[int]] = defaultdict(set)
    for order, score in zip(reviews["order_id"].to_pylist(), reviews["review_score"].to_pylist(), strict=True):
        stars[order].add(score)
    assert all(orders[i]["rating"] in s for i, s in stars.items())


def test_olist_people_shops_and_areas(olist: Taken) -> None:
    customers, sellers = source("olist_sample/customers.parquet"), source("olist_sample/sellers.parquet")
    assert olist.newest("Buyer").num_rows == len(set(customers["customer_unique_id"].to_pylist())) == 8016
    assert olist.newest("Merchant").num_rows == sellers.num_rows == 1610
    areas = olist.newest("Address")
    assert pc.unique(areas["place_type"]).to_pylist() == ["postcode area"]
    items = source("olist_sample/order_items.parquet")
    pairs = set(zip(items["order_id"].to_pylist(), items["seller_id"].to_pylist(), strict=True))
    assert olist.newest("SOLD_BY").num_rows == len(pairs)


@pytest.mark.slow
def test_cumcm_repeats_are_duplicates_and_nothing_else_is_lost(cumcm: Taken) -> None:
    t = source("cumcm2020c/invoices.parquet")
    keys = ["enterprise", "direction", "invoice_no", "date", "counterparty", "amount", "tax"]
    groups = t.group_by([*keys, "status"]).aggregate([([], "count_all")])
    distinct = t.group_by(keys).aggregate([([], "count_all")]).num_rows
    (report,) = cumcm.reports["invoices"]
    assert report.sent == t.num_rows == 1_099_441
    assert report.duplicate == t.num_rows - groups.num_rows == 11_665
    assert report.conflict == groups.num_rows - distinct == 5
    assert report.stored == distinct
    assert report.rejected == 0


@pytest.mark.slow
def test_cumcm_money_directions_and_states_add_up(cumcm: Taken) -> None:
    t = source("cumcm2020c/invoices.parquet")
    keys = ["enterprise", "direction", "invoice_no", "date", "counterparty", "amount", "tax"]
    once = t.append_column("at", pa.array(range(t.num_rows))).group_by(keys).aggregate([("at", "min")])
    first = t.take(once["at_min"])
    stored = cumcm.newest("INVOICED")
    for column in ("amount", "tax"):
        assert total(stored, column) == int(
            sum(Decimal(repr(a)) * n for a, n in Counter(first[column].to_pylist()).items()) * 100
        )
    assert pc.sum(stored["voided"]).as_py() == pc.sum(pc.equal(first["status"], "作废发票")).as_py()
    negative = pc.sum(pc.less(first["amount"], 0)).as_py()
    assert pc.sum(pc.less(stored["amount"], 0)).as_py() == negative > 19_000
    assert pc.sum(pc.equal(stored["src_kind"], "Merchant")).as_py() == (
        pc.sum(pc.equal(first["direction"], "out")).as_py()
    )


@pytest.mark.slow
def test_cumcm_labels_are_the_default_flags_and_follow_the_last_invoice(cumcm: Taken) -> None:
    t = source("cumcm2020c/enterprises.parquet").to_pylist()
    labels = {r["merchant_id"]: r["label"] for r in cumcm.rows("label").values()}
    assert labels == {r["enterprise"]: r["default"] for r in t if r["default"] is not None}
    assert sum(labels.values()) == 27
    invoices = cumcm.newest("INVOICED")
    firm = pc.if_else(pc.equal(invoices["src_kind"], "Merchant"), invoices["src"], invoices["dst"])
    last = pa.table({"firm": firm, "ts": invoices["ts"]}).group_by("firm").aggregate([("ts", "max")])
    latest = dict(zip(last["firm"].to_pylist(), last["ts_max"].to_pylist(), strict=True))
    for application in cumcm.rows("application").values():
        assert application["ts"] == latest[application["merchant_id"]] + 86_400_000


@pytest.mark.slow
@pytest.mark.parametrize("world", ["20K_cycle200", "20K_fanin200"])
def test_amlsim_every_transfer_is_kept_repeats_too(amlsim: Taken, world: str) -> None:
    t = source(f"amlsim/{world}_tx.parquet")
    rows = amlsim.newest("TRANSFER")
    mine = rows.filter(pc.starts_with(rows["src"], f"{world}-"))
    wanted = Counter(
        (f"{world}-{a}", f"{world}-{b}", round(v * 100), ms("2017-01-01") + step * 86_400_000)
        for a, b, v, step in zip(*(t[c].to_pylist() for c in t.column_names), strict=True)
    )
    assert Counter(zip(*(mine[c].to_pylist() for c in ("src", "dst", "amount", "ts")), strict=True)) == wanted
    assert len(wanted) < t.num_rows  # there are repeats


@pytest.mark.slow
def test_amlsim_accounts_of_both_worlds_stay_apart(amlsim: Taken) -> None:
    assert amlsim.newest("Account").num_rows == 40_000
    for reports in amlsim.reports.values():
        assert all((r.rejected, r.conflict, r.duplicate) == (0, 0, 0) for r in reports)


def test_the_sets_are_named_when_they_are_not_there() -> None:
    with pytest.raises(pytest.skip.Exception, match="public data not found"):
        published("no such set")
