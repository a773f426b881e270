"""What ring mining finds in two sets of reviews, beside degree and peeling: python -m benchmarks.public.rings DIR

DIR holds ``yelpchi_bipartite/reviews.parquet`` (user, product, label; -1: the platform filtered the review; UGFraud's
YelpChi) and ``amazon_upu`` (``edges.parquet``: src, dst, two users who reviewed one product; ``nodes.parquet``: node,
label; CARE-GNN's Amazon). Neither has times, money or identifiers, so structure is all there is: users are ranked by
their evidence (-log10 p) in the groups that the shop side finds. Where users are tied to users, a user's neighbours are
taken for the shops. A YelpChi user counts as fraud with one filtered review or more.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.ring_worlds import Floats, Ints
from benchmarks.rings import average_precision, peeling
from graph.rings.groups import mine_groups
from graph.rings.incidence import incidence
from graph.rings.orders import OrderBook
from graph.rings.params import RingParams

Marks = np.ndarray[tuple[int], np.dtype[np.bool_]]
TOPS = (100, 500)


def yelpchi(folder: Path) -> tuple[OrderBook, Marks, Marks]:
    """Reviews as orders; which users are fraud; which are judged (all)."""
    table = pq.read_table(folder / "yelpchi_bipartite" / "reviews.parquet")
    user, product = (_codes(table[name]) for name in ("user", "product"))
    fraud = np.zeros(int(user.max()) + 1, np.bool_)
    fraud[user[table["label"].to_numpy() == -1]] = True
    return _book(user, product), fraud, np.ones(len(fraud), np.bool_)


def amazon(folder: Path) -> tuple[OrderBook, Marks, Marks]:
    """Users beside their neighbours; which are fraud; which are judged: those from the first fraud on have labels."""
    edges = pq.read_table(folder / "amazon_upu" / "edges.parquet")
    nodes = pq.read_table(folder / "amazon_upu" / "nodes.parquet").sort_by("node")
    src, dst = (edges[name].to_numpy().astype(np.int64) for name in ("src", "dst"))
    pairs = np.unique(np.concatenate([src << 32 | dst, dst << 32 | src]))
    pairs = pairs[(pairs >> 32) != (pairs & 0xFFFFFFFF)]
    fraud = nodes["label"].to_numpy() == 1
    judged = np.arange(len(fraud)) >= np.flatnonzero(fraud)[0]
    return _book(pairs >> 32, pairs & 0xFFFFFFFF, len(fraud)), fraud, judged


def _codes(column: object) -> Ints:
    values = pc.unique(column)
    ids = values.take(pc.sort_indices(values))
    return pc.index_in(column, ids).to_numpy().astype(np.int64)


def _book(buyer: Ints, shop: Ints, n: int | None = None) -> OrderBook:
    return OrderBook(
        buyer=buyer.astype(np.int32),
        shop=shop.astype(np.int32),
        ts=np.zeros(len(buyer), np.int64),
        n_buyers=n or int(buyer.max()) + 1,
        n_shops=n or int(shop.max()) + 1,
    )


def evidence(book: OrderBook) -> tuple[Floats, str]:
    """The evidence on every user (0: in no group), and what was found in words."""
    mined = mine_groups(book, RingParams())
    rank = np.zeros(book.n_buyers)
    for group in mined.groups:
        rank[group.buyers] = np.maximum(rank[group.buyers], group.evidence)
    cut = f"; {'; '.join(mined.cut)}" if mined.cut else ""
    return rank, f"{len(mined.groups)} groups with {int((rank > 0).sum()):,} users{cut}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    sets: dict[str, Callable[[Path], tuple[OrderBook, Marks, Marks]]] = {"YelpChi": yelpchi, "Amazon U-P-U": amazon}
    print("| set | ranked by | precision at 100 | at 500 | AP |\n| --- | --- | --- | --- | --- |")
    for name, read in sets.items():
        book, fraud, judged = read(folder)
        inc = incidence(book)
        ours, found = evidence(book)
        ranks = {
            "the shop side": ours,
            "degree": np.diff(inc.buyer_ptr).astype(np.float64),
            "peeling": peeling(inc),
            "chance": np.random.default_rng(0).random(len(fraud)) + 1e-9,
        }
        for way, rank in ranks.items():
            at = np.flatnonzero(judged)
            order = at[np.argsort(-rank[at], kind="stable")]
            order = order[rank[order] > 0]
            cells = [f"{fraud[order[:top]].mean():.3f}" if len(order) >= top else "-" for top in TOPS]
            print(f"| {name} | {way} | {' | '.join(cells)} | {average_precision(fraud[at], rank[at]):.3f} |")
        print(f"{name}: {len(book):,} rows, {int(fraud.sum()):,} of {int(judged.sum()):,} users fraud; {found}")


if __name__ == "__main__":
    main()
