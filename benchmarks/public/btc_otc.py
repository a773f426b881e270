"""Bitcoin-OTC (SNAP, masks of TGBase): prepared and evaluated: python -m benchmarks.public.btc_otc DATA OUT

DATA holds ``btc_otc/ratings.parquet`` (src rates dst from -10 to 10, at a time) and ``masks.parquet`` (node,
train_mask, val_mask, test_mask, label, is_anchor, fold: ten of them).

Two readings of the masks: all 5,881 traders, 180 of them fraudulent and all others not, as the masks' own label has it;
and the 316 traders of known standing alone (``is_anchor``: 180 fraudulent, 136 good), in the same folds.

Features (``f_...``) are what the ratings say: received and given, how many, mean, spread, least, greatest, share below
zero, first and last day; ratings by raters who rate fairly (fairness and goodness, Kumar et al., ICDM 2016). Whom SNAP
calls fraudulent rests on ratings too, so figures are high. Edges: ratings above and below zero.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.public.labelled import Prepared, parser, run, show, write_edges, write_nodes, write_split

GREATEST = 10.0
ROUNDS = 20
UNLABELLED = 2


def features_of(src: np.ndarray, dst: np.ndarray, rating: np.ndarray, day: np.ndarray, n: int) -> dict[str, np.ndarray]:
    """What a trader's ratings are like, received (``in``) and given (``out``)."""
    columns: dict[str, np.ndarray] = {}
    for name, end in (("in", dst), ("out", src)):
        count = np.bincount(end, minlength=n).astype(np.float64)
        mean = _of(end, rating, n) / np.where(count, count, np.nan)
        square = _of(end, rating**2, n) / np.where(count, count, np.nan)
        below = _of(end, (rating < 0).astype(float), n)
        least, greatest = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(least, end, rating)
        np.maximum.at(greatest, end, rating)
        first, last = np.full(n, np.inf), np.full(n, -np.inf)
        np.minimum.at(first, end, day)
        np.maximum.at(last, end, day)
        found = {
            "count": count,
            "mean": mean,
            "std": np.sqrt(np.maximum(square - mean**2, 0)),
            "sum": _of(end, rating, n),
            "below": below,
            "share_below": below / np.where(count, count, np.nan),
            "least": least,
            "greatest": greatest,
            "first_day": first,
            "days": last - first,
        }
        columns |= {f"f_{name}_{k}": np.where(count > 0, v, np.nan if k != "count" else 0) for k, v in found.items()}
    fairness, goodness = fairness_and_goodness(src, dst, rating / GREATEST, n)
    surprise = np.abs(rating / GREATEST - goodness[dst])
    given = np.maximum(np.bincount(src, minlength=n), 1)
    return columns | {
        "f_fairness": fairness,
        "f_goodness": goodness,
        "f_surprise_given": _of(src, surprise, n) / given,
        "f_in_by_the_fair": _of(dst, rating * fairness[src], n),
        "f_in_by_the_good": _of(dst, rating * np.maximum(goodness[src], 0), n),
    }


def fairness_and_goodness(
    src: np.ndarray, dst: np.ndarray, weight: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Goodness: ratings received weighted by the raters' fairness; fairness: how near one's ratings are to goodness."""
    fairness, goodness = np.ones(n), np.ones(n)
    received, given = np.maximum(np.bincount(dst, minlength=n), 1), np.maximum(np.bincount(src, minlength=n), 1)
    for _ in range(ROUNDS):
        goodness = _of(dst, weight * fairness[src], n) / received
        fairness = 1 - _of(src, np.abs(weight - goodness[dst]) / 2, n) / given
    return fairness, goodness


def prepare(data: Path, out: Path) -> dict[str, list[Prepared]]:
    """Write the tables; per reading ten splits."""
    ratings = pq.read_table(data / "btc_otc" / "ratings.parquet")
    masks = pq.read_table(data / "btc_otc" / "masks.parquet")
    first = masks.filter(pc.equal(masks["fold"], 0)).sort_by("node")
    ids = first["node"].to_numpy()
    src, dst = (np.searchsorted(ids, ratings[c].to_numpy()) for c in ("src", "dst"))
    rating = ratings["rating"].to_numpy().astype(np.float64)
    day = ratings["time"].cast(pa.int64()).to_numpy() / 86_400e9
    columns = features_of(src, dst, rating, day - day.min(), len(ids))
    out.mkdir(parents=True, exist_ok=True)
    edges = {
        name: write_edges(out / f"{name}.parquet", ids[src[which]], ids[dst[which]])
        for name, which in (("trust", rating > 0), ("distrust", rating < 0))
    }
    label, anchor = first["label"].to_numpy(), first["is_anchor"].to_numpy() == 1
    known = np.where(anchor, label, UNLABELLED)
    every = write_nodes(out / "nodes.parquet", ids, label, columns)
    anchors = write_nodes(out / "anchors.parquet", ids, known, columns)
    found: dict[str, list[Prepared]] = {"all traders": [], "traders of known standing": []}
    for k in range(10):
        mask = masks.filter(pc.equal(masks["fold"], k)).sort_by("node")
        fold = np.select(
            [mask["train_mask"].to_numpy() == 1, mask["val_mask"].to_numpy() == 1], ["train", "valid"], "test"
        )
        split = write_split(out / f"split{k}.parquet", ids, fold.tolist())
        found["all traders"].append(Prepared(every, edges, split))
        split = write_split(out / f"anchors{k}.parquet", ids[anchor], fold[anchor].tolist())
        found["traders of known standing"].append(Prepared(anchors, edges, split))
    return found


def _of(end: np.ndarray, value: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(end, weights=value, minlength=n)


def main() -> None:
    options = parser(__doc__).parse_args()
    for name, sets in prepare(options.data, options.out).items():
        print(sets[0].command("f_*", 0))
        if not options.prepare_only:
            show(f"Bitcoin-OTC, {name}, ten masks", [run(p, options.variants, seed) for seed, p in enumerate(sets)])


if __name__ == "__main__":
    main()
