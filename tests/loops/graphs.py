"""Random transfers for tests: few accounts, coarse times (ties), parallel transfers, transfers to oneself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from graph.loops.engine import LoopRule


@dataclass(frozen=True)
class Case:
    """A multigraph of transfers in no order, and a rule."""

    src: npt.NDArray[np.int64]
    dst: npt.NDArray[np.int64]
    ts: npt.NDArray[np.int64]
    amount: npt.NDArray[np.float64]
    rule: LoopRule

    def lists(self) -> tuple[list[int], list[int], list[int], list[float]]:
        """Columns as plain lists, for the brute-force twin."""
        return self.src.tolist(), self.dst.tolist(), self.ts.tolist(), self.amount.tolist()


def random_case(rng: np.random.Generator, number: int, most_edges: int = 28) -> Case:
    """Case ``number``: with and without the amount rule, both ways of ties, in turn."""
    accounts, edges = int(rng.integers(2, 9)), int(rng.integers(1, most_edges))
    amount = np.round(np.exp(rng.normal(5, rng.choice([0.02, 0.1, 0.3]), edges)))
    by_amount = number % 2 == 1
    return Case(
        rng.integers(0, accounts, edges),
        rng.integers(0, accounts, edges),
        rng.integers(0, int(rng.integers(2, 80)), edges) + 1_000,
        amount,
        LoopRule(
            int(rng.integers(0, 40)),
            int(rng.integers(2, 9)),
            float(rng.choice([0.0, 0.1, 0.2])) if by_amount else None,
            float(rng.choice([0.0, 0.05])) if by_amount else 0.0,
            "order" if number // 2 % 2 else "strict",
        ),
    )
