"""What the finders see in a public set, beside the same counted from its files by other means.

    python -m benchmarks.public.figures finbench ../shared/data/finbench/snapshot
    python -m benchmarks.public.figures amlsim ../shared/data/amlsim --days 3 --days 30

The set is taken into a throw-away landing and its snapshot mined; DuckDB and networkx count the same on the files.
Prints one line a figure, ``ours`` and ``apart``, and ends with 1 when any two differ.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import networkx as nx

from graph.findings.fund_loops import LoopParams, find_fund_loops
from graph.findings.guarantee_circles import find_guarantee_circles
from graph.model import landing_schemas
from graph.snapshot import Snapshot
from graph.snapshot_build import build_snapshot
from ingest.intake import IntakeOptions, take
from ingest.pseudonym import Pseudonymiser
from ingest.public import KNOWN, READERS
from landing.tables import Landing

DAY_MS = 86_400_000
END = 4_102_444_800_000
Figure = tuple[str, object, object]

_LOOPS = """
SELECT (SELECT count(*) FROM t AS x JOIN t AS y ON y.a = x.b AND y.b = x.a
        WHERE y.ts > x.ts AND y.ts - x.ts <= $w AND y.m BETWEEN x.m * $low AND x.m * $high),
       (SELECT count(*) FROM t AS x JOIN t AS y ON y.a = x.b AND y.b <> x.a
        JOIN t AS z ON z.a = y.b AND z.b = x.a
        WHERE y.ts > x.ts AND z.ts > y.ts AND z.ts - x.ts <= $w
          AND y.m BETWEEN x.m * $low AND x.m * $high AND z.m BETWEEN y.m * $low AND y.m * $high)
"""


def snapshot_of(name: str, path: Path, home: Path) -> Snapshot:
    """The set taken whole, as a snapshot of all its time."""
    landing = Landing(home / "landing", landing_schemas())
    for delivery in READERS[name](path):
        report = take(delivery, landing, Pseudonymiser(b"benchmark only.."), home, IntakeOptions(known=KNOWN))
        print(f"{report.file}: sent {report.sent}, stored {report.stored}, duplicate {report.duplicate}")
    view = landing.view()
    return build_snapshot(lambda table: view.newest(table, END), END)


def loops(snapshot: Snapshot, con: duckdb.DuckDBPyConnection, days: int) -> Iterator[Figure]:
    """Loops of two and three transfers within so many days; table ``t`` (a, b, m cents, ts ms) holds the transfers."""
    for decay, growth in ((None, 0.0), (0.1, 0.01)):
        params = LoopParams(window_ms=days * DAY_MS, max_length=3, decay=decay, growth=growth)
        found: Counter[int] = Counter()
        for finding in find_fund_loops(snapshot, params):
            found[int(finding.numbers["length"])] += int(finding.numbers["loops"])
        low, high = (0.0, 1e18) if decay is None else (1 - decay, 1 + growth)
        counted = con.execute(_LOOPS, {"w": days * DAY_MS, "low": low, "high": high}).fetchall()[0]
        rule = "any amounts" if decay is None else "amounts -10 % to +1 %"
        yield f"loops of 2 and 3 within {days} days, {rule}", (found[2], found[3]), tuple(counted)


def finbench(snapshot: Snapshot, path: Path, days: list[int]) -> Iterator[Figure]:
    """Shared mediums, loops and circles of FinBench's snapshot (Parquet copies)."""
    con = duckdb.connect()

    def file(name: str) -> duckdb.DuckDBPyRelation:
        return con.read_parquet(str(path / f"{name}.parquet"))

    used = snapshot.relation("Account", "USED_DEVICE", "Device")
    sign_ins = Counter(file("MediumSignInAccount").project("mediumId, accountId").distinct().fetchall())
    yield (
        "mediums by number of accounts",
        sorted(Counter(int(n) for n in used.in_degree if n).items()),
        sorted(Counter(Counter(m for m, _ in sign_ins).values()).items()),
    )
    moved = file("AccountTransferAccount").union(file("AccountWithdrawAccount"))
    moved.filter("fromId <> toId").project(
        "fromId AS a, toId AS b, round(amount * 100)::BIGINT AS m, epoch_ms(createTime::TIMESTAMP) AS ts"
    ).create("t")
    for n in days:
        yield from loops(snapshot, con, n)
    circles = 0
    for kind in ("Person", "Company"):
        graph: nx.DiGraph[int] = nx.DiGraph(file(f"{kind}Guarantee{kind}").project("fromId, toId").fetchall())
        circles += sum(1 for _ in nx.simple_cycles(graph, 8))
    yield "guarantee circles of up to 8", len(find_guarantee_circles(snapshot)), circles


def amlsim(snapshot: Snapshot, path: Path, days: list[int]) -> Iterator[Figure]:
    """Loops of AMLSim's worlds (Parquet copies): all worlds together, as they do not touch."""
    con = duckdb.connect()
    con.execute("CREATE TABLE t (a VARCHAR, b VARCHAR, m BIGINT, ts BIGINT)")
    for file in sorted(path.glob("*_tx.parquet")):
        con.read_parquet(str(file)).filter("sourceNodeId <> targetNodeId").create("one")
        con.execute(
            "INSERT INTO t SELECT $1 || sourceNodeId, $1 || targetNodeId, round(value * 100), time * 86400000 FROM one",
            [file.stem],
        )
        con.execute("DROP TABLE one")
    for n in days:
        yield from loops(snapshot, con, n)


def main() -> int:
    """Print the figures of one set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("finbench", "amlsim"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--days", type=int, action="append", help="windows of the loops; default 3")
    asked = parser.parse_args()
    figures = {"finbench": finbench, "amlsim": amlsim}[asked.set]
    differ = 0
    with tempfile.TemporaryDirectory() as home:
        snapshot = snapshot_of(asked.set, asked.path, Path(home))
        for name, ours, apart in figures(snapshot, asked.path, asked.days or [3]):
            differ += ours != apart
            print(f"{name}: ours {ours}, apart {apart}{'' if ours == apart else '  DIFFERENT'}")
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
