"""Small labelled graphs as files, whose labels lie in features, in neighbours, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True)
class Files:
    """Where the tables of a labelled graph lie."""

    nodes: Path
    edges: Path
    split: Path


def written(
    folder: Path,
    label: np.ndarray,
    features: dict[str, np.ndarray],
    ends: tuple[np.ndarray, np.ndarray],
    fold: list[str] | None = None,
    **more: np.ndarray,
) -> Files:
    """Write the tables; ids are n0, n1, ...; nodes labelled other than 0 and 1 get no fold."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"n{i}" for i in range(len(label))]
    pq.write_table(pa.table({"id": ids, "label": label, **features, **more}), folder / "nodes.parquet")
    src, dst = (pa.array([ids[i] for i in e], pa.string()) for e in ends)
    pq.write_table(pa.table({"src": src, "dst": dst}), folder / "edges.parquet")
    if fold is not None:
        kept = [i for i in range(len(label)) if label[i] in (0, 1)]
        split = {"id": [ids[i] for i in kept], "fold": [fold[i] for i in kept]}
        pq.write_table(pa.table(split), folder / "split.parquet")
    return Files(folder / "nodes.parquet", folder / "edges.parquet", folder / "split.parquet")


def folds(n: int, seed: int, valid: bool = True) -> list[str]:
    """Half for training, a fifth to choose by, the rest to measure."""
    rng = np.random.default_rng([seed, 3])
    return rng.choice(["train", "valid", "test"], n, p=[0.5, 0.2, 0.3] if valid else [0.5, 0.0, 0.5]).tolist()


def homophilous(seed: int, n: int = 700, degree: int = 6, alike: float = 0.85) -> tuple[np.ndarray, np.ndarray, tuple]:
    """Labels (30 % ones), one weak and one useless feature, and edges that mostly join nodes of one label."""
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.3).astype(np.int64)
    src = rng.integers(0, n, n * degree // 2)
    dst = np.empty_like(src)
    groups = [np.flatnonzero(label == v) for v in (0, 1)]
    for i, s in enumerate(src):
        group = groups[label[s]] if rng.random() < alike else groups[1 - label[s]]
        dst[i] = rng.choice(group)
    x = np.column_stack([label + rng.normal(size=n) * 1.5, rng.normal(size=n)])
    return label, x, (src, dst)
