"""Flows: money through the merchant's accounts, as on a bank statement, and who is at the other end."""

from __future__ import annotations

import numpy as np

from graph.features.catalogue import feature
from graph.features.currency import in_main
from graph.features.lens import Lens
from graph.features.segments import Bool, count, distinct, expand, pair_totals, pairs, ratio, share, top_share, total
from graph.features.transfer_rows import TransferRows, followed_by
from graph.snapshot import Float64, Int64

HOUR = 3_600_000
ROUND = 100_000
"""A round amount: a multiple of 1,000 units of money with two decimals."""


def _part(lens: Lens, rows: TransferRows, flags: Bool) -> Float64:
    """Share of the money of rows that the flagged ones carry."""
    return ratio(total(rows.merchant[flags], rows.amount[flags], lens.n), total(rows.merchant, rows.amount, lens.n))


def _top5(lens: Lens, rows: TransferRows) -> Float64:
    who, _, money = pair_totals(rows.merchant, rows.other, rows.amount)
    return top_share(who, money, lens.n, 5)


@feature(
    "inflow_90d",
    "money",
    concept="flows",
    tabular=True,
    en="Money received in the last 90 days",
    zh="近 90 天流入金额",
    adverse="low",
)
def inflow_90d(lens: Lens) -> Float64:
    """Money that came into own accounts from others in the last 90 days."""
    return lens.known_if(total(lens.into(90).merchant, lens.into(90).amount, lens.n), lens.banks, "TRANSFER")


@feature(
    "outflow_90d",
    "money",
    concept="flows",
    tabular=True,
    adverse="either",
)
def outflow_90d(lens: Lens) -> Float64:
    """Money that left own accounts for others in the last 90 days."""
    return lens.known_if(total(lens.out(90).merchant, lens.out(90).amount, lens.n), lens.banks, "TRANSFER")


@feature(
    "outflow_to_inflow_90d",
    "ratio",
    concept="flows",
    tabular=True,
    adverse="either",
)
def outflow_to_inflow_90d(lens: Lens) -> Float64:
    """Money out over money in, last 90 days."""
    return ratio(lens.value("outflow_90d"), lens.value("inflow_90d"))


@feature(
    "inflow_trend",
    "ratio",
    concept="flows",
    tabular=True,
    en="Money received in the last 30 days against the 30 before",
    zh="近 30 天流入与前 30 天之比",
    adverse="low",
)
def inflow_trend(lens: Lens) -> Float64:
    """Money in of the last 30 days over that of the 30 days before."""
    last, both = (total(lens.into(d).merchant, lens.into(d).amount, lens.n) for d in (30, 60))
    return ratio(last, both - last)


@feature(
    "inflow_to_turnover_90d",
    "ratio",
    concept="flows",
    tabular=True,
    en="Money received against platform turnover",
    zh="流入金额与平台成交额之比",
    adverse="low",
)
def inflow_to_turnover_90d(lens: Lens) -> Float64:
    """Money into own accounts over turnover on the platform, last 90 days."""
    return ratio(lens.value("inflow_90d"), lens.value("turnover_90d"))


@feature(
    "payers_90d",
    "count",
    concept="flows",
    tabular=True,
    en="Accounts that paid in",
    zh="付款账户数",
    adverse="low",
)
def payers_90d(lens: Lens) -> Float64:
    """Different accounts that paid in, last 90 days."""
    return lens.known_if(distinct(lens.into(90).merchant, lens.into(90).other, lens.n), lens.banks, "TRANSFER")


@feature(
    "payees_90d",
    "count",
    concept="flows",
    tabular=True,
    en="Accounts that were paid",
    zh="收款账户数",
    adverse="low",
)
def payees_90d(lens: Lens) -> Float64:
    """Different accounts that were paid, last 90 days."""
    return lens.known_if(distinct(lens.out(90).merchant, lens.out(90).other, lens.n), lens.banks, "TRANSFER")


