"""The flow view: equal to following every cent, conserved, and it sees money that is split and merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from graph.loops.engine import LoopRule
from graph.loops.flow_kernel import S_AMOUNT, S_ROW, Transfers
from graph.loops.flow_table import flows_of_table
from graph.loops.flows import Attribution, FlowRule, Returns, find_returns
from graph.loops.table import LoopTableOptions
from graph.table_columns import TableError
from jobs.loops_file import run_loops
from tests.loops.brute_flows import brute_returns

Ints = npt.NDArray[np.int64]


def run(columns: Sequence[Ints], rule: LoopRule, attribution: Attribution = "fifo") -> Returns:
    src, dst, ts, amount = columns
    moves = Transfers(src.astype(np.int32), dst.astype(np.int32), ts.astype(np.int64), amount.astype(np.int64))
    return find_returns(moves, 8, FlowRule(rule.window, rule.max_length, rule.ties, attribution=attribution), len(ts))


def lists(columns: Sequence[Ints]) -> tuple[list[int], list[int], list[int], list[int]]:
    src, dst, ts, amount = (c.tolist() for c in columns)
    return src, dst, ts, amount


def random_transfers(rng: np.random.Generator, number: int) -> tuple[list[Ints], LoopRule]:
    n, accounts = int(rng.integers(2, 24)), int(rng.integers(2, 7))
    ts = np.sort(rng.integers(0, int(rng.integers(3, 40)), n))
    rule = LoopRule(int(rng.integers(1, 30)), int(rng.integers(2, 6)), ties="order" if number % 2 else "strict")
    return [rng.integers(0, accounts, n), rng.integers(0, accounts, n), ts, rng.integers(1, 12, n)], rule


@pytest.mark.parametrize("attribution", ["fifo", "homeward"])
def test_what_returns_of_each_departure_is_what_following_every_cent_gives(attribution: Attribution) -> None:
    rng = np.random.default_rng(20261122)
    some = 0
    for number in range(250):
        columns, rule = random_transfers(rng, number)
        _, dst, _, amount = columns
        found = run(columns, rule, attribution)
        want = brute_returns(*lists(columns), rule, attribution == "homeward")
        assert sum(r.returned for r in found.found) == sum(want.values()), f"case {number}: {columns}, {rule}"
        assert sum(r.left for r in found.found) == sum(int(amount[d]) for d in want), f"case {number}"
        assert not any(found.cuts.values())
        for r in found.found:
            home = [s for s in r.steps.tolist() if dst[s[S_ROW]] == r.account]
            assert sum(s[S_AMOUNT] for s in home) == r.returned <= r.left
            carried: Counter[int] = Counter()
            for s in r.steps.tolist():
                carried[s[S_ROW]] += s[S_AMOUNT]
            assert all(x <= amount[row] for row, x in carried.items())
        some += len(want)
    assert some > 250


def test_the_comparison_can_fail() -> None:
    columns = [np.array(c) for c in ([0, 1], [1, 0], [1, 2], [10, 8])]
    assert brute_returns(*lists(columns), LoopRule(9)) == {0: 8}
    columns[3][1] = 7
    assert run(columns, LoopRule(9)).found[0].returned == 7


def test_an_account_that_pays_others_in_between_hides_the_way_from_first_in_first_out_alone() -> None:
    rows = [(0, 1, 1, 50), (0, 2, 1, 50), (1, 5, 2, 40), (1, 3, 3, 50), (2, 3, 4, 50), (3, 0, 5, 100)]
    for attribution, back in (("fifo", 60), ("homeward", 100)):
        (found,) = run(list(np.array(rows).T), LoopRule(10, 3), attribution).found  # type: ignore[arg-type]  # one of the two
        assert (found.account, found.left, found.returned) == (0, 100, back)


def test_money_split_in_three_and_merged_in_two_comes_back_whole() -> None:
    rows = [(0, 1, 1, 30), (0, 2, 1, 30), (0, 3, 1, 40), (1, 4, 2, 30), (2, 4, 3, 30), (3, 5, 3, 40)]
    rows += [(4, 0, 4, 60), (5, 0, 5, 40)]
    (found,) = run(list(np.array(rows).T), LoopRule(10, 3)).found
    assert (found.account, found.left, found.returned, found.hops) == (0, 100, 100, 3)
    assert sorted(found.steps[:, S_AMOUNT].tolist()) == [30] * 6 + [40] * 3
    assert run(list(np.array(rows).T), LoopRule(10, 2)).found == []


def test_a_limit_that_is_reached_is_counted_with_the_account() -> None:
    columns = [np.array(c) for c in ([0, 1, 0, 1], [1, 0, 1, 0], [1, 2, 3, 4], [10, 8, 5, 5])]
    moves = Transfers(columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2], columns[3])
    cut = find_returns(moves, 2, FlowRule(9, max_events=3), 4)
    assert ([r.account for r in cut.found], cut.cuts["events"], cut.cut_accounts) == ([1], 1, frozenset({0}))
    few = find_returns(moves, 2, FlowRule(9, max_steps=1), 4)
    assert few.cuts["lots"] > 0


def test_a_table_gives_its_own_rows_ids_and_amounts(tmp_path: Path) -> None:
    lines = [
        "8,d,a,40.00,r0",
        "1,a,b,60.5,r1",
        "1,a,c,39.5,r2",
        "3,b,d,60.50,r3",
        "9,d,a,50,r4",
        "4,,a,1,r5",
        "5,a,b,-1,r6",
    ]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["ts,src,dst,amount,id", *lines]), "utf-8")
    options = LoopTableOptions(window="10ms", id="id")
    summary = run_loops(file, tmp_path / "o.parquet", options, flows=True)
    assert [summary[n] for n in ("edges", "flows", "accounts", "left", "returned")] == [7, 1, 1, 60.5, 60.5]
    assert summary["rows_left_out"] == 2
    found = pq.read_table(tmp_path / "o.parquet").to_pylist()
    assert [(r["row"], r["id"], r["hop"], r["carried"]) for r in found] == [
        (1, "r1", 1, 60.5),
        (3, "r3", 2, 60.5),
        (0, "r0", 3, 40.0),
        (4, "r4", 3, 20.5),
    ]
    assert found[3]["amount"] == "50"
    assert {(r["flow_id"], r["account"], r["left"], r["returned"], r["share"]) for r in found} == {
        (0, "a", 60.5, 60.5, 1.0)
    }


def test_a_table_needs_amounts_and_may_be_empty() -> None:
    none = pa.table({n: pa.array([], pa.int64()) for n in ("src", "dst", "ts", "amount")})
    steps, summary = flows_of_table(none, LoopTableOptions())
    assert (steps.num_rows, summary["flows"]) == (0, 0)
    with pytest.raises(TableError, match="'amount'"):
        flows_of_table(none.drop(["amount"]), LoopTableOptions())


@pytest.mark.parametrize(("row", "code"), [("3,b,a,5", 0), ("3,,a,5", 1), ("soon,b,a,5", 2)])
def test_the_exit_code_says_whether_the_answer_is_the_whole_one(tmp_path: Path, row: str, code: int) -> None:
    file = tmp_path / "t.csv"
    file.write_text(f"ts,src,dst,amount\n1,a,b,5\n{row}\n", "utf-8")
    for more in ([], ["--flows"]):
        done = CliRunner().invoke(app, ["loops", str(file), "--json", *more])
        assert (2 if isinstance(done.exception, TableError) else done.exit_code) == code
