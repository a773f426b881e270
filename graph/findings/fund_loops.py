"""Fund loops: money that leaves an account and comes back to it through others, by transfers in one currency.

Overlapping loops over the same accounts are one finding. Its numbers:

* ``loops``: loops found over these accounts; ``round_trips``: how many of them share no transfer (strongest first)
* ``length``, ``amount_first``, ``amount_last``, ``returned_share``, ``span_ms``: of the strongest loop, the one that
  brought most money back; the share is amount_last / amount_first
* ``total_amount``: the sum of the transfers that are in any of the loops, each once
* ``returned_amount``: what the round trips brought back, the money at risk
* ``flow_left``, ``flow_returned``, ``flow_purity``: of a finding of the flow view, 0 else: what left the account, what
  came back of it, how much of the transfers on the way was that money
* ``currency``; ``structure``: ``one_hand``, ``two_way_trade``, ``round_trip`` or ``split_round_trip``
  (graph.findings.loop_structure)

Money that was split and merged on its way is no loop whose amounts agree; the flow view (graph.loops.flows) finds it,
with the attribution ``homeward``: first in, first out loses it where an account also pays others in between.
Where at least ``flow_share`` of it came back, at least ``flow_purity`` of the transfers was this money, it was split
(two departures or more), and no loop has all its accounts, it is a finding of its own (``split_round_trip``).
There ``length`` is the transfers of the longest way, ``amount_first`` what left and ``amount_last`` what came back.

Score = structure x length x (0.5 money + 0.3 returned + 0.2 repetition), with money = R / (R + the 95th percentile of
transfers in the currency) for R the returned amount, returned = returned_share up to 1, repetition = 1 - 0.5 ^
round_trips, length 0.6 / 0.85 / 1 for two, three, more accounts, structure 0.2 / 0.3 / 1 / 1 in the order above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from graph.findings.figures import HOUR, count_en, money, percent, span_en, span_zh
from graph.findings.finding import EdgeRef, Finding, Member, fresh_id
from graph.findings.holders import Holders
from graph.findings.loop_structure import TradeRule, kept_of, remark, structure_of
from graph.findings.split_loops import SplitRule, split_finding, split_returns
from graph.loops.engine import LoopBounds, LoopEngine, LoopRule
from graph.loops.flows import Attribution, FlowRule
from graph.snapshot import NULL, Relation, Snapshot

_WHY_EN = {
    "budget": "the search at some of these accounts reached its limit of work",
    "degree": "accounts with very many transfers were not passed through",
    "capacity": "more transfers fell into the window than are kept",
    "loops": "there were more loops than are listed",
    "events": "accounts with very many transfers were not followed",
    "edges": "more transfers are involved than are listed",
}


@dataclass(frozen=True)
class LoopParams:
    """What is searched: window and length, the amount rule (decay None: off), and limits of the search and the list.

    ``flow_...``: what makes money that was split a finding; ``trade``: when two accounts are partners in trade.
    """

    window_ms: int = 72 * HOUR
    max_length: int = 8
    decay: float | None = 0.1
    growth: float = 0.01
    budget: int = 1 << 16
    degree_cap: int = 0
    max_loops: int = 300_000
    max_findings: int = 10_000
    max_edges: int = 200
    flow_share: float = 0.8
    flow_purity: float = 0.8
    flow_attribution: Attribution = "homeward"
    trade: TradeRule = field(default_factory=TradeRule)


def find_fund_loops(snapshot: Snapshot, params: LoopParams = LoopParams()) -> list[Finding]:
    """All fund loops of the snapshot as findings, highest score first.

    Where a limit cut the search around accounts that are in no finding, a last finding of score 0 says so, with those
    accounts (role ``not_searched``): an empty list means that there are none.
    """
    transfers = snapshot.relation("Account", "TRANSFER", "Account")
    holders = Holders(snapshot)
    codes, currencies = transfers.codes("currency")
    ts, amount = transfers.int64("ts"), transfers.int64("amount")
    usable = (ts != NULL) & (codes >= 0)
    if params.decay is not None:
        usable &= amount != NULL
    findings: list[Finding] = []
    cut_accounts: dict[int, set[str]] = {}
    for code, currency in enumerate(currencies):
        rows = np.flatnonzero(usable & (codes == code))
        if len(rows) < 2:
            continue
        rows = rows[np.argsort(ts[rows], kind="stable")]
        loops, cuts = _search(transfers, rows, params)
        for account, reasons in cuts.items():
            cut_accounts.setdefault(account, set()).update(reasons)
        positive = amount[rows][amount[rows] != NULL]
        reference = float(np.percentile(positive, 95)) if len(positive) else 0.0
        of_paths = _findings(snapshot, holders, transfers, loops, currency, reference, cuts, params)
        findings += of_paths
        rule = FlowRule(
            params.window_ms,
            params.max_length,
            budget=params.budget,
            degree_cap=params.degree_cap,
            attribution=params.flow_attribution,
        )
        wanted = SplitRule(rule, params.flow_share, params.flow_purity, params.max_edges, params.trade)
        splits, around = split_returns(transfers, rows, of_paths, snapshot, wanted)
        for account in around:
            cut_accounts.setdefault(account, set()).add("events")
        findings += [split_finding(snapshot, holders, transfers, r, currency, reference, wanted) for r in splits]
    findings.sort(key=lambda f: (-f.score, f.id))
    if len(findings) > params.max_findings:
        for dropped in findings[params.max_findings :]:
            for id_ in dropped.of_kind("Account"):
                number = snapshot.nodes["Account"].number(id_)
                if number is not None:
                    cut_accounts.setdefault(number, set()).add("loops")
        findings = findings[: params.max_findings]
    silent = _not_searched(snapshot, cut_accounts, findings, params)
    return [*findings, silent] if silent else findings


def _search(
    transfers: Relation, rows: npt.NDArray[np.int64], params: LoopParams
) -> tuple[list[tuple[int, ...]], dict[int, list[str]]]:
    """Loops over the given transfers (in order of time) as edge positions, and what was cut."""
    ts, amount = transfers.int64("ts")[rows], transfers.int64("amount")[rows]
    within = np.searchsorted(ts, ts, side="right") - np.searchsorted(ts, ts - params.window_ms, side="left")
    engine = LoopEngine(
        LoopRule(params.window_ms, params.max_length, params.decay, params.growth),
        LoopBounds(capacity=int(within.max()) + 1, budget=params.budget, degree_cap=params.degree_cap),
    )
    weights = np.where(amount == NULL, np.nan, amount.astype(np.float64))
    found = engine.push(transfers.src[rows], transfers.dst[rows], ts, weights, rows, max_loops=params.max_loops)
    return list(found), engine.cut_accounts()


def _findings(
    snapshot: Snapshot,
    holders: Holders,
    transfers: Relation,
    loops: Sequence[tuple[int, ...]],
    currency: str,
    reference: float,
    cuts: dict[int, list[str]],
    params: LoopParams,
) -> list[Finding]:
    groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    amount = np.where(transfers.known("amount"), transfers.int64("amount"), 0)
    for loop in loops:
        groups.setdefault(tuple(sorted(transfers.src[list(loop)].tolist())), []).append(loop)
    return [
        _finding(snapshot, holders, transfers, amount, accounts, same, currency, reference, cuts, params)
        for accounts, same in groups.items()
    ]


def _finding(
    snapshot: Snapshot,
    holders: Holders,
    transfers: Relation,
    amount: npt.NDArray[np.int64],
    accounts: tuple[int, ...],
    loops: list[tuple[int, ...]],
    currency: str,
    reference: float,
    cuts: dict[int, list[str]],
    params: LoopParams,
) -> Finding:
    ts = transfers.int64("ts")
    loops = sorted(loops, key=lambda p: (-int(amount[p[-1]]), -int(amount[p[0]]), p))
    trips = _apart(loops)
    strongest = loops[0]
    first, last = int(amount[strongest[0]]), int(amount[strongest[-1]])
    edges = sorted({e for loop in loops for e in loop})
    returned = sum(int(amount[p[-1]]) for p in trips)
    share = last / first if first > 0 else 0.0
    in_trips = sorted({e for p in trips for e in p})
    structure = structure_of(holders, transfers, accounts, in_trips, "round_trip", params.trade)
    pull = returned / (returned + reference) if returned > 0 else 0.0
    score = 0.5 * pull + 0.3 * min(share, 1.0) + 0.2 * (1 - 0.5 ** len(trips))
    score *= kept_of(structure, len(accounts))
    shown = list(dict.fromkeys(e for loop in trips for e in loop))
    why = sorted({_WHY_EN[r] for a in accounts for r in cuts.get(a, ())})
    if len(shown) > params.max_edges:
        shown = shown[: params.max_edges]
        why.append(_WHY_EN["edges"])
    names = snapshot.nodes["Account"]
    members = [Member("Account", names.id(a), "account") for a in accounts]
    members += sorted({holders.member(p, "owner") for a in accounts for p in holders.of(a)})
    span = int(ts[strongest[-1]] - ts[strongest[0]])
    en, zh = _sentences(len(strongest), first, share, span, len(trips), returned, currency, structure)
    return Finding(
        kind="fund_loop",
        id=fresh_id("fund_loop", [currency, *(f"Account:{names.id(a)}" for a in accounts)]),
        score=round(score, 6),
        members=tuple(members),
        edges=tuple(_edge(snapshot, transfers, e) for e in shown),
        numbers={
            "loops": len(loops),
            "round_trips": len(trips),
            "length": len(strongest),
            "amount_first": first,
            "amount_last": last,
            "returned_share": round(share, 6),
            "span_ms": span,
            "total_amount": int(amount[edges].sum()),
            "returned_amount": returned,
            "flow_left": 0,
            "flow_returned": 0,
            "flow_purity": 0.0,
            "currency": currency,
            "structure": structure,
        },
        first_ts=int(ts[edges].min()),
        last_ts=int(ts[edges].max()),
        text_en=en,
        text_zh=zh,
        complete=not why,
        truncated_why="; ".join(why) or None,
        evidence={"strongest_path": [transfers.edge_id(e) for e in strongest]},
    )


def _apart(loops: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Loops that share no transfer, taken greedily in the order given."""
    used: set[int] = set()
    kept = []
    for loop in loops:
        if used.isdisjoint(loop):
            used.update(loop)
            kept.append(loop)
    return kept


