"""``make bench``: every suite, or those named: ``python -m benchmarks ingest load --orders 100000``.

Everything is measured against something else in the same run and printed as a ratio; docs/benchmarks.md says what a
run gave. Code is compiled on a small world before anything is timed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.worlds import Bench, Worlds

SUITES = {
    "load": "landing to the store, beside the bare engine's COPY",
    "ingest": "files to landing, by stage",
    "mining": "snapshot, the five finders and features, by size",
    "score": "POST /v1/score at a fixed rate, beside an empty route",
}
PROGRAMS = {
    "loops": ("the loop engine beside its own floor and networkx", "--edges"),
    "rings": ("rings from the shop side beside Leiden", "--orders"),
}
"""Suites that are programs of their own, and the option that sets their size."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the suites asked for."""
    options = _parser().parse_args(arguments)
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as temporary:
        worlds = Worlds(options.keep or Path(temporary), lambda line: print(line, file=sys.stderr, flush=True))
        bench = Bench(tuple(sorted(options.orders)), worlds, options.rounds, options.rate, options.seconds)
        for name in options.suite or (*SUITES, *PROGRAMS):
            if name in PROGRAMS:
                print(f"\n{name}: {PROGRAMS[name][0]}", flush=True)
                size = [PROGRAMS[name][1], str(max(bench.orders))]
                subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *size], check=True)
            else:
                importlib.import_module(f"benchmarks.{name}").run(bench)


def _parser() -> argparse.ArgumentParser:
    about = "\n".join(f"  {n:8} {t}" for n, t in {**SUITES, **{n: p[0] for n, p in PROGRAMS.items()}}.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\nsuites:\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suite", nargs="*", choices=[*SUITES, *PROGRAMS, []], help="which suites; default: all")
    parser.add_argument("--orders", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the world")
    parser.add_argument("--rounds", type=int, default=3, help="how often each way is measured; the median is shown")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second (score)")
    parser.add_argument("--seconds", type=float, default=20.0, help="of requests, a round and route (score)")
    parser.add_argument("--keep", type=Path, help="folder in which worlds are made, kept and used again")
    return parser


if __name__ == "__main__":
    main()
