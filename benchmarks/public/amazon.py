"""Amazon reviewers, relation U-P-U (CARE-GNN): prepared and evaluated: python -m benchmarks.public.amazon DATA OUT

DATA holds ``amazon_upu/nodes.parquet`` (node, label, f0..f24) and ``edges.parquet`` (src, dst: reviewed one product).

The first 2,295 users have no label and are stored as benign: they are unlabelled here (label 2) and take part in the
graph alone. 40 % of the others are trained on, by class, the rest is measured; seeds 0 to 4.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.public.labelled import Prepared, parser, run, show, write_edges, write_nodes, write_split

FIRST_LABELLED = 2295
UNLABELLED = 2
SHARE = 0.4
SEEDS = range(5)


def prepare(data: Path, out: Path) -> list[Prepared]:
    """Write the tables; one split a seed."""
    nodes = pq.read_table(data / "amazon_upu" / "nodes.parquet").sort_by("node")
    edges = pq.read_table(data / "amazon_upu" / "edges.parquet")
    number, label = nodes["node"].to_numpy(), nodes["label"].to_numpy().copy()
    label[number < FIRST_LABELLED] = UNLABELLED
    columns = {f"f_{n}": nodes[n].to_numpy() for n in nodes.column_names if n.startswith("f")}
    table = write_nodes(out / "nodes.parquet", number, label, columns)
    upu = write_edges(out / "edges.parquet", edges["src"].to_numpy(), edges["dst"].to_numpy())
    return [Prepared(table, {"upu": upu}, _split(out / f"split{s}.parquet", number, label, s)) for s in SEEDS]


def _split(path: Path, number: np.ndarray, label: np.ndarray, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    fold = np.full(len(label), "test", dtype=object)
    for value in (0, 1):
        rows = rng.permutation(np.flatnonzero(label == value))
        fold[rows[: round(SHARE * len(rows))]] = "train"
    labelled = label != UNLABELLED
    return write_split(path, number[labelled], fold[labelled].tolist())


def main() -> None:
    options = parser(__doc__).parse_args()
    sets = prepare(options.data, options.out)
    for seed, prepared in zip(SEEDS, sets, strict=True):
        print(prepared.command("f_*", seed))
    if not options.prepare_only:
        runs = [run(p, options.variants, seed) for seed, p in zip(SEEDS, sets, strict=True)]
        show("Amazon U-P-U from node 2,295 on, 40 % for training", runs)


if __name__ == "__main__":
    main()
