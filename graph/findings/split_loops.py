"""Fund loops of money that was split and merged on its way: findings of the flow view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from graph.findings.figures import count_en, money, percent, span_en, span_zh
from graph.findings.finding import Finding, Member, fresh_id
from graph.findings.holders import Holders
from graph.findings.loop_structure import TradeRule, kept_of, remark, structure_of
from graph.findings.mixed_loops import edge_ref
from graph.loops.flow_kernel import S_DEPARTURE, S_ROW, Transfers
from graph.loops.flows import FlowRule, Return, find_returns
from graph.loops.table import most_at_once
from graph.snapshot import Relation, Snapshot


@dataclass(frozen=True)
class SplitRule:
    """How money is followed, the least share returned and purity that make a finding, edges shown at most, and when two
    accounts are partners in trade."""

    rule: FlowRule
    share: float
    purity: float
    max_edges: int
    trade: TradeRule


def split_returns(
    transfers: Relation, rows: npt.NDArray[np.int64], of_paths: list[Finding], snapshot: Snapshot, wanted: SplitRule
) -> tuple[list[Return], frozenset[int]]:
    """Money that was split, came back and is in no finding of the path view; and accounts that could not be followed.

    ``rows``: transfers of one currency in order of time.
    """
    rows = rows[transfers.int64("amount")[rows] > 0]
    ts = transfers.int64("ts")[rows]
    moves = Transfers(transfers.src[rows], transfers.dst[rows], ts, transfers.int64("amount")[rows])
    rule = wanted.rule
    found = find_returns(moves, len(snapshot.nodes["Account"]), rule, most_at_once(ts, rule.window) + 1)
    names = snapshot.nodes["Account"]
    known = [{names.number(a) for a in f.of_kind("Account")} for f in of_paths]
    kept = []
    for r in found.found:
        accounts = set(moves.src[r.steps[:, S_ROW]].tolist())
        split = len(np.unique(r.steps[:, S_DEPARTURE])) > 1
        if r.share >= wanted.share and r.purity >= wanted.purity and split and not any(accounts <= k for k in known):
            steps = r.steps.copy()
            steps[:, S_ROW], steps[:, S_DEPARTURE] = rows[steps[:, S_ROW]], rows[steps[:, S_DEPARTURE]]
            kept.append(replace(r, steps=steps))
    return kept, found.cut_accounts


def split_finding(
    snapshot: Snapshot,
    holders: Holders,
    transfers: Relation,
    r: Return,
    currency: str,
    reference: float,
    wanted: SplitRule,
) -> Finding:
    names, amount = snapshot.nodes["Account"], transfers.int64("amount")
    edges = np.unique(r.steps[:, S_ROW])
    accounts = sorted({int(a) for a in transfers.src[edges]})
    structure = structure_of(holders, transfers, accounts, edges, "split_round_trip", wanted.trade)
    score = 0.5 * r.returned / (r.returned + reference) + 0.3 * r.share + 0.2 * 0.5
    shown = edges[np.argsort(transfers.int64("ts")[edges], kind="stable")][: wanted.max_edges].tolist()
    why = ["more transfers are involved than are listed"] if len(edges) > wanted.max_edges else []
    parts, span = len(np.unique(r.steps[:, S_DEPARTURE])), r.last_ts - r.first_ts
    en = (
        f"{money(r.left, currency)} left an account in {count_en(parts, 'part')} and {percent(r.share)} of it "
        f"came back over {count_en(len(accounts) - 1, 'other account')} within {span_en(span)}, "
        "split and merged on the way"
    )
    zh = f"{money(r.left, currency)} 分 {parts} 笔从一个账户转出，经 {len(accounts) - 1} 个其他账户拆分、合并"
    zh += f"，{span_zh(span)}内回流 {percent(r.share)}"
    more_en, more_zh = remark(structure)
    members = [Member("Account", names.id(a), "account") for a in accounts]
    members += sorted({holders.member(p, "owner") for a in accounts for p in holders.of(a)})
    return Finding(
        kind="fund_loop",
        id=fresh_id("fund_loop", ["flow", currency, *(f"Account:{names.id(a)}" for a in accounts), str(r.first_ts)]),
        score=round(score * kept_of(structure, len(accounts)), 6),
        members=tuple(members),
        edges=tuple(edge_ref(snapshot, transfers, e) for e in shown),
        numbers={
            "loops": 0,
            "round_trips": 1,
            "length": r.hops,
            "amount_first": r.left,
            "amount_last": r.returned,
            "returned_share": round(r.share, 6),
            "span_ms": span,
            "total_amount": int(amount[edges].sum()),
            "returned_amount": r.returned,
            "flow_left": r.left,
            "flow_returned": r.returned,
            "flow_purity": round(r.purity, 6),
            "currency": currency,
            "structure": structure,
        },
        first_ts=r.first_ts,
        last_ts=r.last_ts,
        text_en=f"{en}{more_en}.",
        text_zh=f"{zh}{more_zh}。",
        complete=not why,
        truncated_why="; ".join(why) or None,
        evidence={"strongest_path": [transfers.edge_id(e) for e in shown]},
    )
