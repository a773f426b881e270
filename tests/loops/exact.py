"""The loop engine against trying all paths, on as many random multigraphs as wanted:

    python -m tests.loops.exact --graphs 100000 [--seed 20261122]

Each graph has ties, parallel transfers and transfers to oneself; the amount rule and the rule of ties take turns. The
engine gets it in one batch, as a stream and shuffled, some of them saved and restored on the way.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import numpy.typing as npt

from graph.loops.engine import LoopBounds, LoopEngine
from tests.loops.brute import brute_loops
from tests.loops.graphs import Case, random_case

ROOMY = LoopBounds(capacity=64, budget=1 << 13, loops_per_edge=1 << 9, lateness=200)
Loop = tuple[int, ...]


def push(engine: LoopEngine, case: Case, at: npt.NDArray[np.int64]) -> list[Loop]:
    return list(engine.push(case.src[at], case.dst[at], case.ts[at], case.amount[at], at, at))


def in_one_batch(case: Case) -> list[Loop]:
    engine = LoopEngine(case.rule, ROOMY)
    found = push(engine, case, np.argsort(case.ts, kind="stable"))
    assert engine.complete
    return sorted(found)


def as_a_stream(case: Case, rng: np.random.Generator, late: bool, restored: bool) -> list[Loop]:
    order = rng.permutation(len(case.ts)) if late else np.argsort(case.ts, kind="stable")
    engine = LoopEngine(case.rule, ROOMY)
    half = int(rng.integers(0, len(order) + 1))
    found = push(engine, case, order[: half // 2]) + push(engine, case, order[half // 2 : half])
    if restored:
        engine = LoopEngine.restore(engine.save())
    found += push(engine, case, order[half:])
    assert engine.complete
    return sorted(found)


def check(cases: int, seed: int) -> int:
    rng = np.random.default_rng(seed)
    loops = 0
    for number in range(cases):
        case = random_case(rng, number)
        want = brute_loops(*case.lists(), case.rule)
        assert in_one_batch(case) == want, f"seed {seed}, case {number}: {case}"
        # Saving and restoring costs more than all the rest: every eighth time on each of the two ways.
        assert as_a_stream(case, rng, False, number // 4 % 8 == 0) == want, f"stream, seed {seed}, case {number}"
        assert as_a_stream(case, rng, True, number // 4 % 8 == 1) == want, f"shuffled, seed {seed}, case {number}"
        loops += len(want)
    return loops


def main() -> None:
    """Run it; an AssertionError names the seed and the case that differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261122)
    given = parser.parse_args()
    began = time.perf_counter()
    loops = check(given.graphs, given.seed)
    print(
        f"{given.graphs:,} multigraphs, seed {given.seed}: {loops:,} loops, the same each way "
        f"({time.perf_counter() - began:.0f} s)"
    )


if __name__ == "__main__":
    main()
