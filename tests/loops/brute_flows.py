"""The flow view cent by cent: the slow twin of graph.loops.flows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from graph.loops.engine import LoopRule
from tests.loops.brute import brute_loops


@dataclass(frozen=True)
class Cent:
    """Where a cent on an account comes from (a departure, None: elsewhere), its transfers so far, when it came."""

    departure: int | None
    hop: int
    came: int


def brute_returns(
    src: Sequence[int],
    dst: Sequence[int],
    ts: Sequence[int],
    amount: Sequence[int],
    rule: LoopRule,
    homeward: bool = False,
) -> dict[int, int]:
    """Departure (a row) -> how much of it came back, for those of which anything did. Rows in order of time.

    ``homeward``: transfers on a loop of the origin take its money first, all others take other money.
    """
    back: Counter[int] = Counter()
    loops = brute_loops(src, dst, ts, [float(a) for a in amount], rule)
    for home in {src[p[0]] for p in loops}:
        mine = [p for p in loops if src[p[0]] == home]
        members = {dst[i] for p in mine for i in p[:-1]}
        departures = {p[0] for p in mine}
        on_loop = {i for p in mine for i in p}
        money: dict[int, list[Cent]] = defaultdict(list)
        for i, (u, v, t, x) in enumerate(zip(src, dst, ts, amount, strict=True)):
            _forget(money, ts, t - rule.window)
            if u == v:
                continue
            if i in departures:
                money[v] += [Cent(i, 1, t)] * x
                continue
            taken: list[Cent] = []
            purse = money.get(u, [])
            if homeward and i in on_loop:
                purse.sort(key=lambda cent: cent.departure is None)
            while purse and len(taken) < x and (purse[0].came < t or rule.ties == "order"):
                if homeward and i not in on_loop:
                    break
                taken.append(purse.pop(0))
            _forget(money, ts, t - rule.window)
            other = x
            for cent in taken:
                if cent.departure is None:
                    continue
                if v == home:
                    back[cent.departure] += cent.hop + 1 <= rule.max_length
                elif v in members and cent.hop + 1 < rule.max_length:
                    money[v].append(Cent(cent.departure, cent.hop + 1, t))
                    other -= 1
            if v in money and v != home:
                money[v] += [Cent(None, 0, t)] * other
    return dict(+back)


def _forget(money: dict[int, list[Cent]], ts: Sequence[int], before: int) -> None:
    for account, cents in list(money.items()):
        cents[:] = [Cent(None, 0, c.came) if c.departure is not None and ts[c.departure] < before else c for c in cents]
        if all(c.departure is None for c in cents):
            del money[account]
