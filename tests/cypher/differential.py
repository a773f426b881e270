"""Every question on a store against its brute-force twin, over hostile graphs.

``python -m tests.cypher.differential --graphs 200 --own-server`` runs as many as one likes and prints a table; it ends
with 1 when anything differs or a question never had an answer. A difference is shown with the seed that brings it back.
``--together 20`` puts so many graphs side by side into one database, each under ids of its own: a server plans each
question anew for another content, and that is most of what it does here.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cypher.catalogue import Question
from graph.store.contract import Store, StoreError
from graph.store.open import open_store
from graph.store.questions import questions
from tests.cypher.asking import LOADS, draw_params, load
from tests.cypher.hostile_graphs import Graph, hostile_graph
from tests.cypher.sight import Sight
from tests.cypher.together import apart, side_by_side
from tests.cypher.twins import twin
from tests.store.servers import PASSWORD, Server, why_not

PLACES = frozenset({"id", "ids", "src", "buyers", "merchants"})
"""The parameters that say of which nodes something is asked."""

PER_PAIR_SHARE = 0.2
"""Questions that come once for each pair of kinds take turns."""


@dataclass
class Tally:
    """What was asked, by the file a question came from."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def note(self, question: Question, want: list[tuple[Any, ...]]) -> None:
        self.asked[question.template] += 1
        self.answered[question.template] += bool(want) and want != [(0,)]
        self.rows[question.template] += len(want)


def compare(
    stores: Mapping[str, Store],
    g: Graph,
    tally: Tally,
    tries: int = 2,
    per_pair_share: float = PER_PAIR_SHARE,
    parts: Sequence[Graph] = (),
) -> None:
    """Ask every question of the stores, which hold the graph, and of its twin; note what differs.

    ``parts``: the graphs that it is made of; a question about a place is then asked of places in each of them.
    """
    sight = Sight(g)
    r = random.Random(f"parameters {g.seed}")
    for question in questions().values():
        per_pair = ":" in question.name
        if per_pair and r.random() > per_pair_share:
            continue
        of_a_place = not PLACES.isdisjoint(name for name, _ in question.params)
        for part in (parts or [g]) if of_a_place and not per_pair else [g]:
            for _ in range(1 if per_pair else tries):
                params = draw_params(question, part, r)
                want = twin(question)(sight, {"limit": 10**9, **params})
                tally.note(question, want)
                for name, store in stores.items():
                    got = _ask(store, question, params)
                    if got != want:
                        tally.differences.append(_told(name, question, g, params, got, want))


def _ask(store: Store, question: Question, params: Mapping[str, Any]) -> list[tuple[Any, ...]] | str:
    try:
        return [tuple(row.values()) for row in store.query(question.name, params)]
    except StoreError as e:  # a store that refuses differs too
        return str(e)


def _told(store: str, question: Question, g: Graph, params: Mapping[str, Any], got: Any, want: Any) -> str:
    return f"{store} {question.name} seed {g.seed} {params}\n  got  {str(got)[:400]}\n  want {str(want)[:400]}"


def run(
    seeds: Iterable[int],
    stores: Mapping[str, Store],
    tally: Tally,
    tries: int = 2,
    per_pair_share: float = PER_PAIR_SHARE,
) -> None:
    """Load each graph into the stores, in turn by every way of loading, and compare."""
    for seed in seeds:
        g = hostile_graph(seed)
        for store in stores.values():
            load(store, g, LOADS[seed % len(LOADS)])
        compare(stores, g, tally, tries, per_pair_share)


def run_together(
    seeds: Sequence[int],
    stores: Mapping[str, Store],
    tally: Tally,
    tries: int = 1,
    per_pair_share: float = PER_PAIR_SHARE,
    how: str = "copy",
) -> None:
    """Load all graphs into one database, each under ids of its own, and compare."""
    parts = [apart(hostile_graph(seed), f"{seed}.") for seed in seeds]
    g = side_by_side(parts)
    for store in stores.values():
        load(store, g, how)
    compare(stores, g, tally, tries, per_pair_share, parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first graph")
    parser.add_argument("--together", type=int, default=1, help="so many graphs in one database")
    parser.add_argument("--store", action="append", help="a store's URL that may be emptied (default: an embedded one)")
    parser.add_argument("--password", help="of a server among the stores")
    parser.add_argument("--own-server", action="store_true", help="and on a Neo4j server of its own")
    args = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        urls = args.store or ["ladybug"]
        embedded = f"ladybug:{Path(folder) / 'g.lbug'}"
        stores = {u: open_store(embedded if u == "ladybug" else u, password=args.password) for u in urls}
        if args.own_server:
            if why_not():
                print(f"Neo4j is left out: {why_not()}", file=sys.stderr)
            else:
                server = Server(Path(folder) / "neo4j", os.getpid())
                server.start()
                stores["neo4j"] = open_store(server.url, password=PASSWORD)
        last = args.first + args.graphs
        for start in range(args.first, last, args.together):
            seeds = range(start, min(start + args.together, last))
            if args.together > 1:
                run_together(seeds, stores, tally, how=LOADS[start // args.together % len(LOADS)])
            else:
                run(seeds, stores, tally)
            askings, differences = sum(tally.asked.values()), len(tally.differences)
            print(f"{seeds[-1] + 1 - args.first} graphs, {askings} askings, {differences} differences", file=sys.stderr)
        for store in stores.values():
            store.close()
        if "neo4j" in stores:
            server.do("kill")
    for name in sorted(tally.asked):
        asked = tally.asked[name]
        share = 100 * tally.answered[name] // asked
        print(f"{name:32s} asked {asked:5d}  with rows {share:3d} %  rows {tally.rows[name]:7d}")
    for difference in tally.differences[:20]:
        print(difference)
    never = sorted({q.template for q in questions().values()} - set(+tally.answered))
    print("stores", ", ".join(stores))
    print("graphs", args.graphs, "askings", sum(tally.asked.values()), "differences", len(tally.differences))
    print("never answered:", ", ".join(never) or "none")
    return 1 if tally.differences or never else 0


if __name__ == "__main__":
    sys.exit(main())
