"""Findings as features: what mining the snapshot found the merchant in. Not known where nothing was mined."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph.features.catalogue import feature
from graph.features.lens import Lens
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


def _counted(lens: Lens, kind: Kind) -> Float64:
    out = np.zeros(lens.n) if lens.findings is not None else np.full(lens.n, np.nan)
    for merchant, _ in _of(lens, kind):
        out[merchant] += 1
    return out


def _number(finding: Finding, *names: str) -> float:
    """The first of the named figures that the finding has, 0 without any."""
    for name in names:
        value = finding.numbers.get(name)
        if isinstance(value, int | float) and np.isfinite(value):
            return float(value)
    return 0.0


@feature(
    "ring_score",
    "score",
    "global",
    concept="findings",
    en="Likeness of its orders to a fake-order ring: {value}",
    zh="疑似刷单团伙得分：{value}",
)
def ring_score(lens: Lens) -> Float64:
    """Greatest score of a fake-order ring the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "fake_order_ring")))


@feature(
    "ring_buyers",
    "count",
    "global",
    concept="findings",
    en="Buyers in the fake-order ring the shop is in: {value}",
    zh="所在疑似刷单团伙的买家数：{value}",
)
def ring_buyers(lens: Lens) -> Float64:
    """Buyers in the largest fake-order ring the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, float(len(f.of_kind("Buyer")))) for m, f in _of(lens, "fake_order_ring")))


@feature(
    "device_cluster_score",
    "score",
    "global",
    concept="findings",
    en="Score of the shared-device cluster the shop is in: {value}",
    zh="所在共用设备群组得分：{value}",
)
def device_cluster_score(lens: Lens) -> Float64:
    """Greatest score of a shared-device cluster the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "shared_device")))


@feature(
    "device_cluster_shops",
    "count",
    "global",
    concept="findings",
    en="Shops in the shared-device cluster: {value}",
    zh="共用设备群组中的店铺数：{value}",
)
def device_cluster_shops(lens: Lens) -> Float64:
    """Shops in the largest shared-device cluster the shop is in, 0 where it is in none."""
    return _greatest(lens, ((m, float(len(f.of_kind("Merchant")))) for m, f in _of(lens, "shared_device")))


@feature(
    "fund_loops",
    "count",
    "global",
    concept="findings",
    en="Loops of money through the merchant's accounts: {value}",
    zh="涉及商户账户的资金回路数：{value}",
)
def fund_loops(lens: Lens) -> Float64:
    """Fund loops that pass through the merchant's accounts."""
    return _counted(lens, "fund_loop")


@feature(
    "fund_loop_score",
    "score",
    "global",
    concept="findings",
    en="Score of the strongest loop of money: {value}",
    zh="最强资金回路得分：{value}",
)
def fund_loop_score(lens: Lens) -> Float64:
    """Greatest score of a fund loop through the merchant's accounts, 0 without any."""
    return _greatest(lens, ((m, f.score) for m, f in _of(lens, "fund_loop")))


@feature(
    "guarantee_circles",
    "count",
    "global",
    concept="findings",
    en="Circles of mutual guarantee: {value}",
    zh="所在担保圈数：{value}",
)
def guarantee_circles(lens: Lens) -> Float64:
    """Guarantee circles the merchant is in."""
    return _counted(lens, "guarantee_circle")


@feature(
    "circle_exposure",
    "money",
    "global",
    concept="findings",
    en="Debt within the circle of mutual guarantee: {value}",
    zh="担保圈内担保金额：{value}",
)
def circle_exposure(lens: Lens) -> Float64:
    """Exposure of the guarantee circle with most of it that the merchant is in, 0 where it is in none."""
    return _greatest(lens, ((m, _number(f, "exposure", "amount")) for m, f in _of(lens, "guarantee_circle")))


@feature(
    "trace_returned_share",
    "share",
    "global",
    concept="findings",
    en="Share of an earlier loan's money that came back to the borrower's side: {value}",
    zh="既往贷款资金回流占比：{value}",
)
def trace_returned_share(lens: Lens) -> Float64:
    """Greatest share of a loan's money that was traced back to the merchant's side, 0 without such a trace."""
    traces = _of(lens, "loan_trace")
    return _greatest(lens, ((m, _number(f, "returned_share", "share_returned")) for m, f in traces))
