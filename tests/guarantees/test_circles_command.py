"""``ringfence circles FILE`` on tables of other people: every format, type and order of rows gives every circle."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.cli.calling import call
from tests.loops.foreign import random_rows, write

Circle = tuple[str, ...]


def turned(circle: list[str]) -> Circle:
    at = circle.index(min(circle))
    return (*circle[at:], *circle[:at])


def test_any_table_gives_the_simple_cycles_of_networkx(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, out, some = np.random.default_rng(41), tmp_path / "o.parquet", 0
    for number in range(40):
        rows, longest = random_rows(rng, 40), int(rng.choice([2, 3, 8]))
        file = write(rows, tmp_path, rng)
        words = ["--src=from", "--dst=to", "--amount=sum", f"--max-length={longest}", "--json", f"--out={out}"]
        done = call(capsys, monkeypatch, "circles", file, *words)
        ends = [(str(s), str(d)) for s, d in zip(rows.src, rows.dst, strict=True) if None not in (s, d)]
        graph = nx.DiGraph([(s, d) for s, d in ends if s != d])
        want = Counter(turned(c) for c in nx.simple_cycles(graph, length_bound=longest))
        found: dict[int, list[str]] = {}
        table = pq.read_table(out)
        assert table.column_names == ["circle_id", "length", "position", "node"]
        for row in table.to_pylist():
            assert row["position"] == len(found.setdefault(row["circle_id"], []))
            found[row["circle_id"]].append(str(row["node"]))
        assert Counter(turned(c) for c in found.values()) == want, f"case {number}: {rows}"
        first = list(dict.fromkeys([*(s for s in rows.src if s is not None), *(d for d in rows.dst if d is not None)]))
        rank = {str(v): i for i, v in enumerate(first)}
        assert all(rank[c[0]] == min(rank[n] for n in c) for c in found.values())
        summary = json.loads(done.out)
        groups = [g for g in nx.strongly_connected_components(graph) if len(g) > 1]
        of = {n: i for i, g in enumerate(groups) for n in g}
        inside = sum(
            float(a)
            for s, d, a in zip(map(str, rows.src), map(str, rows.dst), rows.amount, strict=True)
            if a is not None and s != d and s in of and of.get(s) == of.get(d)
        )
        assert (summary["circles"], summary["groups"], summary["truncated"]) == (sum(want.values()), len(groups), 0)
        assert summary["amount_inside"] == pytest.approx(inside)
        assert (summary["rows_left_out"], done.code) == (len(rows.src) - len(ends), int(len(ends) < len(rows.src)))
        some += len(found)
    assert some > 100


def test_a_limit_ends_with_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "g.csv"
    file.write_text("src,dst\n" + "\n".join(f"{a},{b}" for a in range(7) for b in range(7) if a != b), "utf-8")
    done = call(capsys, monkeypatch, "circles", file, "--max-circles", "9", "--json")
    assert (done.code, json.loads(done.out)["circles"], json.loads(done.out)["truncated"]) == (1, 9, 1)
