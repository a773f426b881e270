"""What the preparation scripts share: writing nodes, edges and split, running ``ringfence evaluate``, showing it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jobs.evaluate import EvaluateOptions, run_evaluate

SHOWN = ("auroc", "average_precision", "f1", "f1_macro", "ks", "recall_at_k", "brier", "ece", "seconds")


@dataclass(frozen=True)
class Prepared:
    """Tables of a set, written: what ``ringfence evaluate`` takes."""

    nodes: Path
    edges: Mapping[str, Path]
    split: Path | None = None
    time: str | None = None

    def command(self, features: str, seed: int) -> str:
        """The command that evaluates the tables."""
        edges = " ".join(f"--edges {n}={p}" for n, p in self.edges.items())
        more = (f" --split {self.split}" if self.split else "") + (f" --time {self.time}" if self.time else "")
        return f"ringfence evaluate --nodes {self.nodes} --features '{features}' {edges}{more} --seed {seed}"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Options that all the scripts have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("data", type=Path, help="folder that holds the public sets")
    made.add_argument("out", type=Path, help="folder to write nodes, edges and splits into")
    made.add_argument("--variants", help="by comma; default: the usual ones of ringfence evaluate")
    made.add_argument("--prepare-only", action="store_true", help="write the tables, fit nothing")
    return made


def write_nodes(path: Path, ids: Sequence[object], label: np.ndarray, columns: Mapping[str, np.ndarray]) -> Path:
    """One row a node: id, label, then the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": list(ids), "label": label, **columns}), path)
    return path


def write_edges(path: Path, src: Sequence[object], dst: Sequence[object]) -> Path:
    """One row an edge."""
    pq.write_table(pa.table({"src": list(src), "dst": list(dst)}), path)
    return path


def write_split(path: Path, ids: Sequence[object], fold: Sequence[str]) -> Path:
    """One row a labelled node."""
    pq.write_table(pa.table({"id": list(ids), "fold": list(fold)}), path)
    return path


def run(prepared: Prepared, variants: str | None, seed: int = 0, features: str = "f_*") -> dict[str, Any]:
    """Evaluate the tables."""
    chosen = tuple(variants.split(",")) if variants else None
    options = EvaluateOptions(
        nodes=prepared.nodes,
        edges=tuple(prepared.edges.items()),
        features=(features,),
        split=prepared.split,
        time=prepared.time,
        seed=seed,
        variants=chosen,
    )
    done = run_evaluate(options, lambda _: None)
    told = ", ".join(f"{v} {t['auroc']:.3f} / {t['average_precision']:.3f}" for v, t in done["variants"].items())
    print(f"{prepared.nodes.parent.name}, seed {seed}: {told} (AUROC / AP)", file=sys.stderr, flush=True)
    return done


def show(name: str, runs: Sequence[dict[str, Any]]) -> None:
    """Mean over runs of every figure, with the standard deviation where there are several."""
    print(f"\n{name}: {len(runs)} run{'s' if len(runs) > 1 else ''}")
    print(f"| variant | {' | '.join(SHOWN)} |\n|{' --- |' * (len(SHOWN) + 1)}")
    for variant in runs[0]["variants"]:
        cells = []
        for figure in SHOWN:
            each = [r["variants"][variant][figure] for r in runs]
            spread = f" ± {np.std(each):.3f}" if len(each) > 1 and figure != "seconds" else ""
            cells.append(f"{np.mean(each):.3f}{spread}")
        print(f"| {variant} | {' | '.join(cells)} |", flush=True)
    chosen = [r["chosen"] for r in runs]
    picked = [r["variants"][r["chosen"]] for r in runs]
    print(
        f"best on held-out rows ({', '.join(sorted(set(chosen)))}): "
        + ", ".join(f"{f} {np.mean([p[f] for p in picked]):.3f}" for f in ("auroc", "average_precision"))
    )
    for note in dict.fromkeys(n for r in runs for n in r["notes"]):
        print(f"note: {note}")
