"""``ringfence loops FILE`` on tables of other people: every format, type and order of rows gives the exact answer."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.loops.engine import LoopRule
from tests.cli.calling import call
from tests.loops.brute import brute_loops
from tests.loops.brute_flows import brute_returns
from tests.loops.foreign import NAMED, Rows, random_rows, write


def want(rows: Rows, rule: LoopRule) -> list[tuple[int, ...]]:
    """What trying all paths gives, as rows of the file."""
    at = rows.known(False)
    number = {str(v): i for i, v in enumerate(dict.fromkeys([*rows.src, *rows.dst]))}
    amounts = [float("nan") if (a := rows.amount[i]) is None else float(a) for i in at]
    ends = ([number[str(column[i])] for i in at] for column in (rows.src, rows.dst))
    return sorted(tuple(at[k] for k in p) for p in brute_loops(*ends, [rows.ts[i] or 0 for i in at], amounts, rule))


@pytest.mark.parametrize("part", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_any_table_gives_the_loops_of_trying_all_paths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    rng, out, some = np.random.default_rng(700 + part), tmp_path / "o.parquet", 0
    for number in range(40):
        rows = random_rows(rng)
        by_amount = bool(rng.integers(2))
        rule = LoopRule(
            int(rng.integers(0, 40)),
            int(rng.choice([2, 3, 5, 10, 64])),
            float(rng.choice([0.0, 0.05, 0.1])) if by_amount else None,
            float(rng.choice([0.0, 0.01])) if by_amount else 0.0,
            "order" if rng.integers(2) else "strict",
        )
        words = [f"--window={rule.window}{rows.unit}", f"--max-length={rule.max_length}", f"--time-unit={rows.unit}"]
        words += [f"--ties={rule.ties}"]
        words += [f"--decay={rule.decay}", f"--growth={rule.growth}"] if by_amount else []
        file = write(rows, tmp_path, rng)
        done = call(capsys, monkeypatch, "loops", file, *NAMED, *words, "--out", out, "--json")
        expected, about = want(rows, rule), f"part {part}, case {number}: {rows}, {rule}, {file.suffix}"
        summary = json.loads(done.out)
        table = pq.read_table(out)
        found: dict[int, list[int]] = {}
        for loop, position, row in zip(*(table[n].to_pylist() for n in ("loop_id", "position", "row")), strict=True):
            assert position == len(found.setdefault(loop, [])), about
            found[loop].append(row)
        assert sorted(map(tuple, found.values())) == expected, about
        assert sorted(found) == list(range(len(found))), about
        lengths = {str(k): n for k, n in Counter(map(len, expected)).items()}
        left_out = len(rows.src) - len(rows.known(False))
        assert (summary["edges"], summary["loops"], summary["by_length"], summary["truncated_edges"]) == (
            len(rows.src),
            len(expected),
            lengths,
            0,
        ), about
        assert {"edges", "loops", "by_length", "truncated_edges", "seconds"} <= set(summary)
        assert (summary["rows_left_out"], done.code) == (left_out, int(left_out > 0)), about
        given = table["row"].to_pylist()
        assert [str(v) for v in table["src"].to_pylist()] == [str(rows.src[r]) for r in given], about
        assert [str(v) for v in table["dst"].to_pylist()] == [str(rows.dst[r]) for r in given], about
        some += len(expected)
    assert some > 50


def test_the_flow_view_of_any_table_is_what_following_every_cent_gives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, out, some = np.random.default_rng(33), tmp_path / "o.parquet", 0
    for number in range(30):
        rows = random_rows(rng, 20)
        rows = Rows(
            rows.src,
            rows.dst,
            rows.ts,
            [a if a is None else (a * 10).quantize(type(a)(1)) / 100 for a in rows.amount],
            rows.unit,
        )
        rule = LoopRule(int(rng.integers(1, 40)), int(rng.choice([2, 3, 5])), ties="order" if number % 2 else "strict")
        words = [f"--window={rule.window}{rows.unit}", f"--max-length={rule.max_length}", f"--time-unit={rows.unit}"]
        file = write(rows, tmp_path, rng)
        words += [f"--ties={rule.ties}", "--flows", "--json", "--out", str(out)]
        done = call(capsys, monkeypatch, "loops", file, *NAMED, *words)
        at = sorted(rows.known(True), key=lambda i: (rows.ts[i], i))
        names = {str(v): i for i, v in enumerate(dict.fromkeys([*rows.src, *rows.dst]))}
        ends = ([names[str(column[i])] for i in at] for column in (rows.src, rows.dst))
        cents = [int((rows.amount[i] or 0) * 100) for i in at]
        back = brute_returns(*ends, [rows.ts[i] or 0 for i in at], cents, rule)
        summary = json.loads(done.out)
        assert summary["returned"] == pytest.approx(sum(back.values()) / 100), f"case {number}: {rows}, {rule}"
        assert summary["left"] == pytest.approx(sum(cents[d] for d in back) / 100)
        assert done.code == int(len(at) < len(rows.src))
        accounts = Counter[str]()
        for row in pq.read_table(out).to_pylist():
            accounts[str(row["account"])] += row["position"] == 0
        assert set(accounts) == {str(rows.src[at[d]]) for d in back}
        some += len(back)
    assert some > 15


def test_borders_of_the_amount_rule_are_inside_also_where_doubles_are_not_exact(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "t.csv"
    sums = ["100", "90", "81", "72.9", "65.61"]
    for last, loops in (("65.61", 1), ("65.60", 0)):
        sums[-1] = last
        lines = [f"{k},{(k + 1) % 5},{k},{s}" for k, s in enumerate(sums)]
        file.write_text("\n".join(["src,dst,ts,amount", *lines]), "utf-8")
        done = call(capsys, monkeypatch, "loops", file, "--decay", "0.1", "--json")
        assert (done.code, json.loads(done.out)["loops"]) == (0, loops)


def test_what_a_limit_cut_is_counted_and_ends_with_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 60
    star = [f"hub,a{i},{i},5" for i in range(n)] + [f"a{i},hub,{n + i},5" for i in range(n)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["src,dst,ts,amount", *star]), "utf-8")
    whole = call(capsys, monkeypatch, "loops", file, "--json")
    assert (whole.code, json.loads(whole.out)["loops"]) == (0, n)
    for words in (["--degree-cap", "10"], ["--max-loops", "5"]):
        done = call(capsys, monkeypatch, "loops", file, *words, "--json")
        summary = json.loads(done.out)
        assert summary["truncated_edges"] > 0, words
        assert (done.code, summary["loops"] < n) == (1, True), words
    ring = [f"{k},{(k + 1) % 8},{k},5" for k in range(8)]
    file.write_text("\n".join(["src,dst,ts,amount", *ring]), "utf-8")
    for budget, loops in ((2, 0), (64, 1)):
        done = call(capsys, monkeypatch, "loops", file, "--budget", budget, "--json")
        summary = json.loads(done.out)
        assert (done.code, summary["loops"], summary["truncated_edges"] > 0) == (1 - loops, loops, not loops)


def test_two_accounts_with_thousands_of_transfers_each_way_are_listed_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 6_000
    table = pa.table({"src": [1] * n + [2], "dst": [2] * n + [1], "ts": [*range(n), n]})
    pq.write_table(table, tmp_path / "t.parquet")
    done = call(capsys, monkeypatch, "loops", tmp_path / "t.parquet", "--json")
    assert (done.code, json.loads(done.out)["loops"]) == (0, n)
