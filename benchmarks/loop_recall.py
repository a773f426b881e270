"""What the loop engine, the flow view and the findings see of planted loops, and which honest structures they name.

    python -m benchmarks.loop_recall [--edges 50000] [--plants 50] [--seed 101 ...] [--findings-only]

Background: heavy-tailed transfers over 30 days between edges / 10 accounts. Planted, ``--plants`` of each kind, three
to six transfers within 72 hours unless said otherwise:

* plain: each step keeps 97 to 100 %; hubs: the same, one step through one of the 20 busiest accounts
* split: in three, merged in two with one part split again, back in two; decay .10, .11: each step loses exactly that
* wait 72 h and wait +1 ms: the whole loop lasts the window exactly, or a millisecond more

Honest: payroll (a firm pays 30 staff, who spend at 5 shops), pooling (a group of 5 accounts of one owner swept to its
head at night and funded in the morning), suppliers (two firms pay each other every few days, amounts of their own).

Prints shares, of several seeds their means. A loop is found when the search gives a loop of planted transfers alone; a
split, by the paths when any of its paths is found, by flows when at least 80 % of it is seen to return and 80 % of the
transfers was that money. An honest group counts as named when a finding that scores 0.5 or more holds only transfers of
the group.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.loops import DAY, HOUR, heavy
from graph.findings.fund_loops import LoopParams, find_fund_loops
from graph.loops.engine import LoopBounds, LoopEngine, LoopRule
from graph.loops.flow_kernel import S_ROW, Transfers
from graph.loops.flows import Attribution, FlowRule, find_returns
from graph.loops.table import most_at_once
from graph.model import landing_schemas
from graph.snapshot_build import build_snapshot

WINDOW = 72 * HOUR
Step = tuple[int, int, int, int]  # from, to, time, cents
Planted = dict[str, list[list[Step]]]


class Planter:
    """Makes structures over random accounts; ``owned`` collects accounts by owner."""

    def __init__(self, rng: np.random.Generator, accounts: int, hubs: Sequence[int]) -> None:
        self.rng, self.accounts, self.hubs, self.owned = rng, accounts, hubs, list[list[int]]()

    def people(self, n: int) -> list[int]:
        return self.rng.choice(self.accounts, n, replace=False).tolist()

    def loop(self, keep: tuple[float, float], span: int = 0, hub: bool = False) -> list[Step]:
        """A round trip; with ``span`` it lasts exactly that long."""
        n = int(self.rng.integers(3, 7))
        ring = self.people(n)
        if hub:
            ring[int(self.rng.integers(1, n))] = int(self.rng.choice(self.hubs))
        start, cents = int(self.rng.integers(0, 26 * DAY)), float(int(np.exp(self.rng.normal(11.5, 0.5))) * 100)
        until = span or int(self.rng.integers(6 * HOUR, 70 * HOUR))
        between = range(HOUR, until - HOUR, 7)
        ticks = [0, *sorted(between[i] for i in self.rng.choice(len(between), n - 2, replace=False)), until]
        steps = []
        for i, after in enumerate(ticks):
            steps.append((ring[i], ring[(i + 1) % n], start + int(after), round(cents)))
            cents *= self.rng.uniform(*keep)
            cents = float(np.ceil(cents)) if keep[0] == keep[1] else cents
        return steps

    def split(self) -> list[Step]:
        """In three, merged in two with one part split again, back in two: no path keeps its amount."""
        home, *others = self.people(6)
        start, cents = int(self.rng.integers(0, 26 * DAY)), int(np.exp(self.rng.normal(11.5, 0.5))) * 100
        parts = (np.array([0.3, 0.34, 0.36]) * cents).astype(int).tolist()
        at = np.sort(self.rng.integers(0, 60 * HOUR, 9)) + start + np.arange(9)
        sent = [int(p * 0.99) for p in parts]
        half = sent[2] // 2
        ways = [(home, o) for o in others[:3]] + [(o, others[3]) for o in others[:3]]
        ways += [(others[2], others[4]), (others[3], home), (others[4], home)]
        amounts = [*parts, sent[0], sent[1], half, half, int((sent[0] + sent[1] + half) * 0.99), int(half * 0.99)]
        return [(a, b, int(t), x) for (a, b), t, x in zip(ways, at, amounts, strict=True)]

    def payroll(self) -> list[Step]:
        firm, *people = self.people(36)
        staff, shops = people[:30], people[30:]
        steps = [(firm, s, 5 * DAY + i, int(self.rng.integers(4_000, 12_000)) * 100) for i, s in enumerate(staff)]
        for _ in range(200):
            worker, shop = int(self.rng.choice(staff)), int(self.rng.choice(shops))
            at = int(self.rng.integers(5 * DAY + HOUR, 29 * DAY))
            steps.append((worker, shop, at, int(self.rng.integers(20, 900)) * 100))
        return steps

    def pooling(self) -> list[Step]:
        head, *parts = group = self.people(5)
        self.owned.append(group)
        steps = []
        for day in range(1, 28):
            for i, part in enumerate(parts):
                sum_ = int(self.rng.integers(20_000, 90_000)) * 100
                steps.append((part, head, day * DAY + 22 * HOUR + i, sum_))
                steps.append((head, part, (day + 1) * DAY + 8 * HOUR + i, int(sum_ * self.rng.uniform(0.9, 1.1))))
        return steps

    def suppliers(self) -> list[Step]:
        a, b = self.people(2)
        ends = ((a, b), (b, a))
        return [
            (*ends[k % 2], int(self.rng.integers(0, 40 * DAY)), int(np.exp(self.rng.normal(9, 1)) * 100))
            for k in range(24)
        ]


def world(edges: int, plants: int, seed: int) -> tuple[list[npt.NDArray[np.int64]], dict[str, list[set[int]]], Planter]:
    """Columns in order of time (from, to, time, cents), rows of each planted structure, and the planter."""
    accounts = edges // 10
    src, dst, ts, amount = heavy(edges, accounts, seed)
    busiest = np.argsort(-(np.bincount(src, minlength=accounts) * np.bincount(dst, minlength=accounts)))[:20]
    p = Planter(np.random.default_rng(seed), accounts, busiest.tolist())
    made: Planted = {
        "plain": [p.loop((0.97, 1.0)) for _ in range(plants)],
        "hubs": [p.loop((0.97, 1.0), hub=True) for _ in range(plants)],
        "split": [p.split() for _ in range(plants)],
        "decay .10": [p.loop((0.9, 0.9)) for _ in range(plants)],
        "decay .11": [p.loop((0.89, 0.89)) for _ in range(plants)],
        "wait 72 h": [p.loop((0.97, 1.0), span=WINDOW) for _ in range(plants)],
        "wait +1 ms": [p.loop((0.97, 1.0), span=WINDOW + 1) for _ in range(plants)],
        "payroll": [p.payroll() for _ in range(max(plants // 5, 1))],
        "pooling": [p.pooling() for _ in range(max(plants // 5, 1))],
        "suppliers": [p.suppliers() for _ in range(plants)],
    }
    columns = [src.astype(np.int64), dst.astype(np.int64), ts, np.rint(amount * 100).astype(np.int64)]
    steps = [s for kind in made.values() for one in kind for s in one]
    columns = [np.concatenate([c, np.array(more)]) for c, more in zip(columns, zip(*steps, strict=True), strict=True)]
    order = np.argsort(columns[2], kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    at, rows = edges, dict[str, list[set[int]]]()
    for kind, ones in made.items():
        for one in ones:
            rows.setdefault(kind, []).append(set(place[at : at + len(one)].tolist()))
            at += len(one)
    return [c[order] for c in columns], rows, p


def of_paths(columns: list[npt.NDArray[np.int64]], rule: LoopRule, degree_cap: int) -> tuple[list[set[int]], int]:
    """Loops as sets of rows, and how many accounts were flagged."""
    engine = LoopEngine(rule, LoopBounds(most_at_once(columns[2], rule.window) + 1, degree_cap=degree_cap))
    src, dst, ts, cents = columns
    found = engine.push(src, dst, ts, cents.astype(np.float64), max_loops=2_000_000)
    return [set(p) for p in found], len(engine.cut_accounts())


def of_flows(
    columns: list[npt.NDArray[np.int64]], degree_cap: int, attribution: Attribution
) -> tuple[list[set[int]], int]:
    """Flows of which 80 % came back, nearly pure, as sets of rows."""
    src, dst, ts, cents = columns
    moves = Transfers(src.astype(np.int32), dst.astype(np.int32), ts, cents)
    rule = FlowRule(WINDOW, 10, degree_cap=degree_cap, attribution=attribution)
    found = find_returns(moves, int(max(src.max(), dst.max())) + 1, rule, most_at_once(ts, WINDOW) + 1)
    good = [r for r in found.found if r.share >= 0.8 and r.purity >= 0.8]
    return [set(r.steps[:, S_ROW].tolist()) for r in good], len(found.cut_accounts)


def of_findings(columns: list[npt.NDArray[np.int64]], planter: Planter) -> list[set[int]]:
    """Edges of fund-loop findings that score at least 0.5, with their owners known to the graph."""
    schemas = landing_schemas()
    src, dst, ts, cents = columns
    n = len(ts)
    ids = {"id": [f"t{i}" for i in range(n)], "src": [f"a{i}" for i in src], "dst": [f"a{i}" for i in dst]}
    rows: dict[str, dict[str, object]] = {
        "TRANSFER": {**ids, "ts": ts, "amount": cents, "currency": ["CNY"] * n, "kinds": "Account"},
        "OWNS": {
            "id": [f"o{a}" for group in planter.owned for a in group],
            "src": [f"owner{i}" for i, group in enumerate(planter.owned) for _ in group],
            "dst": [f"a{a}" for group in planter.owned for a in group],
            "kinds": "Company",
        },
    }

    def table(name: str) -> pa.Table:
        schema, given = schemas[name], rows.get(name, {"id": []})
        size = len(given["id"])  # type: ignore[arg-type]  # a column
        fixed = {"src_kind": [given.get("kinds", "")] * size, "dst_kind": ["Account"] * size}
        fixed |= {"updated_ts": [0] * size, "known_ts": [0] * size}
        every = {**fixed, **given}
        return pa.table({f.name: pa.array(every.get(f.name, [None] * size), f.type) for f in schema}, schema=schema)

    found = find_fund_loops(build_snapshot(table, 41 * DAY), LoopParams(max_length=10))
    return [{int(e.id[1:]) for e in f.edges} for f in found if f.score >= 0.5 and f.edges]


def shares(planted: dict[str, list[set[int]]], found: list[set[int]]) -> dict[str, float]:
    """Of each kind, the share of structures of which something found holds only their own transfers."""
    of_row: dict[int, tuple[str, int]] = {}
    for kind, ones in planted.items():
        for i, rows in enumerate(ones):
            of_row |= dict.fromkeys(rows, (kind, i))
    seen = {next(iter(owners)) for rows in found if len(owners := {of_row.get(r) for r in rows}) == 1}
    return {
        kind: round(sum((kind, i) in seen for i in range(len(ones))) / len(ones), 3) for kind, ones in planted.items()
    }


def measure(edges: int, plants: int, seed: int, findings_only: bool) -> Iterator[tuple[str, dict[str, float]]]:
    """Each way of looking, with what it saw."""
    columns, planted, planter = world(edges, plants, seed)
    if not findings_only:
        yield from _searches(columns, planted)
    found = of_findings(columns, planter)
    yield "findings of 0.5 and more", {**shares(planted, found), "all": len(found)}


def _searches(
    columns: list[npt.NDArray[np.int64]], planted: dict[str, list[set[int]]]
) -> Iterator[tuple[str, dict[str, float]]]:
    amounts, plain = LoopRule(WINDOW, 10, 0.1, 0.01), LoopRule(WINDOW, 10)
    for name, rule, cap in (
        ("paths", plain, 0),
        ("paths, cap 100", plain, 100),
        ("paths, cap 30", plain, 30),
        ("paths, amount rule", amounts, 0),
        ("paths, amount rule, cap 100", amounts, 100),
        ("paths, amount rule, cap 30", amounts, 30),
    ):
        found, flagged = of_paths(columns, rule, cap)
        yield name, {**shares(planted, found), "all": len(found), "flagged": flagged}
    ways: tuple[tuple[str, int, Attribution], ...] = (
        ("flows", 0, "fifo"),
        ("flows, cap 30", 30, "fifo"),
        ("flows, homeward", 0, "homeward"),
        ("flows, homeward, cap 30", 30, "homeward"),
    )
    for name, cap, attribution in ways:
        found, flagged = of_flows(columns, cap, attribution)
        yield name, {**shares(planted, found), "all": len(found), "flagged": flagged}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=50_000)
    parser.add_argument("--plants", type=int, default=50)
    parser.add_argument("--seed", type=int, nargs="+", default=[101])
    parser.add_argument("--findings-only", action="store_true")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    began = time.process_time()
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in args.seed:
        for name, row in measure(args.edges, args.plants, seed, args.findings_only):
            rows.setdefault(name, []).append(row)
    kinds = list(next(iter(rows.values()))[0])
    if not args.json:
        print(f"|  | {' | '.join(kinds)} |\n| --- |{' ---: |' * len(kinds)}")
    for name, of_seeds in rows.items():
        means = {k: round(sum(r[k] for r in of_seeds) / len(of_seeds), 3) for k in of_seeds[0]}
        if args.json:
            print(json.dumps({"way": name, **means}))
        else:
            print(f"| {name} | {' | '.join(f'{means[k]:g}' if k in means else '' for k in kinds)} |")
    seeds = ", ".join(map(str, args.seed))
    print(f"\n{args.edges:,} transfers, seeds {seeds}, {time.process_time() - began:.0f} cpu s", file=sys.stderr)


if __name__ == "__main__":
    main()