@feature(
    "top5_payer_share_90d",
    "share",
    concept="flows",
    tabular=True,
    en="Share of money in from the five largest payers",
    zh="前五大付款方流入占比",
)
def top5_payer_share_90d(lens: Lens) -> Float64:
    """Share of the money in of the last 90 days that came from the five largest payers."""
    return _top5(lens, lens.into(90))


@feature(
    "top5_payee_share_90d",
    "share",
    concept="flows",
    tabular=True,
    en="Share of money out to the five largest payees",
    zh="前五大收款方流出占比",
)
def top5_payee_share_90d(lens: Lens) -> Float64:
    """Share of the money out of the last 90 days that went to the five largest payees."""
    return _top5(lens, lens.out(90))


@feature(
    "two_way_share_90d",
    "share",
    concept="flows",
    tabular=True,
    en="Share of counterparties that both paid and were paid",
    zh="双向往来对手占比",
)
def two_way_share_90d(lens: Lens) -> Float64:
    """Share of the accounts dealt with in the last 90 days that both paid and were paid."""
    ends = [pairs(rows.merchant, rows.other) for rows in (lens.into(90), lens.out(90))]
    who, _, times = pairs(np.concatenate([e[0] for e in ends]), np.concatenate([e[1] for e in ends]))
    return share(who, times > 1, lens.n)


@feature(
    "returned_72h_share_90d",
    "share",
    concept="flows",
    tabular=True,
    en="Share of money out that the payee sent back within 72 hours",
    zh="72 小时内原路返回的流出占比",
)
def returned_72h_share_90d(lens: Lens) -> Float64:
    """Share of the money out of the last 90 days that came back from its payee within 72 hours."""
    out, back = lens.out(90), lens.into(90)
    met = followed_by(_with(lens, out, out.other), out, _with(lens, back, back.other), back, 72 * HOUR)
    return ratio(total(out.merchant, met, lens.n), total(out.merchant, out.amount, lens.n))


@feature(
    "gone_24h_share_90d",
    "share",
    concept="flows",
    tabular=True,
    en="Share of money in that left again within 24 hours",
    zh="24 小时内转出的流入占比",
)
def gone_24h_share_90d(lens: Lens) -> Float64:
    """Share of the money in of the last 90 days that left the same account within 24 hours."""
    first, then = lens.into(90), lens.out(90)
    met = followed_by(_with(lens, first, first.own), first, _with(lens, then, then.own), then, 24 * HOUR)
    return ratio(total(first.merchant, met, lens.n), total(first.merchant, first.amount, lens.n))


@feature(
    "round_share_90d",
    "share",
    concept="flows",
    tabular=True,
    en="Share of transfers in round thousands",
    zh="整千金额转账占比",
)
def round_share_90d(lens: Lens) -> Float64:
    """Share of the transfers of the last 90 days whose amount is a multiple of 1,000 (two-decimal currencies)."""
    ends = (lens.into(90), lens.out(90))
    merchants, amounts = np.concatenate([e.merchant for e in ends]), np.concatenate([e.amount for e in ends])
    known = ~np.isnan(amounts)
    return share(merchants[known], amounts[known] % ROUND == 0, lens.n)


@feature(
    "money_to_buyers_share_90d",
    "share",
    2,
    concept="flows",
    en="Share of money out that went to the shop's own buyers",
    zh="流向自有买家的资金占比",
)
def money_to_buyers_share_90d(lens: Lens) -> Float64:
    """Share of the money out of the last 90 days that went to accounts of that time's buyers."""
    return _part(lens, lens.out(90), _to_buyers(lens)[0])