def _edge(snapshot: Snapshot, transfers: Relation, position: int) -> EdgeRef:
    names = snapshot.nodes["Account"]
    ts, amount = int(transfers.int64("ts")[position]), int(transfers.int64("amount")[position])
    return EdgeRef(
        "TRANSFER",
        transfers.edge_id(position),
        f"Account:{names.id(int(transfers.src[position]))}",
        f"Account:{names.id(int(transfers.dst[position]))}",
        None if ts == NULL else ts,
        None if amount == NULL else amount,
    )


def _sentences(
    length: int, first: int, share: float, span: int, trips: int, returned: int, currency: str, structure: str
) -> tuple[str, str]:
    en = (
        f"{money(first, currency)} left an account and {percent(share)} of it came back through "
        f"{count_en(length - 1, 'other account')} within {span_en(span)}"
    )
    zh = f"{money(first, currency)} 从一个账户转出，经 {length - 1} 个其他账户，{span_zh(span)}内回流 {percent(share)}"
    if trips > 1:
        en += f"; {count_en(trips, 'separate round')} over the same accounts brought back {money(returned, currency)}"
        zh += f"；同一组账户共有 {trips} 次独立回流，合计 {money(returned, currency)}"
    more_en, more_zh = remark(structure)
    return f"{en}{more_en}.", f"{zh}{more_zh}。"


