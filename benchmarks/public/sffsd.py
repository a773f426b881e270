"""S-FFSD (AI4Risk/antifraud): prepared and evaluated: python -m benchmarks.public.sffsd DATA OUT

DATA holds ``sffsd/sffsd.parquet``: Time (the place of a row), Source, Target, Amount, Location, Type, Labels (2: none).

Nodes are transactions, and as hubs without label and time the sources, targets, places, types and their pairs. Features
(``f_...``) describe a transaction by what came before it: of the same source, target, place, type and every pair of
them how many there were, their amounts (log), gaps, in all and in windows; partners so far; the same amount again.
Edges: to each of the next three transactions of the same source, target, place, type (as RGTAN has them, without its
self loops), and to the hubs. With ``--time`` label history is of earlier training labels only.

Splits: the published one, 60 % of the labelled rows for training and 40 % to measure, stratified, seed 2
(sklearn's train_test_split), and beside it the first 60 % in time. Neither has a valid fold: choices are made inside
training. Published there: RGTAN AUC .846, AP .694.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.model_selection import train_test_split

from benchmarks.public.earlier import Floats, Ints, earlier, next_of_same, partners_so_far
from benchmarks.public.labelled import Prepared, parser, run, show, write_edges, write_nodes, write_split

ENDS = ("Source", "Target", "Location", "Type")
WINDOWS = (20, 100, 500, 3_000, 15_000)
NEXT = 3
UNLABELLED = 2


def keys_of(table: pa.Table) -> dict[str, Ints]:
    """Every end and every pair of ends as numbers."""
    single = {e: _codes(table[e]) for e in ENDS}
    pairs = {f"{a}-{b}": _paired(single[a], single[b]) for a, b in combinations(ENDS, 2)}
    return single | pairs


def features_of(table: pa.Table, keys: dict[str, Ints]) -> dict[str, Floats]:
    """What a transaction is and what came before it."""
    time, amount = table["Time"].to_numpy(), table["Amount"].to_numpy()
    log, cents = np.log1p(amount), np.round(amount * 100).astype(np.int64)
    columns: dict[str, Floats] = {
        "f_amount": amount,
        "f_log_amount": log,
        "f_cents": (cents % 100).astype(np.float64),
        "f_round": (cents % 1000 == 0).astype(np.float64),
    }
    for name in ENDS:  # numbers were given in the order of first appearance
        digits = pc.replace_substring_regex(table[name], r"\D", "")
        columns[f"f_{name}_number"] = digits.cast(pa.float64()).to_numpy()
    same = _codes(pa.chunked_array([pa.array(cents)]))
    for name, key in keys.items():
        found, what = earlier(key, time, log, WINDOWS)
        columns |= {f"f_{name}_{w}": found[:, i] for i, w in enumerate(what)}
    for name in ENDS:
        found, what = earlier(_paired(keys[name], same), time, log, ())
        columns |= {f"f_{name}_same_amount_{w}": found[:, what.index(w)] for w in ("count", "gap")}
        for other in ENDS:
            if other != name:
                pair = _paired(keys[name], keys[other])
                new = np.zeros(len(pair), np.bool_)
                new[np.unique(pair, return_index=True)[1]] = True
                columns[f"f_{name}_{other}s_so_far"] = partners_so_far(keys[name], new, int(keys[name].max()) + 1)
    found, what = earlier(same, time, log, WINDOWS[:3])
    return columns | {f"f_same_amount_{w}": found[:, what.index(w)] for w in ("count", "gap", "500_count")}


def prepare(data: Path, out: Path) -> dict[str, Prepared]:
    """Write the tables; per split what to evaluate."""
    table = pq.read_table(data / "sffsd" / "sffsd.parquet").sort_by("Time")
    keys = keys_of(table)
    columns = features_of(table, keys)
    n = table.num_rows
    hubs = {f"{name}:{k}": None for name, key in keys.items() for k in range(int(key.max()) + 1)}
    ids = [*(f"t{i}" for i in range(n)), *hubs]
    more = len(hubs)
    label = np.concatenate([table["Labels"].to_numpy(), np.full(more, UNLABELLED)])
    padded = {k: np.concatenate([v, np.full(more, np.nan)]) for k, v in columns.items()}
    time = pa.array([*table["Time"].to_pylist(), *([None] * more)], pa.int64())
    nodes = write_nodes(out / "nodes.parquet", ids, label, {**padded, "time": time})
    edges = {}
    for name in ENDS:
        src, dst = next_of_same(keys[name], NEXT)
        edges[f"next_{name}"] = write_edges(out / f"next_{name}.parquet", *([f"t{i}" for i in e] for e in (src, dst)))
    for name, key in keys.items():
        ends = [f"t{i}" for i in range(n)], [f"{name}:{k}" for k in key]
        edges[name] = write_edges(out / f"{name}.parquet", *ends)
    labelled = np.flatnonzero(table["Labels"].to_numpy() != UNLABELLED)
    return {
        "published random split": Prepared(nodes, edges, _published(out, table, labelled), "time"),
        "split by time": Prepared(nodes, edges, _by_time(out, labelled), "time"),
    }


def _published(out: Path, table: pa.Table, labelled: Ints) -> Path:
    y = table["Labels"].to_numpy()[labelled]
    train, _ = train_test_split(labelled, stratify=y, test_size=0.4, random_state=2, shuffle=True)
    inside = np.isin(labelled, train)
    return write_split(out / "split.parquet", [f"t{i}" for i in labelled], np.where(inside, "train", "test").tolist())


def _by_time(out: Path, labelled: Ints) -> Path:
    first, part = round(0.6 * len(labelled)), round(0.5 * len(labelled))
    fold = ["train"] * part + ["valid"] * (first - part) + ["test"] * (len(labelled) - first)
    return write_split(out / "split_by_time.parquet", [f"t{i}" for i in labelled], fold)


def _codes(column: pa.ChunkedArray) -> Ints:
    values = pc.unique(column)
    return pc.index_in(column, values).to_numpy().astype(np.int64)


def _paired(one: Ints, two: Ints) -> Ints:
    return np.unique(one * (int(two.max()) + 1) + two, return_inverse=True)[1].astype(np.int64)


def main() -> None:
    options = parser(__doc__).parse_args()
    for name, prepared in prepare(options.data, options.out).items():
        print(f"S-FFSD, {name}: {prepared.command('f_*', 0)}")
        if not options.prepare_only:
            show(f"S-FFSD, {name}", [run(prepared, options.variants)])


if __name__ == "__main__":
    main()
