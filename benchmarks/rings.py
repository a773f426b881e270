"""Mining rings from the shop side beside Leiden and peeling, same table, one run: python -m benchmarks.rings

Times are cpu seconds of one thread after compilation, from the order table to the ranked groups.

* Leiden on the whole graph: buyers, shops, devices and addresses are nodes; an edge a (buyer, shop) pair weighted by
  orders times the rarity of the shop (log share, 0..1), and one of weight 1 from a buyer to a device and an address
  that at most twelve use; constant Potts model, two iterations; communities ranked by inner weight a member.
* Peeling (Hooi et al., FRAUDAR, KDD 2016): (buyer, shop) pairs weighted by orders / log(5 + buyers of the shop); the
  node of least weight goes first; who is removed late ranks high.

F1 is the best over all cuts of each ranking (uses the truth, for all alike), AP the average precision of the ranking of
buyers.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from functools import partial

import igraph
import numpy as np

from benchmarks.ring_worlds import Floats, Ints, OrderWorld, Plan, order_world
from benchmarks.rings_peeling import peel_order
from graph.rings.groups import Mined, mine_groups
from graph.rings.growing import GrowingBook
from graph.rings.incidence import Incidence, incidence
from graph.rings.orders import OrderBook
from graph.rings.params import RingParams
from graph.rings.score import judge
from graph.rings.signals import SignalReader

RESOLUTIONS = (0.004, 0.01)
HUB = 12


def shop_side(world: OrderWorld) -> Floats:
    """The score of every buyer: of the best group it is in; all stages, signals and score included."""
    params = RingParams()
    mined = mine_groups(world.book, params)
    reader = SignalReader(mined, params)
    rank = np.zeros(world.book.n_buyers)
    for group in mined.groups:
        rank[group.buyers] = np.maximum(rank[group.buyers], judge(reader.read(group)).score)
    return rank


def leiden(world: OrderWorld, resolution: float) -> Floats:
    """The density of every buyer's community in the whole graph."""
    inc, n = incidence(world.book), world.book.n_buyers
    buyer = np.repeat(np.arange(n), np.diff(inc.buyer_ptr))
    rarity = (np.log(n / np.maximum(np.diff(inc.shop_ptr), 1)) / np.log(n))[inc.buyer_shop]
    ends, weights = [np.stack([buyer, inc.buyer_shop + n])], [inc.buyer_times * rarity]
    base = n + world.book.n_shops
    for token in (world.device, world.address):
        few = np.flatnonzero(np.bincount(token)[token] <= HUB)
        ends.append(np.stack([few, token[few] + base]))
        weights.append(np.ones(len(few)))
        base += int(token.max()) + 1
    edges, weight = np.concatenate(ends, axis=1), np.concatenate(weights)
    graph = igraph.Graph(n=base, edges=edges.T, directed=False)
    igraph.set_random_number_generator(random.Random(0))
    membership = np.asarray(
        graph.community_leiden(
            objective_function="CPM", resolution=resolution, weights=weight.tolist(), n_iterations=2
        ).membership
    )
    inside = membership[edges[0]] == membership[edges[1]]
    total = np.bincount(membership[edges[0]][inside], weights=weight[inside], minlength=membership.max() + 1)
    size = np.bincount(membership[:n], minlength=len(total))
    density = np.where((size >= 4) & (size <= 3000), total / np.maximum(size, 1), 0.0)
    return density[membership[:n]]


def peeling(inc: Incidence) -> Floats:
    """How late every buyer is peeled off."""
    weight = inc.buyer_times / np.log(5.0 + np.diff(inc.shop_ptr))[inc.buyer_shop]
    return peel_order(inc.buyer_ptr, inc.buyer_shop, weight, len(inc.shop_ptr) - 1)


def best_f1(fake: np.ndarray[tuple[int], np.dtype[np.bool_]], rank: Floats) -> float:
    """F1 over ring buyers at the best cut of the ranking."""
    hits, named = _cuts(fake, rank)
    return float((2 * hits / (named + fake.sum())).max(initial=0.0))


def average_precision(fake: np.ndarray[tuple[int], np.dtype[np.bool_]], rank: Floats) -> float:
    """Precision at every cut, weighted by the recall it adds; equal ranks are one cut, rank 0 is never reached."""
    hits, named = _cuts(fake, rank)
    return float((np.diff(np.r_[0, hits]) * hits / named).sum() / fake.sum())


