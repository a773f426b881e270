"""Following money cent by cent: the slow twin of graph.proceeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from graph.proceeds.kernel import BORROWER, LOAN, OTHER
from graph.proceeds.tracer import TraceRule

Move = tuple[int, int, int, int]  # from, to, time, amount
Places = Counter[tuple[str, int, int]]  # place, account, hop


def brute_trace(
    moves: Sequence[Move], node: int, amount: int, ts: int, classes: Sequence[int], own: int, rule: TraceRule
) -> Places:
    """Where each cent is in the end, with every cent on every account kept by itself (its hop or None, its arrival)."""
    money: dict[int, list[tuple[int | None, int]]] = defaultdict(list)
    money[node] = [(0, ts)] * amount
    places: Places = Counter()
    small = int(rule.small_share * amount)
    for i, (u, v, t, x) in enumerate(moves):
        if i == own or u == v or t < ts or t > ts + rule.horizon_ms or (rule.same_time and i < own):
            continue
        if u not in money:
            if v in money:
                money[v] += [(None, t)] * x
            continue
        taken = _fifo(money[u], x, t, rule) if rule.attribution == "fifo" else _share(money[u], x, t, rule)
        for hop in range(rule.max_hops + 1):
            part = taken[hop]
            if part == 0:
                continue
            own_move = hop == 0 and classes[u] == BORROWER and classes[v] == BORROWER
            to = hop if own_move else hop + 1
            if classes[v] == LOAN:
                places["repaid", v, min(to, rule.max_hops)] += part
            elif to > rule.max_hops:
                places["beyond", u, hop] += part
            elif classes[v] not in (OTHER, BORROWER) or (classes[v] == BORROWER and to > 0):
                places["home", v, to] += part
            elif v not in money and part < small:
                places["small", v, to] += part
            else:
                money[v] += [(to, t)] * part
        if v in money:
            money[v] += [(None, t)] * taken[None]
    for account, cents in money.items():
        for hop, _ in cents:
            if hop is not None:
                places["held", account, hop] += 1
    return places


def _fifo(cents: list[tuple[int | None, int]], x: int, t: int, rule: TraceRule) -> Counter[int | None]:
    taken: Counter[int | None] = Counter()
    while x > 0 and cents and (cents[0][1] < t or rule.same_time):
        taken[cents.pop(0)[0]] += 1
        x -= 1
    taken[None] += x
    return taken


def _share(cents: list[tuple[int | None, int]], x: int, t: int, rule: TraceRule) -> Counter[int | None]:
    there = Counter(hop for hop, came in cents if came < t or rule.same_time)
    whole = sum(there.values())
    kinds: list[int | None] = [*range(rule.max_hops + 1), None]
    if x >= whole:
        taken = Counter(there)
        taken[None] += x - whole
        gone = Counter(there)
    else:
        taken = Counter({k: x * there[k] // whole for k in kinds})
        for k in [None, *range(rule.max_hops + 1)]:
            while sum(taken.values()) < x and taken[k] < there[k]:
                taken[k] += 1
        gone = Counter(taken)
    kept = []
    for hop, came in cents:
        if gone[hop] > 0 and (came < t or rule.same_time):
            gone[hop] -= 1
        else:
            kept.append((hop, came))
    cents[:] = kept
    return taken
