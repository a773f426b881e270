"""Mining rings from the shop side beside Leiden on the whole graph, same table, one run: python -m benchmarks.rings

Times are cpu seconds of one thread after compilation. Leiden: buyers and shops, one edge a (buyer, shop) pair weighted
by orders times the rarity of the shop (log share, 0..1), and buyers who share a device or an address; constant Potts
model, two iterations, the better of two resolutions; communities ranked by inner weight a member. F1 is the best over
all cuts of each ranking (uses the truth, for both alike).
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from functools import partial

import igraph
import numpy as np
import numpy.typing as npt

from benchmarks.ring_worlds import OrderWorld, Plan, order_world
from graph.rings.groups import mine_groups
from graph.rings.incidence import incidence
from graph.rings.params import RingParams
from graph.rings.score import judge
from graph.rings.signals import SignalReader

RESOLUTIONS = (0.004, 0.01)
Ranked = list[tuple[float, npt.NDArray[np.int64]]]


def shop_side(world: OrderWorld) -> Ranked:
    """Groups with their scores: all stages, signals and score included."""
    params = RingParams()
    mined = mine_groups(world.book, params)
    reader = SignalReader(mined, params)
    return [(judge(reader.read(g)).score, g.buyers.astype(np.int64)) for g in mined.groups]


def leiden(world: OrderWorld, resolution: float) -> Ranked:
    """Communities of the whole graph with their density."""
    inc, n = incidence(world.book), world.book.n_buyers
    buyer = np.repeat(np.arange(n), np.diff(inc.buyer_ptr))
    rarity = (np.log(n / np.maximum(np.diff(inc.shop_ptr), 1)) / np.log(n))[inc.buyer_shop]
    ends, weights = [np.stack([buyer, inc.buyer_shop + n])], [inc.buyer_times * rarity]
    for token in (world.device, world.address):
        order = np.argsort(token, kind="stable")
        users = np.bincount(token)[token[order]]
        same = (token[order][1:] == token[order][:-1]) & (users[1:] <= 12)
        ends.append(np.stack([order[1:][same], order[:-1][same]]))
        weights.append(np.full(int(same.sum()), 1.0))
    edges, weight = np.concatenate(ends, axis=1), np.concatenate(weights)
    graph = igraph.Graph(n=n + world.book.n_shops, edges=edges.T, directed=False)
    igraph.set_random_number_generator(random.Random(0))
    membership = np.asarray(
        graph.community_leiden(
            objective_function="CPM", resolution=resolution, weights=weight.tolist(), n_iterations=2
        ).membership
    )
    inside = membership[edges[0]] == membership[edges[1]]
    total = np.bincount(membership[edges[0]][inside], weights=weight[inside], minlength=membership.max() + 1)
    size = np.bincount(membership[:n], minlength=len(total))
    order = np.argsort(membership[:n], kind="stable")
    starts = np.r_[0, np.cumsum(size)]
    return [
        (total[c] / size[c], order[starts[c] : starts[c + 1]]) for c in np.flatnonzero((size >= 4) & (size <= 3000))
    ]


def best_f1(world: OrderWorld, ranked: Ranked) -> float:
    """F1 over ring buyers at the best cut of the ranking."""
    fake = world.buyer_ring >= 0
    named, hits, best = np.zeros(len(fake), np.bool_), 0, 0.0
    total = 0
    for _, buyers in sorted(ranked, key=lambda r: -r[0]):
        fresh = buyers[~named[buyers]]
        named[fresh] = True
        hits, total = hits + int(fake[fresh].sum()), total + len(fresh)
        best = max(best, 2 * hits / (total + int(fake.sum())))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--camouflage", type=float, nargs="*", default=[1.0, 3.0])
    args = parser.parse_args()
    shop_side(order_world(Plan(20_000, 999)))  # compile
    for camouflage in args.camouflage:
        world = order_world(Plan(args.orders, args.seed, camouflage=camouflage))
        mine, ours = timed(partial(shop_side, world))
        print(f"{len(world.book):,} orders, camouflage {camouflage:g}: shop side {ours:.2f} cpu s, ", end="")
        print(f"F1 {best_f1(world, mine):.3f}", flush=True)
        for resolution in RESOLUTIONS:
            ranked, spent = timed(partial(leiden, world, resolution))
            print(f"  Leiden, resolution {resolution}: {spent:.2f} cpu s, {spent / ours:.1f} times as much, ", end="")
            print(f"F1 {best_f1(world, ranked):.3f}", flush=True)


def timed(work: Callable[[], Ranked]) -> tuple[Ranked, float]:
    """What it gives, and its cpu seconds."""
    start = time.process_time()
    return work(), time.process_time() - start


if __name__ == "__main__":
    main()