def _cuts(fake: np.ndarray[tuple[int], np.dtype[np.bool_]], rank: Floats) -> tuple[Ints, Ints]:
    order = np.argsort(-rank, kind="stable")[: int((rank > 0).sum())]
    last = np.flatnonzero(np.r_[np.diff(rank[order]) != 0, True]) if len(order) else np.empty(0, np.int64)
    return np.cumsum(fake[order]).astype(np.int64)[last], (last + 1).astype(np.int64)


def compare(orders: int, seed: int, camouflage: float) -> None:
    """All ways on one table, printed."""
    world = order_world(Plan(orders, seed, camouflage=camouflage))
    fake = world.buyer_ring >= 0
    rank, ours = timed(partial(shop_side, world))

    def line(name: str, spent: float, rank: Floats) -> None:
        times = "" if spent == ours else f", {spent / ours:.1f} times as much"
        figures = f"F1 {best_f1(fake, rank):.3f}, AP {average_precision(fake, rank):.3f}"
        print(f"  {name}: {spent:.2f} cpu s{times}, {figures}", flush=True)

    print(f"{len(world.book):,} orders, camouflage {camouflage:g}")
    line("shop side", ours, rank)
    for resolution in RESOLUTIONS:
        rank, spent = timed(partial(leiden, world, resolution))
        line(f"Leiden, resolution {resolution}", spent, rank)
    rank, spent = timed(lambda: peeling(incidence(world.book)))
    line("peeling", spent, rank)


def timed(work: Callable[[], Floats]) -> tuple[Floats, float]:
    """What it gives, and its cpu seconds."""
    start = time.process_time()
    return work(), time.process_time() - start


def run(sizes: Sequence[int], seed: int = 11, camouflage: Sequence[float] = (1.0, 3.0)) -> None:
    """Compare at each size (honest orders)."""
    small = order_world(Plan(20_000, 999))  # compile
    shop_side(small)
    peeling(incidence(small.book))
    for size in sizes:
        for c in camouflage:
            compare(size, seed, c)


def cost(orders: int, seed: int) -> None:
    """The shop side alone at a size, with the most memory the process has had."""
    import resource

    shop_side(order_world(Plan(20_000, 999)))
    world = order_world(Plan(orders, seed))
    book: OrderBook = world.book
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rank, spent = timed(partial(shop_side, world))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(book):,} orders: {spent:.2f} cpu s, F1 {best_f1(world.buyer_ring >= 0, rank):.3f}, "
        f"peak {peak:.2f} GiB ({made:.2f} GiB by making the table)"
    )


def update(orders: int, seed: int, more: int = 10_000) -> None:
    """New orders merged into a book and mined again, beside mining the whole book, and whether both found the same."""
    shop_side(order_world(Plan(20_000, 999)))
    book = order_world(Plan(orders, seed)).book
    late = np.zeros(len(book), np.bool_)
    late[np.random.default_rng(seed).choice(len(book), more, replace=False)] = True
    known = np.flatnonzero(~late)
    growing = GrowingBook(book.take(known))
    start = time.process_time()
    growing.add(book.take(np.flatnonzero(late)))
    merged = time.process_time() - start
    grown = growing.mine(RingParams())
    spent = time.process_time() - start
    start = time.process_time()
    whole = mine_groups(book, RingParams())
    full = time.process_time() - start

    def found(mined: Mined) -> list[tuple[bytes, bytes]]:
        return sorted((g.buyers.tobytes(), g.shops.tobytes()) for g in mined.groups)

    same = "the same groups" if found(grown) == found(whole) else "OTHER GROUPS"
    print(
        f"{more:,} orders into {len(known):,}: merged in {merged:.2f} cpu s, mined again {spent:.2f} cpu s in all; "
        f"a full pass over the arrays {full:.2f} cpu s; {same} ({len(whole.groups)})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--camouflage", type=float, nargs="*", default=[1.0, 3.0])
    parser.add_argument("--cost-only", action="store_true", help="the shop side alone, with its memory")
    parser.add_argument("--update", action="store_true", help="10,000 new orders merged in and mined again")
    args = parser.parse_args()
    if args.update:
        for orders in args.orders:
            update(orders, args.seed)
    elif args.cost_only:
        for orders in args.orders:
            cost(orders, args.seed)
    else:
        run(args.orders, args.seed, args.camouflage)


if __name__ == "__main__":
    main()
