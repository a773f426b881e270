"""``ringfence trace``: every cent of a loan in one place, and FinBench's own question, equal to trying all paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from graph.findings.loan_money import PLACES
from graph.findings.loan_report import not_followed, report_loan
from graph.proceeds.finbench import FinBenchRule, Order, Upstream, finbench_trace
from graph.proceeds.tracer import TraceRule
from graph.snapshot import Snapshot
from graph.snapshot_files import publish, save_snapshot
from jobs.home import Home
from tests.cli.calling import call
from tests.graph.small_world import Rows, edge, snapshot
from tests.proceeds.test_loan_traces import CNY, DAY, transfer, world

RULES = (TraceRule("fifo"), TraceRule("proportional"), TraceRule("fifo", max_hops=1), TraceRule(max_accounts=1))


@pytest.mark.parametrize("rule", RULES)
def test_places_flows_and_what_lies_there_all_add_up_to_what_was_paid_out(rule: TraceRule) -> None:
    pairs = (("A", "S"), ("S", "B"), ("A", "D"), ("A", "C"), ("S", "V"), ("V", "W"), ("A", "B"), ("W", "A"))
    rows = world([transfer(f"t{i}", a, b, 2 + i, 17_777 + 31 * i) for i, (a, b) in enumerate(pairs)])
    rows["DISBURSED_TO"].append(edge("d2", "Loan:L", "Account:A", ts=4 * DAY, amount=33_333, **CNY))
    (report,) = report_loan(snapshot(rows, 60 * DAY), 0, rule)
    assert report.disbursed == 133_333 == sum(report.places.values())
    assert [p.amount for p in report.parts] == [100_000, 33_333]
    for part in report.parts:
        assert tuple(part.places) == PLACES
        assert sum(part.places.values()) == part.amount
        ended = dict.fromkeys(PLACES, 0)
        for flow in part.flows:
            if flow.place is not None:
                ended[flow.place] += flow.amount
        for lying in part.held:
            ended[lying.place] += lying.amount
        assert ended == part.places
    assert report.complete == (rule.max_accounts > 1)


def test_a_loan_of_which_nothing_came_home_is_told_too() -> None:
    rows = world([transfer("t1", "A", "V", 2, 40_000)])
    rows["DISBURSED_TO"].append(edge("d2", "Loan:L", "Account:A", ts=None, amount=5, **CNY))
    held = snapshot(rows, 60 * DAY)
    (report,) = report_loan(held, 0, TraceRule())
    assert report.text_en == "Nothing of the loan of 1,000 CNY came home; 40 % left to others; 60 % is still there."
    assert report.text_zh == "1,000 CNY 贷款中没有资金回流；40 % 流向其他账户；60 % 仍在账户中。"
    assert not_followed(held, 0) == 1


def brute_finbench(held: Snapshot, rule: FinBenchRule) -> list[tuple[str, float, int]]:
    """All paths of one to three edges, each edge over ``threshold`` times the one before it."""
    loan = held.nodes["Loan"]
    paid, moved = held.relation("Loan", "DISBURSED_TO", "Account"), held.relation("Account", "TRANSFER", "Account")

    def kept(relation: object, node: int) -> list[tuple[int, int, int]]:
        table = relation.table.to_pylist()  # type: ignore[attr-defined]  # a relation
        inside = [(i, r["dst"], r["amount"]) for i, r in enumerate(table) if r["src"] == node]
        inside = [e for e in inside if rule.start < table[e[0]]["ts"] < rule.end]
        inside.sort(key=lambda e: (table[e[0]]["ts"] * (1 if rule.order == "asc" else -1), e[0]))
        return inside[: rule.limit or None]

    paths: list[tuple[tuple[object, ...], tuple[int, int, int]]] = [
        ((e,), e) for _, account, _ in kept(paid, 0) for e in kept(moved, account)
    ]
    found: dict[int, tuple[dict[int, int], list[int]]] = {}
    for _ in range(3):
        for path, (e, to, amount) in paths:
            edges, lengths = found.setdefault(to, ({}, []))
            edges[e] = amount
            lengths.append(len(path) + 1)
        paths = [
            ((*p, f), f) for p, e in paths for f in kept(moved, e[1]) if f not in p and f[2] > rule.threshold * e[2]
        ]
    whole = int(loan.int64("amount")[0])
    names = held.nodes["Account"]
    rows = [
        (names.id(to), int(sum(edges.values()) * 1000 / whole + 0.5) / 1000, min(lengths))
        for to, (edges, lengths) in found.items()
    ]
    return sorted(rows, key=lambda r: (-r[2], -r[1], r[0]))


def brute_by_account(rows: Rows, rule: FinBenchRule) -> list[tuple[object, ...]]:
    """The same question with the account as upstream, step by step from plain rows.

    An edge is followed when it is over the threshold times all that flowed into its source on the step before.
    """

    def kept(kind: str, source: object) -> list[Mapping[str, object]]:
        inside = [r for r in rows[kind] if r["src"] == source and rule.start < int(str(r["ts"])) < rule.end]
        # A tie goes by id, which is the order of a snapshot.
        inside.sort(key=lambda r: (int(str(r["ts"])) * (1 if rule.order == "asc" else -1), r["id"]))
        return inside[: rule.limit or None]

    wave, into, distance = kept("DISBURSED_TO", "L"), dict[object, dict[object, int]](), dict[object, int]()
    for step in (2, 3, 4):
        inflow: dict[object, int] = {}
        for row in wave:
            inflow[row["dst"]] = inflow.get(row["dst"], 0) + int(str(row["amount"]))
        over = {a: Fraction(rule.threshold) * amount for a, amount in inflow.items()}
        wave = [r for a in inflow for r in kept("TRANSFER", a) if int(str(r["amount"])) > over[a]]
        for row in wave:
            into.setdefault(row["dst"], {})[row["id"]] = int(str(row["amount"]))
            distance.setdefault(row["dst"], step)
    answer = [(a, int(sum(e.values()) * 1000 / 128 + 0.5) / 1000, distance[a]) for a, e in into.items()]
    return sorted(answer, key=lambda r: (-r[2], -r[1], str(r[0])))


def random_loan(rng: np.random.Generator) -> Rows:
    """A loan of 128 paid out in two parts, and fourteen transfers among six accounts."""
    ends = rng.integers(0, (6, 6, 9, 90), (14, 4)).tolist()
    return {
        "Loan": [{"id": "L", "ts": 0, "amount": 128, **CNY}],
        "DISBURSED_TO": [
            edge(f"d{i}", "Loan:L", f"Account:A{i}", ts=int(t) * DAY, amount=64, **CNY)
            for i, t in enumerate(rng.integers(0, 6, 2))
        ],
        "TRANSFER": [transfer(f"t{i:02}", f"A{a}", f"A{b}", d, x) for i, (a, b, d, x) in enumerate(ends)],
    }


@pytest.mark.parametrize("upstream", ["edge", "account"])
def test_finbench_equals_trying_everything(upstream: Upstream) -> None:
    rng = np.random.default_rng(5)
    some = 0
    for number in range(60):
        rows = random_loan(rng)
        held = snapshot(rows, 60 * DAY)
        order: Order = "asc" if number % 2 else "desc"
        rule = FinBenchRule(DAY, 8 * DAY, (0.0, 0.5, 1.0)[number % 3], (0, 2)[number // 2 % 2], order, upstream)
        answer = [(r.account, r.ratio, r.distance) for r in finbench_trace(held, 0, rule).rows]
        assert answer == (brute_finbench(held, rule) if upstream == "edge" else brute_by_account(rows, rule))
        some += len(answer)
    assert some > 60


def test_finbench_with_the_account_as_upstream_compares_with_all_that_flowed_in() -> None:
    rows = {
        "Loan": [{"id": "L", "ts": 0, "amount": 100, **CNY}],
        "DISBURSED_TO": [
            edge("d1", "Loan:L", "Account:A", ts=DAY, amount=60, **CNY),
            edge("d2", "Loan:L", "Account:A", ts=DAY, amount=40, **CNY),
        ],
        "TRANSFER": [
            transfer("t1", "A", "B", 2, 51),
            transfer("t2", "A", "C", 3, 50),
            transfer("t3", "B", "D", 1.5, 26),
        ],
    }
    held = snapshot(rows, 60 * DAY)
    rule = FinBenchRule(0, 9 * DAY, 0.5)
    found = finbench_trace(held, 0, rule)
    assert [(r.account, r.ratio, r.distance) for r in found.rows] == [("D", 0.26, 3), ("B", 0.51, 2)]
    first = finbench_trace(held, 0, replace(rule, limit=1, order="asc"))
    assert [r.account for r in first.rows] == ["B", "D"][::-1]
    assert first.truncated == 2
    assert finbench_trace(held, 0, replace(rule, start=DAY)).rows == ()


def test_finbench_needs_an_amount_and_a_window() -> None:
    with pytest.raises(ValueError, match="begin before"):
        FinBenchRule(2, 2)
    held = snapshot({"Loan": [{"id": "L", "ts": 0}]}, 60 * DAY)
    with pytest.raises(ValueError, match="no amount"):
        finbench_trace(held, 0, FinBenchRule(0, 1))


def test_the_command_asks_finbenchs_question_of_the_published_snapshot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    loan: list[dict[str, object]] = [{"id": "L", "ts": 0, "amount": 100_000, **CNY}]
    rows = world([transfer("t1", "A", "S", 2, 60_000), transfer("t2", "S", "B", 3, 30_000)], Loan=loan)
    held = snapshot(rows, 60 * DAY)
    home = Home(tmp_path)
    save_snapshot(held, home.snapshots / "v1", {}, {})
    publish(home.snapshots, "v1")
    words = ("--home", tmp_path, "trace", "L", "--finbench", "--json", "--start", "0", "--end", str(9 * DAY))
    done = call(capsys, monkeypatch, *words, "--threshold", "0.4")
    assert (done.code, done.err) == (0, "")
    found = [(r["account"], r["ratio"], r["distance"]) for r in json.loads(done.out)["rows"]]
    assert found == [("B", 0.3, 3), ("S", 0.6, 2)]
    over = call(capsys, monkeypatch, *words, "--threshold", "0.5")
    assert [r["account"] for r in json.loads(over.out)["rows"]] == ["S"]
    for wrong in (words[:-2], (*words[:3], "nobody", *words[4:])):
        assert call(capsys, monkeypatch, *wrong).code == 2
