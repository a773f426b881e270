"""How well rings are named, on order tables nobody tuned on: ``python -m benchmarks.ring_quality --orders 100000``.

F1 over ring buyers of everything named fake orders (score >= graph.rings.score.FAKE_ORDERS, fixed beforehand); the same
with each ring matched once, to the named group that holds most of it; the average precision of the ranking of groups;
and of each honest crowd, the share of its people in a group named fake orders. ``--rows other`` has crowds of kinds
that nothing was ever set by.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.ring_worlds import CROWDS, HELD_OUT, KINDS, OrderWorld, Plan, order_world
from graph.rings.distinct import distinct
from graph.rings.group import Group
from graph.rings.groups import mine_groups
from graph.rings.params import RingParams
from graph.rings.score import FAKE_ORDERS, judge
from graph.rings.signals import SignalReader

SEEN_SEEDS = (*range(9), *range(11, 16))
"""Seeds looked at while the signs were set."""

HELD_OUT_SEEDS = (201, 202, 203, 204, 205)
ROWS: dict[str, dict[str, object]] = {
    **{f"camouflage {c}, identity {s}": {"camouflage": c, "share": s} for c in (0, 1, 3) for s in (0.5, 1.0)},
    "small rings": {"size": "small"},
    "large rings": {"size": "large"},
    "thin rings": {"thin": True},
    "taste communities": {"taste": 0.5},
    "camouflage 1, nothing known": {"share": 0.0},
    "camouflage 3, nothing known": {"share": 0.0, "camouflage": 3},
    "nothing known, no bursts": {"share": 0.0, "burst": 0.0},
    "camouflage 1, money known": {"share": 0.0, "money": True},
    "camouflage 3, money known": {"share": 0.0, "camouflage": 3, "money": True},
    "other crowds, identity 0.5": {"crowds": HELD_OUT},
    "other crowds, money known": {"crowds": HELD_OUT, "share": 0.0, "money": True},
}


def measure(world: OrderWorld) -> dict[str, float]:
    """The figures of one table."""
    start = time.process_time()
    params = RingParams()
    mined = mine_groups(world.book, params)
    reader = SignalReader(mined, params)
    scores = [judge(reader.read(g)).score for g in mined.groups]
    kept = distinct(mined.groups, scores, world.book.n_buyers)
    cpu = time.process_time() - start
    fake = world.buyer_ring >= 0
    named = np.zeros(len(fake), np.bool_)
    matched: dict[int, tuple[int, int]] = {}
    for i in kept:
        if scores[i] < FAKE_ORDERS:
            continue
        buyers = mined.groups[i].buyers
        named[buyers] = True
        rings = world.buyer_ring[buyers]
        rings = rings[rings >= 0]
        if len(rings):
            ring = int(np.bincount(rings).argmax())
            hits = int((rings == ring).sum())
            matched[ring] = max(matched.get(ring, (0, 0)), (hits, i))
    hits = sum(h for h, _ in matched.values())
    result = {
        "F1": _f1(int((named & fake).sum()), int(named.sum()), int(fake.sum())),
        "F1 matched": _f1(hits, int(named.sum()), int(fake.sum())),
        "P": float((named & fake).sum() / max(named.sum(), 1)),
        "R": float((named & fake).sum() / fake.sum()),
        "AP": _average_precision(mined.groups, scores, kept, world),
        "cpu": cpu,
    }
    for k, crowd in enumerate(KINDS):
        people = world.crowd == k
        if people.any():
            result[crowd] = float(named[people].mean())
    return result


def _f1(hits: int, named: int, true: int) -> float:
    return 2 * hits / max(named + true, 1)


def _average_precision(groups: list[Group], scores: list[float], kept: list[int], world: OrderWorld) -> float:
    """Over buyers in the order of their group's score; buyers in no group come last and never count as found."""
    fake, seen, hits, total, area = world.buyer_ring >= 0, np.zeros(world.book.n_buyers, np.bool_), 0, 0, 0.0
    for i in sorted(kept, key=lambda i: -scores[i]):
        fresh = groups[i].buyers[~seen[groups[i].buyers]]
        seen[fresh] = True
        new = int(fake[fresh].sum())
        hits, total = hits + new, total + len(fresh)
        area += new * hits / max(total, 1)
    return area / int(fake.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(HELD_OUT_SEEDS))
    parser.add_argument(
        "--rows", default="", help="only rows whose name contains this; other: crowds of kinds never looked at"
    )
    args = parser.parse_args()
    measure(order_world(Plan(20_000, 999)))  # compile
    heads = ["F1", "F1 matched", "P", "R", "AP", *(HELD_OUT if args.rows.startswith("other") else CROWDS), "cpu"]
    print(f"{args.orders:,} honest orders, seeds {args.seeds}, named from a score of {FAKE_ORDERS}")
    print("| " + " | ".join(["", *heads]) + " |")
    print("| --- " * (len(heads) + 1) + "|")
    for name, change in ROWS.items():
        if args.rows in name and (args.rows.startswith("other") or not name.startswith("other")):
            runs = [measure(order_world(Plan(args.orders, seed, **change))) for seed in args.seeds]  # type: ignore[arg-type]  # rows of Plan fields
            means = [np.mean([r[h] for r in runs if h in r]) if any(h in r for r in runs) else np.nan for h in heads]
            print("| " + " | ".join([name, *(f"{v:.3f}" for v in means)]) + " |", flush=True)


if __name__ == "__main__":
    main()
