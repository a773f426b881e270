"""A group of buyers and shops."""

from __future__ import annotations

from dataclasses import dataclass

from graph.snapshot import Float64, Int32


@dataclass(frozen=True)
class Group:
    """Buyers and shops (numbers, sorted) that belong together; ``evidence``: -log10 p of each buyer."""

    buyers: Int32
    shops: Int32
    evidence: Float64
