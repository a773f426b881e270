"""Twins of the questions about money and guarantees: loops, traces, returns, circles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.cypher.hostile_graphs import Edge, Key
from tests.cypher.sight import Params, Rows, Sight, Twin, ordered


def goes_on(t: Edge, before: Edge, start_ts: int | None, p: Params) -> bool:
    a, b = before.props, t.props
    if None in (a["ts"], b["ts"], a["amount"], b["amount"], start_ts):
        return False
    in_time = a["ts"] < b["ts"] <= start_ts + p["window"]
    return in_time and a["amount"] * (1.0 - p["decay"]) <= b["amount"] <= a["amount"] * (1.0 + p["growth"])


def loops_from(s: Sight, p: Params, n: int) -> Iterator[list[Edge]]:
    start = ("Account", p["id"])

    def walk(nodes: list[Key], path: list[Edge]) -> Iterator[list[Edge]]:
        if len(path) == n:
            if nodes[-1] == start:
                yield path
            return
        for t in s.out["TRANSFER", nodes[-1]]:
            if path:
                fits = goes_on(t, path[-1], path[0].props["ts"], p)
            else:
                fits = t.props["ts"] is not None and p["from_ts"] <= t.props["ts"]
            if fits and (t.b not in nodes or (len(path) == n - 1 and t.b == start)):
                yield from walk([*nodes, t.b], [*path, t])

    yield from walk([start], [])


def loop_ids(path: Sequence[Edge]) -> tuple[str, ...]:
    return (*(t.src for t in path), *(t.id for t in path))


def fund_loop(n: int) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = []
        for path in loops_from(s, p, n):
            first, last = path[0].props, path[-1].props
            rows.append((*loop_ids(path), first["ts"], first["amount"], last["amount"], last["ts"] - first["ts"]))
        return ordered(rows, (2 * n, *range(n, 2 * n)), p["limit"])

    return answer


def fund_loop_closed_by(n: int) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = []
        for last in s.out["TRANSFER", ("Account", p["src"])]:
            if last.id == p["tid"] and last.src != last.dst:
                for path in loops_from(s, {**p, "id": last.dst, "from_ts": float("-inf")}, n):
                    if path[-1] is last:
                        first = path[0].props
                        rows.append((*loop_ids(path), first["ts"], first["amount"], last.props["amount"]))
        return ordered(rows, (2 * n, *range(n, 2 * n)), p["limit"])

    return answer


def traces(s: Sight, p: Params, n: int, returns: bool) -> Iterator[tuple[list[Key], list[Edge]]]:
    for d in s.out["DISBURSED_TO", ("Loan", p["id"])]:
        yield from _trace(s, p, n, returns, d, [d.b], [])


def _trace(
    s: Sight, p: Params, n: int, returns: bool, d: Edge, nodes: list[Key], path: list[Edge]
) -> Iterator[tuple[list[Key], list[Edge]]]:
    if len(path) == n:
        yield nodes, path
        return
    for t in s.out["TRANSFER", nodes[-1]]:
        if path:
            fits = goes_on(t, path[-1], d.props["ts"], p)
        elif None in (d.props["ts"], d.props["amount"], t.props["ts"], t.props["amount"]):
            fits = False
        else:
            fits = d.props["ts"] <= t.props["ts"] <= d.props["ts"] + p["window"]
            fits = fits and t.props["amount"] >= d.props["amount"] * p["min_share"]
        back = returns and n > 1 and len(path) == n - 1 and t.b == nodes[0]
        if fits and (back or t.b not in nodes):
            yield from _trace(s, p, n, returns, d, [*nodes, t.b], [*path, t])


def _trace_row(nodes: list[Key], path: list[Edge]) -> tuple[Any, ...]:
    return (*(a[1] for a in nodes), *(t.id for t in path), path[-1].props["amount"])


def loan_trace(n: int) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = [_trace_row(*x) for x in traces(s, p, n, returns=False)]
        return ordered(rows, (*range(n + 1, 2 * n + 1), 0), p["limit"])

    return answer


def loan_return(n: int, owner: bool) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = set()
        for nodes, path in traces(s, p, n, returns=True):
            for applied in s.into["APPLIED_FOR", ("Loan", p["id"])]:
                borrower = applied.a
                holders = [e.a for e in s.into["OWNS", borrower]] if owner else [borrower]
                for holder in holders:
                    if any(e.b == nodes[-1] for e in s.out["OWNS", holder]):
                        parties = [borrower, holder] if owner else [borrower]
                        rows.add((*_trace_row(nodes, path), *(told for kind, id_ in parties for told in (id_, kind))))
        end = 2 * n + 2
        parties_at = range(end, end + (4 if owner else 2))
        return ordered(rows, (*range(n + 1, 2 * n + 1), 0, *parties_at), p["limit"])

    return answer


# ---- guarantees


def circles(s: Sight, n: int) -> Iterator[tuple[list[Key], list[Edge]]]:
    """Each circle once: it begins with the least of its guarantees."""

    def walk(nodes: list[Key], path: list[Edge]) -> Iterator[tuple[list[Key], list[Edge]]]:
        for e in s.out["GUARANTEES", nodes[-1]]:
            if path and e.id <= path[0].id:
                continue
            if len(path) == n - 1:
                if e.b == nodes[0]:
                    yield nodes, [*path, e]
            elif e.b not in nodes:
                yield from walk([*nodes, e.b], [*path, e])

    for start in {e.a for e in s.g.edges["GUARANTEES"]}:
        yield from walk([start], [])


def guarantee_circle(n: int) -> Twin:
    def answer(s: Sight, p: Params) -> Rows:
        rows = [
            (*(x[1] for x in nodes), *(x[0] for x in nodes), *(e.id for e in path)) for nodes, path in circles(s, n)
        ]
        return ordered(rows, range(2 * n, 3 * n), p["limit"])

    return answer
