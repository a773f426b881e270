"""Following money cent by cent: the slow twin of graph.proceeds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from graph.proceeds.layout import BORROWER, LOAN, OTHER
from graph.proceeds.tracer import Payout, TraceRule

Move = tuple[int, int, int, int]  # from, to, time, amount
Label = tuple[int, int] | None  # disbursement and hop of a cent; None: not the loan's
Places = Counter[tuple[int, str, int, int]]  # disbursement, place, account, hop


def brute_trace(moves: Sequence[Move], paid: Sequence[Payout], classes: Sequence[int], rule: TraceRule) -> Places:
    """Where each cent is in the end, with every cent on every account kept by itself (its label, its arrival).

    ``paid`` in order of time.
    """
    money: dict[int, list[tuple[Label, int]]] = defaultdict(list)
    places: Places = Counter()
    labels: list[Label] = [None, *((d, h) for d in range(len(paid)) for h in range(rule.max_hops + 1))]
    own = {p.event for p in paid}
    waiting = list(enumerate(paid))
    for i, (u, v, t, x) in enumerate([*moves, (0, 0, 1 << 60, 0)]):
        while waiting and (waiting[0][1].event < i if rule.same_time else waiting[0][1].ts <= t):
            d, p = waiting.pop(0)
            money[p.node] += [((d, 0), p.ts)] * p.amount
        for d, p in enumerate(paid):
            if t > p.ts + rule.horizon_ms:
                for account, cents in money.items():
                    for c, (label, came) in enumerate(cents):
                        if label is not None and label[0] == d:
                            places[d, "held", account, label[1]] += 1
                            cents[c] = (None, came)
        if i in own or u == v:
            continue
        if u not in money:
            if v in money:
                money[v] += [(None, t)] * x
            continue
        take = _fifo if rule.attribution == "fifo" else _share
        taken = take(money[u], x, t, rule, labels)
        for label in labels[1:]:
            part = taken[label]
            if part == 0 or label is None:
                continue
            d, hop = label
            own_move = hop == 0 and classes[u] == BORROWER and classes[v] == BORROWER
            to = hop if own_move else hop + 1
            if classes[v] >= LOAN:
                places[d, "repaid", v, min(to, rule.max_hops)] += part
            elif to > rule.max_hops:
                places[d, "beyond", u, hop] += part
            elif classes[v] not in (OTHER, BORROWER) or (classes[v] == BORROWER and to > 0):
                places[d, "home", v, to] += part
            elif v not in money and part < int(rule.small_share * paid[d].amount):
                places[d, "small", v, to] += part
            else:
                money[v] += [((d, to), t)] * part
        if v in money:
            money[v] += [(None, t)] * taken[None]
    return places


def _fifo(cents: list[tuple[Label, int]], x: int, t: int, rule: TraceRule, labels: Sequence[Label]) -> Counter[Label]:
    taken: Counter[Label] = Counter()
    while x > 0 and cents and (cents[0][1] < t or rule.same_time):
        taken[cents.pop(0)[0]] += 1
        x -= 1
    taken[None] += x
    return taken


def _share(cents: list[tuple[Label, int]], x: int, t: int, rule: TraceRule, labels: Sequence[Label]) -> Counter[Label]:
    there = Counter(label for label, came in cents if came < t or rule.same_time)
    whole = sum(there.values())
    if x >= whole:
        taken = Counter(there)
        taken[None] += x - whole
        gone = Counter(there)
    else:
        taken = Counter({k: x * there[k] // whole for k in labels})
        for k in labels:
            while sum(taken.values()) < x and taken[k] < there[k]:
                taken[k] += 1
        gone = Counter(taken)
    kept = []
    for label, came in cents:
        if gone[label] > 0 and (came < t or rule.same_time):
            gone[label] -= 1
        else:
            kept.append((label, came))
    cents[:] = kept
    return taken
