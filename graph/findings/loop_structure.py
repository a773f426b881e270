"""What kind of structure the accounts of a fund loop are, and how much of the score it keeps.

* ``one_hand``: all have one end owner, as in treasury pooling
* ``two_way_trade``: two accounts that pay each other all along, as suppliers of one another do: several transfers each
  way, and either over a long time or such that most of the money between them is in no round trip
* ``round_trip``, ``split_round_trip``: anything else
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.findings.figures import DAY
from graph.findings.holders import Holders
from graph.snapshot import NULL, Relation

_KEPT = {"one_hand": 0.2, "two_way_trade": 0.3}
_BY_ACCOUNTS = {2: 0.6, 3: 0.85}


@dataclass(frozen=True)
class TradeRule:
    """Two accounts trade when each paid the other ``transfers`` times or more, and either over ``days`` or more, from
    the first to the last, or ``outside`` or more of the money between them is in no round trip."""

    days: int = 30
    transfers: int = 3
    outside: float = 0.5


def structure_of(
    holders: Holders,
    transfers: Relation,
    accounts: Sequence[int],
    edges: npt.ArrayLike,
    otherwise: str,
    rule: TradeRule,
) -> str:
    """The structure of the accounts of a loop; ``edges``: the transfers that are in its round trips."""
    if holders.one_hand(accounts):
        return "one_hand"
    return "two_way_trade" if len(accounts) == 2 and _trade(transfers, accounts, edges, rule) else otherwise


def _trade(transfers: Relation, pair: Sequence[int], edges: npt.ArrayLike, rule: TradeRule) -> bool:
    every = []
    for a, b in (pair, pair[::-1]):
        out = transfers.leaving([a])
        every.append(out[transfers.dst[out] == b])
    if min(map(len, every)) < rule.transfers:
        return False
    between = np.concatenate(every)
    times = transfers.int64("ts")[between]
    times = times[times != NULL]
    if len(times) and int(times.max() - times.min()) >= rule.days * DAY:
        return True
    amount = transfers.int64("amount")
    known = between[amount[between] != NULL]
    in_trips = np.intersect1d(known, np.asarray(edges, np.int64))
    return int(amount[in_trips].sum()) < (1 - rule.outside) * int(amount[known].sum())


def kept_of(structure: str, accounts: int) -> float:
    """The share of its score that a loop keeps, for its structure and for how many accounts it has."""
    return _KEPT.get(structure, 1.0) * _BY_ACCOUNTS.get(accounts, 1.0)


def remark(structure: str) -> tuple[str, str]:
    """What the sentence of a finding adds about its structure, in English and in Chinese."""
    if structure == "one_hand":
        return (
            "; all the accounts have one owner in the end, as in treasury pooling",
            "；这些账户最终归属同一所有者，类似资金归集",
        )
    if structure == "two_way_trade":
        return (
            "; the two pay each other both ways again and again, as trading partners do",
            "；双方多次互有付款，类似互为供应商的正常往来",
        )
    return "", ""