def _not_searched(
    snapshot: Snapshot, cuts: dict[int, set[str]], findings: list[Finding], params: LoopParams
) -> Finding | None:
    named = {m.id for f in findings for m in f.members if m.kind == "Account"}
    names = snapshot.nodes["Account"]
    left = sorted(id_ for id_ in (names.id(a) for a in cuts) if id_ not in named)
    if not left:
        return None
    why = sorted({_WHY_EN[r] for reasons in cuts.values() for r in reasons})
    listed = left[: params.max_edges]
    zeros = ("loops", "round_trips", "length", "amount_first", "amount_last")
    return Finding(
        kind="fund_loop",
        id=fresh_id("fund_loop", ["not searched", *left]),
        score=0.0,
        members=tuple(Member("Account", id_, "not_searched") for id_ in listed),
        edges=(),
        numbers={
            **dict.fromkeys(zeros, 0),
            "returned_share": 0.0,
            "span_ms": 0,
            "total_amount": 0,
            "returned_amount": 0,
            "flow_left": 0,
            "flow_returned": 0,
            "flow_purity": 0.0,
            "currency": "",
            "structure": "not_searched",
            "accounts": len(left),
        },
        first_ts=None,
        last_ts=None,
        text_en=f"The search for fund loops was cut short at {count_en(len(left), 'account')}: loops may be missing.",
        text_zh=f"资金回路搜索在 {len(left)} 个账户处因达到上限而中断，相关回路可能缺失。",
        complete=False,
        truncated_why="; ".join(why),
    )