@feature(
    "buyers_paid_share_90d",
    "share",
    2,
    concept="flows",
    en="Share of buyers who were sent money by the shop",
    zh="收到商户转账的买家占比",
)
def buyers_paid_share_90d(lens: Lens) -> Float64:
    """Share of the buyers of the last 90 days to whose account the shop transferred money in them."""
    flags, buyers = _to_buyers(lens)
    out = lens.out(90)
    paid = ratio(distinct(out.merchant[flags], buyers[flags], lens.n), lens.value("buyers_90d"))
    return lens.known_if(paid, lens.banks, "TRANSFER")


@feature(
    "money_to_owner_share_90d",
    "share",
    concept="flows",
    en="Share of money out that went to the owner's accounts",
    zh="流向所有人账户的资金占比",
)
def money_to_owner_share_90d(lens: Lens) -> Float64:
    """Share of the money out of the last 90 days that went to accounts of the shop's owners."""
    out, width = lens.out(90), len(lens.snapshot.nodes["Account"]) + 1
    keys = []
    for kind in ("Person", "Company"):
        shops = lens.snapshot.relation(kind, "OWNS", "Merchant")
        accounts = lens.snapshot.relation(kind, "OWNS", "Account")
        row, at = expand(accounts.out_ptr, shops.src)
        keys.append(shops.dst[row].astype(np.int64) * width + accounts.dst[at])
    return _part(lens, out, np.isin(out.merchant.astype(np.int64) * width + out.other, np.concatenate(keys)))


@feature(
    "loans_taken",
    "count",
    concept="flows",
    tabular=True,
    adverse="either",
)
def loans_taken(lens: Lens) -> Float64:
    """Loans of the shop that the bank knows of."""
    return lens.known_if(_loans(lens)[0], lens.banks, "APPLIED_FOR")


@feature(
    "repaid_share",
    "share",
    concept="flows",
    tabular=True,
    en="Share of earlier loans' money repaid",
    zh="既往贷款已还比例",
    adverse="low",
)
def repaid_share(lens: Lens) -> Float64:
    """Money repaid on the shop's loans over the money lent, both so far."""
    _, lent, repaid = _loans(lens)
    return ratio(repaid, lent)


def _with(lens: Lens, rows: TransferRows, account: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Int64:
    return rows.merchant.astype(np.int64) * (len(lens.snapshot.nodes["Account"]) + 1) + account


def _to_buyers(lens: Lens) -> tuple[Bool, Int64]:
    """Which transfers out of the last 90 days went to a buyer of that time, and to which buyer."""
    out, orders = lens.out(90), lens.orders(90)
    held = lens.snapshot.relation("Buyer", "OWNS", "Account")
    holder = np.full(len(lens.snapshot.nodes["Account"]) + 1, -1, np.int64)
    holder[held.dst] = held.src
    width = len(lens.snapshot.nodes["Buyer"]) + 1
    bought = orders.merchant[orders.buyer >= 0].astype(np.int64) * width + orders.buyer[orders.buyer >= 0]
    payee = holder[out.other]
    return (payee >= 0) & np.isin(out.merchant.astype(np.int64) * width + payee, np.unique(bought)), payee


def _loans(lens: Lens) -> tuple[Float64, Float64, Float64]:
    """Per merchant: how many loans, money lent, money repaid (main currency)."""
    s, main = lens.snapshot, lens.currencies.main
    asked, paid = s.relation("Merchant", "APPLIED_FOR", "Loan"), s.relation("Account", "REPAID", "Loan")
    loans = s.nodes["Loan"]
    lent = in_main(loans.int64("amount")[asked.dst], lens.currencies.codes(loans)[asked.dst], main[asked.src])
    row, at = expand(paid.in_ptr, asked.dst)
    at = paid.in_edges[at]
    late = paid.int64("ts")[at] > s.as_of
    who = asked.src[row]
    repaid = in_main(paid.int64("amount")[at], lens.currencies.codes(paid)[at], main[who])
    repaid[late] = np.nan
    return count(asked.src, lens.n), total(asked.src, lent, lens.n), total(who, repaid, lens.n)
