"""CUMCM 2020 C: prepared and evaluated: python -m benchmarks.public.cumcm_scorer DATA OUT

DATA holds ``cumcm2020c/enterprises.parquet`` (enterprise, default, has_credit_record) and ``invoices.parquet``. 123
firms have an outcome, 27 of them in default. The column ``rating`` is never read: D means default for all 24 firms that
have it.

Features (``f_...``) of a firm are sums over its invoices, bought (``in``) and sold (``out``): count, amount, mean,
share void, share taken back (negative), partners, share of the greatest partner, months with any, days since the last
one at the end of the data, slope of the months; and sold over bought. Nodes besides the firms (all 425) are their
partners; edges ``bought`` and ``sold``. Splits: five stratified folds, drawn ten times with seeds 0 to 9.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sklearn.model_selection import StratifiedKFold

from benchmarks.public.labelled import Prepared, parser, run, show, write_edges, write_nodes, write_split

UNLABELLED = 2
FOLDS, REPEATS = 5, 10
VARIANTS = "features,aggregates,history,forest,logistic"


def features_of(invoices: pa.Table, firms: pa.Array) -> dict[str, np.ndarray]:
    """Per firm, in the order of ``firms``; NaN where it has no such invoice."""
    n = len(firms)
    firm = pc.index_in(invoices["enterprise"].cast(pa.string()), firms).to_numpy()
    partner = pc.dictionary_encode(invoices["counterparty"].cast(pa.string())).combine_chunks().indices.to_numpy()
    amount = invoices["amount"].to_numpy()
    void = pc.equal(invoices["status"].cast(pa.string()), "作废发票").to_numpy()
    day = invoices["date"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() // 86_400_000_000
    month = (day - day.min()) // 30
    way = invoices["direction"].cast(pa.string()).to_numpy()
    columns: dict[str, np.ndarray] = {}
    for name in ("in", "out"):
        mine = way == name
        valid = mine & ~void
        count, kept = np.bincount(firm[mine], minlength=n), np.bincount(firm[valid], minlength=n)
        total = np.bincount(firm[valid], amount[valid], minlength=n)
        back = valid & (amount < 0)
        last = np.full(n, -1)
        np.maximum.at(last, firm[valid], day[valid])
        by_month = np.zeros((n, int(month.max()) + 1))
        np.add.at(by_month, (firm[valid], month[valid]), amount[valid])
        pairs, place = np.unique(firm[valid].astype(np.int64) << 32 | partner[valid], return_inverse=True)
        of_pair = np.bincount(place, np.abs(amount[valid]))
        greatest = np.zeros(n)
        np.maximum.at(greatest, pairs >> 32, of_pair)
        traded = np.bincount(pairs >> 32, of_pair, minlength=n)
        time = np.arange(by_month.shape[1]) - (by_month.shape[1] - 1) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            columns |= {
                f"f_{name}_count": count.astype(float),
                f"f_{name}_total": total,
                f"f_{name}_mean": total / kept,
                f"f_{name}_void_share": 1 - kept / count,
                f"f_{name}_back_share": np.bincount(firm[back], minlength=n) / kept,
                f"f_{name}_partners": np.bincount(pairs >> 32, minlength=n).astype(float),
                f"f_{name}_greatest_partner": greatest / traded,
                f"f_{name}_months": (by_month != 0).sum(axis=1).astype(float),
                f"f_{name}_days_since": np.where(last >= 0, day.max() - last, np.nan).astype(float),
                f"f_{name}_slope": by_month @ time / np.abs(by_month).sum(axis=1),
            }
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["f_sold_over_bought"] = columns["f_out_total"] / columns["f_in_total"]
    return {k: np.where(np.isfinite(v), v, np.nan) for k, v in columns.items()}


def prepare(data: Path, out: Path, repeats: int) -> list[list[Prepared]]:
    """Write the tables; per repeat five splits."""
    firms = pq.read_table(
        data / "cumcm2020c" / "enterprises.parquet", columns=["enterprise", "default", "has_credit_record"]
    )
    invoices = pq.read_table(data / "cumcm2020c" / "invoices.parquet")
    ids = firms["enterprise"].cast(pa.string()).combine_chunks()
    columns = features_of(invoices, ids)
    partners = pc.unique(invoices["counterparty"].cast(pa.string()))
    known = firms["has_credit_record"].to_numpy(zero_copy_only=False)
    default = pc.fill_null(firms["default"].cast(pa.int64()), UNLABELLED).to_numpy()
    label = np.concatenate([np.where(known, default, UNLABELLED), np.full(len(partners), UNLABELLED)])
    padded = {k: np.concatenate([v, np.full(len(partners), np.nan)]) for k, v in columns.items()}
    every = [*ids.to_pylist(), *(f"partner:{p}" for p in partners.to_pylist())]
    nodes = write_nodes(out / "nodes.parquet", every, label, padded)
    edges = {}
    for name, way in (("bought", "in"), ("sold", "out")):
        some = invoices.filter(pc.equal(invoices["direction"].cast(pa.string()), way))
        ends = pa.table({"a": some["enterprise"].cast(pa.string()), "b": some["counterparty"].cast(pa.string())})
        pairs = ends.group_by(["a", "b"]).aggregate([])
        partner = [f"partner:{b}" for b in pairs["b"].to_pylist()]
        edges[name] = write_edges(out / f"{name}.parquet", pairs["a"].to_pylist(), partner)
    rows = np.flatnonzero(label != UNLABELLED)
    found = []
    for repeat in range(repeats):
        parts = StratifiedKFold(FOLDS, shuffle=True, random_state=repeat).split(rows, label[rows])
        sets = []
        for k, (_, test) in enumerate(parts):
            fold = np.full(len(rows), "train", dtype=object)
            fold[test] = "test"
            path = out / f"split{repeat}-{k}.parquet"
            sets.append(Prepared(nodes, edges, write_split(path, [every[r] for r in rows], fold.tolist())))
        found.append(sets)
    return found


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--repeats", type=int, default=REPEATS)
    options = made.parse_args()
    sets = prepare(options.data, options.out, options.repeats)
    print(sets[0][0].command("f_*", 0))
    if not options.prepare_only:
        runs: list[dict[str, Any]] = []
        for repeat, folds in enumerate(sets):
            runs += [run(p, options.variants or VARIANTS, repeat) for p in folds]
        show(f"CUMCM 2020 C, {options.repeats} x {FOLDS} folds, without the rating", runs)


if __name__ == "__main__":
    main()
