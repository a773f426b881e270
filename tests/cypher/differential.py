"""Every question on a store against its brute-force twin, over hostile graphs.

``python -m tests.cypher.differential --graphs 200 --store ladybug`` runs as many as one likes and prints a table;
exit code 1 when anything differs. A difference is shown with the seed that brings it back.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
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
from tests.cypher.twins import twin
from tests.store.servers import PASSWORD, Server, why_not

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
    stores: Mapping[str, Store], g: Graph, tally: Tally, tries: int = 2, per_pair_share: float = PER_PAIR_SHARE
) -> None:
    """Ask every question of the stores, which hold the graph, and of its twin; note what differs."""
    sight = Sight(g)
    r = random.Random(f"parameters {g.seed}")
    for question in questions().values():
        per_pair = ":" in question.name
        if per_pair and r.random() > per_pair_share:
            continue
        for _ in range(1 if per_pair else tries):
            params = draw_params(question, g, r)
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first graph")
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
        for n, seed in enumerate(range(args.first, args.first + args.graphs), 1):
            run([seed], stores, tally)
            if n % 10 == 0:
                print(
                    f"{n} graphs, {sum(tally.asked.values())} askings, {len(tally.differences)} differences",
                    file=sys.stderr,
                )
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
    print("stores", ", ".join(stores))
    print("graphs", args.graphs, "askings", sum(tally.asked.values()), "differences", len(tally.differences))
    return 1 if tally.differences else 0


if __name__ == "__main__":
    sys.exit(main())
