"""Findings as features: what mining the snapshot found the merchant in. Not known where nothing was mined."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph.features.catalogue import feature
from graph.features.lens import Lens
from graph.features.segments import count, ratio
from graph.findings.finding import Finding, Kind
from graph.snapshot import Float64


def _of(lens: Lens, kind: Kind) -> Iterator[tuple[int, Finding]]:
    """(merchant, finding) for every merchant in a finding of the kind, itself or through an account it owns."""
    owns = lens.snapshot.relation("Merchant", "OWNS", "Account")
    merchants, accounts = lens.snapshot.nodes["Merchant"], lens.snapshot.nodes["Account"]
    for finding in lens.findings or ():
        if finding.kind != kind:
            continue
        inside = {merchants.number(i) for i in finding.of_kind("Merchant")}
        for number in (accounts.number(i) for i in finding.of_kind("Account")):
            if number is not None:
                inside |= set(owns.src[owns.in_edges[owns.in_ptr[number] : owns.in_ptr[number + 1]]].tolist())
        yield from ((m, finding) for m in inside if m is not None)


def _greatest(lens: Lens, values: Iterator[tuple[int, float]]) -> Float64:
    out = np.zeros(lens.n) if lens.findings is not None else np.full(lens.n, np.nan)
    for merchant, value in values:
        out[merchant] = max(out[merchant], value)
    return out


def _number(finding: Finding, name: str) -> float:
    """A figure of the finding, 0 where it has none of the name."""
    value = finding.numbers.get(name)
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else 0.0


@feature(
    "ring_score",
    "score",
    "global",
    concept="findings",
    en="Signs of coordinated buying among the shop's orders (0 to 1)",
    zh="店铺订单的协同下单迹象（0–1）",
)
def ring_score(lens: Lens) -> Float64:
    """Greatest score of a fake-order ring the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "fake_order_ring")))


@feature(
    "ring_order_share_180d",
    "share",
    "global",
    concept="findings",
    en="Share of orders by groups of buyers who order together",
    zh="协同下单买家群的订单占比",
)
def ring_order_share_180d(lens: Lens) -> Float64:
    """Share of the orders of the last 180 days by buyers of a ring of likely fake orders that the shop is in."""
    orders = lens.orders(180)
    if lens.findings is None:
        return np.full(lens.n, np.nan)
    width = len(lens.snapshot.nodes["Buyer"]) + 1
    inside = [np.zeros(0, np.int64)]
    for merchant, finding in _of(lens, "fake_order_ring"):
        if finding.numbers.get("output") == "fake_orders":
            numbers = (lens.snapshot.nodes["Buyer"].number(i) for i in finding.of_kind("Buyer"))
            inside.append(merchant * width + np.array([b for b in numbers if b is not None], np.int64))
    keys = orders.merchant.astype(np.int64) * width + orders.buyer
    picked = (orders.buyer >= 0) & np.isin(keys, np.concatenate(inside))
    part = ratio(count(orders.merchant[picked], lens.n), count(orders.merchant, lens.n))
    return np.where(np.isnan(part), 0.0, part)


@feature(
    "device_cluster_score",
    "score",
    "global",
    concept="findings",
    en="Signs that the shop's devices are shared with other parties (0 to 1)",
    zh="店铺设备与其他主体共用的迹象（0–1）",
)
def device_cluster_score(lens: Lens) -> Float64:
    """Greatest score of a shared-device cluster the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "shared_device")))


@feature(
    "device_cluster_shops",
    "count",
    "global",
    concept="findings",
    en="Shops in a group that shares devices",
    zh="共用设备群组中的店铺数",
)
def device_cluster_shops(lens: Lens) -> Float64:
    """Shops in the largest shared-device cluster the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, float(len(f.of_kind("Merchant")))) for m, f in _of(lens, "shared_device")))


@feature(
    "fund_loop_score",
    "score",
    "global",
    concept="findings",
    en="Signs that money leaves the merchant's accounts and comes back (0 to 1)",
    zh="资金转出后回流的迹象（0–1）",
)
def fund_loop_score(lens: Lens) -> Float64:
    """Greatest score of a fund loop through the merchant's accounts, 0 without any."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "fund_loop")))


@feature(
    "fund_loop_rounds",
    "count",
    "global",
    concept="findings",
    en="Rounds of money that left the merchant's accounts and came back through others",
    zh="资金经他人账户转出后回流的次数",
)
def fund_loop_rounds(lens: Lens) -> Float64:
    """Rounds of money through accounts of other hands and back, of the fund loop with most of them, else 0."""
    loops = _of(lens, "fund_loop")
    strangers = ((m, f) for m, f in loops if f.numbers.get("structure") == "round_trip")  # not one hand's own accounts
    return _greatest(lens, ((m, _number(f, "round_trips")) for m, f in strangers))


@feature(
    "guarantee_circle_score",
    "score",
    "global",
    concept="findings",
    en="Signs that guarantees go round in a circle (0 to 1)",
    zh="循环担保迹象（0–1）",
)
def guarantee_circle_score(lens: Lens) -> Float64:
    """Score of the guarantee circle the merchant is in, 0 where it is in none."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "guarantee_circle")))


@feature(
    "circle_exposure",
    "money",
    "global",
    concept="findings",
    en="Debt guaranteed within a circle of mutual guarantee",
    zh="担保圈内担保金额",
)
def circle_exposure(lens: Lens) -> Float64:
    """Money guaranteed within the guarantee circle the merchant is in, 0 where it is in none."""
    main = lens.currencies.main_names()
    circles = ((m, f) for m, f in _of(lens, "guarantee_circle") if f.numbers.get("currency") == main[m])
    return _greatest(lens, ((m, _number(f, "guaranteed_amount")) for m, f in circles))


@feature(
    "trace_returned_share",
    "share",
    "global",
    concept="findings",
    en="Share of an earlier loan's money that came back to the borrower's side",
    zh="既往贷款资金回流占比",
)
def trace_returned_share(lens: Lens) -> Float64:
    """Greatest share of a loan's money that was traced back to the merchant's side, 0 without such a trace."""
    traces = _of(lens, "loan_trace")
    return _greatest(lens, ((m, _number(f, "returned_share")) for m, f in traces if m in _borrowers(lens, f)))


def _borrowers(lens: Lens, trace: Finding) -> set[int | None]:
    """Whose loan it is: others in a trace only handled its money."""
    return {lens.snapshot.nodes["Merchant"].number(m.id) for m in trace.members if m.role == "borrower"}
